"""Who the people of a list already are: looked up by keyed hashes, with the postings they hold, and what the list would change of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms.resources import Line
from roster import identity
from roster.employment import Person
from roster.models import Posting, Worker, id_lookup, mobile_lookup
from roster.places import Map

# columns of a Worker that a later list may change, as the preview names them
COMPARED = {
    "name": lazy("姓名"),
    "id_number": lazy("身份证号"),
    "sex": lazy("性别"),
    "mobile": lazy("手机号"),
    "telephones": lazy("其他电话"),
    "township_id": lazy("乡镇（街道）"),
    "employment": lazy("专兼职"),
    "position": lazy("身份或职务"),
    "recruited_by": lazy("选聘方式"),
    "joined_on": lazy("上岗时间"),
    "education": lazy("学历"),
    "political_status": lazy("政治面貌"),
    "certificate": lazy("社工证书"),
    "listed_as_mentor": lazy("小教员"),
}
WORDS = {
    "male": lazy("男"),
    "female": lazy("女"),
    "fulltime": lazy("专职"),
    "parttime": lazy("兼职"),
    "county": lazy("县级"),
    "township": lazy("乡级"),
}

Described = Mapping[str, Any]  # a roster line's person as kept in a plan


@dataclass
class Known:
    by_id: dict[str, Worker] = field(default_factory=dict)
    by_mobile: dict[tuple[str, str], list[Worker]] = field(default_factory=lambda: defaultdict(list))
    postings: dict[int, dict[int, Posting]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def among(cls, people: Sequence[Described]) -> "Known":
        """The workers that these people are or may be, each with the current postings by grid."""
        found = fetch("id_hash", {id_lookup(person["id_number"]) for person in people if person["id_number"]})
        found |= fetch("mobile_hash", {mobile_lookup(person["mobile"]) for person in people if person["mobile"]})
        known = cls()
        for worker in found.values():
            if worker.id_hash:
                known.by_id[worker.id_hash] = worker
            known.by_mobile[worker.name, worker.mobile_hash].append(worker)
        for chunk in chunks(list(found)):
            for posting in Posting.objects.current().filter(worker__in=chunk).select_related("grid__community"):
                known.postings[posting.worker_id][posting.grid_id] = posting
        return known

    def matches(self, person: Described) -> list[Worker]:
        """By ID number; who has none on one side, by name and mobile together; never by name alone. Several are for a person to decide."""
        if person["id_number"] and (worker := self.by_id.get(id_lookup(person["id_number"]))):
            return [worker]
        if not person["mobile"]:
            return []
        namesakes = self.by_mobile.get((person["name"], mobile_lookup(person["mobile"])), [])
        return [worker for worker in namesakes if not (person["id_number"] and worker.id_hash)]

    def find(self, person: Described) -> Worker | None:
        matches = self.matches(person)
        return matches[0] if len(matches) == 1 else None


def fetch(column: str, hashes: set[str]) -> dict[int, Worker]:
    found: dict[int, Worker] = {}
    for chunk in chunks(sorted(hashes)):
        found |= Worker.objects.filter(**{f"{column}__in": chunk}).in_bulk()
    return found


def chunks(items: list[Any], size: int = 900) -> Iterable[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def value(worker: Worker, name: str) -> Any:
    """A column of a worker as a plan keeps it."""
    held = getattr(worker, name)
    return held.isoformat() if isinstance(held, date) else held


def differences(worker: Worker, person: Described) -> dict[str, Any]:
    """{column: what is known now} for every column that the list would change; an empty cell changes nothing."""
    return {name: held for name in COMPARED if person[name] and person[name] != (held := value(worker, name))}


def told(was: Mapping[str, Any], person: Described, drawn: Map) -> list[list[str]]:
    """[[column, old, new], …] for the preview, numbers masked."""
    return [
        [str(COMPARED[name]), shown(name, old, drawn), shown(name, person[name], drawn)] for name, old in was.items()
    ]


def shown(name: str, held: Any, drawn: Map) -> str:
    if not held:
        return _("没有")
    if name == "mobile":
        return identity.mask_mobile(held)
    if name == "telephones":
        return "、".join(identity.mask_mobile(number) for number in held)
    if name == "id_number":
        return identity.mask_id(held)
    if name == "township_id":
        return drawn.by_id[held].name if held in drawn.by_id else ""
    return str(WORDS.get(held, held))


# --- persons of a list as plans keep them ---------------------------------------------------------------------------


def by_person(lines: list[Line]) -> list[list[Line]]:
    """The rows of each person together: by ID number; a row without one goes to the only one of that name and mobile number."""
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in lines:
        person = line.plan["person"]  # type: ignore[index]
        if person["id_number"] and person["mobile"]:
            ids[person["name"], person["mobile"]].add(person["id_number"])
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        plan = line.plan or {}
        person = plan["person"]
        same = ids.get((person["name"], person["mobile"]), set())
        if not person["id_number"] and len(same) == 1:
            (person["id_number"],) = same
        plan["key"] = person["id_number"] or f"{person['name']}/{person['mobile']}"
        groups[plan["key"]].append(line)
    return list(groups.values())


def as_json(person: Person) -> dict[str, Any]:
    return {**vars(person), "joined_on": person.joined_on.isoformat() if person.joined_on else None}


def from_json(values: dict[str, Any]) -> Person:
    joined = values["joined_on"]
    return Person(**{**values, "joined_on": date.fromisoformat(joined) if joined else None})

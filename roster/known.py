"""Who the people of a list already are: looked up by keyed hashes, with the postings they hold, and what the list would change of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from roster import identity
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
    "certificate_number": lazy("社工证书编号"),
    "certificate_expires_on": lazy("社工证登记有效期至"),
    "employer": lazy("用工单位"),
    "managed_by": lazy("管理单位"),
    "post_id": lazy("岗位"),
    "step": lazy("岗位等级"),
    "listed_as_mentor": lazy("小教员"),
    "listed_agreement": lazy("保密协议"),
    "listed_grade": lazy("上年度考核等次"),
}
WORDS = {
    "male": lazy("男"),
    "female": lazy("女"),
    "fulltime": lazy("专职"),
    "parttime": lazy("兼职"),
    "county": lazy("县级"),
    "township": lazy("乡级"),
}

HEAD = 15  # figures of an ID number that a spreadsheet keeps

Described = Mapping[str, Any]  # a roster line's person as kept in a plan


@dataclass
class Known:
    workers: dict[int, Worker] = field(default_factory=dict)
    by_id: dict[str, Worker] = field(default_factory=dict)
    by_number: dict[str, Worker] = field(default_factory=dict)
    by_mobile: dict[tuple[str, str], list[Worker]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, list[Worker]] = field(default_factory=lambda: defaultdict(list))
    postings: dict[int, dict[int, Posting]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def among(cls, plans: Sequence[Mapping[str, Any]], *, names: Iterable[str] | None = None) -> "Known":
        """
        The workers that these lines name, each with the current postings by grid. With `names`, of those whose number the list does
        not have, also whoever else may be meant: all called by one of them, and those without an ID number who have any line's name.
        """
        people = [plan["person"] for plan in plans]
        found: dict[int, Worker] = {}
        for some in chunks(people):
            found |= fetch("id_hash", {id_lookup(person["id_number"]) for person in some if person["id_number"]})
            found |= fetch("mobile_hash", {mobile_lookup(person["mobile"]) for person in some if person["mobile"]})
        found |= fetch("number", {plan["number"] for plan in plans if plan.get("number")})
        found |= fetch("pk", {plan["worker"] for plan in plans if plan.get("worker")} - set(found))
        if names is not None:
            found |= fetch("name", set(names))
            found |= fetch("name", {person["name"] for person in people}, id_hash=None)
        known = cls(workers=found)
        for worker in found.values():
            known.add(worker)
        for chunk in chunks(list(found)):
            for posting in Posting.objects.current().filter(worker__in=chunk).select_related("grid__community"):
                known.postings[posting.worker_id][posting.grid_id] = posting
        return known

    def add(self, worker: Worker) -> None:
        if worker.id_hash:
            self.by_id[worker.id_hash] = worker
        self.by_number[worker.number] = worker
        self.by_mobile[worker.name, worker.mobile_hash].append(worker)
        self.by_name[worker.name].append(worker)

    def matches(self, plan: Mapping[str, Any]) -> list[Worker]:
        """
        By the roster's own number where the list has it, by ID number; who has none on one side, by name and mobile together; never by
        name alone. Several are for a person to decide.
        """
        person = plan["person"]
        if plan.get("number"):
            return [worker] if (worker := self.by_number.get(plan["number"])) else []
        if person["id_number"] and (worker := self.by_id.get(id_lookup(person["id_number"]))):
            return [worker]
        if not person["mobile"]:
            return []
        namesakes = self.by_mobile.get((person["name"], mobile_lookup(person["mobile"])), [])
        return [worker for worker in namesakes if not (person["id_number"] and worker.id_hash)]

    def find(self, plan: Mapping[str, Any]) -> Worker | None:
        """Who a plan is about now: the one the preview saw, or whom the line would match."""
        if plan.get("worker"):
            return self.workers.get(plan["worker"])
        if plan.get("separate"):
            number = plan["person"]["id_number"]
            return self.by_id.get(id_lookup(number)) if number else None
        matches = self.matches(plan)
        return matches[0] if len(matches) == 1 else None

    def alike(self, person: Described) -> list[Worker]:
        """
        Who might be this person and cannot be told: the same name and mobile under another ID number, or the same name in the same
        township where one side has no ID number.
        """
        mobile = mobile_lookup(person["mobile"]) if person["mobile"] else ""
        return [
            worker
            for worker in self.by_name.get(person["name"], [])
            if (mobile and worker.mobile_hash == mobile)
            or (worker.township_id == person["township_id"] and not (person["id_number"] and worker.id_hash))
        ]

    def by_head(self, name: str, head: str) -> list[Worker]:
        """Those of this name whose ID number begins as what a spreadsheet has left of one."""
        return [
            worker for worker in self.by_name.get(name, []) if len(head) == HEAD and worker.id_number.startswith(head)
        ]


def fetch(column: str, values: set[Any], **also: Any) -> dict[int, Worker]:
    found: dict[int, Worker] = {}
    for chunk in chunks(sorted(values)):
        found |= Worker.objects.filter(**{f"{column}__in": chunk}, **also).in_bulk()
    return found


def chunks(items: list[Any], size: int = 900) -> Iterable[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def value(worker: Worker, name: str) -> Any:
    """A column of a worker as a plan keeps it."""
    held = getattr(worker, name)
    return held.isoformat() if isinstance(held, date) else held


def differences(worker: Worker, person: Described) -> dict[str, Any]:
    """{column: what is known now} for every column that the list would change; an empty cell changes nothing."""
    return {
        name: held
        for name in COMPARED
        if person[name] and person[name] != (held := value(worker, name)) and not coarser(worker, person, name)
    } | sharper(worker, person)


FINENESS = {"": 0, "year": 1, "month": 2, "day": 3}


def coarser(worker: Worker, person: Described, name: str) -> bool:
    """Whether the list only says less exactly when somebody joined than is known."""
    if name != "joined_on" or not worker.joined_on:
        return False
    listed = date.fromisoformat(person["joined_on"])
    year, month = listed.year == worker.joined_on.year, listed.month == worker.joined_on.month
    less = FINENESS[person["joined_precision"]] < FINENESS[worker.joined_precision]
    return less and year and (month or person["joined_precision"] == "year")


def sharper(worker: Worker, person: Described) -> dict[str, Any]:
    """The day of joining where the list knows the same one more exactly."""
    same = person["joined_on"] and person["joined_on"] == value(worker, "joined_on")
    finer = FINENESS[person["joined_precision"]] > FINENESS[worker.joined_precision]
    return {"joined_on": person["joined_on"]} if same and finer else {}


def told(worker: Worker | None, was: Mapping[str, Any], person: Described, drawn: Map) -> list[list[str]]:
    """[[column, old, new], …] for the preview, numbers masked."""
    return [
        [str(COMPARED[name]), joined(worker), when(person)]
        if name == "joined_on"
        else [str(COMPARED[name]), shown(name, old, drawn), shown(name, person[name], drawn)]
        for name, old in was.items()
    ]


def joined(worker: Worker | None) -> str:
    return (worker.joined if worker else "") or _("没有")


def when(person: Described) -> str:
    """The day of joining as the list says it, no finer than it does."""
    day = date.fromisoformat(person["joined_on"]) if person["joined_on"] else None
    return Worker(joined_on=day, joined_precision=person["joined_precision"]).joined or _("没有")


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
    if name == "post_id":
        return drawn.posts.get(held, "")
    return str(WORDS.get(held, held))

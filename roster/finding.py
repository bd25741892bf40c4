"""Whom the rows of a list mean, when the list is about people who are on the roster already: looked up for a whole file at once.

By ID number; by roster number and name; by mobile number and name. Never by name alone. Those who have left are found as well: what
they did stays theirs.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms.resources import Judge
from roster import identity
from roster.known import chunks
from roster.models import Worker, WorkerState, id_lookup, mobile_lookup
from roster.places import covered

SENTENCES = {
    "id_missing": lazy("没有身份证号、手机号，也没有登录号。同名的人多，只凭姓名认不出是谁，请补上一样。"),
    "person_unknown": lazy("名册里没有这个人。请核对姓名和号码；还没有进名册的，请先导入花名册。"),
    "name_differs": lazy("这个号码在名册里是另一个姓名。请核对是谁填错了。"),
    "clues_differ": lazy("身份证号和登录号不是同一个人的。请核对是哪一个填错了。"),
    "mobile_format": lazy("手机号不是 11 位，也没有别的号码能认出是谁。请核对。"),
    "out_of_reach": lazy("这个人不在你的管辖范围内。"),
}
HEAD = 15  # digits of an ID number that a spreadsheet keeps


@dataclass(frozen=True, slots=True)
class Clues:
    """What a row says of a person. `head` is what a spreadsheet has left of an ID number that it took for a number."""

    name: str
    id_number: str = ""
    head: str = ""
    mobiles: tuple[str, ...] = ()
    number: str = ""

    @property
    def none(self) -> bool:
        return not (self.id_number or len(self.head) == HEAD or self.mobiles or self.number)

    @property
    def shown(self) -> str:
        """The surest of them, masked."""
        if self.id_number or self.head:
            return identity.mask_id(self.id_number or self.head)
        if self.mobiles:
            return identity.mask_mobile(self.mobiles[0])
        return self.number or _("没有")


@dataclass(frozen=True, slots=True)
class Found:
    """Those within reach that a row can mean. Several, or one who is not `sure`, are for a person to decide; a `code` says why nobody."""

    workers: tuple[Worker, ...] = ()
    sure: bool = False
    code: str = ""


class NumberLeftJudge(Judge):
    """An ID cell as a clue: a damaged number is no fault here while something else tells who it is."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> identity.IdNumber:
        return identity.id_number(value)


class MobileLeftJudge(Judge):
    """A telephone cell as a clue."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> identity.Mobile:
        return identity.mobile(value)


class RosterNumberJudge(Judge):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return "".join(super().clean(value).split()).upper()


@dataclass
class Index:
    """The workers that the rows of a file can mean, and the paths within which they may be told of."""

    paths: Sequence[str]
    by_id: dict[str, Worker] = field(default_factory=dict)
    by_number: dict[str, Worker] = field(default_factory=dict)
    by_mobile: dict[tuple[str, str], list[Worker]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, list[Worker]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def among(cls, clues: Iterable[Clues], *, paths: Sequence[str] = ("",)) -> "Index":
        """Everyone these clues may mean, with few queries; without `paths` the whole city is reached."""
        given = list(clues)
        index = cls(paths)
        for worker in fetched("id_hash", {id_lookup(one.id_number) for one in given if one.id_number}):
            index.by_id[worker.id_hash or ""] = worker
        for worker in fetched("number", {one.number for one in given if one.number}):
            index.by_number[worker.number] = worker
        for worker in fetched("mobile_hash", {mobile_lookup(mobile) for one in given for mobile in one.mobiles}):
            index.by_mobile[worker.name, worker.mobile_hash].append(worker)
        for worker in fetched("name", {one.name for one in given if len(one.head) == HEAD}, sealed=True):
            index.by_name[worker.name].append(worker)
        return index

    def find(self, clues: Clues) -> Found:
        """Within reach or nothing: of those beyond no more is said than that they are."""
        if clues.none:
            return Found(code="id_missing")
        matches, sure = self.matches(clues)
        if not matches:
            return Found(code="person_unknown")
        reached = tuple(worker for worker in matches if covered(worker.township.path, list(self.paths)))
        if not reached:
            return Found(code="out_of_reach")
        if len({worker.pk for worker in reached}) > 1 and sure:
            return Found(code="clues_differ")
        if any(worker.name != clues.name for worker in reached):
            return Found(code="name_differs")
        return Found(reached[:1] if sure else reached, sure or (len(matches) == 1 and not self.guessed(clues)))

    def matches(self, clues: Clues) -> tuple[list[Worker], bool]:
        """Everyone it can be, and whether a number that is one person's alone says so."""
        surely = [self.by_id.get(id_lookup(clues.id_number))] if clues.id_number else []
        surely += [self.by_number.get(clues.number)] if clues.number else []
        if known := [worker for worker in surely if worker]:
            return known, True
        return self.namesakes(clues) or self.with_head(clues), False

    def namesakes(self, clues: Clues) -> list[Worker]:
        """By name and mobile; not one whose ID number is another than the row's."""
        found = {
            worker.pk: worker
            for mobile in clues.mobiles
            for worker in self.by_mobile.get((clues.name, mobile_lookup(mobile)), [])
            if not (clues.id_number and worker.id_hash)
        }
        heads = {worker.pk for worker in self.by_name.get(clues.name, []) if worker.id_number[:HEAD] != clues.head}
        return [worker for worker in found.values() if not (clues.head and worker.id_hash and worker.pk in heads)]

    def with_head(self, clues: Clues) -> list[Worker]:
        """By name and what a spreadsheet has left of the ID number; offered, never taken."""
        if len(clues.head) < HEAD:
            return []
        return [worker for worker in self.by_name.get(clues.name, []) if worker.id_number[:HEAD] == clues.head]

    def guessed(self, clues: Clues) -> bool:
        return not self.namesakes(clues)


def fetched(column: str, values: set[str], *, sealed: bool = False) -> Iterable[Worker]:
    """Those with one of the values; their sealed numbers stay sealed but where they are needed, for opening each takes its time."""
    for chunk in chunks(sorted(values)):
        found: QuerySet[Worker] = Worker.objects.filter(**{f"{column}__in": chunk}).select_related("township")
        wanted = ["number", "name", "id_hash", "mobile_hash", "state", "township__path", "township__name"]
        yield from found.only(*wanted, *(["id_number"] if sealed else []))


def told(worker: Worker) -> str:
    """Somebody among several of one name, for who has to choose: where they work and their numbers, masked."""
    facts = [worker.name, worker.township.name, _("登录号 %s") % worker.number]
    if worker.masked_mobile:
        facts.append(_("手机 %s") % worker.masked_mobile)
    if worker.masked_id_number:
        facts.append(_("身份证 %s") % worker.masked_id_number)
    if worker.state != WorkerState.ACTIVE:
        facts.append(str(WorkerState(worker.state).label))
    return " · ".join(facts)

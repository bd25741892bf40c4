"""Late answers as a person reads them who decides: how late, what the server saw of the phone, and what would change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from exams.before import questions
from exams.claims import deciding
from exams.day import late, lateness, saving, sheets
from exams.models import Attempt, Fate, JournalEntry, LateDecision
from lms import times
from lms.compiled import Compiled, Given

WAITING = Compiled(lambda: deciding.waiting(Given("attempt")).only("fate"))
DECIDED = Compiled(lambda: LateDecision.objects.filter(attempt=Given("attempt")).order_by("at"))


@dataclass(frozen=True)
class Line:
    """One question: what stands and what came late, as letters of this person's own options or as text."""

    number: int
    stem: str
    before: str
    after: str
    written: bool
    elsewhere: bool
    arrived: str
    claimed: str  # when the finger moved, as the phone says; "" where it did not


@dataclass(frozen=True)
class Standing:
    """What waits of one attempt, and what the server has seen of its phone."""

    attempt: Attempt
    lines: list[Line]
    newest: datetime  # when the last of it arrived
    contact: datetime | None

    @property
    def late(self) -> str:
        return in_words(self.newest - self.attempt.ends_at)

    @property
    def after_the_key(self) -> bool:
        """Whether right answers may have been read before the last of it came, by them or by others."""
        finished = self.attempt.finished_at
        return finished is not None and self.newest >= max(finished, self.attempt.exam.shows_results_at)


def told(attempt: Attempt) -> list[tuple[str, str]]:
    """(tone, sentence) for the one whose answers they are: what waits, and what was decided and why."""
    said = []
    waiting = {(one.item_id, one.fate) for one in WAITING.all(attempt=attempt.pk)}
    for fate, sentence in (
        (Fate.LATE, _("有 %d 题的改动到得太晚，已经收到，等管理员决定是否计入。")),
        (Fate.ELSEWHERE, _("换设备以后，原来那台又送来 %d 题的改动，已经收到，等管理员决定是否计入。")),
    ):
        if waits := sum(of == fate for _item, of in waiting):
            said.append(("warn", sentence % waits))
    for done in DECIDED.all(attempt=attempt.pk):
        words = {"at": times.in_short(done.at), "n": done.answers, "reason": done.reason}
        if done.accepted:
            said.append(("ok", _("迟到的 %(n)d 题答案已在 %(at)s 计入成绩。理由：%(reason)s") % words))
        else:
            said.append(("", _("迟到的 %(n)d 题答案没有计入成绩（%(at)s 决定）。理由：%(reason)s") % words))
    return said


def in_words(over: timedelta) -> str:
    """截止后 3 分 20 秒"""
    seconds = int(over.total_seconds())
    if seconds < 0:
        return _("截止以前")
    if seconds < 3600:
        return _("截止后 %(minutes)d 分 %(seconds)d 秒") % {"minutes": seconds // 60, "seconds": seconds % 60}
    if seconds < 48 * 3600:
        return _("截止后 %(hours)d 小时 %(minutes)d 分") % {"hours": seconds // 3600, "minutes": seconds // 60 % 60}
    return _("截止后 %(days)d 天") % {"days": seconds // 86400}


def standing(attempt: Attempt) -> Standing | None:
    """None when nothing waits."""
    entries = list(deciding.waiting(attempt))
    if not entries:
        return None
    found = deciding.changes(entries, saving.answers(attempt.pk))
    seen = late.contact(attempt.pk, attempt.started_at) if attempt.started_at else None
    return Standing(attempt, lines(attempt, found), entries[-1].at, seen)


def lines(attempt: Attempt, found: Iterable[deciding.Change]) -> list[Line]:
    """In the order of the paper."""
    sheet = sheets.of(attempt.exam_id)
    places = {item_id: (number, order) for number, (item_id, order) in enumerate(attempt.paper, 1)}
    told = [
        line(sheet.items[one.entry.item_id], *places[one.entry.item_id], one)
        for one in found
        if one.entry.item_id in places
    ]
    return sorted(told, key=lambda one: one.number)


def line(item: sheets.Item, number: int, order: list[int], change: deciding.Change) -> Line:
    entry = change.entry
    return Line(
        number,
        item.content["stem"],
        spoken(item, order, change.before),
        spoken(item, order, entry.value),
        item.written,
        entry.fate == Fate.ELSEWHERE,
        times.clock(entry.at),
        claim(entry),
    )


def claim(entry: JournalEntry) -> str:
    return "" if entry.age is None else times.clock(lateness.claimed(entry.at, entry.age))


def spoken(item: sheets.Item, order: list[int], stored: str) -> str:
    """An answer in words: A、C in this person's own order, 对, or what was written."""
    value: Any = questions.face(item.kind).unpack(stored)
    if not value:
        return _("没有作答")
    if isinstance(value, str):
        return value
    places = sorted(order.index(index) for index in value)
    texts = item.content["options"]
    return "；".join(f"{questions.LETTERS[place]} {texts[order[place]]}" for place in places)

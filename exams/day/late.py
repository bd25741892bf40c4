"""
Answers that arrive when nothing may be saved any more. None is dropped without a word: what the rule of `lateness` counts is written, the
rest is kept in the journal, unchanged and bounded, for a person to decide. Each act may come twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from exams.before import questions
from exams.day import attempts, lateness, receipts, saving, sheets
from exams.day.attempts import Given, Saved, Unfit
from exams.models import (
    Answer,
    Attempt,
    AttemptState,
    Fate,
    Incident,
    IncidentKind,
    JournalEntry,
    LateDecision,
    Presence,
)
from lms import times
from lms.refusal import Refused

TAKEN = frozenset({"closed", "handed_in", "elsewhere"})  # refusals after which an answer is still looked at
KEPT = (Fate.LATE, Fate.ELSEWHERE)
ON_TIME = (Fate.COUNTED, Fate.OLDER)
TIMES_A_QUESTION = 3  # so many late changes of each question are taken at most, counted over the whole paper
OLDEST = 2**31 - 1  # milliseconds, 24 days: an age beyond that is written as that
TICK = timedelta(microseconds=1)
Ages = Mapping[tuple[int, int], int]


class Taken(NamedTuple):
    """What became of answers that came too late."""

    saved: list[Saved]  # on disk and counted: by the rule now, or long ago with the reply lost
    kept: list[Saved]  # received; a person decides
    unfit: list[Unfit]
    deadline: datetime | None = None

    @classmethod
    def nothing(cls) -> "Taken":
        return cls([], [], [])

    @property
    def counted(self) -> int:
        """How many of what was sent stand and count."""
        return sum(one.value is None for one in self.saved)


def take(
    guard: saving.Guard,
    given: Sequence[Given],
    *,
    ages: Ages,
    exam_id: int,
    page: int,
    refusal: Refused,
    unsent: int = 0,
    now: datetime,
) -> Taken:
    """What was refused as too late, looked at once more, under the lock of its attempt. The same again gets the same answer.

    `unsent` is how much the phone says it has, this included: one with nothing more to send has been heard of, and what it sends later was
    not cut off.
    """
    if refusal.code not in TAKEN:
        return Taken.nothing()
    sheet = sheets.of(exam_id)
    fitting, unfit = attempts.fit(sheet, given)
    with transaction.atomic():
        held = saving.lock(guard.attempt)
        assert held is not None  # what refuses has read it
        one = _Arrival(sheet, held, guard, page, now)
        for item_id, (sent, stored) in fitting.items():
            one.take(item_id, sent, stored, age=ages.get((item_id, sent.seq)))
        one.write()
        if one.gap.held and not one.counted and unsent <= len(given):
            saving.seen(guard.attempt, unsent=0, now=now)
    return Taken(one.saved, one.kept, unfit + one.unfit, held.deadline)


class _Arrival:
    """One late request being sorted, while its attempt is held."""

    def __init__(self, sheet: sheets.Sheet, held: saving.Held, guard: saving.Guard, page: int, now: datetime) -> None:
        self.sheet, self.guard, self.page, self.now = sheet, guard, page, now
        self.gap = gap(held, device=guard.device, wait=wait_of(sheet))
        self.elsewhere = held.state == AttemptState.SITTING and held.device != guard.device
        self.standing = {one.item_id: one for one in saving.answers(guard.attempt)}
        journal = JournalEntry.objects.filter(attempt=guard.attempt)
        self.known = {(one.item_id, one.seq): one for one in journal.filter(page=page)}
        came = journal.filter(Q(fate__in=[*KEPT, Fate.LATE_COUNTED]) | Q(fate=Fate.OLDER, age__isnull=False)).count()
        self.room = TIMES_A_QUESTION * len(sheet.items) - came
        self.saved: list[Saved] = []
        self.kept: list[Saved] = []
        self.unfit: list[Unfit] = []
        self.entries: list[JournalEntry] = []
        self.counted: set[int] = set()

    def take(self, item_id: int, sent: Given, stored: str, *, age: int | None) -> None:
        standing, known = self.standing.get(item_id), self.known.get((item_id, sent.seq))
        if known:
            self._again(known, sent, stored)
        elif stored == (standing.value if standing else ""):
            at = standing.saved_at if standing else self.now
            self.saved.append(Saved(item_id, sent.seq, at, ""))  # it says what stands already
        elif self.room <= 0:
            sentence = _("截止后送来的改动太多，这一题没有收下。请把手机交给监考人员看。")
            self.unfit.append(Unfit(item_id, sent.seq, sentence))
        elif lateness.judge(self.gap, age=age, now=self.now) is not lateness.Verdict.COUNTS:
            self._keep(item_id, sent, stored, age)
        elif standing and standing.seq >= sent.seq:
            self._log(item_id, sent, stored, Fate.OLDER, age)
            self.saved.append(self._stands(standing))
        else:
            self._log(item_id, sent, stored, Fate.LATE_COUNTED, age)
            self.counted.add(item_id)
            self.saved.append(self._receipt(item_id, sent.seq, stored, self.now))

    def _again(self, known: JournalEntry, sent: Given, stored: str) -> None:
        """This question with this number has arrived from this page before."""
        standing = self.standing.get(sent.item_id)
        if known.fate in KEPT and known.value == stored:
            self.kept.append(self._receipt(sent.item_id, sent.seq, stored, known.at))
        elif standing and standing.seq == sent.seq and standing.value == stored:
            self.saved.append(self._receipt(sent.item_id, sent.seq, stored, known.at))
        elif standing and known.fate not in KEPT:
            self.saved.append(self._stands(standing))
        else:
            self.unfit.append(Unfit(sent.item_id, sent.seq, str(questions.STALE_PAGE)))

    def _keep(self, item_id: int, sent: Given, stored: str, age: int | None) -> None:
        entry = self._log(item_id, sent, stored, Fate.ELSEWHERE if self.elsewhere else Fate.LATE, age)
        self.kept.append(self._receipt(item_id, sent.seq, stored, entry.at))

    def _log(self, item_id: int, sent: Given, stored: str, fate: Fate, age: int | None) -> JournalEntry:
        self.room -= 1
        at = self.now if fate not in KEPT else max(self.now, self._decided_at + TICK)
        key = {"attempt_id": self.guard.attempt, "item_id": item_id, "seq": sent.seq, "page": self.page}
        self.entries.append(JournalEntry(**key, at=at, fate=fate, value=stored, age=age))
        return self.entries[-1]

    @property
    def _decided_at(self) -> datetime:
        """What waited was decided at this moment: what is kept from now on waits anew."""
        if not hasattr(self, "_decided"):
            newest = LateDecision.objects.filter(attempt=self.guard.attempt).aggregate(at=Max("at"))["at"]
            self._decided = newest or self.now - TICK
        return self._decided

    def write(self) -> None:
        JournalEntry.objects.bulk_create(self.entries)
        counted = [one for one in self.entries if one.fate == Fate.LATE_COUNTED]
        put(self.guard.attempt, {one.item_id: (one.value, one.seq) for one in counted}, self.standing, now=self.now)

    def _receipt(self, item_id: int, seq: int, value: str, at: datetime) -> Saved:
        code = receipts.code(self.guard.attempt, item_id, seq=seq, page=self.page, at=at, value=value)
        return Saved(item_id, seq, at, code)

    def _stands(self, one: saving.Standing) -> Saved:
        value = questions.face(self.sheet.items[one.item_id].kind).unpack(one.value)
        return Saved(one.item_id, one.seq, one.saved_at, "", value)


def put(
    attempt_id: int, values: Mapping[int, tuple[str, int]], standing: Mapping[int, object], *, now: datetime
) -> None:
    """Write (value, seq) of these questions; the caller holds the attempt, so nobody writes in between."""
    fresh = [
        Answer(attempt_id=attempt_id, item_id=item_id, value=value, seq=seq, saved_at=now)
        for item_id, (value, seq) in values.items()
        if item_id not in standing
    ]
    Answer.objects.bulk_create(fresh)
    for item_id, (value, seq) in values.items():
        if item_id in standing:
            Answer.objects.filter(attempt=attempt_id, item=item_id).update(value=value, seq=seq, saved_at=now)


def wait_of(sheet: sheets.Sheet) -> timedelta:
    return timedelta(minutes=sheet.exam.late_minutes)


def gap(held: saving.Held | Attempt, *, device: str | None, wait: timedelta) -> lateness.Gap:
    """What the server has seen of an attempt that was begun; without a device, of the one that holds it."""
    assert held.deadline is not None
    assert held.started_at is not None
    ours = held.state == AttemptState.SITTING and device in {None, held.device}
    return lateness.Gap(
        held.deadline, wait, contact(held.pk if isinstance(held, Attempt) else held.id, held.started_at), ours
    )


def contact(attempt_id: int, started_at: datetime) -> datetime:
    """When this attempt was last heard of: begun, taken over, an answer that came in time, or a sign of life of its phone."""
    answered = JournalEntry.objects.filter(attempt=attempt_id, fate__in=ON_TIME, age=None).aggregate(at=Max("at"))["at"]
    taken_over = Incident.objects.filter(attempt=attempt_id, kind=IncidentKind.DEVICE).aggregate(at=Max("at"))["at"]
    seen = Presence.objects.filter(attempt=attempt_id).values_list("seen_at", flat=True).first()
    return max(at for at in (started_at, answered, taken_over, seen) if at)


def waits_until(attempt: Attempt, *, now: datetime) -> datetime | None:
    """Until when an attempt past its deadline stays open for a phone that may still come back; None: it can be closed."""
    if attempt.state != AttemptState.SITTING or not attempt.exam.late_minutes or now < attempt.ends_at:
        return None
    seen = gap(attempt, device=None, wait=timedelta(minutes=attempt.exam.late_minutes))
    return seen.until if lateness.may_come(seen, now=now) else None


def words(refusal: Refused, taken: Taken) -> str:
    """What the page says: why nothing more can be changed, and what became of what was sent."""
    if not taken.counted and not taken.kept:
        return refusal.sentence
    said = []
    if taken.counted:
        said.append(_("断网时作的 %(n)d 题答案已经收到并保存，计入成绩。") % {"n": taken.counted})
    if taken.kept and refusal.code == "elsewhere":
        said.append(_("这里刚才送来的 %(n)d 题答案已经收到，由管理员决定是否计入。") % {"n": len(taken.kept)})
    elif taken.kept:
        said.append(_("有 %(n)d 题的改动到得太晚，已经收到，由管理员决定是否计入。") % {"n": len(taken.kept)})
    return "".join([_ended(refusal, taken), *said])


def _ended(refusal: Refused, taken: Taken) -> str:
    """Why nothing can be changed any more. Of a closed exam the refusal says that nothing was saved, which is not true of this."""
    if refusal.code != "closed" or taken.deadline is None:
        return refusal.sentence
    return _("考试已在 %(at)s 截止，答案不能再改。") % {"at": times.clock(taken.deadline)}

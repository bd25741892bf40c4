"""An attempt from its start to the hand-in. One clock decides, each answer is saved when given, and every act may come twice."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils.translation import gettext as _

from exams.before import questions
from exams.day import flood, incidents, journal, passes, receipts, saving, sheets
from exams.models import Answer, Attempt, AttemptState, Exam, Fate, JournalEntry, Measure
from lms import audit, times
from lms.refusal import Refused

CLOSE_CHUNK = 100


def deadline(started_at: datetime, *, minutes: int, closes_at: datetime, granted: int) -> datetime:
    """min(started + time allowed, close) + seconds granted."""
    return min(started_at + timedelta(minutes=minutes), closes_at) + timedelta(seconds=granted)


class Given(NamedTuple):
    """One answer as it was sent. `seq` counts up for each question."""

    item_id: int
    seq: int
    value: Any


class Saved(NamedTuple):
    """What the server says to one answer. `value` is None, or the newer answer that stands in its place: then `seq` is that one's."""

    item_id: int
    seq: int
    at: datetime
    code: str
    value: questions.Value | None = None


class Unfit(NamedTuple):
    """An answer that was not saved, and why."""

    item_id: int
    seq: int
    sentence: str


class Reply(NamedTuple):
    deadline: datetime
    saved: list[Saved]
    unfit: list[Unfit]

    def seconds_left(self, now: datetime) -> float:
        return max(0.0, (self.deadline - now).total_seconds())


def start(attempt: Attempt, *, now: datetime, device: str = "") -> Attempt:
    """`begin` for who holds the row."""
    begin(attempt.pk, worker_id=attempt.worker_id, user_id=attempt.worker.user_id, now=now, device=device)
    return Attempt.objects.select_related("exam", "worker").get(pk=attempt.pk)


@transaction.atomic
def begin(
    attempt_id: int,
    *,
    worker_id: int,
    user_id: int | None,
    now: datetime,
    device: str = "",
    holder: passes.Pass | None = None,
) -> saving.Held:
    """Begin; the deadline is set here once. Begun already: as it stands, unchanged. Refuses before the bell and after the close.

    Who comes with a pass begins only while its account stands (code signed_out).
    """
    found = saving.lock_to_begin(attempt_id, *([passes.account(holder)] if holder else []))
    if found is None or found[0].worker_id != worker_id:
        raise Http404
    held, window, told = found
    if holder and not passes.stands(holder, *told):
        raise Refused(_("登录已经失效，请重新登录。"), code="signed_out")
    if held.state not in {AttemptState.DUE, AttemptState.ABSENT}:
        return held
    if now < window.opens:
        raise Refused(
            _("还没到开考时间，%(opens)s 开考后再进来。") % {"opens": times.in_short(window.opens)}, code="early"
        )
    if now >= window.closes or held.state == AttemptState.ABSENT:
        raise Refused(
            _("这场考试已在 %(closed)s 截止，不能再开始。如有特殊情况，请联系乡镇（街道）管理员。")
            % {"closed": times.in_short(window.closes)},
            code="late",
        )
    until = deadline(now, minutes=window.minutes, closes_at=window.closes, granted=held.granted)
    said = audit.entry("exam.started", now=now, actor=user_id, subject=subject(attempt_id), detail={})
    saving.begin(attempt_id, device=device, deadline=until, now=now, also=said)
    return held._replace(state=AttemptState.SITTING, device=device, started_at=now, deadline=until)


def subject(attempt_id: int) -> str:
    """How the audit names an attempt known by its id alone."""
    return f"exams.attempt:{attempt_id}"


def answer(
    guard: saving.Guard, given: Sequence[Given], *, exam_id: int, page: int, now: datetime, unsent: int | None = None
) -> Reply:
    """Save what was given: one guarded statement, acknowledged once it is on disk. An older sequence never overwrites a newer.

    A value that does not fit its question comes back as `unfit`; of one question only the newest is saved. 404 for a question that is
    not on this paper. When nothing may be saved any more it refuses, saying what is true (codes of `too_late`).
    """
    sheet = sheets.of(exam_id)
    fitting, unfit = fit(sheet, given)
    written = [item_id for item_id in fitting if sheet.items[item_id].written]
    before = _before(guard.attempt, written)
    # in the order of their numbers: two saves of one attempt at once wait for each other, and not in a circle
    entries = [_entry(*fitting[item_id], before.get(item_id)) for item_id in sorted(fitting)]
    if flood.full(guard.attempt, (entry.kept for entry in entries)):
        unfit += [Unfit(entry.item_id, entry.seq, flood.sentence()) for entry in entries]
        entries = []
    outcome = saving.save(guard, entries, page=page, now=now, unsent=unsent)
    if outcome.deadline is None:
        raise too_late(guard, now=now)
    saved = [_saved(guard.attempt, entry, page=page, now=now) for entry in entries if entry.item_id in outcome.written]
    stale = [entry for entry in entries if entry.item_id not in outcome.written]
    return Reply(outcome.deadline, saved + _standing(guard.attempt, sheet, stale, page=page), unfit)


def fit(sheet: sheets.Sheet, given: Iterable[Given]) -> tuple[dict[int, tuple[Given, str]], list[Unfit]]:
    """The newest of each question with the text it is stored as, and what does not fit. 404 for a question that is not on the paper."""
    fitting: dict[int, tuple[Given, str]] = {}
    unfit: list[Unfit] = []
    for one in given:
        item = sheet.on_paper(one.item_id)
        try:
            stored = item.clean(one.value)
        except Refused as refusal:
            unfit.append(Unfit(one.item_id, one.seq, refusal.sentence))
            continue
        if one.item_id not in fitting or fitting[one.item_id][0].seq < one.seq:
            fitting[one.item_id] = one, stored
    return fitting, unfit


def _before(attempt_id: int, item_ids: list[int]) -> dict[int, tuple[int, str]]:
    """(seq, text) of written answers as they stand: the journal keeps only what changed since."""
    if not item_ids:
        return {}
    rows = Answer.objects.filter(attempt=attempt_id, item__in=item_ids).values_list("item_id", "seq", "value")
    return {item_id: (seq, value) for item_id, seq, value in rows}


def _entry(one: Given, stored: str, before: tuple[int, str] | None) -> saving.Entry:
    seq, text = before or (None, "")
    kept = journal.keep(stored, before=text, base=seq)
    return saving.Entry(one.item_id, one.seq, stored, kept.base, kept.value)


def _saved(attempt_id: int, entry: saving.Entry, *, page: int, now: datetime) -> Saved:
    code = receipts.code(attempt_id, entry.item_id, seq=entry.seq, page=page, at=now, value=entry.value)
    return Saved(entry.item_id, entry.seq, now, code)


def _standing(attempt_id: int, sheet: sheets.Sheet, stale: list[saving.Entry], *, page: int) -> list[Saved]:
    """For what was not written: the same receipt again when this very answer had arrived before, else the newer answer that stands."""
    if not stale:
        return []
    ids = [entry.item_id for entry in stale]
    standing = {one.item_id: one for one in saving.answers(attempt_id) if one.item_id in ids}
    counted = JournalEntry.objects.filter(attempt=attempt_id, item__in=ids, page=page, fate=Fate.COUNTED)
    arrived = {(item, seq): at for item, seq, at in counted.values_list("item_id", "seq", "at")}
    told = []
    for entry in stale:
        newest = standing[entry.item_id]
        at = arrived.get((entry.item_id, entry.seq))
        if at and newest.seq == entry.seq and newest.value == entry.value:
            told.append(_saved(attempt_id, entry, page=page, now=at))
            continue
        value = questions.face(sheet.items[entry.item_id].kind).unpack(newest.value)
        told.append(Saved(entry.item_id, newest.seq, newest.saved_at, "", value))
    return told


def too_late(guard: saving.Guard, *, now: datetime) -> Refused:
    """Why nothing can be saved, and what counts. Codes: handed_in, closed, elsewhere, not_started, void. 404 for what is not theirs."""
    attempt = Attempt.objects.filter(pk=guard.attempt, worker=guard.worker).first()
    if attempt is None:
        raise Http404
    if attempt.state == AttemptState.VOID:
        return Refused(_("这次考试已经作废，答案不再保存。请联系监考人员。"), code="void")
    if attempt.finished and not attempt.closed_by_clock:
        if closed := attempt.interventions.filter(measure=Measure.CLOSE, agreed=True).first():
            return Refused(incidents.closed_early(closed), code="handed_in")
        at = times.clock(attempt.finished_at or attempt.ends_at)
        return Refused(_("已在 %(at)s 交卷，答案不能再改。") % {"at": at}, code="handed_in")
    if attempt.state == AttemptState.SITTING and now < attempt.ends_at:
        return Refused(
            _("这场考试已在另一台设备上作答，这里只能看。要在这里接着答，请点“在这里作答”。"), code="elsewhere"
        )
    if attempt.deadline:
        return Refused(
            _("考试已在 %(at)s 截止，这次改动没有保存；截止前已保存的答案都会计分。")
            % {"at": times.clock(attempt.deadline)},
            code="closed",
        )
    return Refused(_("还没有开始作答，请回到考试页面点“开始作答”。"), code="not_started")


def flag(guard: saving.Guard, items: Iterable[int]) -> None:
    """Remember which questions the worker marked to come back to. Only while sitting; what is not on the paper is left out."""
    sitting = Attempt.objects.filter(
        pk=guard.attempt, worker=guard.worker, device=guard.device, state=AttemptState.SITTING
    )
    attempt = sitting.only("paper", "flags").first()
    if attempt is None:
        return
    wanted = set(items)
    flags = [entry[0] for entry in attempt.paper if entry[0] in wanted]
    if flags != attempt.flags:
        sitting.update(flags=flags)


@transaction.atomic
def take_over(attempt: Attempt, *, device: str, now: datetime) -> Attempt:
    """Go on with the attempt on this device; the other one can only look from now on. The same device again changes nothing.

    Always allowed. Two devices that take it from each other all day do not fill the log: what comes after many is counted.
    """
    held = saving.lock(attempt.pk)
    if held is None or held.state != AttemptState.SITTING or held.device == device:
        return Attempt.objects.select_related("exam").get(pk=attempt.pk)
    Attempt.objects.filter(pk=attempt.pk).update(device=device)
    if not held.device or incidents.changed_device(attempt, now=now):
        audit.note("exam.taken_over", now=now, actor=attempt.worker.user, subject=attempt)
    return Attempt.objects.select_related("exam").get(pk=attempt.pk)


def hand_in(attempt: Attempt, *, now: datetime) -> Attempt:
    """`close` by its worker, for who holds the row."""
    close(attempt.pk, user_id=attempt.worker.user_id, now=now)
    return Attempt.objects.select_related("exam", "worker").get(pk=attempt.pk)


@transaction.atomic
def close(attempt_id: int, *, user_id: int | None, now: datetime, device: str | None = None) -> saving.Held:
    """Hand in and mark what a machine can, in one transaction. Handed in already: the same end with the same receipt.

    With a device named it is the one that must hold the attempt. After the deadline it is closed with the deadline as its finish,
    whoever asks and however late. The result is posted by the sweep.
    """
    found = saving.lock_to_end(attempt_id)
    if found is None:
        raise Http404
    held, given = found
    if held.finished:
        return held
    # while the phone that holds it may still come back with answers, no other ends it
    wait = timedelta(minutes=sheets.of(held.exam_id).exam.late_minutes)
    elsewhere = (
        device is not None and held.device != device and held.deadline is not None and now < held.deadline + wait
    )
    if held.state != AttemptState.SITTING or held.deadline is None or elsewhere:
        raise too_late(saving.Guard(attempt_id, held.worker_id, held.device), now=now)
    end, waiting = ended(
        sheets.of(held.exam_id), held.id, given, started_at=held.started_at, deadline=held.deadline, now=now
    )
    actor = None if end.closed_by_clock else user_id
    said = audit.entry(
        "exam.handed_in", now=now, actor=actor, subject=subject(attempt_id), detail={"receipt": end.receipt}
    )
    saving.finish(attempt_id, end, waiting=waiting, also=said)
    return held._replace(
        state=end.state, finished_at=end.finished_at, closed_by_clock=end.closed_by_clock, receipt=end.receipt
    )


def ended(
    sheet: sheets.Sheet,
    attempt_id: int,
    given: Iterable[tuple[int, str]],
    *,
    started_at: datetime | None,
    deadline: datetime,
    now: datetime,
) -> tuple[saving.Finish, list[int]]:
    """How an attempt with these answers ends at this moment, and the questions that wait for a person."""
    total, waiting = sheet.judge(given)
    end = saving.Finish(
        state=AttemptState.HANDED_IN if waiting else AttemptState.MARKED,
        started_at=started_at,
        deadline=deadline,
        finished_at=min(now, deadline),
        closed_by_clock=now >= deadline,
        receipt=receipts.number(attempt_id),
        machine_marks=total,
        marks=None if waiting else total,
    )
    return end, waiting


def close_overdue(*, now: datetime) -> int:
    """Close what was left open, each with its deadline as finish time. May run late, twice, or at once with itself.

    Of an exam that takes answers late, an attempt stays open for those so long after its deadline. Returns how many were closed.
    """
    sitting = Attempt.objects.filter(exam=OuterRef("pk"), state=AttemptState.SITTING)
    late = {exam.pk: timedelta(minutes=exam.late_minutes) for exam in Exam.objects.filter(Exists(sitting))}
    closed = 0
    for exam_id, wait in late.items():
        while count := _close_some(exam_id, before=now - wait, now=now):
            closed += count
    return closed


@transaction.atomic
def _close_some(exam_id: int, *, before: datetime, now: datetime) -> int:
    """Close the next hundred whose time had passed by then; returns how many. What somebody else holds at this moment is left to them."""
    held, sheet = saving.lock_overdue(exam_id, before=before, most=CLOSE_CHUNK), sheets.of(exam_id)
    given = saving.given_many([one.id for one in held]) if held else {}
    ends, waiting, said = [], [], []
    for one in held:
        assert one.deadline is not None
        end, open_ = ended(
            sheet, one.id, given.get(one.id, []), started_at=one.started_at, deadline=one.deadline, now=now
        )
        ends.append((one.id, end))
        waiting += [(one.id, item_id) for item_id in open_]
        said.append((subject(one.id), {"receipt": end.receipt}))
    saving.finish_many(ends, waiting=waiting)
    audit.write_many("exam.handed_in", now=now, actor=None, said=said)
    return len(held)

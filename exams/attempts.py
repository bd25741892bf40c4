"""An attempt from drawn paper to hand-in. One clock decides, each answer is saved when given, and every act may come twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from exams import marking, papers, questions, saving, scoring
from exams.models import Answer, Attempt, AttemptState, Exam, PaperItem
from lms import audit, times
from lms.jobs import Progress
from lms.refusal import Refused
from roster.models import Worker

DRAW_CHUNK = 1000
# receipt numbers: no 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V
SIGNS = "34679ACDEFGHJKMNPQRTWXY"
SPACE = len(SIGNS) ** 8
STEP, START = (
    47_055_833_459,
    31_415_926_535,
)  # STEP has no factor in common with SPACE: no two attempts share a number


@dataclass(frozen=True)
class Saved:
    """What the server says to a save. `fresh` is False when a newer answer stands: then `seq` and `value` are that answer's."""

    item_id: int
    seq: int
    at: datetime
    seconds_left: int
    fresh: bool = True
    value: questions.Value | None = None


def clock(moment: datetime) -> str:
    return formats.time_format(timezone.localtime(moment), "H:i:s")


def receipt_number(attempt_id: int) -> str:
    """Eight signs nobody confuses, in two groups, scattered so that they do not count how many handed in before."""
    rest, signs = (attempt_id * STEP + START) % SPACE, ""
    for _place in range(8):
        rest, sign = divmod(rest, len(SIGNS))
        signs += SIGNS[sign]
    return f"{signs[:4]}-{signs[4:]}"


def draw(exam: Exam, *, now: datetime, progress: Progress | None = None) -> int:
    """Papers for everyone who is due and has none, by seed, a transaction for each thousand. Repeatable; returns how many were new."""
    if not exam.published_at:
        raise Refused(_("这场考试还没有发布，不能发卷。"))
    items = list(exam.items.order_by("pk"))
    missing = papers.candidates(exam).exclude(attempts__exam=exam).order_by("pk")
    workers = list(missing.values_list("pk", flat=True))
    for start_ in range(0, len(workers), DRAW_CHUNK):
        _draw_chunk(exam, items, workers[start_ : start_ + DRAW_CHUNK])
        if progress:
            progress(min(start_ + DRAW_CHUNK, len(workers)), len(workers))
    if workers:
        audit.note("exam.drawn", now=now, subject=exam, territory=exam.territory.path, papers=len(workers))
    return len(workers)


@transaction.atomic
def _draw_chunk(exam: Exam, items: list[PaperItem], workers: list[int]) -> None:
    drawn = [Attempt(exam=exam, worker_id=pk, paper=papers.order(exam, items, worker_id=pk)) for pk in workers]
    # the constraint lets two draws at once end with one paper each
    Attempt.objects.bulk_create(drawn, ignore_conflicts=True)


def locked(attempt: Attempt) -> Attempt:
    return Attempt.objects.select_for_update(of=("self",)).select_related("exam", "worker").get(pk=attempt.pk)


def deadline(exam: Exam, *, started_at: datetime) -> datetime:
    return min(started_at + timedelta(minutes=exam.minutes), exam.closes_at)


@transaction.atomic
def start(attempt: Attempt, *, now: datetime) -> Attempt:
    """Begin; the deadline is set here once. Begun already: the same attempt, unchanged. Refuses before the bell and after the close."""
    attempt = locked(attempt)
    exam = attempt.exam
    if attempt.state not in {AttemptState.DUE, AttemptState.ABSENT}:
        return attempt
    if now < exam.opens_at:
        raise Refused(
            _("还没到开考时间，%(opens)s 开考后再进来。") % {"opens": times.in_short(exam.opens_at)}, code="early"
        )
    if now >= exam.closes_at or attempt.state == AttemptState.ABSENT:
        raise Refused(
            _("这场考试已在 %(closed)s 截止，不能再开始。如有特殊情况，请联系乡镇（街道）管理员。")
            % {"closed": times.in_short(exam.closes_at)},
            code="late",
        )
    attempt.state, attempt.started_at = AttemptState.SITTING, now
    attempt.deadline = deadline(exam, started_at=now)
    attempt.save(update_fields=["state", "started_at", "deadline"])
    audit.note("exam.started", now=now, actor=attempt.worker.user, subject=attempt)
    return attempt


def answer(attempt_id: int, item_id: int, *, worker: Worker, value: Any, seq: int, now: datetime) -> Saved:
    """Save one answer: one guarded statement, acknowledged once it is on disk. An older sequence never overwrites a newer.

    404 when the attempt is not this worker's or the question not on its paper. Refuses a value that does not fit (code "unfit"),
    and anything after the deadline or the hand-in (codes "closed", "handed_in"), saying what is true.
    """
    attempt, item = _on_paper(attempt_id, item_id, worker=worker)
    face = questions.face(item.kind)
    packed = face.pack(face.clean(value, item.content))
    outcome = saving.save(attempt_id, item_id, worker_id=worker.pk, value=packed, seq=seq, now=now)
    if not outcome.open:
        raise too_late(Attempt.objects.get(pk=attempt_id))
    left = attempt.seconds_left(now)
    if outcome.written:
        return Saved(item_id, seq, now, left)
    standing = Answer.objects.get(attempt_id=attempt_id, item_id=item_id)
    same = standing.value == packed
    return Saved(item_id, standing.seq, standing.saved_at, left, same, None if same else face.unpack(standing.value))


def _on_paper(attempt_id: int, item_id: int, *, worker: Worker) -> tuple[Attempt, PaperItem]:
    attempt = Attempt.objects.filter(pk=attempt_id, worker=worker).first()
    if attempt is None or all(entry[0] != item_id for entry in attempt.paper):
        raise Http404
    return attempt, PaperItem.objects.get(pk=item_id)


def too_late(attempt: Attempt) -> Refused:
    """Why a save no longer counts, and what does."""
    if attempt.finished and not attempt.closed_by_clock:
        return Refused(
            _("已在 %(at)s 交卷，答案不能再改。") % {"at": clock(attempt.finished_at or attempt.ends_at)},
            code="handed_in",
        )
    if attempt.deadline:
        return Refused(
            _("考试已在 %(at)s 截止，这次改动没有保存；截止前已保存的答案都会计分。") % {"at": clock(attempt.deadline)},
            code="closed",
        )
    return Refused(_("还没有开始作答，请回到考试页面点“开始作答”。"), code="not_started")


def flag(attempt_id: int, *, worker: Worker, items: Iterable[int] | None, now: datetime) -> Attempt:
    """Remember which questions the worker marked to come back to (None: leave as they are). Only while sitting, as `answer`."""
    attempt = Attempt.objects.filter(pk=attempt_id, worker=worker).first()
    if attempt is None:
        raise Http404
    if attempt.state != AttemptState.SITTING or now >= attempt.ends_at:
        raise too_late(attempt)
    wanted = attempt.flags if items is None else items
    flags = [entry[0] for entry in attempt.paper if entry[0] in set(wanted)]
    if flags != attempt.flags:
        Attempt.objects.filter(pk=attempt_id, state=AttemptState.SITTING).update(flags=flags)
    return attempt


@transaction.atomic
def hand_in(attempt: Attempt, *, now: datetime) -> Attempt:
    """Hand in and mark what a machine can, in one transaction. Handed in already: the same attempt with the same receipt.

    After the deadline it is closed with the deadline as its finish, whoever asks and however late.
    """
    attempt = locked(attempt)
    if attempt.finished:
        return attempt
    if attempt.state != AttemptState.SITTING:
        raise too_late(attempt)
    attempt.closed_by_clock = now >= attempt.ends_at
    attempt.finished_at = min(now, attempt.ends_at)
    attempt.state = AttemptState.HANDED_IN
    attempt.receipt = receipt_number(attempt.pk)
    attempt.machine_marks = marking.mark(attempt)
    attempt.save(update_fields=["closed_by_clock", "finished_at", "state", "receipt", "machine_marks"])
    actor = None if attempt.closed_by_clock else attempt.worker.user
    audit.note("exam.handed_in", now=now, actor=actor, subject=attempt, receipt=attempt.receipt)
    return marking.settle(attempt, now=now)


def close_overdue(*, now: datetime, limit: int = 500) -> int:
    """Close what was left open, each with its deadline as finish time. May run late, twice, or at once with itself."""
    overdue = list(Attempt.objects.overdue(now=now).order_by("deadline")[:limit])
    for attempt in overdue:
        hand_in(attempt, now=now)
    return len(overdue)


@dataclass(frozen=True)
class Sheet:
    """A whole answer sheet brought in at once: item id → value as `questions` cleans it."""

    worker_id: int
    started_at: datetime
    finished_at: datetime
    answers: dict[int, questions.Value]


@transaction.atomic
def bring_in(exam: Exam, sheets: Sequence[Sheet], *, now: datetime) -> int:
    """Take in many finished sheets by the rules of start, answer and hand_in: for papers drawn and not begun, within the window.

    What was written after a sheet's deadline is not there to take: its finish is cut at the deadline. Returns how many counted.
    """
    items = exam.items.in_bulk()
    by_worker = {sheet.worker_id: sheet for sheet in sheets}
    due = exam.attempts.select_for_update().filter(state=AttemptState.DUE, worker_id__in=by_worker)
    taken, answers = [], []
    for attempt in due.order_by("pk"):
        sheet = by_worker[attempt.worker_id]
        if exam.open_at(sheet.started_at):
            answers += _take(attempt, sheet, items, exam)
            taken.append(attempt)
    saving.insert_many(answers)
    saving.finish_many(taken)
    audit.note("exam.brought_in", now=now, subject=exam, given=len(sheets), counted=len(taken))
    return len(taken)


def _take(attempt: Attempt, sheet: Sheet, items: dict[int, PaperItem], exam: Exam) -> list[saving.Row]:
    attempt.started_at, attempt.deadline = sheet.started_at, deadline(exam, started_at=sheet.started_at)
    attempt.finished_at = min(sheet.finished_at, attempt.deadline)
    attempt.closed_by_clock = sheet.finished_at >= attempt.deadline
    attempt.receipt = receipt_number(attempt.pk)
    rows = [_row(attempt, items[item_id], value) for item_id, value in sheet.answers.items()]
    total = sum((row.marks or Decimal(0) for row in rows), Decimal(0))
    waits = any(row.marks is None for row in rows)
    attempt.machine_marks, attempt.marks = total, None if waits else total
    attempt.state = AttemptState.HANDED_IN if waits else AttemptState.MARKED
    return rows


def _row(attempt: Attempt, item: PaperItem, value: questions.Value) -> saving.Row:
    marks = scoring.score(item.kind, key=item.content["key"], value=value, marks=item.marks)
    return saving.Row(
        attempt.pk, item.pk, questions.face(item.kind).pack(value), attempt.finished_at or attempt.ends_at, marks
    )

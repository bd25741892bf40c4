"""Whole answer sheets brought in at once: papers that were sat elsewhere, by the rules of start, answer and hand-in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from exams.before import questions
from exams.day import attempts, saving, sheets
from exams.models import Attempt, AttemptState, Exam
from lms import audit


@dataclass(frozen=True)
class Sheet:
    """What one person answered: item id → value as `questions` cleans it."""

    worker_id: int
    started_at: datetime
    finished_at: datetime
    answers: dict[int, questions.Value]


@transaction.atomic
def bring_in(exam: Exam, brought: Sequence[Sheet], *, now: datetime) -> int:
    """Take in many finished sheets, for papers drawn and not begun, begun within the window.

    What was written after a sheet's deadline is not there to take: its finish is cut at the deadline. Returns how many counted.
    """
    frozen = sheets.of(exam.pk)
    by_worker = {one.worker_id: one for one in brought}
    due = exam.attempts.select_for_update().filter(state=AttemptState.DUE, worker_id__in=by_worker)
    ends: list[tuple[int, saving.Finish]] = []
    rows: list[saving.Row] = []
    for attempt in due.order_by("pk"):
        one = by_worker[attempt.worker_id]
        if exam.open_at(one.started_at):
            end, answers = _take(frozen, attempt, one)
            ends.append((attempt.pk, end))
            rows += answers
    saving.insert_many(rows)
    saving.finish_many(ends)
    audit.note("exam.brought_in", now=now, subject=exam, given=len(brought), counted=len(ends))
    return len(ends)


def _take(frozen: sheets.Sheet, attempt: Attempt, one: Sheet) -> tuple[saving.Finish, list[saving.Row]]:
    exam = frozen.exam
    until = attempts.deadline(
        one.started_at, minutes=exam.minutes, closes_at=attempt.closes_at or exam.closes_at, granted=attempt.granted
    )
    given = [
        (item_id, questions.face(frozen.items[item_id].kind).pack(value)) for item_id, value in one.answers.items()
    ]
    end, waiting = attempts.ended(
        frozen, attempt.pk, given, started_at=one.started_at, deadline=until, now=one.finished_at
    )
    return end, [saving.Row(attempt.pk, item, value, end.finished_at, item in waiting) for item, value in given]

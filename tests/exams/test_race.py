"""Two writers at once: a save against the hand-in, many hand-ins, many starts. Nothing acknowledged is lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from exams.day import attempts, receipts
from exams.marks import marking
from exams.models import Answer, Attempt
from lms.refusal import Refused
from records.models import SkillRecord
from tests.exams.conftest import begin, item_of
from tests.exams.conftest import save as save_

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at the same moment, each on a connection of its own; a refusal is returned, not raised."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return act()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_no_acknowledged_save_is_lost_to_the_hand_in(make_exam, hire, city, now):
    """Without the guard's FOR SHARE this loses dozens of saves on PostgreSQL."""
    people = [hire(f"R{n:03}", "赵一", city.township, grid=n % 2) for n in range(12)]
    exam = make_exam(sections=[{"kind": "single", "count": 8, "marks": "10.0", "subject": ""}])
    items = list(exam.items.all())
    lost = acknowledged = 0
    for worker in people:
        attempt = begin(exam, worker, now)

        def save(item, attempt=attempt, worker=worker):
            return lambda: save_(attempt, item, [1], now)

        *saves, done = at_once(*[save(item) for item in items], lambda a=attempt: attempts.hand_in(a, now=now))
        kept = sum(isinstance(one, attempts.Saved) for one in saves)
        acknowledged += kept
        lost += kept * 10 - int(Attempt.objects.get(pk=attempt.pk).marks)
        assert Answer.objects.filter(attempt=attempt).count() == kept
        assert done.receipt
    assert lost == 0
    assert acknowledged > 0


def test_many_hand_ins_at_once_are_one(make_exam, worker, now):
    attempt = begin(make_exam(results_at=now - timedelta(seconds=1)), worker, now)
    done = at_once(*[lambda: attempts.hand_in(attempt, now=now)] * 6)
    assert {one.receipt for one in done} == {receipts.number(attempt.pk)}
    at_once(*[lambda: marking.post_results(attempt.exam, now=now)] * 3)
    assert SkillRecord.objects.filter(worker=worker).count() == 1


def test_many_starts_at_once_are_one_with_one_deadline(make_exam, worker, now):
    attempt = make_exam().attempts.get(worker=worker)
    begun = at_once(*[lambda n=n: attempts.start(attempt, now=now + timedelta(seconds=n)) for n in range(6)])
    assert len({one.deadline for one in begun}) == 1


def test_saves_of_one_question_from_two_windows_leave_the_newest(sitting, now):
    item = item_of(sitting, "single")
    saves = [lambda seq=seq: save_(sitting, item, [seq % 4], now, seq=seq) for seq in range(1, 9)]
    assert all(isinstance(one, attempts.Saved) for one in at_once(*saves))
    answer = Answer.objects.get()
    assert (answer.seq, answer.value) == (8, "[0]")


def test_two_sweeps_at_once_close_each_attempt_once(sitting, now):
    late = sitting.deadline + timedelta(minutes=3)
    at_once(*[lambda: attempts.close_overdue(now=late)] * 3)
    closed = Attempt.objects.get(pk=sitting.pk)
    assert (closed.finished_at, closed.closed_by_clock) == (sitting.deadline, True)

"""Taps and sweeps at the same moment: one next try, one try-out, one result."""

import pytest

from exams.day import attempts
from exams.marks import marking
from exams.marks.tries import again
from exams.models import Attempt, Exam
from exams.worker import tryout
from records.models import SkillRecord
from tests.exams.conftest import begin
from tests.exams.test_race import at_once
from tests.exams.test_resits import first, resit_of, sit, standing  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_many_taps_draw_one_next_try_and_many_sweeps_post_one_result(make_exam, worker, now):
    exam = make_exam(kind="entry", tries=2, results_at=now)
    attempt = attempts.hand_in(begin(exam, worker, now), now=now)
    drawn = at_once(*[lambda: again(attempt, now=now)] * 5)
    assert {one.number for one in drawn} == {2}
    attempts.hand_in(attempts.start(drawn[0], now=now), now=now)
    at_once(*[lambda: marking.post_results(exam, now=now)] * 3)
    assert SkillRecord.objects.filter(worker=worker).count() == 1


def test_many_taps_open_one_tryout(worker, now):
    begun = at_once(*[lambda n=n: tryout.begin(worker, now=now, device=f"{n}" * 22) for n in range(4)])
    assert len({one.pk for one in begun}) == Attempt.objects.count() == Exam.objects.count() == 1


def test_many_sweeps_leave_one_result_of_a_resit(resit_of, worker, now):  # noqa: F811
    resit = resit_of("best")
    sit(resit, worker, 2, now)
    Exam.objects.filter(pk=resit.pk).update(closes_at=now)
    resit.refresh_from_db()
    at_once(*[lambda: marking.post_results(resit, now=now)] * 3)
    assert len(standing(worker)) == 1

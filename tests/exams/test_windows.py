"""The window of a published exam, moved while people sit it."""

from datetime import timedelta

import pytest

from exams.models import Attempt
from exams.room import allowances, windows
from lms.models import AuditEntry
from lms.refusal import Refused
from tests.exams.conftest import begin

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db


def move(exam, by, now, **changes):
    wanted = {"opens_at": exam.opens_at, "closes_at": exam.closes_at, "reason": "network", **changes}
    return windows.move(exam, **wanted, by=by, now=now)


def test_b4_6_who_sits_keeps_the_deadline_unless_all_are_extended(
    make_exam, worker, colleague, outsider, city_admin, now
):
    exam = make_exam(closes_at=now + 30 * MINUTE, results_at=now + 24 * HOUR)
    one, other = begin(exam, worker, now), begin(exam, colleague, now)
    allowances.grant_time([other.pk], seconds=300, reason="停电", by=city_admin, now=now)

    def deadlines():
        return [Attempt.objects.get(pk=pk).deadline - now for pk in (one.pk, other.pk)]

    assert deadlines() == [30 * MINUTE, 35 * MINUTE]
    exam, n = move(exam, city_admin, now, closes_at=now + 45 * MINUTE)
    assert (n, deadlines()) == (0, [30 * MINUTE, 35 * MINUTE])
    exam, n = move(exam, city_admin, now, closes_at=now + 45 * MINUTE, extend=True)
    assert (n, deadlines()) == (2, [45 * MINUTE, 50 * MINUTE])
    exam, n = move(exam, city_admin, now, closes_at=now + 10 * MINUTE, extend=True)
    assert (n, deadlines()) == (0, [45 * MINUTE, 50 * MINUTE])  # never shortened
    exam, n = move(exam, city_admin, now, closes_at=now + 9 * HOUR, extend=True)
    assert deadlines() == [60 * MINUTE, 65 * MINUTE]  # never more than the time allowed
    assert begin(exam, outsider, now + HOUR).deadline == now + 2 * HOUR  # who begins now sees the new close
    assert AuditEntry.objects.filter(action="exam.window_moved").count() == 4
    assert AuditEntry.objects.filter(action="exam.window_moved")[1].detail["extended"] in {0, 2}


def test_the_opening_moves_only_before_it_has_come(make_exam, city_admin, now):
    exam = make_exam(opens_at=now + HOUR)
    moved, _n = move(exam, city_admin, now, opens_at=now + 90 * MINUTE)
    assert moved.opens_at == now + 90 * MINUTE
    with pytest.raises(Refused, match="往后定"):
        move(moved, city_admin, now, opens_at=now - MINUTE)
    with pytest.raises(Refused, match="已经开考"):
        move(moved, city_admin, now + 91 * MINUTE, opens_at=now + 100 * MINUTE)


@pytest.mark.parametrize(
    ("changes", "later", "words"),
    [
        ({"reason": ""}, 0, "请选改时间的原因"),
        ({"closes_at": -1}, 0, "也要晚于现在"),
        ({}, 3, "迟到准许入场"),
    ],
)
def test_what_cannot_be_is_refused(make_exam, city_admin, now, changes, later, words):
    exam = make_exam()
    changes = {key: now + value * HOUR if isinstance(value, int) else value for key, value in changes.items()}
    with pytest.raises(Refused, match=words):
        move(exam, city_admin, now + later * HOUR, **changes)


def test_who_may_not_set_it_may_not_move_it(make_exam, county_admin, township_admin, now):
    exam = make_exam()  # the city's
    for by in (county_admin, township_admin):
        with pytest.raises(Refused, match="管辖"):
            move(exam, by, now, closes_at=now + 9 * HOUR)


def test_results_never_come_before_the_new_close(make_exam, city_admin, now):
    exam = make_exam(results_at=now + 2 * HOUR)
    assert move(exam, city_admin, now, closes_at=now + 5 * HOUR)[0].results_at == now + 5 * HOUR
    at_once = make_exam(opens_at=now + HOUR, results_at=now + HOUR)
    assert move(at_once, city_admin, now, opens_at=now + 80 * MINUTE)[0].results_at == now + 80 * MINUTE


def test_results_are_only_postponed_and_only_until_they_are_out(make_exam, city_admin, now):
    exam = make_exam()
    shown = exam.closes_at
    with pytest.raises(Refused, match="只能往后推"):
        move(exam, city_admin, now, results_at=shown - MINUTE)
    exam, _n = move(exam, city_admin, now, results_at=shown + HOUR)
    assert exam.shows_results_at == shown + HOUR
    assert AuditEntry.objects.get(action="exam.window_moved").detail["results_at"]
    exam, _n = move(
        exam, city_admin, shown + MINUTE, results_at=shown + 2 * HOUR
    )  # the exam is over, its results are not out
    assert exam.shows_results_at == shown + 2 * HOUR
    with pytest.raises(Refused, match="已经公布"):
        move(exam, city_admin, shown + 2 * HOUR, results_at=shown + 3 * HOUR)
    with pytest.raises(Refused, match="不能另定"):
        move(make_exam(results_at=now - HOUR), city_admin, now, results_at=shown + HOUR)


def test_results_wait_for_the_last_who_may_still_sit(make_exam, worker, colleague, city_admin, now):
    exam = make_exam(results_at=now + 3 * HOUR)
    given = {"seconds": 600, "reason": "停电", "by": city_admin, "now": now}
    allowances.grant_time([exam.attempts.get(worker=colleague).pk], **given)
    exam, _n = move(exam, city_admin, now, closes_at=now + 3 * HOUR)
    assert exam.shows_results_at == now + 3 * HOUR + 10 * MINUTE

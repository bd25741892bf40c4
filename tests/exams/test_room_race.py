"""Two writers at once: a grant against hand-ins, two grants for the same people, two who decide."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from exams.day import attempts
from exams.models import Allowance, Attempt
from exams.room import allowances, interventions, windows
from lms.refusal import Refused
from tests.exams.conftest import begin
from tests.exams.test_race import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def in_a_thread(act):
    try:
        return act()
    finally:
        connection.close()


@pytest.fixture
def seated(make_exam, hire, city, now):
    people = [hire(f"R{n:03}", "赵一", city.township, grid=n % 2) for n in range(8)]
    exam = make_exam()
    return [begin(exam, one, now) for one in people]


def grant(seated, by, now, *, reason="停电"):
    return lambda: allowances.grant_time([one.pk for one in seated], seconds=600, reason=reason, by=by, now=now)


def test_a_grant_for_all_and_everybodys_hand_in_at_the_same_moment(seated, county_admin, now):
    """Each has either handed in with the old deadline, or been given the time and handed in later; nobody waits in a circle."""
    hands = [lambda one=one: attempts.close(one.pk, user_id=None, now=now) for one in seated]
    granted, *closed = at_once(grant(seated, county_admin, now), *hands)
    assert len({one.receipt for one in closed}) == len(seated)
    given = set(Allowance.objects.values_list("attempt", flat=True))
    assert isinstance(granted, Refused) or granted.given == len(given)
    for one in Attempt.objects.all():
        extra = timedelta(seconds=600 if one.pk in given else 0)
        assert one.deadline == now + timedelta(hours=1) + extra
        assert one.state == "marked"


def test_two_grants_for_the_same_people_in_other_orders(seated, county_admin, city_admin, now):
    first, second = at_once(
        grant(seated, county_admin, now), grant(seated[::-1], city_admin, now), grant(seated, county_admin, now)
    )[:2]
    assert (first.given, second.given) == (8, 8)
    assert set(Attempt.objects.values_list("granted", flat=True)) == {1200}  # the form sent twice counts once


def test_the_window_moved_while_people_begin(make_exam, hire, city, city_admin, now):
    people = [hire(f"R{n:03}", "赵一", city.township, grid=n % 2) for n in range(8)]
    exam = make_exam(closes_at=now + timedelta(minutes=20))
    drawn = [exam.attempts.get(worker=one) for one in people]
    later = {"opens_at": exam.opens_at, "closes_at": now + timedelta(minutes=40), "reason": "network", "extend": True}
    at_once(
        lambda: windows.move(exam, **later, by=city_admin, now=now),
        *[lambda one=one: attempts.start(one, now=now) for one in drawn],
    )
    assert set(Attempt.objects.values_list("deadline", flat=True)) == {now + timedelta(minutes=40)}


def test_a_start_that_waited_for_the_move_has_the_new_window(make_exam, worker, city_admin, now):
    """It came first and was held up: what it read before it waited is the old close."""
    exam = make_exam(closes_at=now + timedelta(minutes=20))
    drawn = exam.attempts.get(worker=worker)
    later = {"opens_at": exam.opens_at, "closes_at": now + timedelta(minutes=40), "reason": "network", "extend": True}
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            windows.move(exam, **later, by=city_admin, now=now)
            started = pool.submit(in_a_thread, lambda: attempts.start(drawn, now=now))
            with pytest.raises(TimeoutError):
                started.result(timeout=0.3)
        assert started.result(timeout=10).deadline == now + timedelta(minutes=40)


def test_two_who_decide_at_once_decide_once(seated, township_admin, county_admin, city_admin, now):
    asked = interventions.ask(seated[0], measure="close", reason="替考", by=township_admin, now=now)
    told = at_once(
        *[lambda by=by: interventions.decide(asked, agreed=True, by=by, now=now) for by in (county_admin, city_admin)],
        lambda: attempts.close(seated[0].pk, user_id=None, now=now),
    )
    assert sum(isinstance(one, Refused) for one in told[:2]) in {1, 2}  # two when the hand-in came first
    assert Attempt.objects.get(pk=seated[0].pk).state == "marked"

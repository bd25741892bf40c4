"""Who signs in on an exam day is led to the exam; on all other days to the home page."""

from datetime import timedelta

import pytest
from django.test import Client

from exams.before import drawing
from exams.day import attempts
from tests.exams.conftest import begin


@pytest.fixture
def led_to(worker, password):
    def led_to(**form):
        response = Client().post("/sign-in/", {"username": worker.number, "password": password, **form})
        assert response.status_code == 302
        return response.url

    return led_to


def day(make_exam, now, *, opens, hours=2, **more):
    exam = make_exam(opens_at=now + opens, closes_at=now + opens + timedelta(hours=hours), **more)
    drawing.draw(exam, now=now)
    return exam


@pytest.mark.parametrize("opens", [timedelta(minutes=60), timedelta(minutes=3), timedelta(0), timedelta(minutes=-119)])
def test_from_an_hour_before_the_bell_to_the_end_it_is_the_exam(make_exam, led_to, now, opens):
    exam = day(make_exam, now, opens=opens)
    assert led_to() == f"/exams/{exam.pk}/"
    assert led_to(next="/study/") == "/study/"


@pytest.mark.parametrize("opens", [timedelta(minutes=61), timedelta(days=3), timedelta(hours=-2)])
def test_earlier_and_later_it_is_the_home_page(make_exam, led_to, now, opens):
    day(make_exam, now, opens=opens)
    assert led_to() == "/"


def test_what_is_open_for_days_calls_nobody_away(make_exam, led_to, now):
    day(make_exam, now, opens=timedelta(hours=-1), hours=72)
    assert led_to() == "/"


def test_of_two_at_once_the_home_page_lets_choose(make_exam, led_to, now):
    for _exam in range(2):
        day(make_exam, now, opens=timedelta(minutes=5))
    assert led_to() == "/"


def test_who_sits_goes_on_and_who_has_handed_in_is_free(make_exam, worker, led_to, now):
    exam = day(make_exam, now, opens=timedelta(hours=-1), hours=72)
    attempt = begin(exam, worker, now)
    assert led_to() == f"/exams/attempt/{attempt.pk}/"
    attempts.hand_in(attempt, now=now)
    assert led_to() == "/"


def test_a_first_password_comes_first(make_exam, worker, led_to, client, password, now):
    exam = day(make_exam, now, opens=timedelta(0))
    worker.user.must_change_password = True
    worker.user.save()
    client.post("/sign-in/", {"username": worker.number, "password": password})
    assert client.get(f"/exams/{exam.pk}/").url == "/password/"

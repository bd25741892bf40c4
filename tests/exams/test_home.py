from datetime import timedelta

import pytest
from django.template import Context, Template

from exams import tasks
from exams.day import attempts
from exams.models import Attempt
from exams.worker import listing
from lms.home import Due
from tests.exams.conftest import begin


@pytest.fixture
def due_for(rf, now, django_assert_max_num_queries):
    def due_for(user, most=3) -> list[Due]:
        request = rf.get("/")
        request.user, request.now = type(user).objects.get(pk=user.pk), now
        with django_assert_max_num_queries(most):
            context = Context({"request": request})
            Template("{% load exams_home %}{% exams_due as due %}").render(context)
        return context["due"]

    return due_for


def test_home_says_what_why_and_by_when(make_exam, worker, due_for, now):
    exam = make_exam(closes_at=now + timedelta(days=2))
    assert due_for(worker.user) == [
        Due(
            title="三季度业务考试",
            why="咸宁市全体网格员参加。共 4 题，满分 60 分，60 分及格，作答 60 分钟。",
            by=exam.closes_at,
            tag="还剩 2 天",
            tone="warn",
            href=f"/exams/{exam.pk}/",
            action="去考试",
        )
    ]
    attempt = begin(exam, worker, now)
    (sitting,) = due_for(worker.user)
    assert (sitting.tag, sitting.tone, sitting.action, sitting.href) == (
        "作答中，还剩 1 小时",
        "bad",
        "继续作答",
        f"/exams/attempt/{attempt.pk}/",
    )
    attempts.hand_in(attempt, now=now)
    assert due_for(worker.user) == []


def test_what_is_not_open_yet_is_quiet(make_exam, worker, due_for, now):
    make_exam(opens_at=now + timedelta(days=3), closes_at=now + timedelta(days=5))
    (coming,) = due_for(worker.user)
    assert (coming.tag, coming.action, coming.quiet) == ("9月19日 10:00 开考", "考前检查", True)


def test_nobodys_worker_has_nothing_due(make_exam, city_admin, due_for):
    make_exam()
    assert due_for(city_admin) == []


def test_ten_exams_cost_what_one_costs(make_exam, worker, due_for):
    for _ in range(10):
        make_exam()
    assert len(due_for(worker.user)) == 10


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=3, hours=2), "还剩 3 天"),
        (timedelta(hours=23, minutes=59), "还剩 23 小时"),
        (timedelta(minutes=59, seconds=59), "还剩 59 分钟"),
        (timedelta(seconds=20), "还剩 1 分钟"),
    ],
)
def test_time_left_in_words_never_promises_more(left, words):
    assert listing.in_words(left) == words


def test_who_joins_after_the_draw_gets_a_paper_from_the_sweep(make_exam, hire, city):
    exam = make_exam()
    late = hire("W0200", "新来的", city.township)
    tasks.close_overdue()
    assert Attempt.objects.filter(exam=exam, worker=late).count() == 1

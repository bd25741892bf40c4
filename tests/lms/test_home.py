"""The worker's page of what is due: why, by when, the nearest first, at a steady price."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.template import Context
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses import loading, obligations
from courses.models import CoursePage, LessonPage
from exams.before import drawing, papers
from exams.models import Bank, Exam, Question
from lms.home import Due
from lms.templatetags import home
from roster.models import User, Worker

ClientOf = Callable[[User], Client]


@pytest.fixture
def require(city: Any, now: datetime) -> Callable[[int], None]:
    """Make so many required courses and exams that are open today."""

    def require(count: int) -> None:
        catalog, bank = loading.catalog(), Bank.objects.create(name="题库", subject="policy")
        Question.objects.create(bank=bank, kind="truefalse", stem="走访要做记录。", key=[0])
        for turn in range(count):
            page = CoursePage(title=f"课程{turn}", slug=f"course-{turn}", subject="policy", summary="…")
            course = catalog.add_child(instance=page)
            course.add_child(instance=LessonPage(title="第一课", slug="one", minutes=10))
            obligations.require(
                course,
                territory=city.territory,
                employment="",
                due_on=timezone.localdate(now) + timedelta(days=3 + turn),
                reason="全市必修",
                by=None,
                now=now,
            )
            exam = Exam.objects.create(
                title=f"考试{turn}",
                opens_at=now - timedelta(hours=1),
                closes_at=now + timedelta(days=turn + 1),
                minutes=30,
                sections=[{"kind": "truefalse", "count": 1, "marks": "100.0", "subject": ""}],
                territory=city.territory,
                seed="1",
            )
            drawing.draw(papers.publish(exam, by=None, now=now - timedelta(days=1)), now=now - timedelta(days=1))

    return require


def test_with_nothing_due_the_page_says_so_and_shows_a_way_on(client_of: ClientOf, worker: Worker) -> None:
    page = client_of(worker.user).get("/").content.decode()
    assert "早上好，王桂兰" in page
    assert "眼下没有要办的" in page
    assert 'href="/study/">去课程目录看看' in page
    assert "2026年学时" in page


def test_what_is_due_stands_with_why_and_the_nearest_first(
    client_of: ClientOf, worker: Worker, require: Callable[[int], None]
) -> None:
    require(2)
    page = client_of(worker.user).get("/").content.decode()
    places = [page.index(f"<h3>{title}</h3>") for title in ["考试0", "考试1", "课程0", "课程1"]]
    assert places == sorted(places)
    assert "全市必修" in page
    assert "还剩 3 天" in page
    assert "0 / 1 课" in page


@pytest.mark.parametrize("count", [1, 5])
def test_the_page_asks_no_more_for_many_than_for_one(
    client_of: ClientOf, worker: Worker, require: Callable[[int], None], count: int
) -> None:
    require(count)
    client = client_of(worker.user)
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert len(queries) <= 12


def test_the_page_is_light(client_of: ClientOf, worker: Worker, require: Callable[[int], None]) -> None:
    require(5)
    assert len(client_of(worker.user).get("/").content) < 30_000


def test_a_visitor_is_sent_to_sign_in_and_nobody_writes_to_the_page(client: Client, worker: Worker) -> None:
    assert client.get("/").url == "/sign-in/"
    client.force_login(worker.user)
    assert client.post("/").status_code == 405


def due(title: str, by: datetime | None) -> Due:
    return Due(title=title, why="", by=by, tag="", tone="", href="/", action="")


def test_dues_are_put_in_the_order_of_their_dates(now: datetime) -> None:
    late, soon, whenever = due("后天", now + timedelta(days=2)), due("明天", now + timedelta(days=1)), due("随时", None)
    assert home.in_order([whenever], [late, soon], []) == [soon, late, whenever]


@pytest.mark.parametrize(
    ("hour", "words"),
    [(4, "晚上好"), (5, "早上好"), (10, "早上好"), (11, "中午好"), (13, "中午好"), (14, "下午好"), (18, "晚上好")],
)
def test_the_greeting_keeps_to_the_local_hour(now: datetime, rf: Any, hour: int, words: str) -> None:
    request = rf.get("/")
    request.now = timezone.localtime(now).replace(hour=hour)
    assert home.greeting(Context({"request": request})) == words


@pytest.mark.parametrize(
    ("form", "cookies"),
    [
        ({"theme": "dark"}, {"theme": "dark"}),
        ({"print": "large"}, {"print": "large"}),
        ({"theme": "pink", "print": "huge"}, {}),
    ],
)
def test_the_display_is_kept_on_the_device(
    client: Client, db: None, form: dict[str, str], cookies: dict[str, str]
) -> None:
    response = client.post("/display/", {**form, "next": "/sign-in/"})
    assert response.url == "/sign-in/"
    assert {name: cookie.value for name, cookie in response.cookies.items()} == cookies
    page = client.get("/sign-in/").content.decode()
    assert f'data-theme="{cookies.get("theme", "auto")}" data-print="{cookies.get("print", "normal")}"' in page


def test_the_display_leads_nowhere_else(client: Client, db: None) -> None:
    assert client.post("/display/", {"theme": "dark", "next": "https://evil.example/"}).url == "/"

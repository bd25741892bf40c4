"""A small catalog: one course of three lessons, one of them with a check question, and what is needed to make more."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from courses import loading
from courses.models import CatalogPage, CoursePage, LessonPage, Session
from records.models import Skill
from tests.conftest import SmallCity

CHECK = {
    "stem": "闻到很浓的燃气味，先做什么？",
    "options": ["开灯看看", "开门窗，人到室外再打电话", "打电话问邻居"],
    "key": "B",
    "explanation": "不开灯、不打火，先到室外。",
}


def block(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "id": str(uuid.uuid4())}


def text(words: str = "先闻后敲门。") -> dict[str, Any]:
    return block("text", f"<p>{words}</p>")


@pytest.fixture
def skill(db: None) -> Skill:
    return Skill.objects.create(code="safety-check", name="安全排查", subject="case")


@pytest.fixture
def catalog(db: None) -> CatalogPage:
    return loading.catalog()


@pytest.fixture
def add_course(catalog: CatalogPage) -> Callable[..., CoursePage]:
    def add_course(title: str, slug: str, **fields: Any) -> CoursePage:
        values = {"subject": "case", "summary": "学完后，你会查隐患。", **fields}
        return catalog.add_child(instance=CoursePage(title=title, slug=slug, **values))

    return add_course


@pytest.fixture
def add_lesson() -> Callable[..., LessonPage]:
    def add_lesson(
        course: CoursePage, title: str, slug: str, *blocks: Any, minutes: int = 10, **fields: Any
    ) -> LessonPage:
        stream = LessonPage._meta.get_field("body").stream_block.to_python(list(blocks) or [text()])
        return course.add_child(instance=LessonPage(title=title, slug=slug, minutes=minutes, body=stream, **fields))

    return add_lesson


@pytest.fixture
def course(add_course: Callable[..., CoursePage], add_lesson: Callable[..., LessonPage], skill: Skill) -> CoursePage:
    """Three lessons of 10 minutes: 0.25 hours each, for 300 witnessed seconds each."""
    course = add_course("公共安全隐患排查", "safety", skill=skill)
    add_lesson(course, "上门查燃气", "gas", text(), block("check", CHECK), text("看软管。"))
    add_lesson(course, "消防通道", "fire")
    add_lesson(course, "防溺水", "water")
    return course


@pytest.fixture
def lessons(course: CoursePage) -> list[LessonPage]:
    return list(course.lessons())


@pytest.fixture
def lesson(lessons: list[LessonPage]) -> LessonPage:
    return lessons[0]


@pytest.fixture
def session(city: SmallCity, now: datetime) -> Session:
    """A day on site, which ended an hour ago."""
    return Session.objects.create(
        title="燃气隐患现场指导",
        subject="case",
        mode=Session.ONSITE,
        territory=city.county,
        starts_at=now - timedelta(hours=9),
        ends_at=now - timedelta(hours=1),
        hours=Decimal("6.00"),
    )

"""A lesson in a real browser, on a small phone, with and without script."""

from collections.abc import Callable
from typing import Any

import pytest

from courses.models import CoursePage, LessonPage, LessonProgress
from roster.models import Worker
from tests.courses.conftest import CHECK, block, text
from tests.lms.conftest import until

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740, "mobile": True}


@pytest.fixture
def long_lesson(course: CoursePage, add_lesson: Callable[..., LessonPage]) -> LessonPage:
    blocks = [text(f"第{number}段。" + "上门先报身份，再说来意。" * 40) for number in range(12)]
    return add_lesson(course, "第一次上门", "long", *blocks[:6], block("check", CHECK), *blocks[6:])


def test_it_is_witnessed_answered_and_found_again(
    page_for: Callable[..., Any], worker: Worker, long_lesson: LessonPage
) -> None:
    page = page_for(worker.user, **PHONE)
    with page.expect_response(lambda r: r.url.endswith("/beat")) as first:
        page.goto(long_lesson.address)
    assert first.value.json()["seconds"] == 0
    page.get_by_label("开门窗").check()
    page.get_by_role("button", name="选好了，看解析").click()
    page.get_by_text("是的，选 B。").wait_for()
    assert page.url.endswith(long_lesson.address)
    # leaving says where the reader was
    page.locator("[data-block]").nth(8).scroll_into_view_if_needed()
    page.goto("/study/")
    # what a page says as it is left comes after the next page
    near = {child.id for child in list(long_lesson.body)[5:10]}
    until(lambda: LessonProgress.objects.get(worker=worker).place in near)
    assert list(LessonProgress.objects.get(worker=worker).checks.values()) == ["B"]
    page.goto(long_lesson.address)
    page.get_by_text("上次学到这里，接着往下看。").wait_for()
    assert page.evaluate("scrollY") > 500
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_nothing_is_lost_without_script(page_for: Callable[..., Any], worker: Worker, long_lesson: LessonPage) -> None:
    page = page_for(worker.user, **PHONE, java_script_enabled=False)
    page.goto(long_lesson.address)
    page.get_by_label("开灯看看").check()
    page.get_by_role("button", name="选好了，看解析").click()
    assert page.get_by_text("再想想，应该选 B。").is_visible()
    page.get_by_role("button", name="学完了").click()
    assert page.get_by_role("status").filter(has_text="还要再学").first.is_visible()


def test_a_lost_network_is_told_calmly(page_for: Callable[..., Any], worker: Worker, long_lesson: LessonPage) -> None:
    page = page_for(worker.user, **PHONE)
    with page.expect_response(lambda r: r.url.endswith("/beat")):
        page.goto(long_lesson.address)
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.get_by_text("现在连不上，连上以后接着记时间").wait_for()
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.get_by_text("现在连不上，连上以后接着记时间").wait_for(state="hidden")

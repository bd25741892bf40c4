"""The room in a browser: it changes by itself, and what was ticked stays ticked."""

import pytest
from django.urls import reverse

from exams.day import attempts
from tests.exams.conftest import begin

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_the_room_changes_by_itself_and_what_is_ticked_stays(
    make_exam, worker, colleague, township_admin, page_for, now
):
    exam = make_exam()
    one = begin(exam, worker, now)
    page = page_for(township_admin, 360, 740, mobile=True)
    page.clock.install()
    page.goto(reverse("exam_room", args=[exam.pk]))
    line = page.locator("tr", has_text=colleague.name)
    line.locator("[data-pick]").check()
    assert "未到" in line.inner_text()
    begin(exam, colleague, now)
    attempts.hand_in(one, now=now)
    page.clock.fast_forward(12_000)
    line.get_by_text("作答中").wait_for()
    assert "已交卷" in page.locator("tr", has_text=worker.name).inner_text()
    assert line.locator("[data-pick]").is_checked()
    assert "已选 1 人" in page.locator("[data-picked]").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.route("**/room/part/*", lambda route: route.abort())
    page.clock.fast_forward(12_000)
    page.get_by_text("连不上服务器").wait_for()
    page.unroute("**/room/part/*")
    page.clock.fast_forward(25_000)
    page.get_by_text("连不上服务器").wait_for(state="hidden")

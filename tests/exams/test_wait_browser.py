"""The page before the bell on a phone in a real browser."""

from datetime import timedelta

import pytest

from exams.models import Attempt
from tests.exams.test_browser import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_at_the_bell_one_tap_starts_without_a_reload(make_exam, worker, page_for, now):
    exam = make_exam(opens_at=now + timedelta(seconds=12), closes_at=now + timedelta(hours=2))
    page = page_for(worker.user, 360, 740, mobile=True)
    page.goto(f"/exams/{exam.pk}/")
    for name in ("browser", "storage", "network", "clock", "screen"):
        page.wait_for_selector(f"[data-check={name}] [data-sign=ok]:visible")
    page.check("[name=pledge]")
    page.click("[data-begin]")
    page.wait_for_selector("text=考前检查做完了")
    assert Attempt.objects.get(exam=exam, worker=worker).ready_at
    assert page.is_disabled("[data-begin]")
    page.evaluate("window.same = true")
    # the paper's own files come before the bell, with what they import
    until(page, "performance.getEntriesByType('resource').some(({name}) => name.includes('exam-outbox'))")
    page.wait_for_selector("[data-begin]:has-text('开始作答')", timeout=40_000)
    assert page.evaluate("window.same")
    page.click("[data-begin]")
    page.wait_for_url("**/paper")


def test_a_wrong_clock_of_the_phone_is_told_and_changes_nothing(make_exam, worker, page_for, now):
    exam = make_exam(opens_at=now + timedelta(minutes=30), closes_at=now + timedelta(hours=2))
    page = page_for(worker.user, 360, 740, mobile=True)
    page.clock.set_system_time(now + timedelta(hours=5))
    page.goto(f"/exams/{exam.pk}/")
    page.wait_for_selector("[data-check=clock]:has-text('不影响考试')")
    assert page.inner_text("[data-left]").startswith(("29:", "30:"))

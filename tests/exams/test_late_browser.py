"""A phone that was cut off comes back after the bell, its page long closed: what it kept goes out by itself and counts."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from exams.day import attempts
from exams.models import Answer, Attempt, AttemptState, Fate, JournalEntry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cut_off(make_exam, worker, page_for):
    """A paper begun an hour ago whose bell was two minutes ago, and a phone that keeps an answer of each of these pages to its first questions."""

    def cut_off(*pages, ended_for=2, age=3):
        now = timezone.now()
        exam = make_exam(late_minutes=10, opens_at=now - timedelta(hours=3), closes_at=now + timedelta(hours=2))
        page = page_for(worker.user, 360, 740, mobile=True)
        page.goto(f"/exams/{exam.pk}/")
        page.check("[name=pledge]")
        page.click("text=开始作答 >> visible=true >> nth=-1")
        page.wait_for_selector("#rescue", state="attached")
        page.goto("/healthz/")
        attempt = Attempt.objects.get(exam=exam, worker=worker)
        started, deadline = now - 62 * MINUTE, now - ended_for * MINUTE
        Attempt.objects.filter(pk=attempt.pk).update(started_at=started, deadline=deadline)
        JournalEntry.objects.all().delete()
        given = {"seq": 1, "value": [1], "at": int((now - age * MINUTE).timestamp() * 1000), "tick": 0, "saved": None}
        items = {
            str(attempt.paper[place][0]): {**given, "number": place + 1, "page": number}
            for place, number in enumerate(pages)
        }
        kept = {"items": items, "receipts": [], "unsent": len(items), "heard": 0, "news": [], "away": [], "left": 0}
        page.evaluate("([key, text]) => localStorage.setItem(key, text)", [f"in:exam:{attempt.pk}", json.dumps(kept)])
        return page, attempt

    return cut_off


def fates():
    return list(JournalEntry.objects.order_by("page").values_list("page", "fate"))


def test_what_the_phone_kept_goes_out_from_the_page_that_waits(cut_off):
    page, attempt = cut_off(9)
    page.goto(f"/exams/attempt/{attempt.pk}/hand-in/")
    page.wait_for_selector("text=1 / ")
    page.wait_for_selector("text=最近一次")
    assert fates() == [(9, Fate.LATE_COUNTED)]
    assert Answer.objects.get(item=attempt.paper[0][0]).value == "[1]"
    page.click("button:has-text('现在交卷')")
    page.wait_for_selector(".receipt-no")
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.MARKED


def test_the_receipt_page_sends_what_is_left_before_it_offers_a_backup(cut_off):
    page, attempt = cut_off(9, 10)
    attempts.close(attempt.pk, user_id=None, now=timezone.now())
    page.goto(f"/exams/attempt/{attempt.pk}/hand-in/")
    page.wait_for_selector("text=有 2 题的改动到得太晚，已经收到，等管理员决定是否计入。")
    assert fates() == [(9, Fate.LATE), (10, Fate.LATE)]
    assert page.is_hidden("[data-unsent]")


def test_the_open_paper_sends_what_older_pages_kept_and_says_what_became_of_it(cut_off):
    page, attempt = cut_off(9, 10, ended_for=-30, age=1)
    page.route("**/answers", lambda route: route.abort())
    page.goto(f"/exams/sit/{attempt.pk}/paper")
    page.wait_for_selector("[data-banner]:visible")
    attempts.close(attempt.pk, user_id=None, now=timezone.now())  # by somebody in the room
    page.unroute("**/answers")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("text=不能再作答了。")
    page.wait_for_function("document.querySelectorAll('[data-state]').length > 1")
    told = page.locator("[data-question] [data-state]").all_text_contents()
    assert sum("已收到，等管理员决定" in one for one in told) == 2
    assert fates() == [(9, Fate.LATE), (10, Fate.LATE)]

"""A phone that was cut off comes back after the bell, its page long closed: what it kept goes out by itself and counts."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from exams.models import Answer, Attempt, AttemptState, Fate, JournalEntry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MINUTE = timedelta(minutes=1)


def test_what_the_phone_kept_goes_out_from_the_page_that_waits(make_exam, worker, page_for):
    now = timezone.now()
    exam = make_exam(late_minutes=10, opens_at=now - timedelta(hours=3), closes_at=now + timedelta(hours=2))
    page = page_for(worker.user, 360, 740, mobile=True)
    page.goto(f"/exams/{exam.pk}/")
    page.check("[name=pledge]")
    page.click("text=开始作答 >> visible=true >> nth=-1")
    page.wait_for_selector("#rescue", state="attached")
    page.goto("/healthz/")
    attempt = Attempt.objects.get(exam=exam, worker=worker)
    item = attempt.paper[0][0]
    # begun an hour ago, the bell two minutes ago, the answer a minute before it
    Attempt.objects.filter(pk=attempt.pk).update(started_at=now - 62 * MINUTE, deadline=now - 2 * MINUTE)
    JournalEntry.objects.all().delete()
    given = {
        "number": 1,
        "seq": 1,
        "value": [1],
        "page": 9,
        "at": int((now - 3 * MINUTE).timestamp() * 1000),
        "tick": 0,
    }
    kept = {
        "items": {str(item): {**given, "saved": None}},
        "receipts": [],
        "unsent": 1,
        "heard": 0,
        "news": [],
        "away": [],
        "left": 0,
    }
    page.evaluate("([key, text]) => localStorage.setItem(key, text)", [f"in:exam:{attempt.pk}", json.dumps(kept)])
    page.goto(f"/exams/attempt/{attempt.pk}/hand-in/")
    page.wait_for_selector("text=1 / ")
    page.wait_for_selector("text=最近一次")
    assert JournalEntry.objects.get(item=item).fate == Fate.LATE_COUNTED
    assert Answer.objects.get(item=item).value == "[1]"
    page.click("button:has-text('现在交卷')")
    page.wait_for_selector(".receipt-no")
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.MARKED

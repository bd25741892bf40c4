"""Every exam screen around the paper, for who sits and for who proctors: no barrier, nothing wider than the phone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exams import allowances, attempts, incidents, interventions
from exams.models import Attempt, Incident, IncidentKind, JournalEntry, Presence
from tests.barriers import look
from tests.exams.conftest import begin, item_of, save

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PHONE = "phone-phone-phone-phon"


@pytest.fixture
def sat(make_exam, worker, city_admin, county_admin):
    """What becomes of an exam: still to come with a window of their own, done, void, exempt, on another device, waiting for what comes late."""
    now = timezone.now()
    soon = make_exam(opens_at=now + HOUR, closes_at=now + 3 * HOUR, results_at=now + 9 * HOUR)
    spared = make_exam()

    def mine(exam):
        return Attempt.objects.get(exam=exam, worker=worker)

    window = {"opens_at": now + HOUR, "closes_at": now + 5 * HOUR}
    allowances.own_window([mine(soon).pk], reason="上午处置山火", by=city_admin, now=now, **window)
    allowances.exempt([mine(spared).pk], reason="产假", by=city_admin, now=now)
    over = []
    for _each in range(2):
        over.append(begin(make_exam(results_at=now - HOUR), worker, now))
        save(over[-1], item_of(over[-1], "single"), [1], now)
        Incident.objects.create(attempt=over[-1], kind=IncidentKind.LEFT, at=now, detail={"seconds": 35})
        incidents.note(over[-1], text="桌上有一本翻开的手册，提醒后收起。", by=city_admin, now=now)
        attempts.hand_in(over[-1], now=now)
    done, void = over
    asked = interventions.ask(void, measure="void", reason="请人代考", by=city_admin, now=now)
    interventions.decide(asked, agreed=True, by=county_admin, now=now)
    elsewhere = begin(make_exam(), worker, now, device=PHONE)
    late = begin(make_exam(late_minutes=10, opens_at=now - 2 * HOUR), worker, now, device=PHONE)
    Attempt.objects.filter(pk=late.pk).update(started_at=now - 62 * MINUTE, deadline=now - 2 * MINUTE)
    JournalEntry.objects.filter(attempt=late).delete()
    Presence.objects.filter(attempt=late).delete()
    return {
        "soon": reverse("exam", args=[soon.pk]),
        "spared": reverse("exam", args=[spared.pk]),
        "receipt": reverse("hand_in", args=[done.pk]),
        "result": reverse("attempt_result", args=[done.pk]),
        "receipts": reverse("exam_receipts", args=[done.pk]),
        "void": reverse("hand_in", args=[void.pk]),
        "elsewhere": reverse("attempt", args=[elsewhere.pk]),
        "late": reverse("hand_in", args=[late.pk]),
    }


WORDS = {
    "soon": "给你另定了时间",
    "spared": "这场考试你免考。",
    "receipt": "考试过程记录",
    "result": "考试过程记录",
    "receipts": "核对码",
    "void": "理由：请人代考",
    "elsewhere": "在这里作答",
    "late": "等断网的手机补传",
}


def test_no_barrier_before_and_after_the_paper(sat, worker, page_for):
    page = page_for(worker.user, 360, 740, mobile=True)
    for name, address in sat.items():
        page.goto(address)
        look(page)
        assert WORDS[name] in page.inner_text("main")


def test_no_barrier_for_who_proctors(make_exam, worker, county_admin, page_for):
    now = timezone.now()
    exam = make_exam()
    attempt = begin(exam, worker, now)
    save(attempt, item_of(attempt, "single"), [1], now)
    incidents.note(attempt, text="桌上有一本翻开的手册。", by=county_admin, now=now)
    page = page_for(county_admin, 360, 740, mobile=True)
    room = reverse("exam_room", args=[exam.pk])
    for address in (
        f"{room}?in={worker.township_id}",
        f"{reverse('exam_allow', args=[exam.pk])}?id={attempt.pk}",
        reverse("exam_sitter", args=[attempt.pk]),
        reverse("exam_late", args=[exam.pk]),
        reverse("exam_verify"),
    ):
        page.goto(address)
        look(page, dressed=False)

"""Every exam screen around the paper, for who sits and for who proctors: no barrier, nothing wider than the phone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exams.day import attempts, incidents
from exams.models import Attempt, Fate, Incident, IncidentKind, Intervention, JournalEntry, Layout, Presence
from exams.room import allowances, interventions
from tests.barriers import look
from tests.exams.conftest import CASE, SECTIONS, begin, item_of, save

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PHONE = "phone-phone-phone-phon"
KEPT = {"1": {"seq": 2, "value": [1], "age": 4000, "page": 9}, "flags": []}
RESCUE = "async (mirror) => (await import('/static/js/exam-rescue.js')).openRescue({attempt: 1, mirror})"


@pytest.fixture
def sat(make_exam, worker, city_admin, county_admin):
    """What becomes of an exam: still to come with a window of their own, done, void, exempt, on another device, waiting for what comes late."""
    now = timezone.now()
    soon = make_exam(opens_at=now + HOUR, closes_at=now + 3 * HOUR, results_at=now + 9 * HOUR)
    spared, missed = make_exam(), make_exam(closes_at=now - MINUTE)

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
        "unpledged": f"{reverse('exam', args=[make_exam().pk])}?pledge=1",
        "spared": reverse("exam", args=[spared.pk]),
        "missed": reverse("exam", args=[missed.pk]),
        "try": reverse("exams"),
        "receipt": reverse("hand_in", args=[done.pk]),
        "result": reverse("attempt_result", args=[done.pk]),
        "receipts": reverse("exam_receipts", args=[done.pk]),
        "void": reverse("hand_in", args=[void.pk]),
        "elsewhere": reverse("attempt", args=[elsewhere.pk]),
        "late": reverse("hand_in", args=[late.pk]),
    }


WORDS = {
    "soon": "给你另定了时间",
    "unpledged": "请先",
    "spared": "这场考试你免考。",
    "missed": "截止",
    "try": "先试试答题页面",
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


def test_no_barrier_on_a_long_paper_nor_when_the_room_closes_it(make_exam, worker, city_admin, county_admin, page_for):
    exam = make_exam(sections=[*SECTIONS, CASE], layout=Layout.ALL)
    page = page_for(worker.user, 360, 740, mobile=True)
    page.goto(reverse("exam", args=[exam.pk]))
    page.check("[name=pledge]")
    page.click("text=开始作答 >> visible=true >> nth=-1")
    page.wait_for_selector("#rescue", state="attached")
    look(page)
    page.evaluate(RESCUE, KEPT)
    page.wait_for_selector("[data-rescue-made]:visible")
    look(page)
    page.keyboard.press("Escape")
    attempt = Attempt.objects.get(exam=exam, worker=worker)
    asked = interventions.ask(attempt, measure="close", reason="带了小抄", by=city_admin, now=timezone.now())
    interventions.decide(asked, agreed=True, by=county_admin, now=timezone.now())
    page.check("#q-1 .opts input >> nth=0")
    page.wait_for_selector("[data-banner]:has-text('考场提前收卷')")
    assert page.is_hidden("[data-countdown]")
    look(page)
    page.click("text=看回执")
    page.wait_for_selector(".note:has-text('考场提前收卷')")


def test_no_barrier_for_who_sets_and_proctors(make_exam, worker, colleague, hire, city, city_admin, page_for):
    now = timezone.now()
    exam = make_exam(late_minutes=10, sections=[*SECTIONS, CASE])
    draft, over = make_exam(ready=False, by_list=True), make_exam(opens_at=now - 3 * HOUR, closes_at=now - HOUR)
    attempt = begin(exam, worker, now, device=PHONE)
    save(attempt, item_of(attempt, "single"), [1], now)
    incidents.note(attempt, text="桌上有一本翻开的手册。", by=city_admin, now=now)
    asker = hire("W0300", "提出人", city.township).user
    Intervention.objects.create(attempt=attempt, measure="close", reason="带了小抄", asked_by=asker, asked_at=now)
    late = begin(exam, colleague, now, device=PHONE)
    attempts.hand_in(late, now=now)
    entry = {"item": item_of(late, "single"), "seq": 3, "page": 4, "at": now, "value": "[2]", "age": 900_000}
    JournalEntry.objects.create(attempt=late, fate=Fate.LATE, **entry)
    page = page_for(city_admin, 360, 740, mobile=True)
    room = reverse("exam_room", args=[exam.pk])
    for address in (
        reverse("exam_list"),
        reverse("exam_state", args=[exam.pk]),
        reverse("edit_exam", args=[draft.pk]),
        reverse("publish_exam", args=[draft.pk]),
        reverse("exam_names", args=[draft.pk]),
        room,
        f"{room}?in={worker.township_id}",
        f"{room}?in={worker.township_id}&state=asked",
        reverse("exam_room", args=[over.pk]),
        reverse("exam_window", args=[exam.pk]),
        reverse("exam_notice", args=[exam.pk]),
        f"{reverse('exam_allow', args=[exam.pk])}?id={attempt.pk}",
        reverse("exam_sitter", args=[attempt.pk]),
        reverse("exam_late", args=[exam.pk]),
        reverse("late_answers", args=[exam.pk, late.pk]),
        reverse("exam_rescue"),
        reverse("exam_verify"),
    ):
        look(page, address, within="html" if address == room else "main")  # what is around is Wagtail's, and the same

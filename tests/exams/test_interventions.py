"""Closing and voiding: one asks, another decides."""

from datetime import timedelta

import pytest
from django.urls import reverse

from exams.day import attempts, incidents
from exams.marks import marking
from exams.models import Answer, Attempt, AttemptState, Intervention
from exams.room import interventions
from lms.models import AuditEntry
from lms.refusal import Refused
from records.models import Certificate, SkillRecord
from tests.exams.conftest import CASE, SECTIONS, begin, enter, item_of, post, save

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def ask(attempt, by, now, measure="close"):
    return interventions.ask(attempt, measure=measure, reason="带了小抄", by=by, now=now)


def state(attempt):
    return Attempt.objects.get(pk=attempt.pk).state


def test_closing_is_a_hand_in_at_that_moment(sitting, township_admin, county_admin, now):
    save(sitting, item_of(sitting, "single"), [1], now)
    asked = ask(sitting, township_admin, now)
    assert state(sitting) == AttemptState.SITTING
    interventions.decide(asked, agreed=True, by=county_admin, now=now + MINUTE)
    done = Attempt.objects.get(pk=sitting.pk)
    assert (done.state, done.finished_at, done.closed_by_clock, done.marks) == ("marked", now + MINUTE, False, 10)
    assert done.receipt
    (told,) = incidents.own(done, now=now + MINUTE)  # who sat is told that others ended it, and why
    assert (told.at, told.title, told.text) == (now + MINUTE, "提前收卷", "理由：带了小抄")
    actions = AuditEntry.objects.filter(action__startswith="exam.intervention").values_list("action", "actor")
    assert list(actions.order_by("pk")) == [
        ("exam.intervention_asked", township_admin.pk),
        ("exam.intervention_decided", county_admin.pk),
    ]


def test_it_takes_two(sitting, township_admin, county_admin, county_b_admin, now):
    asked = ask(sitting, township_admin, now)
    for by, code in ((township_admin, "same"), (county_b_admin, "reach")):
        with pytest.raises(Refused) as refusal:
            interventions.decide(asked, agreed=True, by=by, now=now)
        assert refusal.value.code == code
    assert state(sitting) == AttemptState.SITTING
    interventions.decide(asked, agreed=False, by=county_admin, now=now)
    with pytest.raises(Refused, match="已经有人决定"):
        interventions.decide(asked, agreed=True, by=county_admin, now=now)
    assert state(sitting) == AttemptState.SITTING


def test_asked_twice_is_asked_once_and_may_be_asked_again_when_decided(sitting, township_admin, county_admin, now):
    first = ask(sitting, township_admin, now)
    assert ask(sitting, county_admin, now) == first
    interventions.decide(first, agreed=False, by=county_admin, now=now)
    assert ask(sitting, township_admin, now + MINUTE) != first


def test_voiding_what_sits_what_waits_and_what_is_marked(make_exam, worker, township_admin, county_admin, now):
    exam = make_exam(sections=[*SECTIONS, CASE])
    attempt = begin(exam, worker, now)
    save(attempt, item_of(attempt, "case"), "先劝开。", now)
    attempts.hand_in(attempt, now=now)
    assert marking.waiting(exam).count() == 1
    interventions.decide(ask(attempt, township_admin, now, "void"), agreed=True, by=county_admin, now=now)
    assert (state(attempt), Answer.objects.get().waits, marking.waiting(exam).count()) == ("void", False, 0)
    with pytest.raises(Refused, match="已经作废"):
        marking.award(attempt, item_of(attempt, "case"), marker=county_admin, points=[0], now=now)
    with pytest.raises(Refused, match="已经作废"):
        ask(attempt, township_admin, now, "void")
    marking.post_results(exam, now=exam.closes_at)
    assert not SkillRecord.objects.exists()


def test_voiding_what_is_posted_reverses_it_and_revokes_the_certificate(
    make_exam, worker, township_admin, county_admin, now
):
    exam = make_exam(pass_marks=10, results_at=now - MINUTE)
    attempt = begin(exam, worker, now)
    save(attempt, item_of(attempt, "single"), [1], now)
    attempts.hand_in(attempt, now=now)
    marking.post_results(exam, now=now)
    assert Certificate.objects.get().revoked_at is None
    interventions.decide(ask(attempt, township_admin, now, "void"), agreed=True, by=county_admin, now=now)
    assert Certificate.objects.get().revoked_reason == "带了小抄"
    assert not SkillRecord.objects.standing().exists()
    assert SkillRecord.objects.count() == 2
    marking.post_results(exam, now=now + MINUTE)
    assert SkillRecord.objects.count() == 2


def test_what_has_no_object_any_more_is_refused(make_exam, worker, sitting, township_admin, county_admin, now):
    asked = ask(sitting, township_admin, now)
    attempts.hand_in(sitting, now=now)
    with pytest.raises(Refused, match="没有在作答"):
        interventions.decide(asked, agreed=True, by=county_admin, now=now)
    interventions.decide(asked, agreed=False, by=county_admin, now=now)  # and is off the list
    due = make_exam().attempts.get(worker=worker)
    for measure in ("close", "void"):
        with pytest.raises(Refused):
            ask(due, township_admin, now, measure)
    assert Intervention.objects.count() == 1


def test_nobody_decides_about_themselves(sitting, worker, township_admin, now):
    with pytest.raises(Refused, match="自己"):
        ask(sitting, worker.user, now)


def test_who_sat_reads_what_was_decided_and_why_but_not_what_was_only_asked(
    sitting, worker, township_admin, county_admin, client_of, now
):
    def told():
        return client_of(worker.user).get(reverse("hand_in", args=[sitting.pk])).text

    asked = ask(sitting, township_admin, now)
    assert asked.reason not in told()
    interventions.decide(asked, agreed=True, by=county_admin, now=now)
    assert "考场提前收卷，收卷前保存的答案照样计分。" in told()
    assert asked.reason in told()


def test_the_page_still_open_says_in_the_words_of_the_receipt_that_the_room_closed_it(
    sitting, worker, township_admin, county_admin, client_of, now
):
    client = enter(client_of(worker.user), sitting)
    interventions.decide(ask(sitting, township_admin, now), agreed=True, by=county_admin, now=now)
    reply = post(client, sitting, "answers", '{"page": 7, "answers": []}', content_type="application/json").json()
    assert (reply["state"], reply["message"]) == (
        "handed_in",
        "10:00:00 考场提前收卷，收卷前保存的答案照样计分。",
    )
    assert reply["message"] in client.get(reply["next"]).text

"""A person decides about late answers: with a reason, all of a person at once, never twice, never for oneself, never after the result is out."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.urls import reverse

from exams.claims import deciding
from exams.day import attempts, late, saving, verifying
from exams.marks import marking
from exams.models import Answer, Attempt, AttemptState, Award, Fate, JournalEntry, LateDecision
from lms.models import AuditEntry
from lms.refusal import Refused
from records.models import SkillRecord
from roster.models import User
from tests.exams.conftest import CASE, SECTIONS, begin, item_of, save
from tests.exams.test_race import at_once

pytestmark = pytest.mark.postgres
MINUTE = timedelta(minutes=1)


def come_late(attempt, at, *rows, page=7, device=None):
    """Rows (item, seq, value) that arrive when nothing may be saved any more."""
    guard = saving.Guard(attempt.pk, attempt.worker_id, attempt.device if device is None else device)
    given = [attempts.Given(item.pk, seq, value) for item, seq, value in rows]
    with pytest.raises(Refused) as caught:
        attempts.answer(guard, given, exam_id=attempt.exam_id, page=page, now=at)
    late.take(guard, given, ages={}, exam_id=attempt.exam_id, page=page, refusal=caught.value, now=at)
    return at


@pytest.fixture
def closed(make_exam, worker, now):
    """One right and one wrong answer; closed by the clock; the result is shown a day later."""
    exam = make_exam(sections=[*SECTIONS, CASE], results_at=now + timedelta(days=1))
    attempt = begin(exam, worker, now)
    save(attempt, item_of(attempt, "single", 0), [1], now + MINUTE)
    save(attempt, item_of(attempt, "single", 1), [3], now + MINUTE)
    attempts.close_overdue(now=attempt.deadline)
    attempt.refresh_from_db()
    return attempt


def decide(attempt, at, by, *, accept=True, seen=None, reason="监考记录：该考点 10:40 起断网"):
    return deciding.decide(attempt.pk, accept=accept, reason=reason, seen=seen or at, by=by, now=at + MINUTE)


def test_accepted_answers_are_written_marked_and_told(closed, county_admin):
    at = come_late(closed, closed.deadline + MINUTE, (item_of(closed, "single", 1), 2, [1]))
    decision = decide(closed, at, county_admin)
    closed.refresh_from_db()
    assert (closed.state, closed.marks, closed.machine_marks) == (AttemptState.MARKED, Decimal(20), Decimal(20))
    assert (decision.accepted, decision.answers, decision.by) == (True, 1, county_admin)
    note = AuditEntry.objects.get(action="exam.late_accepted")
    assert (note.actor_id, note.subject, note.detail) == (county_admin.pk, f"exams.attempt:{closed.pk}", {"answers": 1})
    entry = JournalEntry.objects.get(fate=Fate.DECIDED)
    assert (entry.value, entry.seq) == ("[1]", 3)
    assert verifying.verify(closed) == []
    # twice is once
    assert decide(closed, at, county_admin).pk == decision.pk
    assert (LateDecision.objects.count(), AuditEntry.objects.filter(action__startswith="exam.late").count()) == (1, 1)


def test_a_written_answer_waits_for_a_marker_again(closed, county_admin, mentor, now):
    case = item_of(closed, "case")
    at = come_late(closed, closed.deadline + MINUTE, (case, 1, "先劝开双方"))
    decide(closed, at, county_admin)
    closed.refresh_from_db()
    assert (closed.state, closed.marks, Answer.objects.get(item=case).waits) == (AttemptState.HANDED_IN, None, True)
    marking.award(closed, case, marker=mentor.worker.user, points=[0], now=at)
    # and once more, after it was marked: that mark was for another text
    at = come_late(closed, at + 9 * MINUTE, (case, 9, "先劝开双方，再回访"))
    decide(closed, at, county_admin)
    closed.refresh_from_db()
    assert (closed.state, Award.objects.filter(superseded=False).count()) == (AttemptState.HANDED_IN, 0)
    marking.award(closed, case, marker=mentor.worker.user, points=[0, 2], now=at)
    closed.refresh_from_db()
    assert (closed.marks, verifying.verify(closed)) == (Decimal(38), [])


def test_refused_answers_change_nothing_and_stay_in_the_journal(closed, county_admin):
    at = come_late(closed, closed.deadline + MINUTE, (item_of(closed, "single", 1), 2, [1]))
    decide(closed, at, county_admin, accept=False)
    closed.refresh_from_db()
    assert (closed.marks, JournalEntry.objects.filter(fate=Fate.LATE).count()) == (Decimal(10), 1)
    assert not Attempt.objects.undecided(*late.KEPT).exists()
    assert verifying.verify(closed) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"by": "worker"}, "own"),
        ({"reason": "  "}, "reason"),
        ({"seen": MINUTE}, "changed"),
        ({"posted": True}, "posted"),
        ({"state": AttemptState.VOID}, "void"),
    ],
)
def test_what_cannot_be_accepted_says_why(closed, county_admin, change, code):
    at = come_late(closed, closed.deadline + MINUTE, (item_of(closed, "single", 1), 2, [1]))
    if "posted" in change:
        Attempt.objects.update(posted_at=at)
    if "state" in change:
        Attempt.objects.update(state=change["state"])
    by = closed.worker.user if change.get("by") else county_admin
    seen = at - change.get("seen", timedelta(0))
    with pytest.raises(Refused) as refusal:
        decide(closed, at, by, seen=seen, reason=change.get("reason", "断网"))
    assert refusal.value.code == code
    assert (LateDecision.objects.count(), JournalEntry.objects.filter(fate=Fate.DECIDED).count()) == (0, 0)


def test_another_decision_after_the_first_is_refused_with_its_name(closed, county_admin, city_admin):
    at = come_late(closed, closed.deadline + MINUTE, (item_of(closed, "single", 1), 2, [1]))
    decide(closed, at, county_admin)
    with pytest.raises(Refused) as refusal:
        decide(closed, at, city_admin, accept=False)
    assert (refusal.value.code, county_admin.name in refusal.value.sentence) == ("decided", True)


def test_what_comes_after_a_decision_waits_for_the_next(closed, county_admin):
    single, many = item_of(closed, "single", 1), item_of(closed, "multiple")
    at = come_late(closed, closed.deadline + MINUTE, (single, 2, [1]))
    decide(closed, at, county_admin)
    # its clock says earlier than the decision, as when a slow request overtakes
    come_late(closed, at, (many, 1, [0, 2]))
    entry = deciding.waiting(closed).get()
    assert entry.item_id == many.pk
    decide(closed, at + MINUTE, county_admin, seen=entry.at)
    closed.refresh_from_db()
    assert (closed.marks, LateDecision.objects.count()) == (Decimal(40), 2)


def test_a_result_waits_for_the_decision(closed, county_admin, now):
    at = come_late(closed, closed.deadline + MINUTE, (item_of(closed, "single", 1), 2, [1]))
    shown = closed.exam.results_at
    assert marking.post_results(closed.exam, now=shown) == 0
    decide(closed, at, county_admin, accept=False)
    assert marking.post_results(closed.exam, now=shown) == 1
    assert SkillRecord.objects.get().amount == 10


def test_what_an_older_device_had_is_for_a_person_and_holds_up_nothing(make_exam, worker, county_admin, now):
    exam = make_exam(results_at=now + timedelta(days=1))
    attempt = begin(exam, worker, now, device="new-new-new-new-new-ne")
    at = come_late(attempt, now + MINUTE, (item_of(attempt, "single"), 1, [1]), device="old-old-old-old-old-ol")
    with pytest.raises(Refused) as refusal:
        decide(attempt, at, county_admin)
    assert refusal.value.code == "sitting"
    attempts.hand_in(attempt, now=now + 2 * MINUTE)
    attempt.refresh_from_db()
    assert list(Attempt.objects.to_post()) == [attempt]
    decide(attempt, at, county_admin)
    attempt.refresh_from_db()
    assert (attempt.marks, verifying.verify(attempt)) == (Decimal(10), [])


def test_the_one_whose_answers_they_are_hears_what_becomes_of_them(make_exam, worker, county_admin, client_of, now):
    """And sees neither mark nor key while it is open: the result may still change."""
    attempt = begin(make_exam(results_at=now), worker, now)
    attempts.close_overdue(now=attempt.deadline)
    at = come_late(attempt, attempt.deadline + MINUTE, (item_of(attempt, "single"), 2, [1]))
    receipt, result = (reverse(name, args=[attempt.pk]) for name in ("hand_in", "attempt_result"))
    client = client_of(worker.user)
    page = client.get(receipt).text
    assert ("有 1 题的改动到得太晚，已经收到，等管理员决定是否计入。" in page, "决定以后公布成绩" in page) == (
        True,
        True,
    )
    assert client.get(result).url == receipt
    decide(attempt, at, county_admin)
    assert "理由：监考记录：该考点 10:40 起断网" in client.get(receipt).text
    assert client.get(result).status_code == 200


# --- the screens


def test_from_the_list_to_the_decision(closed, county_admin, county_b_admin, township_admin, worker, client_of):
    single = item_of(closed, "single", 1)
    at = come_late(closed, closed.deadline + MINUTE, (single, 2, [1]), (item_of(closed, "case"), 1, "先<b>劝开"))
    address = reverse("exam_late", args=[closed.exam_id])
    one = reverse("late_answers", args=[closed.exam_id, closed.pk])
    client = client_of(township_admin)
    assert "有迟到的答案，等你决定" in client.get("/cms/").text
    listed = client.get(address).text
    assert ("王桂兰" in listed, "截止后 1 分 0 秒" in listed) == (True, True)
    page = client.get(one).text
    order = next(order for pk, order in closed.paper if pk == single.pk)
    letters = "ABCD"
    assert f"<del>{letters[order.index(3)]} 转给邻居</del>" in page
    assert f"<ins>{letters[order.index(1)]} 登记上报</ins>" in page
    assert "先&lt;b&gt;劝开" in page
    assert "手机没有说什么时候作的" in page
    wrong = client.post(one, {"decision": "accept", "reason": "", "seen": at.isoformat()})
    assert (wrong.status_code, "请写明理由" in wrong.text) == (422, True)
    assert client.post(one, {"decision": "accept", "reason": "断网", "seen": at.isoformat()}).url == address
    assert "没有等待决定的迟到答案。" in client.get(address).text
    assert "断网" in client.get(address, {"show": "decided"}).text
    closed.refresh_from_db()
    assert closed.state == AttemptState.HANDED_IN
    other = client_of(county_b_admin)
    assert other.get(one).status_code == 404
    assert client_of(worker.user).get(one).status_code == 404


# --- two at once


@pytest.mark.django_db(transaction=True)
def test_two_deciders_at_once_are_one_decision(closed, county_admin, city_admin):
    at = come_late(closed, closed.deadline + MINUTE, (item_of(closed, "single", 1), 2, [1]))
    people = [User.objects.get(pk=one.pk) for one in (county_admin, city_admin)]
    done = at_once(
        *[partial(decide, closed, at, by, accept=yes) for by, yes in zip(people, (True, False), strict=True)]
    )
    assert sorted(isinstance(one, Refused) for one in done) == [False, True]
    decision = LateDecision.objects.get()
    closed.refresh_from_db()
    assert closed.marks == (Decimal(20) if decision.accepted else Decimal(10))
    assert verifying.verify(closed) == []

"""Sitting again: mock, practice and entry test; the screen tried before the day."""

from datetime import timedelta

import pytest
from django.urls import reverse

from exams import keeping, tasks
from exams.before import candidates
from exams.day import attempts
from exams.marks import marking
from exams.marks.tries import again, left, may_again
from exams.models import Attempt, AttemptState, Exam, Incident
from exams.worker import tryout
from lms.models import AuditEntry
from lms.refusal import Refused
from records.models import SkillRecord
from roster.models import Worker
from tests.exams.conftest import item_of, post, save

HOUR = timedelta(hours=1)
SINGLE = [{"kind": "single", "count": 4, "marks": "10.0", "subject": ""}]


@pytest.fixture
def kind(make_exam, now):
    def kind(kind, **more):
        own = {"kind": kind, "tries": 3, "pass_marks": 20, "sections": SINGLE, "results_at": now - HOUR}
        return make_exam(**{**own, **more})

    return kind


def sit(attempt, right, now):
    attempt = attempts.start(attempt, now=now)
    for place in range(right):
        save(attempt, item_of(attempt, "single", place), [1], now)
    return attempts.hand_in(attempt, now=now)


def mine(exam, worker):
    return Attempt.objects.get(exam=exam, worker=worker, number=1)


def test_practice_may_be_sat_as_often_as_it_says_each_time_in_another_order(kind, worker, now):
    exam = kind("practice")
    attempt = sit(mine(exam, worker), 4, now)
    assert (attempt.passed, left(attempt), exam.released(now)) == (True, 2, True)
    second = again(attempt, now=now)
    assert (second.number, second.state) == (2, AttemptState.DUE)
    assert sorted(item for item, _order in second.paper) == sorted(item for item, _order in attempt.paper)
    assert second.paper != attempt.paper
    assert again(attempt, now=now) == second  # two taps are one
    third = again(sit(second, 0, now), now=now)
    last = sit(third, 0, now)
    with pytest.raises(Refused) as refused:
        again(last, now=now)
    assert refused.value.code == "used_up"
    marking.post_results(exam, now=now)
    assert not SkillRecord.objects.exists()
    assert AuditEntry.objects.filter(action="exam.again").count() == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": AttemptState.SITTING, "deadline": None}, "unfinished"),
        ({"marks": 40}, "passed"),
        ({"number": 3}, "used_up"),
    ],
)
def test_why_an_entry_test_is_not_sat_again(kind, worker, now, change, code):
    attempt = sit(mine(kind("entry"), worker), 0, now)
    for name, value in change.items():
        setattr(attempt, name, value or now)
    attempt.save()
    with pytest.raises(Refused) as refused:
        again(attempt, now=now)
    assert refused.value.code == code


def test_a_formal_exam_is_sat_once_and_a_closed_one_no_more(kind, worker, now):
    with pytest.raises(Refused):
        again(sit(mine(kind("formal", tries=1), worker), 0, now), now=now)
    attempt = sit(mine(kind("mock"), worker), 0, now)
    assert not may_again(attempt, now=now + 3 * HOUR)


def test_time_granted_to_a_person_stays_with_them(kind, worker, now):
    exam = kind("entry")
    Attempt.objects.filter(exam=exam, worker=worker).update(granted=600, closes_at=now + 5 * HOUR)
    second = again(sit(mine(exam, worker), 0, now), now=now)
    assert (second.granted, second.closes_at) == (600, now + 5 * HOUR)


# --- what counts of several tries


def records(worker):
    return [(record.result, record.amount) for record in SkillRecord.objects.filter(worker=worker)]


def test_the_first_try_that_passes_counts_at_once(kind, worker, now):
    exam = kind("entry")
    attempt = sit(mine(exam, worker), 1, now)
    tasks.close_overdue()
    assert records(worker) == []  # tries are left
    sit(again(attempt, now=now), 3, now)
    for _twice in range(2):
        tasks.close_overdue()
    assert records(worker) == [("passed", 30)]
    assert not exam.attempts.filter(worker=worker, posted_at=None).exists()


def test_when_the_tries_are_used_up_the_last_counts(kind, worker, now):
    attempt = mine(kind("entry", tries=2), worker)
    sit(again(sit(attempt, 1, now), now=now), 0, now)
    tasks.close_overdue()
    assert records(worker) == [("failed", 0)]


def test_when_the_test_closes_the_last_that_was_sat_counts(kind, worker, now):
    exam = kind("entry")
    second = again(sit(mine(exam, worker), 1, now), now=now)
    Exam.objects.filter(pk=exam.pk).update(closes_at=now)
    tasks.close_overdue()
    assert records(worker) == [("failed", 10)]
    assert not Attempt.objects.filter(pk=second.pk).exists()  # nobody began it: no absence on top


def test_who_has_passed_an_entry_test_is_not_called_again_and_who_trains_for_the_post_is(
    kind, worker, colleague, outsider, now
):
    exam = kind("entry")
    sit(mine(exam, worker), 4, now)
    tasks.close_overdue()
    Worker.objects.filter(pk=outsider.pk).update(state="training")
    who = set(candidates.of(kind("entry", title="又一场")).values_list("pk", flat=True))
    assert (worker.pk in who, colleague.pk in who, outsider.pk in who) == (False, True, True)
    assert outsider.pk not in set(candidates.of(kind("formal", tries=1)).values_list("pk", flat=True))


# --- absent by their own window


def test_nobody_is_absent_before_their_own_window_has_closed(make_exam, worker, colleague, now):
    exam = make_exam(opens_at=now - 3 * HOUR, closes_at=now - HOUR)
    Attempt.objects.filter(exam=exam, worker=worker).update(opens_at=now, closes_at=now + HOUR)
    tasks.close_overdue()
    assert (mine(exam, worker).state, mine(exam, colleague).state) == (AttemptState.DUE, AttemptState.ABSENT)
    assert marking.finish_absent(exam, now=now + HOUR) == 1
    assert mine(exam, worker).state == AttemptState.ABSENT


# --- screens


def test_the_button_says_how_many_are_left_and_leads_to_the_next_try(kind, worker, client_of, now):
    exam = kind("entry")
    attempt = sit(mine(exam, worker), 0, now)
    client = client_of(worker.user)
    for name in ("hand_in", "attempt_result"):
        page = client.get(reverse(name, args=[attempt.pk])).text
        assert "还没有合格，还能考 2 次" in page
        assert reverse("exam_again", args=[attempt.pk]) in page
    home = client.get("/").text
    assert "没有合格，还能考 2 次" in home
    assert "没有合格，还能考 2 次" in client.get(reverse("exams")).text
    for _twice in range(2):
        assert client.post(reverse("exam_again", args=[attempt.pk]))["Location"] == reverse("exam", args=[exam.pk])
    assert exam.attempts.filter(worker=worker).count() == 2
    assert "第 2 次，共 3 次" in client.get(reverse("exam", args=[exam.pk])).text


def test_nobody_draws_a_try_for_another(kind, worker, colleague, client_of, now):
    attempt = sit(mine(kind("practice"), worker), 0, now)
    assert client_of(colleague.user).post(reverse("exam_again", args=[attempt.pk])).status_code == 404


# --- the try-out


def test_the_screen_is_tried_on_the_real_paper_and_leaves_nothing(make_exam, worker, city_admin, client_of, now):
    client = client_of(worker.user)
    for _twice in range(2):
        begun = client.post(reverse("exam_try_out"))
    attempt = Attempt.objects.get()
    assert begun["Location"] == f"/exams/sit/{attempt.pk}/paper"
    page = client.get(begun["Location"])
    assert page.text.count("<fieldset") == 3
    post(client, attempt, "hand-in")
    receipt = client.get(reverse("hand_in", args=[attempt.pk])).text
    assert ("试做完了" in receipt, "再试一次" in receipt) == (True, True)
    assert client.get(reverse("attempt_result", args=[attempt.pk])).status_code == 200
    tasks.close_overdue()
    assert not SkillRecord.objects.exists()
    assert "考前试做" not in client.get("/").text
    assert "考前试做" not in client.get(reverse("exams")).text
    admin = client_of(city_admin)
    assert "考前试做" not in admin.get(reverse("exam_list")).text
    assert "考前试做" not in admin.get("/cms/").text
    assert admin.get(reverse("exam_state", args=[attempt.exam_id])).status_code == 404
    client.post(reverse("exam_try_out"))
    assert Attempt.objects.count() == 2


def test_what_was_tried_is_let_go_after_a_week(worker, city, now):
    attempt = attempts.hand_in(tryout.begin(worker, now=now, device="d" * 22), now=now)
    Incident.objects.create(attempt=attempt, kind="left", at=now)
    assert not keeping.old_tryouts(now + timedelta(days=6)).exists()
    keeping.forget_tryouts(keeping.old_tryouts(now + timedelta(days=7)))
    assert not Attempt.objects.exists()
    assert tryout.begin(worker, now=now, device="d" * 22).number == 1

"""What is given beyond the rules: to one or a group, before and while they sit, each with a reason and one note."""

from datetime import timedelta

import pytest

from exams import tasks
from exams.day import attempts
from exams.marks import marking
from exams.models import Allowance, Attempt, AttemptState
from exams.room import allowances
from lms.models import AuditEntry
from lms.refusal import Refused
from records.models import SkillRecord
from tests.exams.conftest import begin, item_of, save

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db


def fresh(attempt):
    return Attempt.objects.select_related("exam", "worker").get(pk=attempt.pk)


@pytest.fixture
def make_exam(make_exam, now):
    """Results three days from now, so that there is room for what is given."""
    return lambda **fields: make_exam(**{"results_at": now + timedelta(days=3), **fields})


def grant(attempts_, by, now, *, seconds=600, reason="停电"):
    return allowances.grant_time([one.pk for one in attempts_], seconds=seconds, reason=reason, by=by, now=now)


def test_time_granted_while_they_sit_reaches_the_open_page_with_its_next_save(sitting, county_admin, now):
    before = sitting.deadline
    grant([sitting], county_admin, now)
    after = fresh(sitting)
    assert (after.granted, after.deadline) == (600, before + 10 * MINUTE)
    late = before + 5 * MINUTE  # would have been over
    save(after, item_of(sitting, "single"), [1], late)
    assert Allowance.objects.get().reason == "停电"
    note = AuditEntry.objects.get(action="exam.time_granted")
    assert (note.subject, note.detail) == (f"exams.attempt:{sitting.pk}", {"people": 1, "seconds": 600})


def test_time_granted_before_the_bell_counts_from_the_start(make_exam, worker, county_admin, now):
    exam = make_exam()
    grant([exam.attempts.get(worker=worker)], county_admin, now)
    begun = begin(exam, worker, now)
    assert begun.deadline == now + 70 * MINUTE


def test_a_form_sent_twice_gives_once_and_another_reason_gives_again(sitting, county_admin, now):
    assert grant([sitting], county_admin, now).given == 1
    assert grant([sitting], county_admin, now + timedelta(seconds=5)).given == 1
    assert fresh(sitting).granted == 600
    assert AuditEntry.objects.filter(action="exam.time_granted").count() == 1
    grant([sitting], county_admin, now + timedelta(seconds=9), reason="又停电")
    assert fresh(sitting).granted == 1200


def test_of_a_group_those_get_it_whom_nothing_speaks_against(make_exam, worker, colleague, outsider, city_admin, now):
    exam = make_exam()
    begin(exam, worker, now)
    attempts.hand_in(begin(exam, colleague, now), now=now)
    done = grant(exam.attempts.all(), city_admin, now)
    assert (done.given, dict(done.left_out)) == (2, {"已在 10:00:00 交卷，不能再改。": 1})
    assert AuditEntry.objects.get(action="exam.time_granted").subject == f"exams.exam:{exam.pk}"


@pytest.mark.parametrize("seconds", [0, -60, 4 * 3600])
def test_no_more_than_three_hours_and_no_less_than_something(sitting, county_admin, now, seconds):
    with pytest.raises(Refused, match="1 到 180 分钟"):
        grant([sitting], county_admin, now, seconds=seconds)


def test_what_is_over_is_refused_in_words(sitting, county_admin, now):
    with pytest.raises(Refused, match="请写明理由"):
        grant([sitting], county_admin, now, reason=" ")
    with pytest.raises(Refused, match="作答时间已经到了"):
        grant([sitting], county_admin, sitting.deadline)
    attempts.hand_in(sitting, now=now)
    with pytest.raises(Refused, match="已在 10:00:00 交卷"):
        grant([sitting], county_admin, now)
    assert not Allowance.objects.exists()


def test_nobody_gives_themselves(sitting, worker, now):
    with pytest.raises(Refused, match="不能给自己办"):
        grant([sitting], worker.user, now)


def test_a_window_of_ones_own(make_exam, worker, county_admin, now):
    exam = make_exam()
    attempt = exam.attempts.get(worker=worker)
    opens, closes = now + 5 * HOUR, now + 7 * HOUR
    allowances.own_window([attempt.pk], opens_at=opens, closes_at=closes, reason="值班", by=county_admin, now=now)
    with pytest.raises(Refused) as early:
        begin(exam, worker, now)
    assert early.value.code == "early"
    tasks.close_overdue()
    assert begin(exam, worker, opens + 90 * MINUTE).deadline == closes


def test_a_window_of_ones_own_outlives_the_exams_close(make_exam, worker, colleague, county_admin, now):
    exam = make_exam()
    mine = exam.attempts.get(worker=worker)
    window = {"opens_at": now + 5 * HOUR, "closes_at": now + 7 * HOUR}
    allowances.own_window([mine.pk], **window, reason="值班", by=county_admin, now=now)
    assert marking.finish_absent(exam, now=now + 3 * HOUR) == 1  # the colleague
    assert fresh(mine).state == AttemptState.DUE
    assert marking.finish_absent(exam, now=now + 8 * HOUR) == 1


def test_who_sits_keeps_at_least_what_they_have(sitting, county_admin, now):
    before = sitting.deadline
    window = {"reason": "核对", "by": county_admin, "now": now}
    allowances.own_window([sitting.pk], opens_at=now, closes_at=now + 10 * MINUTE, **window)
    assert fresh(sitting).deadline == before
    allowances.own_window([sitting.pk], opens_at=now, closes_at=now + 9 * HOUR, **window)
    assert fresh(sitting).deadline == before  # the time allowed is an hour, whatever the close
    with pytest.raises(Refused, match="截止时间要晚于"):
        allowances.own_window([sitting.pk], opens_at=now, closes_at=now, **window)


def test_who_missed_it_may_begin_late(make_exam, worker, county_admin, now):
    exam = make_exam(results_at=now + timedelta(days=2))
    closed = exam.closes_at + MINUTE
    marking.finish_absent(exam, now=closed)
    attempt = exam.attempts.get(worker=worker)
    assert attempt.state == AttemptState.ABSENT
    until = {"closes_at": closed + HOUR, "reason": "车坏在路上", "by": county_admin}
    allowances.admit_late([attempt.pk], **until, now=closed)
    allowances.admit_late([attempt.pk], **until, now=closed + timedelta(seconds=3))
    assert Allowance.objects.count() == 1
    assert begin(exam, worker, closed + MINUTE).deadline == closed + HOUR
    assert marking.finish_absent(exam, now=closed + MINUTE) == 0


def test_who_need_not_be_admitted_late_is_refused(make_exam, worker, sitting, colleague, county_admin, now):
    until = {"closes_at": now + 9 * HOUR, "reason": "迟到", "by": county_admin}
    with pytest.raises(Refused, match="让本人直接开始"):
        allowances.admit_late([make_exam().attempts.get(worker=colleague).pk], **until, now=now)
    with pytest.raises(Refused, match="正在作答"):
        allowances.admit_late([sitting.pk], **until, now=now)


def test_an_absence_in_the_ledger_stays(make_exam, worker, county_admin, now):
    exam = make_exam(results_at=None)
    closed = exam.closes_at + MINUTE
    marking.finish_absent(exam, now=closed)
    marking.post_results(exam, now=closed)
    pk = exam.attempts.get(worker=worker).pk
    with pytest.raises(Refused, match="请安排补考"):
        allowances.admit_late([pk], closes_at=closed + HOUR, reason="迟到", by=county_admin, now=closed)
    with pytest.raises(Refused, match="请安排补考"):
        allowances.exempt([pk], reason="产假", by=county_admin, now=closed)


def test_the_exempt_sit_nothing_and_the_ledger_hears_nothing(make_exam, worker, county_admin, now):
    exam = make_exam()
    attempt = exam.attempts.get(worker=worker)
    allowances.exempt([attempt.pk], reason="产假", by=county_admin, now=now)
    closed = exam.closes_at + MINUTE
    assert marking.finish_absent(exam, now=closed) == 0
    marking.post_results(exam, now=closed)
    assert not SkillRecord.objects.exists()
    with pytest.raises(Refused, match="已经免考"):
        allowances.exempt([attempt.pk], reason="再办一次", by=county_admin, now=now + HOUR)
    with pytest.raises(Refused):
        begin(exam, worker, now) and attempts.hand_in(fresh(attempt), now=now)


def test_a_paper_with_something_given_to_it_is_kept_when_its_person_has_left(make_exam, worker, county_admin, now):
    exam = make_exam()
    attempt = exam.attempts.get(worker=worker)
    grant([attempt], county_admin, now)
    worker.state = "left"
    worker.save(update_fields=["state"])
    marking.finish_absent(exam, now=exam.closes_at)
    assert fresh(attempt).state == AttemptState.EXEMPT
    assert not Attempt.objects.filter(Attempt.untouched(), pk=attempt.pk).exists()


@pytest.mark.parametrize("results", [None, timedelta(hours=4)])
def test_nobody_sits_what_is_known_already(make_exam, worker, colleague, outsider, county_admin, now, results):
    exam = make_exam(results_at=results and now + results)
    shown, by = exam.shows_results_at, {"reason": "值班", "by": county_admin, "now": now}
    due = exam.attempts.get(worker=worker)
    window = {"opens_at": now + HOUR, "closes_at": shown + MINUTE}
    with pytest.raises(Refused, match="先推迟公布成绩的时间，或者安排补考"):
        allowances.own_window([due.pk], **window, **by)
    allowances.own_window([due.pk], **{**window, "closes_at": shown}, **by)
    marking.finish_absent(exam, now=exam.closes_at)
    missed = exam.attempts.get(worker=outsider)
    if results:
        with pytest.raises(Refused, match="先推迟公布成绩的时间"):
            allowances.admit_late([missed.pk], closes_at=shown + HOUR, **{**by, "now": exam.closes_at})
    with pytest.raises(Refused, match="请安排补考"):
        allowances.admit_late([missed.pk], closes_at=shown + HOUR, **{**by, "now": shown})
    assert Allowance.objects.count() == 1


def test_results_wait_for_who_was_given_more_time(make_exam, worker, colleague, county_admin, now):
    exam = make_exam(results_at=None)
    sits = begin(exam, colleague, exam.closes_at - 5 * MINUTE)
    grant([sits], county_admin, exam.closes_at - MINUTE)
    exam.refresh_from_db()
    assert exam.shows_results_at == exam.closes_at + 10 * MINUTE
    with pytest.raises(Refused, match="请安排补考"):
        grant([exam.attempts.get(worker=worker)], county_admin, exam.shows_results_at)


def test_where_results_come_at_once_that_is_the_rule_of_the_exam(make_exam, worker, county_admin, now):
    exam = make_exam(kind="practice", results_at=now - HOUR)
    window = {"opens_at": now, "closes_at": now + 9 * HOUR}
    mine = exam.attempts.get(worker=worker)
    assert allowances.own_window([mine.pk], **window, reason="值班", by=county_admin, now=now).given == 1

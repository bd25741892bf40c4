from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.http import Http404

from exams import tasks
from exams.before import drawing
from exams.day import attempts, brought, incidents, journal, late, receipts, sheets
from exams.marks import marking
from exams.models import Answer, Attempt, AttemptState, Fate
from lms.models import AuditEntry
from lms.refusal import Refused
from records.models import Certificate, SkillRecord
from roster import takeback
from roster.models import Posting, Worker
from tests.exams.conftest import CASE, SECTIONS, begin, item_of, save

# the statements differ by database
pytestmark = pytest.mark.postgres
SECOND = timedelta(seconds=1)


# --- start --------------------------------------------------------------------------------------------------------


def test_the_deadline_is_the_allowance_or_the_close(make_exam, worker, now):
    exam = make_exam()
    assert begin(exam, worker, now).deadline == now + timedelta(minutes=60)
    late = make_exam(closes_at=now + timedelta(minutes=4))
    assert begin(late, worker, now).deadline == late.closes_at


def test_starting_twice_is_the_same_attempt(sitting, now):
    again = attempts.start(sitting, now=now + timedelta(minutes=5))
    assert (again.pk, again.started_at, again.deadline) == (sitting.pk, sitting.started_at, sitting.deadline)


@pytest.mark.parametrize(("shift", "code"), [(-SECOND, "early"), (timedelta(0), None), (timedelta(hours=3), "late")])
def test_only_within_the_window(make_exam, worker, now, shift, code):
    exam = make_exam(opens_at=now)
    attempt = exam.attempts.get(worker=worker)
    at = now + shift if shift < timedelta(hours=3) else exam.closes_at
    if code is None:
        assert attempts.start(attempt, now=at).state == AttemptState.SITTING
        return
    with pytest.raises(Refused) as refusal:
        attempts.start(attempt, now=at)
    assert refusal.value.code == code


# --- answers ------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_with_its_time(sitting, now):
    item = item_of(sitting, "multiple")
    saved = save(sitting, item, [2, 0, 2], now + SECOND)
    assert saved == attempts.Saved(item.pk, 1, now + SECOND, saved.code)
    assert Answer.objects.get().value == "[0, 2]"


@pytest.mark.parametrize(("shift", "accepted"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)])
def test_the_deadline_to_the_second(sitting, now, shift, accepted):
    item, at = item_of(sitting, "single"), sitting.deadline + shift
    if accepted:
        assert save(sitting, item, [1], at).at == at
        return
    with pytest.raises(Refused) as refusal:
        save(sitting, item, [1], at)
    assert refusal.value.code == "closed"
    assert refusal.value.sentence == "考试已在 11:00:00 截止，这次改动没有保存；截止前已保存的答案都会计分。"
    assert Answer.objects.count() == 0


def test_an_older_sequence_never_overwrites_a_newer(sitting, now):
    item = item_of(sitting, "single")
    save(sitting, item, [1], now, seq=7)
    stale = save(sitting, item, [2], now + SECOND, seq=3)
    assert (stale.code, stale.seq, stale.value) == ("", 7, [1])
    assert Answer.objects.get().value == "[1]"


def test_a_replay_is_answered_yes_and_changes_nothing(sitting, now):
    item = item_of(sitting, "single")
    first = save(sitting, item, [1], now)
    again = save(sitting, item, [1], now + SECOND)
    assert again == first


def test_others_attempts_and_other_papers_do_not_exist(sitting, colleague, make_exam, now):
    with pytest.raises(Http404):
        save(sitting, item_of(sitting, "single"), [1], now, worker=colleague)
    with pytest.raises(Http404):
        save(sitting, make_exam().items.first(), [1], now)
    assert Answer.objects.count() == 0


@pytest.mark.parametrize("value", [[4], [-1], ["1"], [True], "1", None, {"0": 1}, [0, 1]])
def test_a_value_that_does_not_fit_is_refused(sitting, now, value):
    with pytest.raises(Refused) as refusal:
        save(sitting, item_of(sitting, "single"), value, now)
    assert refusal.value.code == "unfit"


@pytest.mark.parametrize("text", ["长" * 3001, "断\x00行", "半个\ud83d"])
def test_words_that_cannot_be_kept_are_refused(make_exam, worker, now, text):
    attempt = begin(make_exam(sections=[CASE], pass_marks=1), worker, now)
    with pytest.raises(Refused) as refusal:
        save(attempt, item_of(attempt, "case"), text, now)
    assert refusal.value.code == "unfit"


def test_words_are_kept_as_typed(make_exam, worker, now):
    attempt = begin(make_exam(sections=[CASE], pass_marks=1), worker, now)
    text = "一、先劝开。\r\n二、<b>分别听</b> ‮=HYPERLINK(1) 😀"
    save(attempt, item_of(attempt, "case"), text, now)
    assert Answer.objects.get().value == text.replace("\r\n", "\n")


def test_a_request_that_was_overtaken_leaves_a_journal_that_can_be_read(make_exam, worker, now):
    """It came first and was written second: its change is of an answer that arrived after it."""
    attempt = begin(make_exam(sections=[{**CASE, "marks": "100.0"}]), worker, now)
    item, text = item_of(attempt, "case"), "先劝开双方，分开听，不当场判对错，登记上报社区。"
    save(attempt, item, text, now + 2 * SECOND, seq=1)
    save(attempt, item, f"{text}三天后回访。", now + SECOND, seq=2)
    save(attempt, item, f"{text}另。", now, seq=1, page=8)
    rows = [
        (one.seq, one.fate == Fate.COUNTED, journal.Kept(one.base, one.value)) for one in attempt.journal.order_by("at")
    ]
    assert [row[2].base for row in rows] == [2, 1, None]
    assert [text for _seq, _counts, text in journal.unfold(rows)] == [
        f"{text}另。",
        f"{text}三天后回访。",
        text,
    ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="on PostgreSQL it is one statement, run past what counts")
def test_a_save_is_three_statements(sitting, now):
    item, said = item_of(sitting, "single"), []
    sheets.of(sitting.exam_id)
    connection.connection.set_trace_callback(said.append)
    try:
        save(sitting, item, [1], now)
    finally:
        connection.connection.set_trace_callback(None)
    assert [one.split()[0] for one in said] == ["SELECT", "INSERT", "INSERT"]


# --- hand-in ------------------------------------------------------------------------------------------------------


def answer_all(attempt, now):
    save(attempt, item_of(attempt, "single", 0), [1], now)
    save(attempt, item_of(attempt, "single", 1), [3], now)
    save(attempt, item_of(attempt, "multiple"), [2], now)
    save(attempt, item_of(attempt, "truefalse"), [0], now)


def test_handing_in_marks_and_gives_one_receipt(sitting, now):
    answer_all(sitting, now)
    done = attempts.hand_in(sitting, now=now + SECOND)
    assert (done.state, done.marks, done.finished_at, done.closed_by_clock) == (
        AttemptState.MARKED,
        Decimal("30.5"),
        now + SECOND,
        False,
    )
    again = attempts.hand_in(sitting, now=now + timedelta(hours=5))
    assert (again.receipt, again.finished_at, again.marks) == (done.receipt, done.finished_at, done.marks)
    with pytest.raises(Refused) as refusal:
        save(sitting, item_of(sitting, "single"), [2], now + SECOND, seq=9)
    assert refusal.value.code == "handed_in"


def test_a_late_hand_in_finishes_at_the_deadline(sitting, now):
    answer_all(sitting, now)
    done = attempts.hand_in(sitting, now=sitting.deadline + timedelta(days=1))
    assert (done.finished_at, done.closed_by_clock, done.marks) == (sitting.deadline, True, Decimal("30.5"))


def test_nothing_to_hand_in_before_the_start(make_exam, worker, now):
    with pytest.raises(Refused) as refusal:
        attempts.hand_in(make_exam().attempts.get(worker=worker), now=now)
    assert refusal.value.code == "not_started"


def test_receipts_are_readable_and_never_shared():
    numbers = {receipts.number(pk) for pk in range(1, 20_000)}
    assert len(numbers) == 19_999
    assert set("".join(numbers)) <= set("34679ACDEFGHJKMNPQRTWXY-")
    assert {len(number) for number in numbers} == {9}


def test_what_was_left_open_is_closed_once_with_the_deadline_as_finish(sitting, now):
    answer_all(sitting, now)
    late = sitting.deadline + timedelta(minutes=17)
    assert [attempts.close_overdue(now=sitting.deadline - SECOND), attempts.close_overdue(now=late)] == [0, 1]
    assert attempts.close_overdue(now=late) == 0
    closed = Attempt.objects.get(pk=sitting.pk)
    assert (closed.finished_at, closed.closed_by_clock) == (sitting.deadline, True)


# --- results ------------------------------------------------------------------------------------------------------


def test_a_result_reaches_the_ledger_when_the_exam_shows_it(sitting, now):
    answer_all(sitting, now)
    attempts.hand_in(sitting, now=now)
    assert SkillRecord.objects.count() == 0
    exam = sitting.exam
    assert [marking.post_results(exam, now=at) for at in (exam.closes_at - SECOND, exam.closes_at, exam.closes_at)] == [
        0,
        1,
        0,
    ]
    record = SkillRecord.objects.get()
    assert (record.kind, record.source, record.amount, record.out_of, record.result, record.occurred_at) == (
        "exam",
        f"exams.exam:{exam.pk}",
        Decimal("30.50"),
        Decimal(60),
        "failed",
        now,
    )
    assert Certificate.objects.count() == 0


def test_shown_at_once_means_posted_at_once_with_a_certificate(make_exam, worker, now):
    exam = make_exam(results_at=now - SECOND, pass_marks=30)
    attempt = begin(exam, worker, now)
    answer_all(attempt, now)
    attempts.hand_in(attempt, now=now)
    marking.post_results(exam, now=now)
    assert SkillRecord.objects.get().result == "passed"
    certificate = Certificate.objects.get()
    assert (certificate.source, certificate.sentence) == (
        f"exams.attempt:{attempt.pk}",
        "王桂兰同志参加“三季度业务考试”，得30.5分（满分60分，30分及格），考核合格。",
    )


def test_a_person_marks_the_case_and_the_later_award_stands(make_exam, worker, mentor, now):
    case = {**CASE, "count": 2, "marks": "20.0"}
    exam = make_exam(sections=[*SECTIONS, case], results_at=now - SECOND)
    attempt = begin(exam, worker, now)
    first, second = item_of(attempt, "case", 0), item_of(attempt, "case", 1)
    save(attempt, first, "先劝开双方，再分别听。", now)
    save(attempt, second, "回访。", now)
    assert attempts.hand_in(attempt, now=now).state == AttemptState.HANDED_IN
    assert [answer.item_id for answer in marking.waiting(exam)] == [first.pk, second.pk]
    marker = mentor.worker.user
    marking.award(attempt, first, marker=marker, points=[0], now=now)
    later = marking.award(attempt, first, marker=marker, points=[0, 1], remark="要点清楚", now=now)
    assert (later.marks, attempt.awards.count(), attempt.awards.filter(superseded=True).count()) == (
        Decimal("14.0"),
        2,
        1,
    )
    assert SkillRecord.objects.count() == 0
    marking.award(attempt, second, marker=marker, points=[2], now=now)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.marks, SkillRecord.objects.get().amount) == (
        AttemptState.MARKED,
        Decimal("20.0"),
        Decimal("20.00"),
    )
    with pytest.raises(Refused) as refusal:
        marking.award(attempt, first, marker=marker, points=[1], now=now)
    assert refusal.value.code == "settled"


def test_a_blank_case_answer_needs_no_person(make_exam, worker, now):
    attempt = begin(make_exam(sections=[*SECTIONS, CASE]), worker, now)
    save(attempt, item_of(attempt, "case"), "   ", now)
    assert attempts.hand_in(attempt, now=now).state == AttemptState.MARKED
    assert marking.waiting().count() == 0


@pytest.mark.parametrize("points", [[9], [-1]])
def test_only_points_of_the_rubric_can_be_ticked(make_exam, worker, mentor, now, points):
    attempt = begin(make_exam(sections=[CASE], pass_marks=1), worker, now)
    save(attempt, item_of(attempt, "case"), "回访。", now)
    attempts.hand_in(attempt, now=now)
    with pytest.raises(Refused):
        marking.award(attempt, item_of(attempt, "case"), marker=mentor.worker.user, points=points, now=now)


def test_the_clock_closes_marks_absences_and_posts(sitting, colleague, now, monkeypatch):
    exam = sitting.exam
    drawing.draw(exam, now=now)
    gone = exam.attempts.get(worker=colleague)
    monkeypatch.setattr("exams.tasks.timezone.now", lambda: exam.closes_at + timedelta(minutes=1))
    tasks.close_overdue()
    tasks.close_overdue()
    gone.refresh_from_db()
    assert gone.state == AttemptState.ABSENT
    assert sorted(SkillRecord.objects.values_list("worker__number", "result", "amount")) == [
        ("W0001", "failed", Decimal(0)),
        ("W0002", "absent", Decimal(0)),
    ]


def test_absence_is_not_held_against_someone_who_left(make_exam, worker, now):
    exam = make_exam()
    worker.state = "left"
    worker.save()
    assert marking.finish_absent(exam, now=exam.closes_at) == 0
    assert exam.attempts.count() == 0


# --- in bulk ------------------------------------------------------------------------------------------------------


def test_sheets_brought_in_are_judged_by_the_same_rules(make_exam, worker, colleague, outsider, mentor, now):
    exam = make_exam(sections=[*SECTIONS, CASE])
    right = {item.pk: item.content["key"] for item in exam.items.exclude(kind="case")}
    case = exam.items.get(kind="case")
    begin_, end = now - timedelta(minutes=50), now - timedelta(minutes=10)
    given = [
        brought.Sheet(worker.pk, begin_, end, right),
        brought.Sheet(colleague.pk, begin_, end + timedelta(hours=1), {**right, case.pk: "先劝开双方"}),
        brought.Sheet(outsider.pk, now - timedelta(hours=9), end, right),  # before the bell
    ]
    assert [brought.bring_in(exam, given, now=now) for _ in range(2)] == [2, 0]
    one, two = exam.attempts.get(worker=worker), exam.attempts.get(worker=colleague)
    assert (one.state, one.marks, one.finished_at) == (AttemptState.MARKED, Decimal(60), end)
    assert (two.state, two.marks, two.finished_at, two.closed_by_clock) == (
        AttemptState.HANDED_IN,
        None,
        begin_ + timedelta(minutes=60),
        True,
    )
    mark = marking.Given(two.pk, case.pk, mentor.worker.user.pk, [0, 1], "好", now)
    assert [marking.award_many([mark], now=now) for _ in range(2)] == [1, 0]
    two.refresh_from_db()
    assert (two.state, two.marks) == (AttemptState.MARKED, Decimal(88))
    assert marking.post_results(exam, now=exam.closes_at) == 2
    assert Certificate.objects.count() == 2


def test_a_paper_that_nobody_has_begun_does_not_hold_back_whom_a_list_brought_in(make_exam, city, county_admin, now):
    worker = Worker.objects.create(number="W000077", name="周建平", township=city.township)
    posting = Posting.objects.create(worker=worker, grid=city.grids[0])
    attempt = Attempt.objects.get_or_create(exam=make_exam(), worker=worker, defaults={"paper": []})[0]
    done = {"worker": worker.pk, "created": True, "opened": posting.pk, "closed": [], "changed": {}}
    done |= {"rehired": None, "on": str(now.date()), "run": 1}
    attempt.state, attempt.marks, attempt.receipt, attempt.finished_at = AttemptState.MARKED, 0, "R", now
    attempt.save()
    assert list(takeback.standing([done])) == [0]
    attempt.state = AttemptState.DUE
    attempt.save()
    assert takeback.undo([done], run_id=1, by=county_admin, now=now) == {}
    assert not Worker.objects.filter(pk=worker.pk).exists()
    assert not Attempt.objects.filter(pk=attempt.pk).exists()


def test_two_devices_may_take_it_from_each_other_all_day_and_fill_no_log(sitting, now):
    """Each is let in; after ten they are counted, with the moment of the last one, by which late answers are judged."""
    for turn in range(incidents.MOST_CHANGES + 7):
        device, moment = "ab"[turn % 2] * 22, now + turn * SECOND
        assert attempts.take_over(sitting, device=device, now=moment).device == device
    *_each, counted = told = incidents.told(sitting.incidents.order_by("pk"))
    assert (len(told), counted.at) == (incidents.MOST_CHANGES + 1, moment)
    assert "又换了 6 次设备" in counted.text
    assert late.contact(sitting.pk, now) == moment
    assert AuditEntry.objects.filter(action="exam.taken_over").count() == incidents.MOST_CHANGES + 1

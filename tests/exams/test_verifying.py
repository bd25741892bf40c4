"""Replay and check codes: what stands is what the journal says, and what does not is found; a code names the one save it was given for."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from exams import keeping
from exams.day import attempts, brought, verifying
from exams.marks import marking
from exams.models import Answer, Attempt, Award, JournalEntry, Presence
from lms import retention
from roster import forgetting
from tests.exams.conftest import CASE, SECTIONS, begin, item_of, save

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TEXTS = [
    "先劝开双方，分别听张家和李家怎么说，记下来，",
    "先劝开双方，分别听张家和李家怎么说，记下来，再一起到晒谷场看界线，",
    "先劝开双方，分别听张家和李家怎么说，逐条记下来，再一起到晒谷场看界线，三天后回访。",
]


@pytest.fixture
def sat(make_exam, worker, mentor, now):
    """Choices, a text typed in steps, an answer that an older page sent, handed in and marked."""
    attempt = begin(make_exam(sections=[*SECTIONS, CASE], results_at=now + DAY), worker, now)
    single, case = item_of(attempt, "single"), item_of(attempt, "case")
    save(attempt, single, [0], now, seq=1)
    save(attempt, single, [1], now + SECOND, seq=2)
    save(attempt, single, [3], now + 2 * SECOND, seq=1, page=8)
    for seq, text in enumerate(TEXTS, 1):
        save(attempt, case, text, now + seq * SECOND, seq=seq)
    attempts.hand_in(attempt, now=now + 9 * SECOND)
    marking.award(attempt, case, marker=mentor.worker.user, points=[0], now=now)
    attempt.refresh_from_db()
    return attempt


def codes(attempt):
    return [finding.code for finding in verifying.verify(Attempt.objects.get(pk=attempt.pk))]


def test_an_untouched_attempt_replays_to_itself(sat):
    assert JournalEntry.objects.exclude(base=None).exists()
    assert (codes(sat), sat.marks) == ([], Decimal(26))


@pytest.mark.parametrize(
    ("table", "change", "found"),
    [
        (Answer, {"value": "[2]"}, "differs"),
        (Answer, {"seq": 9}, "differs"),
        (Answer, None, "lost"),
        (JournalEntry, None, "journal"),
        (Attempt, {"marks": 50}, "marks"),
        (Attempt, {"machine_marks": 50}, "machine_marks"),
        (Attempt, {"receipt": "AAAA-AAAA"}, "receipt"),
        (Attempt, {"state": "handed_in"}, "state"),
        (Award, {"marks": 20}, "award"),
    ],
)
def test_whatever_was_changed_is_found(sat, table, change, found):
    rows = table.objects.filter(pk=sat.pk) if table is Attempt else table.objects.filter(attempt=sat)
    if table is Answer:
        rows = rows.filter(item__kind="single")
    if table is JournalEntry:
        rows = rows.filter(item__kind="case", seq=1)
    if change is None:
        rows.delete()
    else:
        rows.update(**change)
    assert found in codes(sat)


def test_what_counted_after_the_deadline_is_found(sat):
    JournalEntry.objects.filter(seq=2, item__kind="single").update(at=sat.deadline)
    assert "after_the_end" in codes(sat)


def test_sheets_that_were_brought_in_whole_have_no_journal_and_agree(make_exam, worker, now):
    exam = make_exam()
    right = {item.pk: item.content["key"] for item in exam.items.all()}
    brought.bring_in(exam, [brought.Sheet(worker.pk, now, now + SECOND, right)], now=now)
    assert codes(exam.attempts.get(worker=worker)) == []


def test_the_command_says_what_differs_and_ends_with_1(sat):
    out = StringIO()
    call_command("verify_attempt", sat.receipt.lower(), stdout=out)
    assert out.getvalue() == "核对了 1 份，都对得上。\n"
    Attempt.objects.filter(pk=sat.pk).update(marks=50)
    with pytest.raises(CommandError, match="核对了 1 份，1 份对不上。"):
        call_command("verify_attempt", exam=sat.exam_id, stdout=out)
    assert f"{sat.receipt}\tmarks\t总分存的是 50，重算是 26。" in out.getvalue()
    for wrong in ({"attempt": "9" * 18}, {"attempt": "没有"}, {}):
        with pytest.raises(CommandError):
            call_command("verify_attempt", **wrong, stdout=out)


def test_of_somebody_forgotten_it_says_so_and_finds_no_difference(sat, worker, city_admin, now):
    Attempt.objects.filter(pk=sat.pk).update(posted_at=now)
    worker.state = "left"
    worker.save(update_fields=["state"])
    worker.postings.current().update(until=now.date())
    forgetting.forget(worker, reason="本人申请", by=city_admin, now=now + 9999 * DAY)
    out = StringIO()
    call_command("verify_attempt", str(sat.pk), stdout=out)
    assert out.getvalue() == f"{sat.receipt}\tforgotten\t本人的个人信息已按申请清除，作答内容不在了，不能再重算。\n"


# --- check codes


def test_a_check_code_names_the_save_it_was_given_for(make_exam, worker, now, county_admin, county_b_admin, client_of):
    attempt = begin(make_exam(), worker, now)
    single = item_of(attempt, "single")
    first = save(attempt, single, [1], now)
    save(attempt, single, [0], now + SECOND, seq=2)
    client, address = client_of(county_admin), reverse("exam_verify")
    assert client.get(address).status_code == 200
    asked = {"who": "w0001", "exam": attempt.exam_id, "code": first.code.lower().replace("-", " ")}
    page = client.post(address, asked).text
    assert ("核对码是真的" in page, "登记上报" in page, "现在计分的不是这个答案" in page) == (True, True, True)
    wrong = client.post(address, {**asked, "code": "AAAA-BBBB-CCCC-DDDD"}).text
    assert "核对码不对：王桂兰" in wrong
    done = attempts.hand_in(attempt, now=now + SECOND)
    assert "核对码是真的" in client.post(address, {"who": done.receipt, "code": first.code}).text
    other = client_of(county_b_admin).post(address, {"who": done.receipt, "code": first.code}).text
    assert ("找不到这个人的答卷" in other, "王桂兰" in other) == (True, False)
    assert client.post(address, {"who": "", "code": ""}).status_code == 422


# --- letting go


def test_the_journal_is_let_go_of_long_after_the_result_is_out(sat, now, settings):
    settings.EXAM_JOURNAL_DAYS = 180
    assert not keeping.old_journals(now + 900 * DAY).exists()
    Attempt.objects.filter(pk=sat.pk).update(posted_at=now)
    Presence.objects.create(attempt=sat, seen_at=now)
    assert retention.run(now=now + 180 * DAY)["exam_journals"] == 0
    found = retention.run(now=now + 181 * DAY)
    assert (found["exam_journals"], JournalEntry.objects.count(), Presence.objects.count()) == (1, 0, 0)
    assert codes(sat) == []

"""Answers that come after the end: counted by the rule, or kept for a person; never dropped without a word, never counted by mistake."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exams.claims import late_screens
from exams.day import attempts, late, receipts, saving, verifying
from exams.models import Answer, Attempt, AttemptState, Fate, JournalEntry, Presence
from lms.refusal import Refused
from tests.exams.conftest import CASE, begin, enter, item_of, post, save

pytestmark = pytest.mark.postgres
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PHONE = "phone-phone-phone-phon"


@pytest.fixture
def cut_off(make_exam, worker, now):
    """Begun on this phone, one answer saved ten minutes before the deadline, not heard of since; the exam waits for ten minutes."""
    attempt = begin(make_exam(late_minutes=10), worker, now, device=PHONE)
    save(attempt, item_of(attempt, "single"), [0], attempt.deadline - 10 * MINUTE)
    return attempt


def arrive(attempt, at, *rows, device=PHONE, page=7, unsent=0):
    """Rows (item, seq, value, age in ms or None) sent when nothing may be saved any more."""
    guard = saving.Guard(attempt.pk, attempt.worker_id, device)
    given = [attempts.Given(item.pk, seq, value) for item, seq, value, _age in rows]
    with pytest.raises(Refused) as caught:
        attempts.answer(guard, given, exam_id=attempt.exam_id, page=page, now=at)
    ages = {(item.pk, seq): age for item, seq, _value, age in rows if age is not None}
    return late.take(
        guard, given, ages=ages, exam_id=attempt.exam_id, page=page, refusal=caught.value, unsent=unsent, now=at
    )


def stands(attempt, item):
    return Answer.objects.filter(attempt=attempt, item=item).values_list("value", flat=True).first()


def fates(attempt):
    return sorted(JournalEntry.objects.filter(attempt=attempt).values_list("fate", flat=True))


def test_what_a_phone_without_network_kept_counts_and_is_marked(cut_off):
    single, many = item_of(cut_off, "single"), item_of(cut_off, "multiple")
    at = cut_off.deadline + 3 * MINUTE
    taken = arrive(cut_off, at, (single, 2, [1], 300_000), (many, 1, [0, 2], 200_000))
    code = receipts.code(cut_off.pk, single.pk, seq=2, page=7, at=at, value="[1]")
    assert taken.saved[0] == attempts.Saved(single.pk, 2, at, code)
    assert (taken.counted, taken.kept, taken.unfit) == (2, [], [])
    assert (stands(cut_off, single), stands(cut_off, many)) == ("[1]", "[0, 2]")
    assert fates(cut_off) == [Fate.COUNTED, Fate.LATE_COUNTED, Fate.LATE_COUNTED]
    # the same again, because the reply was lost: the same receipts, nothing written
    again = arrive(cut_off, at + SECOND, (single, 2, [1], 301_000), (many, 1, [0, 2], 201_000))
    assert again.saved == taken.saved
    assert attempts.close_overdue(now=cut_off.deadline + 10 * MINUTE) == 1
    closed = Attempt.objects.get(pk=cut_off.pk)
    assert (closed.finished_at, closed.closed_by_clock, closed.marks) == (cut_off.deadline, True, 30)
    assert verifying.verify(closed) == []


@pytest.mark.parametrize(
    ("after", "age", "device"),
    [
        (11 * MINUTE, 700_000, PHONE),  # (a) longer than the exam waits
        (3 * MINUTE, 179_000, PHONE),  # (d) given a second after the bell
        (3 * MINUTE, 3_600_000, PHONE),  # (d) long before the last contact
        (3 * MINUTE, None, PHONE),  # (d) the phone says nothing
        (3 * MINUTE, 300_000, "other-other-other-othe"),  # (b) not the device that holds it
    ],
)
def test_what_the_rule_does_not_count_is_kept_and_changes_nothing(cut_off, after, age, device):
    single, at = item_of(cut_off, "single"), cut_off.deadline + after
    taken = arrive(cut_off, at, (single, 2, [1], age), device=device)
    assert ([one.item_id for one in taken.kept], taken.saved) == ([single.pk], [])
    entry = JournalEntry.objects.get(attempt=cut_off, seq=2)
    assert (entry.value, entry.age, entry.at) == ("[1]", age, at)
    assert entry.fate == (Fate.LATE if device == PHONE else Fate.ELSEWHERE)
    ((_tone, sentence),) = late_screens.told(cut_off)
    assert ("到得太晚" if device == PHONE else "换设备以后，原来那台") in sentence
    assert stands(cut_off, single) == "[0]"
    # twice is once, with the same receipt
    again = arrive(cut_off, at + SECOND, (single, 2, [1], age), device=device)
    assert again.kept == taken.kept
    assert JournalEntry.objects.filter(attempt=cut_off).count() == 2


def test_a_phone_that_was_there_after_the_bell_was_not_cut_off(cut_off):
    """(c) It asks once with nothing to send: what it sends afterwards is for a person."""
    at = cut_off.deadline + MINUTE
    arrive(cut_off, at)
    assert Presence.objects.get(attempt=cut_off).seen_at == at
    single = item_of(cut_off, "single")
    assert arrive(cut_off, at + SECOND, (single, 2, [1], 120_000)).kept
    assert stands(cut_off, single) == "[0]"


def test_one_return_may_take_several_requests(cut_off):
    single, many, at = item_of(cut_off, "single"), item_of(cut_off, "multiple"), cut_off.deadline + MINUTE
    arrive(cut_off, at, unsent=2)  # it is back and says that there is more
    arrive(cut_off, at, (single, 2, [1], 120_000), unsent=2)
    arrive(cut_off, at + SECOND, (many, 1, [0], 120_000), page=9, unsent=1)
    assert (stands(cut_off, single), stands(cut_off, many)) == ("[1]", "[0]")


def test_an_older_answer_that_comes_late_never_overwrites_a_newer(cut_off):
    single, at = item_of(cut_off, "single"), cut_off.deadline + MINUTE
    arrive(cut_off, at, (single, 5, [1], 90_000))
    taken = arrive(cut_off, at + SECOND, (single, 3, [2], 95_000))
    assert (taken.saved[0].seq, taken.saved[0].value, stands(cut_off, single)) == (5, [1], "[1]")


def test_a_save_replayed_after_the_end_says_that_it_is_saved(cut_off):
    """B4 case 11, for an answer: the reply was lost, the phone asks again after the deadline."""
    single, at = item_of(cut_off, "single"), cut_off.deadline - 10 * MINUTE
    code = receipts.code(cut_off.pk, single.pk, seq=1, page=7, at=at, value="[0]")
    taken = arrive(cut_off, cut_off.deadline + 20 * MINUTE, (single, 1, [0], 1_800_000))
    assert taken.saved == [attempts.Saved(single.pk, 1, at, code)]
    assert JournalEntry.objects.count() == 1


def test_what_says_only_what_stands_waits_for_nobody(cut_off):
    taken = arrive(cut_off, cut_off.deadline + MINUTE, (item_of(cut_off, "single"), 9, [0], None), page=8)
    assert (len(taken.saved), taken.kept, JournalEntry.objects.count()) == (1, [], 1)


def test_no_more_is_kept_than_a_person_can_read(cut_off):
    single, at = item_of(cut_off, "single"), cut_off.deadline + 20 * MINUTE
    for seq in range(2, 20):
        last = arrive(cut_off, at, (single, seq, [seq % 3 + 1], None))
    assert JournalEntry.objects.filter(attempt=cut_off, fate=Fate.LATE).count() == 3 * 4
    assert "没有收下" in last.unfit[0].sentence


def test_nor_does_more_count_by_the_rule(cut_off):
    """A phone that claims the gap over and over is no phone that was cut off."""
    single, at = item_of(cut_off, "single"), cut_off.deadline + 2 * MINUTE
    for seq in range(2, 19):
        last = arrive(cut_off, at, (single, seq, [seq % 3 + 1], 3 * 60_000), unsent=1)
    assert JournalEntry.objects.filter(attempt=cut_off, fate=Fate.LATE_COUNTED).count() == 3 * 4
    assert "没有收下" in last.unfit[0].sentence


def test_what_does_not_fit_and_what_is_foreign_is_no_late_answer_either(cut_off):
    taken = arrive(cut_off, cut_off.deadline + MINUTE, (item_of(cut_off, "single"), 2, [0, 1], 90_000))
    assert (len(taken.unfit), taken.kept, taken.saved) == (1, [], [])
    assert JournalEntry.objects.count() == 1


# --- over HTTP


@pytest.fixture
def client(worker, client_of) -> Client:
    return client_of(worker.user)


@pytest.fixture
def on_paper(make_exam, client, worker, now):
    """The browser holds the attempt; then its time runs out."""
    attempt = begin(make_exam(late_minutes=10, sections=[CASE], pass_marks=1), worker, now)
    enter(client, attempt)
    attempt.refresh_from_db()
    return attempt


def at(attempt, moment):
    """The attempt's deadline moved so that this moment is now: the lane takes its own clock."""
    gone = timezone.now() - moment
    Attempt.objects.filter(pk=attempt.pk).update(
        deadline=attempt.deadline + gone, started_at=attempt.started_at + gone - timedelta(hours=1)
    )
    attempt.refresh_from_db()


def test_b4_case_1_a_save_replayed_after_the_deadline(on_paper, client):
    """409, kept with what it said, the answer unchanged; the page is told what becomes of it."""
    at(on_paper, on_paper.deadline + 3 * MINUTE)
    case = item_of(on_paper, "case")
    body = f'{{"page": 7, "answers": [{{"item": {case.pk}, "seq": 1, "value": "先劝开"}}]}}'
    reply = post(client, on_paper, "answers", body, content_type="application/json")
    said = reply.json()
    assert (reply.status_code, said["state"], said["left"], said["saved"]) == (409, "closed", 0, [])
    assert [(row["item"], row["seq"]) for row in said["kept"]] == [(case.pk, 1)]
    assert said["message"].endswith(" 截止，答案不能再改。有 1 题的改动到得太晚，已经收到，由管理员决定是否计入。")
    assert (Answer.objects.count(), JournalEntry.objects.get().value) == (0, "先劝开")


def test_the_page_hears_that_its_answer_counts(on_paper, client):
    at(on_paper, on_paper.deadline + 3 * MINUTE)
    case = item_of(on_paper, "case")
    body = f'{{"page": 7, "answers": [{{"item": {case.pk}, "seq": 1, "value": "先劝开", "age": 240000}}]}}'
    said = post(client, on_paper, "answers", body, content_type="application/json").json()
    assert (said["state"], len(said["saved"]), said["kept"]) == ("closed", 1, [])
    assert said["message"].endswith(" 截止，答案不能再改。断网时作的 1 题答案已经收到并保存，计入成绩。")
    assert Answer.objects.get().value == "先劝开"


def test_the_plain_form_after_the_end_is_kept_too(on_paper, client):
    at(on_paper, on_paper.deadline + 3 * MINUTE)
    case = item_of(on_paper, "case")
    reply = post(client, on_paper, "form", {f"seq-{case.pk}": "0", f"a-{case.pk}": "先劝开"})
    assert reply.url == reverse("hand_in", args=[on_paper.pk])
    assert JournalEntry.objects.get().fate == Fate.LATE


def test_the_page_does_not_close_what_a_phone_may_still_complete(cut_off, client_of, worker, monkeypatch):
    """Looking from another device leaves the attempt open until the sweep, and says until when."""
    window, address = client_of(worker.user), reverse("hand_in", args=[cut_off.pk])
    moment = cut_off.deadline + 3 * MINUTE
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    page = window.get(address)
    assert (page.status_code, "等断网的手机补传到 11:10" in page.text, "现在交卷" in page.text) == (200, True, False)
    assert window.get(reverse("attempt", args=[cut_off.pk])).url == address
    assert Attempt.objects.get(pk=cut_off.pk).state == AttemptState.SITTING
    moment = cut_off.deadline + 10 * MINUTE
    assert "已经交卷" in window.get(address).text
    assert Attempt.objects.get(pk=cut_off.pk).finished_at == cut_off.deadline


def test_an_older_device_does_not_end_what_the_newer_may_still_complete(cut_off):
    with pytest.raises(Refused) as refusal:
        attempts.close(cut_off.pk, user_id=None, device="other-other-other-othe", now=cut_off.deadline + MINUTE)
    assert refusal.value.code == "closed"
    done = attempts.close(cut_off.pk, user_id=None, device=PHONE, now=cut_off.deadline + MINUTE)
    assert done.finished_at == cut_off.deadline


def test_an_attempt_waits_for_its_late_answers_and_not_a_moment_longer(cut_off):
    assert attempts.close_overdue(now=cut_off.deadline + 10 * MINUTE - SECOND) == 0
    assert attempts.close_overdue(now=cut_off.deadline + 10 * MINUTE) == 1
    assert Attempt.objects.get(pk=cut_off.pk).finished_at == cut_off.deadline

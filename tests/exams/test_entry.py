"""The page before the bell, the rules accepted, and afterwards the list of receipts."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from exams.day import attempts, receipts
from exams.models import Allowance, Attempt, AttemptState, JournalEntry
from exams.worker import receiptlist
from lms.models import AuditEntry
from tests.exams.conftest import CASE, SECTIONS, begin, item_of, post, save

HOUR = timedelta(hours=1)


@pytest.fixture
def client(worker, client_of):
    return client_of(worker.user)


@pytest.fixture
def early(make_exam, worker, now):
    return make_exam(opens_at=now + HOUR, closes_at=now + 3 * HOUR)


def page(client, exam):
    return client.get(reverse("exam", args=[exam.pk])).text


def test_before_the_bell_the_page_counts_down_by_the_servers_time(early, client, worker):
    text = page(client, early)
    assert 'data-bell="3600.0"' in text
    assert "1:00:00" in text
    assert "看看这部手机行不行" in text
    assert f'action="{reverse("exam_ready", args=[early.pk])}"' in text
    assert client.get(reverse("exam_clock", args=[early.pk])).json() == {
        "left": 3600.0,
        "epoch": 1789524000.0,
        "open": False,
    }


def test_rules_accepted_hours_before_need_no_second_tap(early, client, worker, now):
    address = reverse("exam_ready", args=[early.pk])
    refused = client.post(address)
    assert (refused.status_code, "请先看完考试须知" in refused.text) == (422, True)
    for _twice in range(2):
        assert client.post(address, {"pledge": "on"})["Location"] == reverse("exam", args=[early.pk])
    attempt = Attempt.objects.get(exam=early, worker=worker)
    assert attempt.ready_at == now
    assert AuditEntry.objects.filter(action="exam.ready").count() == 1
    text = page(client, early)
    assert ("考前检查做完了" in text, '<input type="hidden" name="pledge" value="on">' in text) == (True, True)
    assert post(client, attempt, "start", {"pledge": "on"})["Location"] == reverse("exam", args=[early.pk])
    with time_machine.travel(now + HOUR, tick=False):
        assert f'action="/exams/sit/{attempt.pk}/start"' in page(client, early)
        assert post(client, attempt, "start", {"pledge": "on"})["Location"] == f"/exams/sit/{attempt.pk}/paper"


def test_my_own_window_and_what_was_granted_with_its_reason(make_exam, client, worker, city_admin, now):
    exam = make_exam(closes_at=now + HOUR)
    mine = Attempt.objects.filter(exam=exam, worker=worker)
    mine.update(opens_at=now + 5 * HOUR, closes_at=now + 7 * HOUR, granted=900)
    allowed = {"attempt": mine.get(), "by": city_admin, "at": now}
    Allowance.objects.create(kind="time", seconds=900, reason="视力不好", **allowed)
    Allowance.objects.create(
        kind="window", opens_at=now + 5 * HOUR, closes_at=now + 7 * HOUR, reason="防汛值班", **allowed
    )
    text = page(client, exam)
    assert "给你加时 15 分钟。理由：视力不好" in text
    assert "给你另定了时间：9月16日 15:00 到 9月16日 17:00。理由：防汛值班" in text
    assert "9月16日 15:00 开考" in client.get(reverse("exams")).text
    assert "9月16日 15:00 开考" in client.get("/").text


@pytest.mark.parametrize(
    ("state", "words", "told"),
    [
        (AttemptState.EXEMPT, "这场考试你免考。", "免考"),
        (AttemptState.VOID, "这次考试已经作废，不计成绩。", "作废，不计成绩"),
        (AttemptState.ABSENT, "缺考", "缺考"),
    ],
)
def test_let_off_void_and_absent_are_told_as_they_are(make_exam, client, worker, now, state, words, told):
    exam = make_exam()
    Attempt.objects.filter(exam=exam, worker=worker).update(state=state)
    assert words in page(client, exam)
    assert told in client.get(reverse("exams")).text
    assert "开始作答</button>" not in page(client, exam)
    assert exam.title not in client.get("/").text


def test_the_receipt_of_a_void_attempt_says_so(sitting, client, now):
    attempts.hand_in(sitting, now=now)
    Attempt.objects.filter(pk=sitting.pk).update(state=AttemptState.VOID)
    assert "这次考试已经作废，不计成绩。" in client.get(reverse("hand_in", args=[sitting.pk])).text
    assert client.get(reverse("exam_receipts", args=[sitting.pk])).status_code == 200


def test_what_everybody_asks_for_on_the_day_takes_few_queries(
    sitting, make_exam, client, now, django_assert_max_num_queries
):
    waiting, done = make_exam(), attempts.hand_in(sitting, now=now)
    page(client, waiting)  # that the agreement is signed is remembered in the session
    with django_assert_max_num_queries(6):
        assert waiting.title in page(client, waiting)
    with django_assert_max_num_queries(11):
        assert done.receipt in client.get(reverse("hand_in", args=[done.pk])).text


def test_the_list_of_exams_costs_the_same_for_one_and_three(make_exam, client, django_assert_max_num_queries):
    costs = []
    for more in (1, 2):
        for _ in range(more):
            make_exam(kind="practice", tries=3)
        client.get(reverse("exams"))
        with django_assert_max_num_queries(20) as captured:
            client.get(reverse("exams"))
        costs.append(len(captured))
    assert costs[0] == costs[1]


# --- the list of receipts


def test_each_save_that_counted_with_its_time_and_code_and_nothing_of_the_key(
    make_exam, worker, client, now, django_assert_max_num_queries
):
    attempt = begin(make_exam(sections=[*SECTIONS, CASE]), worker, now)
    single, case = item_of(attempt, "single"), item_of(attempt, "case")
    first = save(attempt, single, [1], now)
    second = save(attempt, single, [2], now + HOUR / 60, seq=2)
    save(attempt, single, [0], now + HOUR / 50, seq=1, page=8)  # an old tab: it did not count
    text = "先稳住双方，分开听他们讲，再到现场看一看，记在本子上。"
    save(attempt, case, text, now)
    long = save(attempt, case, text + "过几天回访。", now + HOUR / 60, seq=2)
    attempt = attempts.hand_in(attempt, now=now + HOUR / 30)
    with django_assert_max_num_queries(3):
        told = receiptlist.of(attempt)
    number = [item for item, _order in attempt.paper].index(single.pk)
    order = attempt.paper[number][1]
    saves = told[number].saves
    letters = ["ABCD"[order.index(1)], "ABCD"[order.index(2)]]
    assert [(one.said, one.code) for one in saves] == list(zip(letters, [first.code, second.code], strict=True))
    last = JournalEntry.objects.get(attempt=attempt.pk, item=case, seq=2)
    assert last.base == 1  # only what changed is kept
    (words,) = [one for one in told if one.stem == case.content["stem"]]
    assert (words.saves[-1].code, words.saves[-1].said) == (long.code, f"写了 {len(text) + 6} 字")
    assert long.code == receipts.code(attempt.pk, case.pk, seq=2, page=7, at=last.at, value=text + "过几天回访。")
    page = client.get(reverse("exam_receipts", args=[attempt.pk])).text
    assert first.code in page
    assert all(secret not in page for secret in ("按规定办理的解析", "工作手册", "先劝开", "正确"))


def test_while_sitting_and_for_others_there_is_no_list(sitting, colleague, client, client_of):
    address = reverse("exam_receipts", args=[sitting.pk])
    assert client.get(address)["Location"] == reverse("hand_in", args=[sitting.pk])
    assert client_of(colleague.user).get(address).status_code == 404

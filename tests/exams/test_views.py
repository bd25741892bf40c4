import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from exams.day import attempts, receipts
from exams.marks import marking
from exams.models import Answer, Attempt, AttemptState, JournalEntry
from tests.exams.conftest import CASE, SECTIONS, begin, enter, item_of, lane, post, save

SECOND = timedelta(seconds=1)


@pytest.fixture
def client(worker, client_of) -> Client:
    return client_of(worker.user)


def send(client, attempt, *rows, **more):
    body = {"answers": [{"item": item.pk, "value": value, "seq": seq} for item, value, seq in rows], **more}
    return post(client, attempt, "answers", json.dumps(body), content_type="application/json")


# --- the road without script --------------------------------------------------------------------------------------


def test_the_whole_road_by_plain_forms(make_exam, worker, client, now):
    exam = make_exam(sections=[*SECTIONS, CASE], results_at=now - SECOND)
    assert "三季度业务考试" in client.get(reverse("exams")).text
    assert "10分，共20分。每题只有一个正确答案" in client.get(reverse("exam", args=[exam.pk])).text
    attempt = Attempt.objects.get(exam=exam, worker=worker)
    unpledged = post(client, attempt, "start")
    assert "勾选诚信承诺" in client.get(unpledged["Location"]).text
    begun = post(client, attempt, "start", {"pledge": "on"})
    assert begun["Location"] == lane(attempt, "paper")
    page = client.get(begun["Location"]).text
    single, multiple, case = (item_of(attempt, kind) for kind in ("single", "multiple", "case"))
    form = {
        f"seq-{single.pk}": "0",
        f"a-{single.pk}": "1",
        f"seq-{multiple.pk}": "0",
        f"a-{multiple.pk}": ["2", "0"],
        f"seq-{case.pk}": "0",
        f"a-{case.pk}": "先劝开。\r\n再回访。",
        "flag": str(single.pk),
        "go": "check",
    }
    assert all(f'name="{name}"' in page for name in form if name != "go")
    checked = post(client, attempt, "form", form)
    assert checked["Location"] == reverse("hand_in", args=[attempt.pk])
    assert "还有 <b>2</b> 题没有作答，<b>1</b> 题做了标记" in client.get(checked["Location"]).text
    post(client, attempt, "form", {**form, f"seq-{case.pk}": "1", "go": "stay"})
    assert JournalEntry.objects.get(attempt=attempt, item=case).seq == 1  # what did not change is not saved again
    assert post(client, attempt, "hand-in")["Location"] == checked["Location"]
    receipt = client.get(checked["Location"]).text
    attempt.refresh_from_db()
    assert attempt.receipt in receipt
    assert "3 / 5" in receipt
    assert (attempt.machine_marks, attempt.answers.get(item=case).value) == (30, "先劝开。\n再回访。")
    again = post(client, attempt, "form", {**form, f"a-{single.pk}": "3"}, follow=True)
    assert attempt.receipt in again.text
    assert attempt.answers.get(item=single).value == "[1]"


def test_an_old_form_in_a_second_window_does_not_undo_the_newer_answer(sitting, client, now):
    item = item_of(sitting, "single")
    save(sitting, item, [1], now, seq=5)
    post(client, sitting, "form", {f"seq-{item.pk}": "0", f"a-{item.pk}": "3", "go": "stay"})
    assert Answer.objects.get().value == "[1]"


# --- the road with script -----------------------------------------------------------------------------------------


def test_a_save_says_what_is_saved_and_the_time_left(sitting, client, now):
    item = item_of(sitting, "single")
    reply = send(client, sitting, (item, [1], 1), flags=[item.pk, 999_999], page=7).json()
    code = receipts.code(sitting.pk, item.pk, seq=1, page=7, at=now, value="[1]")
    saved = [{"item": item.pk, "seq": 1, "at": "10:00:00", "code": code}]
    assert reply == {"state": "sitting", "left": 3600, "at": "10:00:00", "saved": saved, "refused": []}
    sitting.refresh_from_db()
    assert sitting.flags == [item.pk]
    stale = send(client, sitting, (item, [3], 1)).json()
    assert stale["saved"] == [{"item": item.pk, "seq": 1, "at": "10:00:00", "code": "", "value": [1]}]


def test_one_answer_that_does_not_fit_does_not_hold_up_the_others(sitting, client):
    single, multiple = item_of(sitting, "single"), item_of(sitting, "multiple")
    reply = send(client, sitting, (single, [7], 1), (multiple, [0], 1)).json()
    assert ([one["item"] for one in reply["saved"]], [one["item"] for one in reply["refused"]]) == (
        [multiple.pk],
        [single.pk],
    )


def test_nothing_to_save_asks_for_the_time(sitting, client):
    assert send(client, sitting).json()["left"] == 3600


def test_after_the_hand_in_and_after_the_deadline_the_reply_tells_the_truth(sitting, client, now):
    item = item_of(sitting, "single")
    enter(client, sitting)
    Attempt.objects.filter(pk=sitting.pk).update(deadline=now)
    late = send(client, sitting, (item, [1], 1))
    assert (late.status_code, late.json()["state"], late.json()["message"]) == (
        409,
        "closed",
        "考试已在 10:00:00 截止，答案不能再改。有 1 题的改动到得太晚，已经收到，由管理员决定是否计入。",
    )
    page = client.get(late.json()["next"]).text
    sitting.refresh_from_db()
    assert sitting.state == AttemptState.MARKED
    assert sitting.receipt in page
    assert "时间到，系统自动交卷" in page


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"{",
        b'{"answers": 3}',
        b'{"answers": [{"item": 1}]}',
        b'{"answers": [{"item": 1, "value": [], "seq": -1}]}',
    ],
)
def test_what_our_page_never_sends_is_told_so(sitting, client, body):
    reply = post(client, sitting, "answers", body, content_type="application/json")
    assert (reply.status_code, reply.json()["state"]) == (400, "unfit")


def test_extra_fields_are_not_looked_at(sitting, client):
    send(client, sitting, (item_of(sitting, "single"), [1], 1), marks="60", state="marked", worker=1)
    sitting.refresh_from_db()
    assert (sitting.state, sitting.marks) == (AttemptState.SITTING, None)


# --- who may ------------------------------------------------------------------------------------------------------


def test_unknown_and_others_are_the_same_404(sitting, colleague, city_admin, client_of):
    item = item_of(sitting, "single")
    for user in (colleague.user, city_admin):
        other = client_of(user)
        for name in ("attempt", "hand_in", "attempt_result"):
            assert other.get(reverse(name, args=[sitting.pk])).status_code == 404
        assert send(other, sitting, (item, [1], 1)).status_code == 403
        for act in ("hand-in", "form", "start"):
            assert other.get(post(other, sitting, act, {"pledge": "on"})["Location"]).status_code == 404
    sitting.refresh_from_db()
    assert sitting.state == AttemptState.SITTING


def test_an_exam_of_another_county_is_not_there(make_exam, city, client):
    exam = make_exam(territory=city.county_b)
    assert client.get(reverse("exam", args=[exam.pk])).status_code == 404


def test_a_question_that_is_not_on_the_paper_is_not_there(sitting, make_exam, client):
    other = make_exam().items.first()
    assert send(client, sitting, (other, [1], 1)).status_code == 404


@pytest.mark.parametrize(
    ("name", "method"), [("answers", "get"), ("start", "get"), ("hand-in", "get"), ("paper", "post"), ("exams", "post")]
)
def test_wrong_methods(sitting, client, name, method):
    address = reverse("exams") if name == "exams" else lane(sitting, name)
    assert getattr(enter(client, sitting), method)(address).status_code == 405


def test_a_visitor_is_sent_to_sign_in(sitting):
    visitor = Client()
    assert visitor.get(reverse("attempt", args=[sitting.pk])).url.startswith("/sign-in/")
    assert send(visitor, sitting, (item_of(sitting, "single"), [1], 1)).status_code == 302


# --- what may be seen when ----------------------------------------------------------------------------------------


def test_nothing_of_the_key_is_in_any_page_or_reply_before_it_is_shown(sitting, client, now):
    pages = [
        client.get(reverse("attempt", args=[sitting.pk]), follow=True).text,
        client.get(reverse("hand_in", args=[sitting.pk])).text,
    ]
    pages.append(send(client, sitting, (item_of(sitting, "single"), [1], 1)).text)
    post(client, sitting, "hand-in")
    pages += [
        client.get(reverse(name, args=[sitting.pk]), follow=True).text
        for name in ("hand_in", "attempt", "attempt_result")
    ]
    pages += [client.get(reverse("exams")).text, client.get("/").text]
    for page in pages:
        assert "按规定办理的解析" not in page
        assert "网格员工作手册" not in page
        assert "合格）" not in page
        assert "10分，" not in page.replace("每题10分，", "")


def test_the_result_with_key_explanation_rubric_and_remark(make_exam, worker, mentor, client, now):
    exam = make_exam(sections=[*SECTIONS, CASE], results_at=now - SECOND)
    attempt = begin(exam, worker, now)
    case = item_of(attempt, "case")
    for item, value in ((item_of(attempt, "single"), [1]), (case, "先稳住。<script>alert(1)</script>")):
        save(attempt, item, value, now)
    attempts.hand_in(attempt, now=now)
    address = reverse("attempt_result", args=[attempt.pk])
    assert client.get(address).url == reverse("hand_in", args=[attempt.pk])
    marking.award(attempt, case, marker=mentor.worker.user, points=[0], remark="先后清楚", now=now)
    page = client.get(address).text
    for words in ("26<small> / 100", "先后清楚", "按规定办理的解析", "正确答案", "&lt;script&gt;alert(1)", "先劝开。"):
        assert words in page
    assert "<script>alert" not in page


def test_back_on_the_paper_after_the_hand_in_is_the_receipt(sitting, client, now):
    attempts.hand_in(sitting, now=now)
    page = client.get(reverse("attempt", args=[sitting.pk]))
    assert page.url == reverse("hand_in", args=[sitting.pk])
    assert "no-store" in client.get(page.url)["Cache-Control"]


def test_a_late_starter_is_told_how_much_is_really_left(make_exam, client, now):
    exam = make_exam(closes_at=now + timedelta(minutes=4))
    page = client.get(reverse("exam", args=[exam.pk])).text
    assert "现在开始，只剩 4 分钟。" in page
    assert "考试在 10:04 统一截止，到时自动交卷" in page


# --- what it costs ------------------------------------------------------------------------------------------------


def cost(client, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as captured:
        client.get(address)
    return len(captured)


def test_a_paper_of_fifty_costs_the_queries_of_a_paper_of_five(
    make_exam, worker, client, now, django_assert_max_num_queries
):
    costs = []
    for count in (5, 50):
        exam = make_exam(sections=[{"kind": "single", "count": count, "marks": "2.0", "subject": ""}], pass_marks=5)
        attempt = begin(exam, worker, now)
        for item in exam.items.all()[:count]:
            save(attempt, item, [1], now)
        addresses = [lane(attempt, "paper"), reverse("hand_in", args=[attempt.pk])]
        enter(client, attempt).get(addresses[0])
        costs.append([cost(client, address, django_assert_max_num_queries) for address in addresses])
    assert costs[0] == costs[1]


def test_the_list_of_three_costs_the_queries_of_one(make_exam, client, django_assert_max_num_queries):
    costs = []
    for more in (1, 2):
        for _ in range(more):
            make_exam()
        client.get(reverse("exams"))
        costs.append(cost(client, reverse("exams"), django_assert_max_num_queries))
    assert costs[0] == costs[1]


def test_the_pass_goes_with_the_sign_in(sitting, client):
    """On a shared phone the next person must not find the paper open."""
    assert enter(client, sitting).get(lane(sitting, "paper")).status_code == 200
    client.post("/sign-out/")
    assert [name for name, morsel in client.cookies.items() if morsel.value and name.startswith("in-")] == []

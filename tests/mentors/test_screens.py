"""The desk, the script and the back office: who sees what, and that nobody sees whose answer it is."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exams.models import Award
from mentors import queue
from mentors.models import Claim, Mentor
from tests.mentors.test_queue import other_mentor


@pytest.fixture
def desk(mentor, client_of):
    return client_of(mentor.worker.user)


@pytest.fixture
def taken(mentor, worker, hand_in, now):
    worker.name = "王桂兰"
    hand_in(worker, "我是王桂兰，编号W0001，电话13907150001。先断电。\n再分开听。")
    return queue.claim(mentor, now=now)


def url(claim):
    return f"/marking/{claim.key}/"


# --- who gets in ---


@pytest.mark.parametrize("path", ["/marking/", "/marking/next/", "/marking/abc/"])
def test_the_desk_is_for_serving_mentors(path, client, client_of, worker, city_admin, mentor, now):
    method = "post" if path == "/marking/next/" else "get"
    assert getattr(client, method)(path).headers["Location"].startswith("/sign-in/")
    assert getattr(client_of(worker.user), method)(path).status_code == 404
    assert getattr(client_of(city_admin), method)(path).status_code == 404
    Mentor.objects.update(until=now.date())
    assert getattr(client_of(mentor.worker.user), method)(path).status_code == 404


def test_methods(desk, taken):
    assert desk.get("/marking/next/").status_code == 405
    assert desk.post("/marking/").status_code == 405
    assert desk.put(url(taken)).status_code == 405


def test_another_mentors_answer_is_like_an_unknown_one(taken, hire, city, client_of, now):
    other = client_of(other_mentor(hire, city, now).worker.user)
    answers = [other.get(url(taken)), other.get("/marking/nothing/"), other.post(url(taken), {"points": "0"})]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert "回到评卷" in answers[0].content.decode()
    assert Award.objects.count() == 0


def test_the_dock_has_a_fifth_place_for_mentors_only(desk, client_of, worker):
    assert 'href="/marking/"' in desk.get("/marking/").content.decode()
    assert 'href="/marking/"' not in client_of(worker.user).get("/password/").content.decode()


# --- marking ---


def test_a_mark_leads_straight_to_the_next_answer(desk, crowd, now):
    crowd(2)
    first = desk.post("/marking/next/").headers["Location"]
    second = desk.post(first, {"points": ["0", "2"], "remark": "好"}).headers["Location"]
    assert re.fullmatch(r"/marking/[\w-]+/", second)
    assert second != first
    assert desk.post(second, {"none": "1"}).headers["Location"] == "/marking/"
    assert list(Award.objects.order_by("pk").values_list("marks", "remark")) == [
        (Decimal("7.0"), "好"),
        (Decimal(0), ""),
    ]
    assert "眼下没有等你评的答卷了" in desk.get("/marking/").content.decode()


def test_a_double_post_marks_once(desk, crowd):
    crowd(2)
    first = desk.post("/marking/next/").headers["Location"]
    second = desk.post(first, {"points": ["0"]}).headers["Location"]
    assert desk.post(first, {"points": ["0"]}).headers["Location"] == second
    assert Award.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "还没有勾评分要点"),
        ({"points": ["0"], "none": "1"}, "请去掉其中一样"),
        ({"points": ["9"]}, "评分要点和试卷对不上"),
        ({"points": ["x"]}, "评分要点和试卷对不上"),
        ({"points": ["0"], "remark": "长" * 301}, "最多写 300 字"),
    ],
)
def test_bad_input_explains_itself_and_marks_nothing(desk, taken, sent, says):
    answer = desk.post(url(taken), sent)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert Award.objects.count() == 0


def test_what_was_ticked_and_written_is_still_there_after_an_error(desk, taken):
    page = desk.post(url(taken), {"points": ["1"], "none": "1", "remark": "留着"}).content.decode()
    assert re.search(r'value="1"[^>]* checked', page)
    assert "留着" in page


def test_an_answer_is_put_back(desk, taken):
    assert desk.post(url(taken), {"give_back": "1"}).headers["Location"] == "/marking/"
    assert Claim.objects.count() == 0


def test_marking_again_shows_what_stands_and_replaces_it(desk, taken, exam, now):
    desk.post(url(taken), {"points": ["1"], "remark": "第一次"})
    page = desk.get(url(taken)).content.decode()
    assert "可以改评" in page
    assert re.search(r'value="1"[^>]* checked', page)
    assert "第一次" in page
    desk.post(url(taken), {"points": ["0", "1"], "remark": ""})
    assert Award.objects.get(superseded=False).marks == Decimal("7.0")
    assert "改评" in desk.get("/marking/").content.decode()


def test_when_the_result_is_out_the_mark_stands(desk, taken, exam, now):
    desk.post(url(taken), {"points": ["1"]})
    exam.results_at = now - timedelta(minutes=1)
    exam.save()
    assert "成绩已公布" in desk.get("/marking/").content.decode()
    assert "评分不能再改" in desk.get(url(taken)).content.decode()
    assert "已经出分" in desk.post(url(taken), {"points": ["0"]}).content.decode()
    assert Award.objects.count() == 1


def test_a_lease_that_ran_out_says_so(desk, taken, now):
    Claim.objects.update(expires_at=now)
    assert "保留时间已过" in desk.get(url(taken)).content.decode()


def test_own_earlier_remarks_are_offered(desk, crowd):
    crowd(2)
    first = desk.post("/marking/next/").headers["Location"]
    second = desk.post(first, {"points": ["0"], "remark": "回访要写具体"}).headers["Location"]
    assert "回访要写具体" in desk.get(second).content.decode()


# --- blind ---


def test_nothing_tells_whose_answer_it_is(desk, taken, worker, hand_in, city):
    attempt = taken.attempt
    for path in (url(taken), "/marking/"):
        page = desk.get(path).content.decode()
        for own in (
            worker.name,
            worker.number,
            "13907150001",
            worker.masked_mobile,
            city.township.name,
            attempt.receipt,
        ):
            assert own not in page
        addresses = re.findall(r'(?:href|action|src|data-[\w-]+|id|name|value)="([^"]*)"', page)
        numbers = {number for address in addresses for number in re.findall(r"\d{4,}", address)}
        assert not numbers & {str(attempt.pk), str(worker.pk), str(taken.pk)}
        assert not [a for a in addresses if re.search(r"(attempt|worker|claim|answer)[/=:-]?\d", a)]
    assert "〔姓名〕" in desk.get(url(taken)).content.decode()
    assert "再分开听" in desk.get(url(taken)).content.decode()


# --- the same cost for 1 and for 30 ---


def queries(client, path):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_query_counts(desk, crowd, city, mentor, now):
    crowd(3)
    path = desk.post("/marking/next/").headers["Location"]
    path = desk.post(path, {"points": ["0"]}).headers["Location"]  # one marked, one in hand, one waits
    desk.get("/marking/")
    few = queries(desk, "/marking/"), queries(desk, path)
    crowd(30, city.township_b)
    for _turn in range(5):
        path = desk.post(path, {"points": ["0"], "remark": f"评语{_turn}"}).headers["Location"]
    many = queries(desk, "/marking/"), queries(desk, path)
    assert many == few
    assert max(many) <= 12


def test_home_says_how_many_wait(mentor, crowd, rf, now):
    from mentors.templatetags.mentors_home import mentors_due

    crowd(3)
    request = rf.get("/")
    request.now, request.user = now, mentor.worker.user
    with CaptureQueriesContext(connection) as captured:
        (due,) = mentors_due({"request": request})
    assert (due.why, due.href) == ("你是县级小教员。有 3 份案例答卷等你评，评完才能出成绩。", "/marking/")
    assert len(captured) <= 3


def test_workers_see_their_mentors_with_a_masked_number(worker, mentor, outsider, rf, now):
    from mentors.templatetags.mentors_home import my_mentors

    request = rf.get("/me/")
    request.now, request.user = now, worker.user
    assert [one.worker.name for one in my_mentors({"request": request})["mentors"]] == ["张明"]
    request.user = outsider.user
    assert my_mentors({"request": request})["mentors"] == []


# --- back office ---


def test_admins_see_the_mentors_within_reach(
    mentor, client_of, county_admin, county_b_admin, township_admin, city_admin
):
    for user, sees in [(county_admin, True), (city_admin, True), (county_b_admin, False), (township_admin, False)]:
        page = client_of(user).get("/cms/mentors/")
        assert page.status_code == 200
        assert ("张明" in page.content.decode()) is sees


def test_a_mentor_out_of_reach_cannot_be_ended(mentor, client_of, county_admin, county_b_admin, township_admin, now):
    path = f"/cms/mentors/{mentor.pk}/end/"
    assert client_of(county_b_admin).post(path, {"on": "2026-09-16"}).status_code == 404
    # seen in the back office, but not allowed there: Wagtail sends such a one to its own front page
    assert client_of(township_admin).post(path, {"on": "2026-09-16"}).status_code in {302, 403}
    assert Mentor.objects.serving(now=now).count() == 1
    assert client_of(county_admin).post(path, {"on": "x"}).status_code == 200
    assert client_of(county_admin).post(path, {"on": "2026-09-16"}).status_code == 302
    assert Mentor.objects.serving(now=now).count() == 0


def test_the_roster_s_list_is_seen_before_it_is_appointed(hire, city, client_of, county_admin, county_b_admin, now):
    hire("W0011", "甲乙", city.township, listed_as_mentor="county")
    office = client_of(county_admin)
    assert "看名单并聘任" in office.get("/cms/mentors/").content.decode()
    assert "甲乙" in office.get("/cms/mentors/appoint/").content.decode()
    assert "甲乙" not in client_of(county_b_admin).get("/cms/mentors/appoint/").content.decode()
    assert office.post("/cms/mentors/appoint/").status_code == 302
    assert list(Mentor.objects.values_list("worker__name", flat=True)) == ["甲乙"]


def test_the_list_costs_the_same_for_one_and_for_three(mentor, hire, city, client_of, county_admin, now):
    office = client_of(county_admin)
    office.get("/cms/mentors/")
    one = queries(office, "/cms/mentors/")
    other_mentor(hire, city, now, "W0020")
    other_mentor(hire, city, now, "W0021")
    assert queries(office, "/cms/mentors/") == one

"""The proctors' room: who sees whom, how they stand, what is done from there."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exams.before import drawing
from exams.day import attempts, beats, incidents, passes, saving
from exams.models import Attempt, Incident, Notice, Presence
from exams.room import allowances, interventions, rooms
from lms.models import Job
from tests.exams.conftest import begin, item_of, post, save

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def room(exam, user, now, **asked):
    return rooms.Room(exam, user, now, **asked)


def moods(exam, user, now):
    return {person.attempt.worker.name: person.mood.value for person in room(exam, user, now, name="").found}


def url(name, *args, **query):
    address = reverse(name, args=args)
    return address + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


# --- how people stand ------------------------------------------------------------------------------------------------


def test_how_each_stands(make_exam, worker, colleague, outsider, hire, city, city_admin, now):
    exam = make_exam()
    hire("W0009", "周就绪", city.township)
    drawing.draw(exam, now=now)
    exam.attempts.filter(worker__number="W0009").update(ready_at=now)
    begin(exam, worker, now)
    attempts.hand_in(begin(exam, colleague, now), now=now)
    assert moods(exam, city_admin, now) == {
        "王桂兰": "sitting",
        "李建国": "handed_in",
        "陈秀英": "missing",
        "周就绪": "ready",
    }


def test_cut_off_is_who_was_not_heard_of_for_three_minutes(sitting, worker, county_admin, now):
    def mood(after):
        return moods(sitting.exam, county_admin, now + after)["王桂兰"]

    assert (mood(2 * MINUTE), mood(4 * MINUTE)) == ("sitting", "cut")
    saving.seen(sitting.pk, unsent=0, now=now + 3 * MINUTE)
    assert (mood(5 * MINUTE), mood(7 * MINUTE)) == ("sitting", "cut")
    saving.seen(sitting.pk, unsent=2, now=now + 5 * MINUTE)
    save(sitting, item_of(sitting, "single"), [1], now + 7 * MINUTE)
    person = room(sitting.exam, county_admin, now + 12 * MINUTE, mood="cut").people[0]
    assert person.says == "10:07:00 以后没有联系，有 2 题没送到"
    assert person.left == "还剩 48 分钟"


def test_a_plain_form_is_heard_of_when_it_is_saved(sitting, worker, client_of):
    post(client_of(worker.user), sitting, "form", {"go": "save"})
    assert Presence.objects.get().attempt_id == sitting.pk


# --- whom one sees ---------------------------------------------------------------------------------------------------


def test_litany(
    make_exam, worker, colleague, outsider, city_admin, county_admin, county_b_admin, township_admin, leader, editor,
    client_of, city, now,
):  # fmt: skip
    exam = make_exam()
    begin(exam, worker, now)
    mine, theirs = (exam.attempts.get(worker=one).pk for one in (worker, outsider))
    page = client_of(city_admin).get(url("exam_room", exam.pk)).text
    assert ("咸安区" in page, "嘉鱼县" in page, "王桂兰" in page) == (True, True, False)
    page = client_of(city_admin).get(url("exam_room", exam.pk, **{"in": city.county.pk})).text
    # one township there has people due, two are within reach
    assert ("永安街道" in page, "嘉鱼县" in page) == (True, False)
    page = client_of(township_admin).get(url("exam_room", exam.pk)).text
    assert ("王桂兰" in page, "作答中" in page, "陈秀英" in page) == (True, True, False)
    assert client_of(township_admin).get(url("exam_room", exam.pk, **{"in": city.county.pk})).status_code == 404
    assert client_of(county_b_admin).get(url("exam_room", exam.pk, **{"in": city.township.pk})).status_code == 404
    other = client_of(county_b_admin)
    assert "王桂兰" not in other.get(url("exam_room", exam.pk, state="sitting")).text
    for name, method in (("exam_sitter", "get"), ("exam_note", "post"), ("exam_ask", "post")):
        assert getattr(other, method)(url(name, mine)).status_code == 404
    assert other.get(url("exam_sitter", theirs)).status_code == 200
    assert other.get(url("exam_allow", exam.pk, id=mine)).status_code == 404
    for name in ("exam_room", "exam_room_part", "exam_allow", "exam_notice", "exam_window"):
        for person in (leader, editor, worker.user):
            assert client_of(person).get(url(name, exam.pk)).status_code in {302, 403, 404}
        assert client_of(city_admin).get(url(name, 999999)).status_code == 404


@pytest.mark.parametrize("query", ["?state=x", "?in=x", "?in=999999", "?page=99999"])
def test_an_address_that_no_page_gives_is_none(make_exam, worker, city_admin, client_of, query):
    assert client_of(city_admin).get(url("exam_room", make_exam().pk) + query).status_code == 404


def test_found_by_name_and_by_state_anywhere_within_reach(make_exam, worker, outsider, city_admin, client_of, now):
    exam, client = make_exam(), client_of(city_admin)
    begin(exam, worker, now)
    for query, there in (("?name=秀英", "陈秀英"), ("?name=w0003", "陈秀英"), ("?state=sitting", "王桂兰")):
        page = client.get(url("exam_room", exam.pk) + query).text
        assert [name in page for name in ("王桂兰", "陈秀英")] == [name == there for name in ("王桂兰", "陈秀英")]


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_a_look_is_four_queries_beside_the_sign_in_however_many_there_are(
    make_exam, hire, worker, colleague, township_admin, city_admin, client_of, city, now
):
    exam, counted = make_exam(), []
    for n in (1, 3):
        for i in range(n):
            hire(f"Q{n}{i}", "钱多", city.township)
        drawing.draw(exam, now=now)
        for attempt in exam.attempts.select_related("worker").exclude(state="sitting"):
            attempts.start(attempt, now=now)
        for user, address in ((township_admin, "exam_room_part"), (city_admin, "exam_room_part")):
            client = client_of(user)
            client.get(url(address, exam.pk))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url(address, exam.pk)).status_code == 200
            asked = [one["sql"] for one in queries.captured_queries]
            first = next(place for place, sql in enumerate(asked) if 'FROM "exams_exam"' in sql)
            counted.append((first, len(asked) - first))
            assert not any("id_number" in sql for sql in asked[first:])  # nothing that is sealed
    assert counted == [(6, 4), (6, 3)] * 2  # before them what every page of the back office asks


def test_nothing_new_is_said_in_a_word(make_exam, worker, township_admin, client_of, now):
    client, exam = client_of(township_admin), make_exam()
    first = client.get(url("exam_room_part", exam.pk))
    assert first.status_code == 200
    again = client.get(url("exam_room_part", exam.pk), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    begin(exam, worker, now)
    assert client.get(url("exam_room_part", exam.pk), headers={"If-None-Match": first["ETag"]}).status_code == 200


# --- what is done ----------------------------------------------------------------------------------------------------


def test_time_for_those_ticked_and_for_all_of_a_place(make_exam, worker, colleague, county_admin, client_of, city, now):
    exam, client = make_exam(results_at=now + timedelta(days=1)), client_of(county_admin)
    one = begin(exam, worker, now)
    given = {"kind": "time", "minutes": "10", "reason": "停电"}
    assert "请先在名单里勾选要办的人。" in client.get(url("exam_allow", exam.pk), follow=True).text
    page = client.get(url("exam_allow", exam.pk, id=one.pk)).text
    assert ("选中的 1 人" in page, "王桂兰" in page) == (True, True)
    done = client.post(url("exam_allow", exam.pk, id=one.pk, back="one"), given, follow=True).text
    assert ("已办理 1 人：加时。" in done, "加 10 分钟" in done, "停电" in done) == (True, True, True)
    done = client.post(url("exam_allow", exam.pk, **{"in": city.township.pk}), {**given, "reason": "断网"}, follow=True)
    assert "已办理 2 人：加时。" in done.text
    assert sorted(exam.attempts.values_list("granted", flat=True)) == [600, 1200]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "请选要办什么。"),
        ({"kind": "time", "reason": "停电"}, "请填“加多少分钟”。"),
        ({"kind": "window", "reason": "停电"}, "请填“个人开考时间”。"),
        ({"kind": "late", "reason": "停电", "closes_at": "2026-09-17T10:00"}, "让本人直接开始就行"),
        ({"kind": "exempt"}, "请写明理由"),
    ],
)
def test_a_wrong_form_says_what_to_do(make_exam, worker, county_admin, client_of, given, words):
    exam = make_exam()
    pk = exam.attempts.get().pk
    reply = client_of(county_admin).post(url("exam_allow", exam.pk, id=pk), given)
    assert (reply.status_code, words in reply.text) == (422, True)


def test_a_window_and_an_exemption_from_the_room(make_exam, worker, colleague, county_admin, client_of, now):
    exam, client = make_exam(results_at=now + timedelta(days=2)), client_of(county_admin)
    one, other = exam.attempts.order_by("worker__number")
    window = {"kind": "window", "opens_at": "2026-09-17T09:00", "closes_at": "2026-09-17T11:00", "reason": "值班"}
    client.post(url("exam_allow", exam.pk, id=one.pk), window)
    client.post(url("exam_allow", exam.pk, id=other.pk), {"kind": "exempt", "reason": "产假"})
    page = client.get(url("exam_room", exam.pk, state="missing")).text
    assert "个人时间：9月17日 09:00 至 9月17日 11:00" in page
    assert Attempt.objects.get(pk=other.pk).state == "exempt"


def test_a_notice_reaches_those_who_sit_there(
    make_exam, worker, outsider, county_admin, city_admin, client_of, city, now
):
    exam = make_exam()
    holders = {}
    for one in (worker, outsider):
        attempt = begin(exam, one, now)
        holders[one] = passes.Pass(attempt.pk, exam.pk, one.pk, one.user_id, "d" * 22, 0)
    said = {"territory": city.county.pk, "text": "请不要\n退出页面"}
    client = client_of(county_admin)
    for _twice in range(2):
        assert client.post(url("exam_notice", exam.pk), said).status_code == 302
    heard = {one.name: [news.text for news in beats.news(holder, since=0)] for one, holder in holders.items()}
    assert heard == {"王桂兰": ["请不要 退出页面"], "陈秀英": []}
    assert client.post(url("exam_notice", exam.pk), {**said, "territory": city.territory.pk}).status_code == 422
    client_of(city_admin).post(url("exam_notice", exam.pk), {"territory": city.territory.pk, "text": "还有十分钟"})
    assert Notice.objects.get(text="还有十分钟").territory is None
    assert [news.text for news in beats.news(holders[outsider], since=0)] == ["还有十分钟"]


def test_the_window_from_its_form(make_exam, city_admin, county_admin, client_of, now):
    exam, client = make_exam(), client_of(city_admin)
    form = {"opens_at": f"{timezone.localtime(exam.opens_at):%Y-%m-%dT%H:%M}", "closes_at": "2026-09-16T18:00"}
    assert "请选改时间的原因。" in client.post(url("exam_window", exam.pk), form).text
    done = client.post(url("exam_window", exam.pk), {**form, "reason": "network"}, follow=True)
    assert "考试时间已改" in done.text
    exam.refresh_from_db()
    assert timezone.localtime(exam.closes_at).hour == 18
    later = {"closes_at": "2026-09-16T18:00", "opens_at": form["opens_at"], "reason": "work"}
    early = client.post(url("exam_window", exam.pk), {**later, "results_at": "2026-09-16T17:00"})
    assert (early.status_code, "公布成绩的时间只能往后推" in early.text) == (422, True)
    client.post(url("exam_window", exam.pk), {**later, "results_at": "2026-09-17T09:00"})
    exam.refresh_from_db()
    assert timezone.localtime(exam.shows_results_at).day == 17
    assert client_of(county_admin).get(url("exam_window", exam.pk)).status_code == 404


def test_asked_by_one_and_decided_by_another_on_the_persons_page(sitting, township_admin, county_admin, client_of, now):
    asking, deciding = client_of(township_admin), client_of(county_admin)
    asking.post(url("exam_ask", sitting.pk), {"ask-measure": "close", "ask-reason": "替考"})
    one = sitting.interventions.get()
    page = asking.get(url("exam_sitter", sitting.pk)).text
    assert ("你提出的，要等另一名" in page, "同意，提前收卷" in page) == (True, False)
    assert "条考场措施等第二个人决定" in deciding.get("/cms/").text
    assert "条考场措施等第二个人决定" not in asking.get("/cms/").text
    assert "等人决定" in deciding.get(url("exam_room", sitting.exam_id, state="asked")).text
    assert "同意，提前收卷" in deciding.get(url("exam_sitter", sitting.pk)).text
    assert "提出的人不能自己决定" in asking.post(url("exam_decide", one.pk), {"agreed": "1"}, follow=True).text
    assert "已同意并办理" in deciding.post(url("exam_decide", one.pk), {"agreed": "1"}, follow=True).text
    assert Attempt.objects.get(pk=sitting.pk).finished


def test_what_happened_is_told_in_order(sitting, county_admin, township_admin, client_of, now):
    save(sitting, item_of(sitting, "single"), [1], now + MINUTE)
    holder = passes.Pass(sitting.pk, sitting.exam_id, sitting.worker_id, 0, "", 0)
    beats.take(holder, beats.Beat(0, 0, [(5, 40)]), now=now + 2 * MINUTE)
    attempts.take_over(sitting, device="x" * 22, now=now + 3 * MINUTE)
    allowances.grant_time([sitting.pk], seconds=300, reason="停电", by=county_admin, now=now + 4 * MINUTE)
    client_of(county_admin).post(url("exam_note", sitting.pk), {"note-text": "邻座说话"})
    attempts.hand_in(sitting, now=now + 9 * MINUTE)
    page = client_of(county_admin).get(url("exam_sitter", sitting.pk)).text
    story = page[page.index("考试过程") :]
    words = ["回执", "加 5 分钟", "离开 40 秒后回来", "邻座说话", "开始作答"]
    assert all(word in story for word in words), [word for word in words if word not in story]
    assert story.index("回执") < story.index("加 5 分钟") < story.index("离开 40 秒后回来") < story.index("开始作答")


def test_who_sat_sees_what_was_noted_of_them(make_exam, worker, county_admin, client_of, now):
    exam = make_exam(results_at=now + timedelta(days=1))
    attempt = begin(exam, worker, now)
    incidents.note(attempt, text="邻座说话", by=county_admin, now=now)
    Incident.objects.create(attempt=attempt, kind="alike", at=now, detail={"other": 1, "alike": 9, "wrong": 11})
    attempts.hand_in(attempt, now=now)
    page = client_of(worker.user).get(url("hand_in", attempt.pk)).text
    assert ("考试过程记录" in page, "邻座说话" in page, "不由机器判定" in page) == (True, True, True)
    assert "9 题选得一样" not in page  # it says how many were wrong, so it waits for the results
    assert "9 题选得一样" in str(incidents.own(attempt, now=now + timedelta(days=1)))


def test_a_voided_attempt_is_told_to_its_worker(sitting, worker, township_admin, county_admin, client_of, now):
    asked = interventions.ask(sitting, measure="void", reason="替考", by=township_admin, now=now)
    interventions.decide(asked, agreed=True, by=county_admin, now=now)
    client = client_of(worker.user)
    assert client.get(url("hand_in", sitting.pk)).url == reverse("exam", args=[sitting.exam_id])
    assert "作废" in client.get(url("exam", sitting.exam_id)).text


def test_looking_through_the_answers_is_asked_for_after_the_close(
    make_exam, worker, county_admin, client_of, now, django_capture_on_commit_callbacks
):
    client, exam = client_of(county_admin), make_exam()
    assert "还没有截止" in client.post(url("exam_weigh", exam.pk), follow=True).text
    past = make_exam(opens_at=now - 3 * timedelta(hours=1), closes_at=now - MINUTE)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("exam_weigh", past.pk))
    assert Job.objects.get().state == "done"


def test_the_home_page_names_an_exam_only_while_somebody_has_yet_to_begin(
    make_exam, worker, colleague, township_admin, client_of, now
):
    exam, other = make_exam(), make_exam(title="防汛知识考试")
    home = client_of(township_admin)
    begin(exam, worker, now)
    begin(other, worker, now)
    assert "<b>1</b><span>人还没考“三季度业务考试”" in home.get("/cms/").text
    begin(exam, colleague, now)
    page = home.get("/cms/").text
    assert ("三季度业务考试" in page, "人还没考“防汛知识考试”" in page) == (False, True)

"""The notice of what is kept: read once a version at sign-in by everybody, and never in the middle of an exam; nor is the agreement."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from exams.models import Attempt, AttemptState, Exam
from lms.models import AuditEntry
from lms.personal import about_workers
from lms.refusal import Refused
from roster import ground, notices
from roster.models import Acceptance, Agreement, Notice, User, Worker

pytestmark = pytest.mark.django_db
NUMBERED = re.compile("[一二三四五六七八九十]+、")
ClientOf = Callable[[User], Client]


@pytest.fixture
def notice(city: Any, now: Any) -> Notice:
    return notices.publish(title=notices.TITLE, text=notices.drafted(), by=None, now=now - timedelta(days=1))


@pytest.fixture
def sign_in(password: str) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.post("/sign-in/", {"username": user.username, "password": password})
        return client

    return sign_in


def test_it_names_every_kind_of_data_and_why(notice: Notice):
    for one in about_workers():
        assert f"{one.about}：{one.why}；{one.long}。" in notice.text
    assert notices.says_today(notice)
    notice.text = notice.text.replace("名册上的资料", "")
    assert not notices.says_today(notice)
    for words in ("法定职责", "咸宁市委社会工作部", "更正", "删除", "谁看过"):
        assert words in notice.text


@pytest.mark.parametrize("who", ["worker", "county_admin", "auditor", "leader", "editor"])
def test_everybody_reads_it_once(who: str, sign_in: Any, notice: Notice, request: pytest.FixtureRequest):
    person = request.getfixturevalue(who)
    user = getattr(person, "user", person)
    client = sign_in(user)
    assert client.get("/me/").url == "/notice/"
    assert client.get("/cms/").url == "/notice/"
    page = client.get("/notice/").content.decode()
    assert "一、谁在处理" in page
    assert "请读完后在这里打勾。" in client.post("/notice/", {"read": ""}).content.decode()
    assert client.post("/notice/", {"read": "on"}).status_code == 302
    assert client.get("/me/").status_code == 200
    assert AuditEntry.objects.get(action="notice.accepted").actor == user
    assert sign_in(user).get("/me/").status_code == 200
    assert "你在" in client.get("/notice/").content.decode()


def test_it_comes_after_the_agreement(sign_in: Any, worker: Worker, notice: Notice, now: Any):
    Agreement.objects.create(version=2, title="网格员保密协议", text="新的一条。", published_at=now)
    client = sign_in(worker.user)
    assert client.get("/").url == "/agreement/"
    client.post("/agreement/", {"read": "on", "name": "王桂兰"})
    assert client.get("/").url == "/notice/"


def test_a_new_version_is_asked_for_at_the_next_sign_in(
    sign_in: Any, worker: Worker, notice: Notice, city_admin: User, now: Any
):
    notices.accept(worker.user, notice, now=now)
    client = sign_in(worker.user)
    notices.publish(title=notices.TITLE, text=notice.text + "\n新的一条。", by=city_admin, now=now)
    assert client.get("/").status_code == 200
    assert sign_in(worker.user).get("/").url == "/notice/"


@pytest.fixture
def sat(worker: Worker, city: Any, now: Any) -> Attempt:
    hour = timedelta(hours=1)
    exam = Exam.objects.create(
        title="考", opens_at=now - hour, closes_at=now + hour, published_at=now, territory=city.county, sections=[]
    )
    times = {"started_at": now - hour / 2, "deadline": now + hour / 2}
    return Attempt.objects.create(exam=exam, worker=worker, paper=[], state=AttemptState.SITTING, **times)


def test_nobody_who_sits_an_exam_is_stopped(sign_in: Any, worker: Worker, notice: Notice, sat: Attempt, now: Any):
    Agreement.objects.create(version=2, title="网格员保密协议", text="新的一条。", published_at=now)
    client, page = sign_in(worker.user), f"/exams/attempt/{sat.pk}/"
    assert client.get(page).url == f"/exams/sit/{sat.pk}/paper"
    assert client.get(f"/exams/sit/{sat.pk}/paper").status_code == 200
    Attempt.objects.filter(pk=sat.pk).update(state=AttemptState.HANDED_IN, finished_at=now, receipt="R-1")
    assert client.get("/").url == "/agreement/"


def test_an_exam_that_ran_out_keeps_nobody_from_reading(
    sign_in: Any, worker: Worker, notice: Notice, sat: Attempt, now: Any
):
    Attempt.objects.filter(pk=sat.pk).update(deadline=now)
    assert sign_in(worker.user).get("/").url == "/notice/"


def test_the_city_publishes_and_nobody_else(county_admin: User, city_admin: User, notice: Notice, now: Any):
    with pytest.raises(Refused):
        notices.publish(title="告知", text="长" * 300, by=county_admin, now=now)
    with pytest.raises(Refused, match="太短"):
        notices.publish(title="告知", text="短", by=city_admin, now=now)
    again = notices.publish(title=notice.title, text=notice.text.replace("\n", "\r\n"), by=city_admin, now=now)
    assert again == notice
    made = notices.publish(title="告知", text="长" * 300, by=city_admin, now=now)
    assert (made.version, AuditEntry.objects.filter(action="notice.published").count()) == (2, 2)


def test_publishing_on_the_screen(client_of: ClientOf, city_admin: User, notice: Notice):
    client = client_of(city_admin)
    client.post("/notice/", {"read": "on"})
    assert "一、谁在处理" in client.get("/cms/notices/publish/").content.decode()
    form = {"title": "告知", "text": "长" * 300}
    assert "每个人下次登录时先读这一版" in client.post("/cms/notices/publish/", form).content.decode()
    assert Notice.objects.count() == 1
    client.post("/cms/notices/publish/", {**form, "confirm": "1"})
    assert Notice.objects.count() == 2
    client.post("/cms/notices/publish/", {**form, "confirm": "1"})
    assert Notice.objects.count() == 2
    page = client.get("/cms/notices/").content.decode()
    assert "第 2 版就是这份内容，没有再发新的一版。" in page
    assert "有的种类在最新的一版里没有写到" in page


def test_a_new_installation_has_one(city: Any, now: Any):
    assert ground.notice(now=now) == ["《个人信息处理告知书》第 1 版"]
    assert ground.notice(now=now) == []


def test_accepting_twice_is_once(worker: Worker, notice: Notice, now: Any):
    first = notices.accept(worker.user, notice, now=now)
    assert notices.accept(worker.user, notice, now=now + timedelta(days=1)) == first
    assert Acceptance.objects.get().accepted_at == now


def test_on_a_phone_the_long_list_of_kinds_is_folded_and_nothing_is_left_out(
    sign_in: Any, worker: Worker, notice: Notice
):
    cut = notices.parts(notice.text)
    assert [len(part.listed) for part in cut if part.listed] == [len(list(about_workers()))]
    page = sign_in(worker.user).get("/notice/").content.decode()
    assert "<h2>四、敏感的信息</h2>" in page
    assert f"逐项看，共 {len(list(about_workers()))} 类" in page
    words = re.sub(r"<[^>]+>|\s", "", html.unescape(page))
    for line in notice.text.split("\n"):
        _title, _stop, rest = line.partition("。") if NUMBERED.match(line) else ("", "", line)
        assert re.sub(r"\s", "", rest) in words, line


@pytest.mark.parametrize(
    "text",
    [
        "我市的告知。\n\n没有编号的一段。",
        "一、只有标题。",
        "甲：一\n乙：二",
        "一、没有句号的标题\n正文",
        "\n\n一、甲。\n\n\n乙",
    ],
)
def test_a_city_may_write_its_notice_in_another_way(text: str):
    said = "".join(
        part.title + "".join(part.text) + "".join(a + b for a, b in part.listed) for part in notices.parts(text)
    )
    assert re.sub(r"[\s。：]", "", said) == re.sub(r"[\s。：]", "", text)

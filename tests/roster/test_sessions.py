"""Where somebody is signed in, and ending it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lms.models import AuditEntry
from roster import devices
from roster.models import User, Worker
from tests.roster.phones import set_up, sign_in

pytestmark = pytest.mark.django_db
LIST = "/account/devices/"
WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; M2012K11AC Build/TKQ1.220829.002; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/126.0.6478.188 Mobile Safari/537.36 XWEB/1260183 MMWEBSDK/20240404 MMWEBID/8833 MicroMessenger/8.0.49.2600"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)


def signed_in(password: str, agent: str = WINDOWS, username: str = "W0001") -> Client:
    client = Client(HTTP_USER_AGENT=agent)
    assert sign_in(client, username, password).status_code == 302
    return client


@pytest.fixture
def phone(worker: Worker, password: str) -> Client:
    return signed_in(password, WECHAT)


@pytest.fixture
def desk(worker: Worker, password: str) -> Client:
    return signed_in(password)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (WECHAT, "安卓手机 · 微信"),
        (WECHAT[:200], "安卓手机 · 微信"),
        (WINDOWS, "Windows 电脑 · Chrome 浏览器"),
        (f"{WINDOWS} Edg/126.0", "Windows 电脑 · Edge 浏览器"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49",
            "苹果手机 · 微信",
        ),
        (
            "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 Chrome/114.0 ArkWeb/4.1 Mobile",
            "鸿蒙手机 · 华为浏览器",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Linux 电脑 · 火狐浏览器"),
        ("", "其他设备"),
        ("<script>alert(1)</script>", "其他设备"),
    ],
)
def test_a_device_is_told_in_plain_words(agent: str, words: str) -> None:
    assert devices.told(agent) == words


OVER = "/sign-in/?why=ended"


def test_the_list_has_every_session_of_mine_and_nobody_elses(
    phone: Client, desk: Client, colleague: Worker, password: str
) -> None:
    signed_in(password, "Mozilla/5.0 (Macintosh) Firefox/127.0", "W0002")
    text = phone.get(LIST).content.decode()
    assert text.index("安卓手机 · 微信") < text.index("这一台") < text.index("Windows 电脑 · Chrome 浏览器")
    assert "火狐" not in text
    assert "127.0.0.1" not in text


def test_a_session_that_is_ended_is_refused_at_its_next_request(phone: Client, desk: Client, worker: Worker) -> None:
    other = UserSession.objects.get(session_key=desk.session.session_key)
    assert desk.get("/").status_code == 200
    assert phone.post(f"{LIST}{other.pk}/end/").url == LIST
    assert desk.get("/").url == OVER
    assert desk.post("/learn/1/beat").url == "/sign-in/"
    assert phone.get("/").status_code == 200
    assert "Windows" not in phone.get(LIST).content.decode()
    entry = AuditEntry.objects.get(action="session.ended")
    assert (entry.actor_id, entry.subject) == (worker.user_id, f"roster.user:{worker.user_id}")
    # a list that clears away what is over ends nothing
    assert AuditEntry.objects.filter(action__startswith="session").count() == 1


@pytest.mark.postgres
def test_all_others_are_ended_at_once(phone: Client, desk: Client, worker: Worker, password: str) -> None:
    third = signed_in(password)
    assert phone.post(f"{LIST}others/end/").url == LIST
    assert phone.get("/").status_code == 200
    assert [client.get("/").url for client in (desk, third)] == [OVER, OVER]
    assert AuditEntry.objects.get(action__startswith="session").detail == {"ended": 2}  # one act, one entry


def test_nobody_ends_the_session_of_another(phone: Client, colleague: Worker, password: str) -> None:
    theirs = signed_in(password, username="W0002")
    other = UserSession.objects.get(session_key=theirs.session.session_key).pk
    for device in (other, other + 999):
        assert phone.post(f"{LIST}{device}/end/").status_code == 404
    phone.post(f"{LIST}others/end/")
    assert theirs.get("/").status_code == 200


def test_ending_takes_a_password_typed_lately(phone: Client, desk: Client, password: str, now: datetime) -> None:
    other = UserSession.objects.get(session_key=desk.session.session_key).pk
    with time_machine.travel(now + timedelta(minutes=6), tick=False):
        for address in (f"{LIST}{other}/end/", f"{LIST}others/end/"):
            assert phone.post(address).url == "/account/password/?next=%2Faccount%2Fdevices%2F"
        assert desk.get("/").status_code == 200
        assert phone.post("/account/password/", {"password": password, "next": LIST}).url == LIST
        assert desk.get("/").status_code == 200  # what was pressed before is not done by the password
        phone.post(f"{LIST}{other}/end/")
        assert desk.get("/").url == OVER


def test_a_new_password_ends_the_others(phone: Client, desk: Client, worker: Worker, password: str) -> None:
    new = {"old": password, "new": "spring 2027 rain", "again": "spring 2027 rain"}
    assert phone.post("/password/", new).url == "/me/"
    assert phone.get("/").status_code == 200
    assert desk.get("/").url == OVER
    (mine,) = phone.get(LIST).context["devices"]
    assert (mine.this, mine.name) == (True, "安卓手机 · 微信")


def test_a_second_factor_ends_the_others(phone: Client, desk: Client, now: datetime) -> None:
    set_up(phone, now)
    assert phone.get("/").status_code == 200
    assert desk.get("/").url == OVER
    (mine,) = phone.get(LIST).context["devices"]
    assert mine.this


def test_a_session_whose_time_is_over_leaves_the_list(phone: Client, desk: Client, now: datetime) -> None:
    Session.objects.filter(session_key=desk.session.session_key).update(expire_date=now - timedelta(minutes=1))
    assert len(phone.get(LIST).context["devices"]) == 1
    assert UserSession.objects.count() == 1


def test_when_it_was_last_seen_is_written_once_an_hour(phone: Client, worker: Worker, now: datetime) -> None:
    phone.get("/me/")

    def written(**apart: int) -> int:
        with time_machine.travel(now + timedelta(**apart), tick=False), CaptureQueriesContext(connection) as queries:
            phone.get("/me/")
        return sum("usersession" in query["sql"].lower() for query in queries)

    assert [written(minutes=59), written(minutes=61), written(minutes=62), written(hours=3)] == [0, 1, 0, 1]
    assert UserSession.objects.get().last_seen_at == now + timedelta(hours=3)


@pytest.mark.postgres  # whose column of addresses takes nothing else
def test_a_sign_in_whose_address_cannot_be_told_is_a_sign_in(worker: Worker, password: str, settings: Any) -> None:
    settings.BEHIND_PROXY = True
    for address in ("", "unknown", "unix:", "203.0.113.5"):
        client = Client(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR=address)
        assert sign_in(client, "W0001", password).status_code == 302, address
        assert client.get("/").status_code == 200


def test_the_list_takes_as_many_queries_for_many_sessions_as_for_two(
    phone: Client, desk: Client, password: str
) -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert phone.get(LIST).status_code == 200
        return len(queries)

    phone.get(LIST)
    few = counted()
    for _turn in range(5):
        signed_in(password)
    assert counted() == few
    assert len(phone.get(LIST).context["devices"]) == 7


def test_everyone_finds_the_way(client_of: Callable[[User], Client], worker: Worker, leader: User) -> None:
    for user in (worker.user, leader):
        text = client_of(user).get("/me/").content.decode()
        for address in (LIST, "/account/second-factor/", "/password/"):
            assert f'href="{address}"' in text

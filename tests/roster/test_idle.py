"""Who is away for long is signed out and led back; a page that beats is never cut; nothing stays behind on a shared phone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.models import Role, User, Worker

ClientOf = Callable[[User], Client]


def later(now: datetime, **by: int) -> Any:
    return time_machine.travel(now + timedelta(**by), tick=False)


def test_the_back_office_is_left_after_half_an_hour_and_one_comes_back_to_the_page(
    client_of: ClientOf, county_admin: User, password: str, now: datetime
) -> None:
    client = client_of(county_admin)
    with later(now, minutes=30):
        assert client.get("/cms/workers/?q=%E7%8E%8B").status_code == 200
    with later(now, minutes=61):
        out = client.get("/cms/workers/?q=%E7%8E%8B")
        assert out.url == "/sign-in/?why=idle&next=%2Fcms%2Fworkers%2F%3Fq%3D%25E7%258E%258B"
        door = client.get(out.url)
        assert "有一阵没有操作，为了安全已经退出登录。登录后会回到刚才的页面" in door.content.decode()
        form = {"username": county_admin.username, "password": password, "next": door.context["next"]}
        assert client.post("/sign-in/", form).url == "/cms/workers/?q=%E7%8E%8B"


def test_a_form_sent_too_late_leads_back_to_the_page_it_stood_on(
    client_of: ClientOf, county_admin: User, now: datetime
) -> None:
    client = client_of(county_admin)
    with later(now, minutes=31):
        out = client.post("/cms/passwords/prepare/", {}, headers={"referer": "http://testserver/cms/passwords/?page=2"})
        assert out.url == "/sign-in/?why=idle&next=%2Fcms%2Fpasswords%2F%3Fpage%3D2"
    client = client_of(county_admin)
    with later(now, minutes=31):
        out = client.post("/cms/passwords/prepare/", {}, headers={"referer": "https://evil.example/cms/"})
        assert out.url == "/sign-in/?why=idle"


def test_a_worker_on_a_phone_of_their_own_stays_two_weeks(client_of: ClientOf, worker: Worker, now: datetime) -> None:
    client = client_of(worker.user)
    for day in (1, 13, 26, 39):
        with later(now, days=day):
            assert client.get("/").status_code == 200
    with later(now, days=54):
        assert client.get("/").url.startswith("/sign-in/")


def test_a_worker_who_holds_a_role_is_held_to_half_an_hour_once_in_the_back_office(
    client_of: ClientOf, worker: Worker, grant: Any, city: Any, now: datetime
) -> None:
    from roster import roles

    roles.grant(worker.user, Role.TOWNSHIP_ADMIN, city.township, since=now.date(), by=None, now=now)
    client = client_of(worker.user)
    with later(now, minutes=50):
        assert client.get("/").status_code == 200  # on the phone, as a worker
        assert client.get("/cms/").status_code == 200  # there was somebody a moment ago
    with later(now, minutes=81):
        assert client.get("/").url == "/sign-in/?why=idle"
    client = client_of(worker.user)
    with later(now, minutes=31):
        assert client.get("/cms/").url == "/sign-in/?why=idle&next=%2Fcms%2F"


def test_a_role_given_since_does_not_cut_what_is_open(
    client_of: ClientOf, worker: Worker, city: Any, now: datetime
) -> None:
    from roster import roles

    client = client_of(worker.user)
    roles.grant(worker.user, Role.TOWNSHIP_ADMIN, city.township, since=now.date(), by=None, now=now)
    with later(now, hours=2):
        assert client.get("/cms/").status_code == 200
    with later(now, hours=2, minutes=31):
        assert client.get("/").url == "/sign-in/?why=idle"


def test_an_open_page_that_beats_is_never_cut(client_of: ClientOf, county_admin: User, now: datetime) -> None:
    client = client_of(county_admin)
    for minute in range(2, 240, 2):
        with later(now, minutes=minute):
            client.post("/learn/1/beat")
    with later(now, minutes=240):
        assert client.get("/me/").status_code == 200


def test_what_the_editor_asks_in_the_background_is_nobody_being_there(
    client_of: ClientOf, editor: User, now: datetime
) -> None:
    client = client_of(editor)
    for minute in range(1, 31):
        with later(now, minutes=minute):
            client.post("/cms/editing-sessions/ping/wagtailcore/page/1/1/")
    with later(now, minutes=31):
        assert client.get("/cms/").url == "/sign-in/?why=idle&next=%2Fcms%2F"


def test_the_session_is_written_once_a_minute_at_most(
    client_of: ClientOf, county_admin: User, worker: Worker, now: datetime
) -> None:
    def written(client: Client, path: str) -> bool:
        with CaptureQueriesContext(connection) as asked:
            client.get(path)
        return any('UPDATE "django_session"' in query["sql"] for query in asked)

    office, phone = client_of(county_admin), client_of(worker.user)
    phone.get("/")  # the agreement is looked up once
    with later(now, seconds=59):
        assert not written(office, "/me/")
    with later(now, seconds=60):
        assert written(office, "/me/")
        assert not written(office, "/me/")
    with later(now, hours=11):
        assert not written(phone, "/")
    with later(now, hours=12):
        assert written(phone, "/")


def test_an_idle_session_is_ended_on_the_server_too(client_of: ClientOf, county_admin: User, now: datetime) -> None:
    client = client_of(county_admin)
    key = client.session.session_key
    with later(now, minutes=31):
        client.get("/cms/")
    assert not Session.objects.filter(pk=key).exists()


@pytest.mark.parametrize("path", ["/", "/me/", "/study/", "/exams/", "/records/", "/me/file/"])
def test_the_back_button_shows_nothing_after_signing_out(client_of: ClientOf, worker: Worker, path: str) -> None:
    assert "no-store" in client_of(worker.user).get(path)["Cache-Control"]


def test_signing_out_empties_what_the_browser_kept_but_not_answers_that_wait(
    client_of: ClientOf, worker: Worker, county_admin: User
) -> None:
    assert client_of(worker.user).post("/sign-out/")["Clear-Site-Data"] == '"cache"'
    assert "no-store" in client_of(county_admin).get("/cms/workers/")["Cache-Control"]

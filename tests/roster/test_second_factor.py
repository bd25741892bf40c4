"""Who needs a code from a phone, and when it is asked for."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import segno
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from lms.models import AuditEntry
from records import certificates
from roster import roles
from roster.models import Role, User, Worker
from tests.roster.phones import (
    ASKED,
    CODE,
    SETTING_UP,
    WRONG,
    code_at,
    codes_on,
    counted,
    enter,
    errors,
    key_on,
    set_up,
    sign_in,
)

pytestmark = pytest.mark.django_db
HOLDERS = ["township_admin", "county_admin", "city_admin", "editor", "leader"]
KEEPERS = ["system_admin", "security_admin", "auditor"]
LOCKED = "验证码错了多次，为了安全请过 15 分钟再试。"


@pytest.fixture(autouse=True)
def _strict(settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


# --- who needs one ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", HOLDERS + KEEPERS)
def test_a_holder_of_a_role_sets_one_up_before_anything_else(
    client: Client, password: str, persona: str, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(persona)
    assert sign_in(client, user.username, password).url.startswith(SETTING_UP)
    for address in ("/", "/cms/", "/cms/workers/", "/bulletin/", "/bulletin.xlsx", "/me/", "/study/"):
        reply = client.get(address)
        assert (reply.status_code, reply.url.partition("?")[0]) == (302, SETTING_UP), address


def test_the_first_account_needs_one_too(client: Client, password: str, city: Any) -> None:
    User.objects.create_superuser("first", password=password, name="初始")
    sign_in(client, "first", password)
    assert client.get("/cms/").url.startswith(SETTING_UP)


def test_a_worker_needs_none_and_may_have_one(client: Client, worker: Worker, password: str, now: datetime) -> None:
    assert sign_in(client, "W0001", password).url == "/"
    assert client.get("/").status_code == 200
    secret = set_up(client, now)
    client.post("/sign-out/")
    assert sign_in(client, "W0001", password).url == CODE
    assert client.get("/").url.startswith("/sign-in/")
    with time_machine.travel(now + timedelta(minutes=1), tick=False):
        assert client.post(CODE, {"code": code_at(secret, timezone.now())}).url == "/"
        assert client.get("/").status_code == 200


def test_a_role_given_to_an_open_session_does_not_bring_it_into_the_back_office(
    client: Client, colleague: Worker, worker: Worker, city: Any, password: str, now: datetime
) -> None:
    sign_in(client, "W0001", password)
    assert client.get("/cms/").status_code == 404
    roles.grant(worker.user, Role.TOWNSHIP_ADMIN, city.township, since=now.date(), by=None, now=now)
    assert client.get("/cms/workers/").url.startswith(SETTING_UP)
    assert client.get("/bulletin/").url.startswith(SETTING_UP)
    assert client.post("/cms/passwords/prepare/", {"township": city.township.pk}).url == SETTING_UP
    assert client.get("/me/").status_code == 200
    set_up(client, now)
    assert client.get("/cms/workers/").status_code == 200


def test_on_a_workers_own_pages_an_unproved_session_holds_no_role(
    client: Client, colleague: Worker, worker: Worker, city: Any, password: str, now: datetime
) -> None:
    """What an admin may read outside the back office, such as another's certificate, is behind the second factor as well."""
    number = certificates.issue(colleague, source="x:1", title="证", sentence="合格。", now=now).number
    roles.grant(worker.user, Role.TOWNSHIP_ADMIN, city.township, since=now.date(), by=None, now=now)
    sign_in(client, "W0001", password)
    assert client.get(f"/records/certificates/{number}/").status_code == 404
    set_up(client, now)
    assert client.get(f"/records/certificates/{number}/").status_code == 200


def test_a_session_from_before_is_asked_for_the_code(
    armed: tuple[Client, str], client_of: Callable[[User], Client], county_admin: User, later: Any
) -> None:
    old, (_own, secret) = client_of(county_admin), armed
    with later(minutes=1) as moment:
        assert old.get("/cms/workers/?p=1").url == f"{ASKED}?next=%2Fcms%2Fworkers%2F%3Fp%3D1"
        assert errors(old.post(ASKED, {"code": "000000"})) == [WRONG]
        key = old.session.session_key
        assert old.post(ASKED, {"code": code_at(secret, moment), "next": "/cms/workers/"}).url == "/cms/workers/"
        assert old.get("/cms/workers/").status_code == 200
        assert old.session.session_key != key
        assert not Session.objects.filter(session_key=key).exists()


def test_a_session_that_has_passed_costs_no_query(
    armed: tuple[Client, str], settings: Any, worker: Worker, password: str
) -> None:
    own, _secret = armed
    visitor = Client()
    sign_in(visitor, "W0001", password)
    for client, address in ((own, "/cms/roles/"), (own, "/bulletin/"), (visitor, "/me/"), (visitor, "/exams/")):
        settings.REQUIRE_SECOND_FACTOR = False
        client.get(address)  # what is kept in caches
        before = counted(client, address)
        settings.REQUIRE_SECOND_FACTOR = True
        assert counted(client, address) == before, address


# --- setting up -------------------------------------------------------------------------------------------------------


def test_setting_up_shows_a_code_to_scan_and_a_key_to_type_and_leads_on(
    client: Client, county_admin: User, password: str, now: datetime, settings: Any
) -> None:
    led = sign_in(client, county_admin.username, password, QUERY_STRING="").url
    page = client.get(led)
    secret = key_on(page)
    assert len(secret) == 32
    told = f"otpauth://totp/{county_admin.username}?secret={secret}&issuer={quote(settings.SITE_NAME)}"
    (drawn,) = re.findall(r' d="[^"]+"/>', segno.make(told, error="m", micro=False).svg_inline(omitsize=True))
    assert drawn in page.content.decode()
    wrong = client.post(SETTING_UP, {"code": "000000"})
    assert errors(wrong) == ["验证码不对。请看手机的时间是否准确，再填现在显示的那一组。"]
    assert key_on(wrong) == secret
    assert not Authenticator.objects.exists()
    # as it is written down: in full width, with a space
    code = code_at(secret, now).translate({48 + n: 0xFF10 + n for n in range(10)})
    done = client.post(SETTING_UP, {"code": f"{code[:3]} {code[3:]}", "next": "/cms/workers/"})
    shown = client.get(done.url)
    assert len(codes_on(shown)) == 10
    assert 'href="/cms/workers/"' in shown.content.decode()
    assert client.get("/cms/workers/").status_code == 200
    entry = AuditEntry.objects.get(action="second_factor.set_up")
    assert (entry.actor_id, entry.subject, entry.detail) == (county_admin.pk, f"roster.user:{county_admin.pk}", {})


def test_recovery_codes_are_shown_once(armed: tuple[Client, str], later: Any) -> None:
    own, _secret = armed
    first = codes_on(own.get("/account/second-factor/codes/"))
    assert len(set(first)) == 10
    again = own.get("/account/second-factor/codes/")
    assert codes_on(again) == []
    assert not any(code in again.content.decode() for code in first)
    assert own.post("/account/second-factor/codes/new/").status_code == 302
    assert set(codes_on(own.get("/account/second-factor/codes/"))).isdisjoint(first)


def test_neither_key_nor_recovery_codes_lie_open_in_the_database(
    client: Client, county_admin: User, password: str, now: datetime, caplog: Any
) -> None:
    sign_in(client, county_admin.username, password)
    secret = key_on(client.get(SETTING_UP))
    assert secret not in json.dumps([row.get_decoded() for row in Session.objects.all()])
    client.post(SETTING_UP, {"code": code_at(secret, now)})
    codes = codes_on(client.get("/account/second-factor/codes/"))
    kept = json.dumps(
        [*Authenticator.objects.values_list("data", flat=True), *AuditEntry.objects.values_list("detail")]
    )
    assert not any(text.replace(" ", "") in kept + caplog.text for text in [secret, *codes])
    assert "second_factor_key" not in client.session


def test_it_leads_nowhere_else(client: Client, county_admin: User, password: str, now: datetime) -> None:
    sign_in(client, county_admin.username, password)
    secret = key_on(client.get(SETTING_UP))
    done = client.post(SETTING_UP, {"code": code_at(secret, now), "next": "https://evil.example/"})
    assert "evil" not in done.url


# --- the code ---------------------------------------------------------------------------------------------------------


def test_the_password_alone_brings_nobody_in(armed: tuple[Client, str], county_admin: User, password: str) -> None:
    client, reply = enter(county_admin, password, "123456")
    assert errors(reply) == [WRONG]
    for address in ("/cms/", "/me/", "/account/second-factor/", "/account/devices/", "/password/"):
        assert client.get(address).url.startswith("/sign-in/"), address


def test_a_code_is_taken_once(
    armed: tuple[Client, str], county_admin: User, password: str, now: datetime, later: Any
) -> None:
    _own, secret = armed
    # the one that proved the phone at setting up is not good for a sign-in
    assert errors(enter(county_admin, password, code_at(secret, now))[1]) == [WRONG]
    with later(minutes=1) as moment:
        code = code_at(secret, moment)
        assert enter(county_admin, password, code)[1].url == "/cms/"
        assert errors(enter(county_admin, password, code)[1]) == [WRONG]
    # a phone's clock is forgiven half a minute, in which the same code still fits
    with later(seconds=91):
        assert errors(enter(county_admin, password, code)[1]) == [WRONG]


def test_a_phone_half_a_minute_off_is_forgiven_and_two_minutes_are_not(
    armed: tuple[Client, str], county_admin: User, password: str, later: Any
) -> None:
    _own, secret = armed
    with later(minutes=10) as moment:
        assert errors(enter(county_admin, password, code_at(secret, moment - timedelta(minutes=2)))[1]) == [WRONG]
        assert errors(enter(county_admin, password, code_at(secret, moment + timedelta(minutes=2)))[1]) == [WRONG]
        assert enter(county_admin, password, code_at(secret, moment - timedelta(seconds=30)))[1].url == "/cms/"


@pytest.mark.postgres
def test_a_recovery_code_is_taken_once_and_says_how_many_are_left(
    armed: tuple[Client, str], county_admin: User, password: str
) -> None:
    own, _secret = armed
    code = codes_on(own.get("/account/second-factor/codes/"))[3]
    client, reply = enter(county_admin, password, code)
    assert reply.url == "/cms/"
    assert "还剩 9 个" in client.get("/account/second-factor/").content.decode()
    assert errors(enter(county_admin, password, code)[1]) == [WRONG]
    assert AuditEntry.objects.get(action="second_factor.recovery_code_used").detail == {"left": 9}


def test_five_wrong_codes_lock_this_person_from_everywhere_and_nobody_else(
    armed: tuple[Client, str], county_admin: User, city_admin: User, password: str, now: datetime, later: Any
) -> None:
    _own, secret = armed
    other = Client()
    sign_in(other, city_admin.username, password)
    others = set_up(other, now)
    for turn in range(5):
        assert errors(enter(county_admin, password, "000000", REMOTE_ADDR=f"10.0.0.{turn}")[1]) == [WRONG]
    with later(minutes=1) as moment:
        assert errors(enter(county_admin, password, code_at(secret, moment), REMOTE_ADDR="10.0.0.9")[1]) == [LOCKED]
        assert enter(city_admin, password, code_at(others, moment), REMOTE_ADDR="10.0.0.1")[1].url == "/cms/"
    with later(minutes=16) as moment:
        assert enter(county_admin, password, code_at(secret, moment))[1].url == "/cms/"


def test_the_page_of_the_code_does_not_exist_without_a_password(client: Client, armed: tuple[Client, str]) -> None:
    assert Client().get(CODE).url == "/sign-in/"
    assert Client().post(CODE, {"code": "123456"}).url == "/sign-in/"


def test_a_new_key_for_the_session_at_sign_in(
    armed: tuple[Client, str], county_admin: User, password: str, later: Any
) -> None:
    """Whoever laid a session under the visitor's door does not hold the one that comes in."""
    _own, secret = armed
    client = Client()
    sign_in(client, county_admin.username, password)
    laid = client.session.session_key
    with later(minutes=1) as moment:
        client.post(CODE, {"code": code_at(secret, moment)})
    assert client.session.session_key != laid

"""Who needs a code from a phone, when it is asked for, and that nothing gets around it."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
import segno
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core import management
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lms.models import AuditEntry
from lms.refusal import Refused
from records import certificates
from roster import roles, second_factor
from roster.models import Role, User, Worker
from tests.roster.phones import ASKED, SETTING_UP, code_at, codes_on, errors, key_on, set_up, sign_in

pytestmark = pytest.mark.django_db
HOLDERS = ["township_admin", "county_admin", "city_admin", "editor", "leader"]
KEEPERS = ["system_admin", "security_admin", "auditor"]
WRONG = "验证码不对，或者已经用过。请等手机上换出新的一组再填。"
LOCKED = "验证码错了多次，为了安全请过 15 分钟再试。"
CODE = "/account/code/"


@pytest.fixture(autouse=True)
def _strict(settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


@pytest.fixture
def later(now: datetime) -> Any:
    """Let time pass: `with later(minutes=6) as moment:`."""

    class Passing:
        def __init__(self, **apart: Any) -> None:
            self.moment = now + timedelta(**apart)
            self.travel = time_machine.travel(self.moment, tick=False)

        def __enter__(self) -> datetime:
            self.travel.start()
            return self.moment

        def __exit__(self, *_error: Any) -> None:
            self.travel.stop()

    return Passing


@pytest.fixture
def armed(county_admin: User, password: str, now: datetime, client: Client) -> tuple[Client, str]:
    """The county admin's own browser after setting up, and the key on their phone."""
    sign_in(client, county_admin.username, password)
    return client, set_up(client, now)


def enter(user: User, password: str, code: str, **extra: Any) -> tuple[Client, Any]:
    client = Client()
    assert sign_in(client, user.username, password, **extra).url == CODE
    return client, client.post(CODE, {"code": code}, **extra)


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


def counted(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


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


# --- replacing, doing without, resetting ------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_new_phone_takes_the_place_of_the_old_one(
    armed: tuple[Client, str], county_admin: User, password: str, later: Any
) -> None:
    own, old = armed
    codes = codes_on(own.get("/account/second-factor/codes/"))
    with later(minutes=1) as moment:
        elsewhere, _reply = enter(county_admin, password, code_at(old, moment))
        assert elsewhere.get("/cms/").status_code == 200
        new = set_up(own, moment)
        assert own.get("/cms/").status_code == 200
        assert elsewhere.get("/cms/").url.startswith("/sign-in/")
    with later(minutes=2) as moment:
        assert errors(enter(county_admin, password, code_at(old, moment))[1]) == [WRONG]
        assert errors(enter(county_admin, password, codes[0])[1]) == [WRONG]
        assert enter(county_admin, password, code_at(new, moment))[1].url == "/cms/"
    assert Authenticator.objects.filter(user=county_admin, type="totp").count() == 1
    assert AuditEntry.objects.filter(action="second_factor.replaced").count() == 1


def test_a_holder_of_a_role_cannot_do_without(armed: tuple[Client, str], county_admin: User, now: datetime) -> None:
    own, _secret = armed
    assert "关闭第二重验证</button>" not in own.get("/account/second-factor/").content.decode()
    reply = own.post("/account/second-factor/off/", follow=True)
    assert "有管理角色的账号不能关闭第二重验证" in reply.content.decode()
    assert second_factor.has(county_admin)


def test_who_holds_no_role_may_switch_it_off(client: Client, worker: Worker, password: str, now: datetime) -> None:
    sign_in(client, "W0001", password)
    set_up(client, now)
    client.post("/account/second-factor/off/")
    assert not Authenticator.objects.exists()
    client.post("/sign-out/")
    assert sign_in(client, "W0001", password).url == "/"


def test_the_security_admin_resets_it_for_who_lost_the_phone(
    armed: tuple[Client, str], county_admin: User, security_admin: User, password: str, now: datetime
) -> None:
    own, _secret = armed
    keeper = Client()
    sign_in(keeper, security_admin.username, password)
    set_up(keeper, now)
    assert "钱县办" in keeper.get("/cms/second-factors/").content.decode()
    address = f"/cms/second-factors/{county_admin.pk}/reset/"
    assert "请选一个重置的原因" in keeper.post(address, {"reason": ""}).content.decode()
    assert "请当面核对本人" in keeper.post(address, {"reason": "lost"}).content.decode()
    assert second_factor.has(county_admin)
    assert keeper.post(address, {"reason": "lost", "seen": "on"}).url == "/cms/second-factors/"
    assert not second_factor.has(county_admin)
    assert own.get("/cms/").url.startswith("/sign-in/")
    assert sign_in(own, county_admin.username, password).url.startswith(SETTING_UP)
    entry = AuditEntry.objects.get(action="second_factor.reset")
    assert (entry.actor_id, entry.subject) == (security_admin.pk, f"roster.user:{county_admin.pk}")
    assert entry.detail["reason"] == "lost"


def test_nobody_resets_their_own_nor_without_the_right_and_a_reason(
    armed: tuple[Client, str], county_admin: User, city_admin: User, security_admin: User, now: datetime
) -> None:
    for person, by, reason in [
        (security_admin, security_admin, "lost"),
        (county_admin, city_admin, "lost"),
        (county_admin, county_admin, "lost"),
        (county_admin, security_admin, ""),
        (county_admin, security_admin, "想看看"),
    ]:
        with pytest.raises(Refused):
            second_factor.reset(person, by=by, reason=reason, now=now)
    assert second_factor.has(county_admin)
    second_factor.reset(county_admin, by=security_admin, reason="lost", now=now)
    second_factor.reset(county_admin, by=security_admin, reason="lost", now=now)
    assert AuditEntry.objects.filter(action="second_factor.reset").count() == 1


def test_a_worker_who_has_one_by_choice_is_helped_too(
    client: Client, worker: Worker, colleague: Worker, security_admin: User, password: str, now: datetime
) -> None:
    sign_in(client, "W0001", password)
    set_up(client, now)
    assert {*second_factor.holders(security_admin)} == {worker.user, security_admin}
    second_factor.reset(worker.user, by=security_admin, reason="lost", now=now)
    assert sign_in(Client(), "W0001", password).url == "/"
    with pytest.raises(Refused):
        second_factor.reset(colleague.user, by=security_admin, reason="lost", now=now)


def test_the_list_takes_as_many_queries_for_ten_as_for_two(
    client_of: Callable[[User], Client], security_admin: User, grant: Any, city: Any, settings: Any
) -> None:
    settings.REQUIRE_SECOND_FACTOR = False
    keeper = client_of(security_admin)
    keeper.get("/cms/second-factors/")
    few = counted(keeper, "/cms/second-factors/")
    for number in range(10):
        grant(f"more-{number}", f"赵{number}", Role.TOWNSHIP_ADMIN, city.township)
    assert counted(keeper, "/cms/second-factors/") == few


def test_the_command_line_resets_whom_nobody_else_can_help(armed: tuple[Client, str], county_admin: User) -> None:
    management.call_command("reset_second_factor", "County-Admin", stdout=StringIO())
    assert not second_factor.has(county_admin)
    with pytest.raises(management.CommandError):
        management.call_command("reset_second_factor", "nobody")


# --- a session left open, or stolen -----------------------------------------------------------------------------------


def test_a_stolen_session_changes_neither_second_factor_nor_password_nor_sessions(
    armed: tuple[Client, str], county_admin: User, password: str, later: Any
) -> None:
    stolen, _secret = armed
    before = (county_admin.password, sorted(Authenticator.objects.values_list("pk", flat=True)))
    with later(minutes=6):
        for address in (SETTING_UP, "/account/second-factor/codes/"):
            assert stolen.get(address).url.startswith("/account/password/"), address
        for address in (
            SETTING_UP,
            "/account/second-factor/off/",
            "/account/second-factor/codes/new/",
            "/account/devices/others/end/",
        ):
            assert stolen.post(address, {"code": "123456"}).url.startswith("/account/password/"), address
        assert stolen.post("/password/", {"new": "spring 2027 rain", "again": "spring 2027 rain"}).status_code == 200
        assert stolen.post("/account/password/", {"password": "guess"}).status_code == 200
    county_admin.refresh_from_db()
    after = (county_admin.password, sorted(Authenticator.objects.values_list("pk", flat=True)))
    assert after == before


def test_what_was_sent_before_the_password_is_not_done_after_it(
    armed: tuple[Client, str], county_admin: User, password: str, later: Any
) -> None:
    """An address pressed by another site is not carried through by the person's own password."""
    own, _secret = armed
    codes = Authenticator.objects.get(user=county_admin, type="recovery_codes").pk
    with later(minutes=6):
        asked = own.post("/account/second-factor/codes/new/").url
        assert asked == "/account/password/?next=%2Faccount%2Fsecond-factor%2F"
        reply = own.post(asked, {"password": password})
        assert (reply.status_code, reply.url) == (302, "/account/second-factor/")
        assert own.get(reply.url).status_code == 200
        assert Authenticator.objects.filter(pk=codes).exists()
        assert "account_reauthentication_state" not in own.session
        own.post("/account/second-factor/codes/new/")
        assert not Authenticator.objects.filter(pk=codes).exists()


def test_the_password_again_is_guessed_at_no_more_often_than_at_sign_in(
    armed: tuple[Client, str], county_admin: User, password: str
) -> None:
    own, _secret = armed
    for _turn in range(3):
        assert errors(own.post("/account/password/", {"password": "no"})) == ["密码不对，请再填一遍。"]
    for _turn in range(2):
        sign_in(Client(), county_admin.username, "no")
    assert errors(own.post("/account/password/", {"password": password})) == [
        "密码错了多次，为了安全请过 15 分钟再试。"
    ]


def test_a_session_that_has_not_passed_touches_nothing_that_guards_the_account(
    armed: tuple[Client, str], client_of: Callable[[User], Client], county_admin: User, password: str
) -> None:
    """The password alone, typed again, is not enough to get rid of the code."""
    old = client_of(county_admin)
    old.post("/account/password/", {"password": password})
    for address in (SETTING_UP, "/account/second-factor/off/", "/account/second-factor/codes/new/"):
        assert old.post(address, {"code": "123456"}).url.startswith(ASKED), address
    assert old.get("/account/second-factor/codes/").url.startswith(ASKED)


@pytest.mark.parametrize(
    "address",
    [
        SETTING_UP,
        ASKED,
        CODE,
        "/account/password/",
        "/account/second-factor/off/",
        "/account/second-factor/codes/new/",
        "/account/devices/others/end/",
        "/account/devices/1/end/",
        "/account/sign-on/",
    ],
)
def test_no_other_site_can_press_anything(address: str, worker: Worker) -> None:
    client = Client(enforce_csrf_checks=True)
    if address not in {CODE, "/account/sign-on/"}:
        client.force_login(worker.user)
    assert client.post(address, {}).status_code == 403


def test_what_allauth_has_besides_does_not_exist(client_of: Callable[[User], Client], worker: Worker) -> None:
    client = client_of(worker.user)
    for address in (
        "signup/",
        "email/",
        "password/change/",
        "password/reset/",
        "social/connections/",
        "2fa/webauthn/",
        "3rdparty/",
    ):
        for prefix in ("/account/", "/accounts/"):
            assert client.get(prefix + address).status_code == 404, prefix + address


def test_check_for_deploy_warns_when_it_is_off(settings: Any) -> None:
    def warned() -> bool:
        return "roster.W001" in {found.id for found in run_checks(include_deployment_checks=True)}

    assert not warned()
    settings.REQUIRE_SECOND_FACTOR = False
    assert warned()

"""Replacing a phone, doing without, losing it; and that a session left open, or stolen, gets around none of it."""

from collections.abc import Callable
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import management
from django.core.checks import run_checks
from django.test import Client

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import second_factor
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
    set_up,
    sign_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _strict(settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


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
    about = AuditEntry.objects.filter(subject=f"roster.user:{county_admin.pk}").order_by("pk")
    noted = about.exclude(action="role.granted")
    acts = [one.action.removeprefix("second_factor.") for one in noted]
    # each act once, and nothing beside it of the sessions that it ended
    assert acts == ["set_up", "codes_shown", "replaced", "wrong_code", "wrong_code"]


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
    armed: tuple[Client, str], password: str
) -> None:
    own, _secret = armed
    for _turn in range(5):
        assert errors(own.post("/account/password/", {"password": "no"})) == ["密码不对，请再填一遍。"]
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

"""A city's own sign-on, walked over HTTP against a real OpenID Connect provider in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from lms import departing
from lms.models import AuditEntry
from roster.models import User, Worker
from tests.roster.phones import code_at, key_on

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "没有找到唯一对得上的账号"
ASTRAY = "没有走通"
WAIT = 20


@pytest.fixture(scope="session")
def provider(live_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("provider") / "db.sqlite3"
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.oidc_provider", f"{live_server.url}/account/sign-on/back/"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "PROVIDER_DATABASE": str(database)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    with started.stdout:
        yield started.stdout.readline().strip()
        started.terminate()
        started.wait(timeout=10)


@pytest.fixture(autouse=True)
def _configured(provider: str, settings: Any) -> None:
    settings.OIDC_SERVER_URL = f"{provider}/o"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "platform", "only-for-tests"
    settings.REQUIRE_SECOND_FACTOR = True


@dataclass
class Visitor:
    """A browser, as far as addresses, cookies and forms go."""

    home: str
    provider: str
    session: requests.Session

    def get(self, address: str, **options: Any) -> requests.Response:
        return self.session.get(self.full(address), timeout=WAIT, **options)

    def post(self, address: str, data: dict[str, str]) -> requests.Response:
        token = self.session.cookies.get("csrftoken")
        if not token:
            page = self.get("/sign-in/").text
            token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
        sent = {**data, "csrfmiddlewaretoken": token}
        return self.session.post(self.full(address), sent, headers={"Referer": self.home}, timeout=WAIT)

    def full(self, address: str) -> str:
        return address if address.startswith("http") else self.home + address

    def known_there_as(self, username: str) -> "Visitor":
        assert self.get(f"{self.provider}/login/?as={username}").text == "signed in"
        return self

    def begin(self, **data: str) -> str:
        """Press the button; returns the address at the provider that the page leads to."""
        page = self.post("/account/sign-on/", data)
        assert page.status_code == 200
        (address,) = re.findall(r'<a class="btn" href="(http[^"]+)"', page.text)
        assert page.headers["Refresh"] == f"0; url={unescape(address)}"
        return unescape(address)

    def sign_on(self, username: str, **data: str) -> requests.Response:
        """All the way: the button, the provider, and back."""
        return self.known_there_as(username).get(self.begin(**data))

    @property
    def inside(self) -> bool:
        return self.get("/me/", allow_redirects=False).status_code == 200


@pytest.fixture
def visitor(live_server: Any, provider: str) -> Iterator[Visitor]:
    with requests.Session() as session:
        session.trust_env = False
        yield Visitor(live_server.url, provider, session)


@pytest.mark.parametrize("person", ["by-number", "by-mobile"])
def test_a_worker_comes_in_by_the_citys_sign_on(visitor: Visitor, worker: Worker, person: str) -> None:
    page = visitor.sign_on(person, next="/records/")
    assert (page.status_code, urlsplit(page.url).path) == (200, "/records/")
    assert visitor.inside
    tied = SocialAccount.objects.get()
    assert (tied.user_id, tied.extra_data) == (worker.user_id, {})
    assert re.fullmatch("[0-9a-f]{64}", tied.uid)
    assert not SocialToken.objects.exists()
    actions = AuditEntry.objects.filter(actor=worker.user_id).order_by("pk").values_list("action", flat=True)
    assert [*actions] == ["sign_on.linked", "signed_in"]


def test_the_second_time_the_tie_is_enough(visitor: Visitor, worker: Worker, live_server: Any) -> None:
    visitor.sign_on("by-number")
    left = visitor.post("/sign-out/", {})
    assert "把统一身份认证也退出" in left.text
    assert f'href="{visitor.provider}/o/logout/?client_id=platform' in left.text
    assert not visitor.inside
    # the roster number changed meanwhile: the person is who they are
    User.objects.filter(pk=worker.user_id).update(username="W7777")
    visitor.sign_on("by-number")
    assert visitor.inside
    assert AuditEntry.objects.filter(action="sign_on.linked").count() == 1


def test_state_nonce_and_pkce_are_sent(visitor: Visitor, worker: Worker) -> None:
    first, second = (parse_qs(urlsplit(visitor.begin()).query) for _turn in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 16
        assert first[name] != second[name], name
    assert first["code_challenge_method"] == ["S256"]
    assert first["response_type"] == ["code"]


@pytest.mark.parametrize("person", ["stranger", "nameless", "of-no-kind"])
def test_nobody_registers_by_signing_on(visitor: Visitor, worker: Worker, person: str) -> None:
    people = User.objects.count()
    page = visitor.sign_on(person)
    assert (page.status_code, NOBODY in page.text) == (403, True)
    assert not visitor.inside
    assert (User.objects.count(), SocialAccount.objects.count()) == (people, 0)
    assert AuditEntry.objects.get(action="sign_on.refused").detail == {"why": "unknown"}


def test_two_who_share_a_telephone_are_not_guessed_between(visitor: Visitor, worker: Worker, colleague: Worker) -> None:
    User.objects.filter(pk=colleague.user_id).update(mobile_hash=worker.user.mobile_hash)  # type: ignore[union-attr]
    assert NOBODY in visitor.sign_on("by-mobile").text
    assert AuditEntry.objects.get(action="sign_on.refused").detail == {"why": "several"}
    # of two of whom one has left, the other is meant
    User.objects.filter(pk=colleague.user_id).update(is_active=False)
    visitor.sign_on("by-mobile")
    assert visitor.inside


def test_an_account_that_is_tied_is_not_tied_to_a_second_identity(visitor: Visitor, worker: Worker) -> None:
    visitor.sign_on("by-number")
    visitor.post("/sign-out/", {})
    assert NOBODY in visitor.sign_on("by-number-too").text
    assert not visitor.inside
    assert SocialAccount.objects.count() == 1


def test_who_has_left_does_not_come_in(visitor: Visitor, worker: Worker, colleague: Worker) -> None:
    User.objects.filter(pk=colleague.user_id).update(is_active=False)
    assert NOBODY in visitor.sign_on("gone").text
    # nor by a tie from before
    User.objects.filter(pk=colleague.user_id).update(is_active=True)
    visitor.sign_on("gone")
    assert visitor.inside
    visitor.post("/sign-out/", {})
    User.objects.filter(pk=colleague.user_id).update(is_active=False)
    assert "这个账号已停用" in visitor.sign_on("gone").text
    assert not visitor.inside


@pytest.mark.parametrize("person", ["late", "forged", "for-another", "elsewhere"])
def test_a_token_that_is_no_good_lets_nobody_in(visitor: Visitor, worker: Worker, person: str) -> None:
    page = visitor.sign_on(person)
    assert (page.status_code, ASTRAY in page.text) == (403, True)
    assert not visitor.inside
    assert not SocialAccount.objects.exists()


def test_a_token_of_another_sign_in_lets_nobody_in(visitor: Visitor, worker: Worker) -> None:
    assert visitor.sign_on("replayed").status_code == 403
    assert AuditEntry.objects.get(action="sign_on.refused").detail == {"why": "nonce"}
    assert not visitor.inside


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    visitor: Visitor, worker: Worker, live_server: Any
) -> None:
    """Somebody else's answer, pressed on a visitor, would sign them in as somebody else."""
    answer = visitor.known_there_as("by-number").get(visitor.begin(), allow_redirects=False).headers["Location"]
    assert answer.startswith(f"{live_server.url}/account/sign-on/back/?code=")
    with requests.Session() as session:
        session.trust_env = False
        pressed = Visitor(visitor.home, visitor.provider, session)
        assert (pressed.get(answer).status_code, pressed.inside) == (403, False)
    assert visitor.get(answer.replace("state=", "state=x")).status_code == 403
    assert not visitor.inside
    assert visitor.get(answer).status_code == 200
    assert visitor.inside
    visitor.post("/sign-out/", {})
    assert visitor.get(answer).status_code == 403  # and once only


def test_a_cancelled_sign_on_and_a_silent_provider_are_told_calmly(visitor: Visitor, settings: Any) -> None:
    state = parse_qs(urlsplit(visitor.begin()).query)["state"][0]
    cancelled = visitor.get(f"/account/sign-on/back/?error=access_denied&state={state}")
    assert (cancelled.status_code, ASTRAY in cancelled.text) == (403, True)
    assert visitor.get("/account/sign-on/back/").status_code == 403
    # what anybody can send leaves no trace in a log that is kept
    assert not AuditEntry.objects.exists()
    settings.OIDC_SERVER_URL = "http://127.0.0.1:9"
    silent = visitor.post("/account/sign-on/", {})
    assert (silent.status_code, ASTRAY in silent.text) == (403, True)


def test_what_the_last_one_left_on_a_shared_phone_goes_when_the_next_one_is_in(
    visitor: Visitor, worker: Worker
) -> None:
    """The pass to a paper, of who did not sign out."""
    left = f"{departing.GOES_WITH_SIGN_IN}sit-7"
    visitor.session.cookies.set(left, "theirs", domain="localhost.local")  # what a jar makes of a name without dots
    visitor.sign_on("stranger")
    assert left in visitor.session.cookies  # nobody came
    visitor.sign_on("by-number")
    assert visitor.inside
    assert left not in visitor.session.cookies


def test_it_leads_nowhere_else(visitor: Visitor, worker: Worker) -> None:
    page = visitor.sign_on("by-number", next="https://evil.example/")
    assert urlsplit(page.url).netloc == urlsplit(visitor.home).netloc


# --- holders of a role ------------------------------------------------------------------------------------------------


def test_a_holder_of_a_role_needs_a_second_factor_all_the_same(
    visitor: Visitor, county_admin: User, password: str
) -> None:
    page = visitor.sign_on("admin-with-phone")
    # no password was typed here yet, and without one nothing that guards the account is set up
    assert urlsplit(page.url).path == "/account/password/"
    assert urlsplit(visitor.get("/cms/").url).path == "/account/password/"
    page = visitor.post(page.url, {"password": password, "next": "/account/second-factor/set-up/"})
    secret = key_on(Told(page))
    visitor.post("/account/second-factor/set-up/", {"code": code_at(secret, timezone.now())})
    assert visitor.get("/cms/", allow_redirects=False).status_code == 200
    visitor.post("/sign-out/", {})
    page = visitor.sign_on("admin-with-phone")
    assert urlsplit(page.url).path == "/account/code/"
    assert not visitor.inside


@pytest.mark.parametrize(("person", "lands"), [("admin-with-phone", "/cms/"), ("admin", "/account/password/")])
def test_the_providers_second_factor_counts_where_the_installation_says_so(
    visitor: Visitor, county_admin: User, settings: Any, person: str, lands: str
) -> None:
    settings.OIDC_SECOND_FACTOR = ["mfa"]
    visitor.sign_on(person)
    assert urlsplit(visitor.get("/cms/").url).path == lands


@dataclass
class Told:
    """A reply of `requests` as the helpers of the test client read one."""

    reply: requests.Response

    @property
    def content(self) -> bytes:
        return self.reply.content


# --- where there is none ----------------------------------------------------------------------------------------------


def test_the_button_is_there_where_there_is_a_provider(settings: Any, rf: Any) -> None:
    def button() -> str:
        return render_to_string("roster/_sign_on.html", {"next": "/study/?a=1&b=2"}, rf.get("/sign-in/"))

    settings.OIDC_NAME = "鄂汇办<b>"
    assert "用鄂汇办&lt;b&gt;登录" in button()
    assert 'value="/study/?a=1&amp;b=2"' in button()
    settings.OIDC_SERVER_URL = ""
    assert button().strip() == ""


def test_without_a_provider_none_of_it_exists(
    settings: Any, worker: Worker, client_of: Callable[[User], Client]
) -> None:
    settings.OIDC_SERVER_URL = ""
    for client in (Client(), client_of(worker.user)):
        assert client.post("/account/sign-on/").status_code == 404
        assert client.get("/account/sign-on/back/").status_code == 404
        assert client.get("/account/sign-on/left/").status_code == 404
        assert client.post("/account/sign-on/", {"process": "connect"}).status_code == 404


def test_who_is_signed_in_is_not_signed_on_as_somebody_else(
    worker: Worker, client_of: Callable[[User], Client]
) -> None:
    client = client_of(worker.user)
    assert client.post("/account/sign-on/", {"process": "connect"}).url == "/"
    assert client.get("/account/sign-on/back/?code=x&state=y").url == "/"

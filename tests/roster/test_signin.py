"""Who gets in, and what a person meets before the first page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse

from lms.models import AuditEntry
from roster import passwords
from roster.models import Signature, User, Worker

WRONG = "手机号（登录号）或密码不对，请核对后再试。第一次登录请用发放名单上的密码。"


def sign_in(client: Client, username: str, password: str, **extra: Any) -> Any:
    return client.post(reverse("sign_in"), {"username": username, "password": password}, **extra)


def errors(response: Any) -> list[str]:
    return [str(error) for messages in response.context["form"].errors.values() for error in messages]


@pytest.mark.parametrize(
    "typed", ["13907150001", "139 0715 0001", "+86 13907150001", "W0001", "w0001", "  W0001 "], ids=repr
)
def test_a_worker_signs_in_by_mobile_or_roster_number(
    client: Client, worker: Worker, password: str, typed: str
) -> None:
    response = sign_in(client, typed, password)
    assert (response.status_code, response.url) == (302, "/")
    assert client.get("/").status_code == 200
    entry = AuditEntry.objects.get(action="signed_in")
    assert (entry.actor_id, entry.detail) == (worker.user_id, {})


@pytest.mark.parametrize(
    ("persona", "landing"),
    [
        ("township_admin", "/cms/"),
        ("county_admin", "/cms/"),
        ("city_admin", "/cms/"),
        ("editor", "/cms/"),
        ("leader", "/bulletin/"),
    ],
)
def test_everyone_lands_where_their_work_is(
    client: Client, password: str, persona: str, landing: str, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(persona)
    assert sign_in(client, user.username, password).status_code == 302
    response = client.get("/")
    assert (response.status_code, response.url) == (302, landing)
    assert client.get(landing).status_code == 200


def test_a_wrong_password_and_an_unknown_number_get_the_same_answer(client: Client, worker: Worker) -> None:
    known, unknown = sign_in(client, "W0001", "no"), sign_in(client, "13900000000", "no")
    assert errors(known) == errors(unknown) == [WRONG]
    assert "_auth_user_id" not in client.session


def test_who_has_left_does_not_get_in(client: Client, worker: Worker, password: str) -> None:
    User.objects.filter(pk=worker.user_id).update(is_active=False)
    assert errors(sign_in(client, "W0001", password)) == [WRONG]


def test_five_failures_lock_the_name_at_this_address_alone(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    # however the number is written, it is one person's
    for typed in ["13907150001", "139-0715-0001", "+8613907150001", "13907150001", "139 0715 0001"]:
        assert errors(sign_in(client, typed, "no")) == [WRONG]
    (locked,) = errors(sign_in(client, "13907150001", password))
    assert locked.startswith("密码错了多次，为了安全请过 15 分钟再试。")
    assert sign_in(Client(), "13907150002", password).status_code == 302
    assert sign_in(Client(), "13907150001", password, REMOTE_ADDR="10.9.8.7").status_code == 302


def test_the_lock_opens_after_a_quarter_of_an_hour(
    client: Client, worker: Worker, password: str, now: datetime
) -> None:
    for _turn in range(5):
        sign_in(client, "W0001", "no")
    with time_machine.travel(now + timedelta(minutes=14), tick=False):
        assert sign_in(client, "W0001", password).status_code == 200
    with time_machine.travel(now + timedelta(minutes=16), tick=False):
        assert sign_in(client, "W0001", password).status_code == 302


def test_a_success_clears_the_count(client: Client, worker: Worker, password: str) -> None:
    for _turn in range(4):
        sign_in(client, "W0001", "no")
    assert sign_in(client, "W0001", password).status_code == 302
    assert errors(sign_in(Client(), "W0001", "no")) == [WRONG]
    assert sign_in(Client(), "W0001", password).status_code == 302


def test_behind_a_proxy_the_visitors_own_address_counts(
    client: Client, worker: Worker, password: str, settings: Any
) -> None:
    settings.BEHIND_PROXY = True
    for turn in range(5):
        sign_in(client, "W0001", "no", HTTP_X_FORWARDED_FOR=f"1.1.1.{turn}, 203.0.113.5")
    assert sign_in(client, "W0001", password, HTTP_X_FORWARDED_FOR="203.0.113.5").status_code == 200
    assert sign_in(client, "W0001", password, HTTP_X_FORWARDED_FOR="203.0.113.6").status_code == 302


def share_a_telephone(worker: Worker, other: Worker, password: str) -> None:
    User.objects.filter(pk=other.user_id).update(mobile_hash=worker.mobile_hash, password=make_password(password))


def test_two_who_share_a_telephone_are_told_apart_by_their_passwords(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    share_a_telephone(worker, colleague, "another 1 of my own")
    sign_in(client, "13907150001", "another 1 of my own")
    assert client.session["_auth_user_id"] == str(colleague.user_id)


def test_the_same_telephone_and_the_same_password_let_nobody_in_as_the_other(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    share_a_telephone(worker, colleague, password)
    (sentence,) = errors(sign_in(client, "13907150001", password))
    assert "请改用发放名单上的登录号（W 开头）登录" in sentence
    assert sign_in(client, "W0002", password).status_code == 302
    assert client.session["_auth_user_id"] == str(colleague.user_id)


def test_an_expired_first_password_says_whom_to_ask(
    client: Client, worker: Worker, password: str, now: datetime
) -> None:
    User.objects.filter(pk=worker.user_id).update(must_change_password=True, first_password_expires_at=now)
    assert errors(sign_in(client, "W0001", password)) == ["这个首次密码已经过期，请找乡镇（街道）管理员重新发放。"]


def test_first_password_then_a_password_of_ones_own_then_the_agreement_then_home(
    client: Client, worker: Worker, now: datetime
) -> None:
    Signature.objects.all().delete()
    ((_pk, username, first),) = passwords.issue([worker], expires=now + timedelta(days=30))
    sign_in(client, str(username), str(first))
    assert client.get("/").url == client.get("/exams/").url == reverse("password")
    assert client.get("/agreement/").url == reverse("password")
    chosen = client.post("/password/", {"new": "tianxia1234", "again": "tianxia1234"})
    assert chosen.url == "/"
    assert client.get("/").url == client.get("/exams/").url == reverse("agreement")
    assert client.post("/agreement/", {"read": "on", "name": worker.name}).url == "/"
    assert client.get("/").status_code == 200
    assert sign_in(Client(), "W0001", "tianxia1234").url == "/"
    assert errors(sign_in(Client(), "W0001", str(first))) == [WRONG]


def test_sign_in_leads_back_to_the_page_that_was_asked_for(client: Client, worker: Worker, password: str) -> None:
    asked = client.get("/exams/?s=done")
    assert asked.url == "/sign-in/?next=%2Fexams%2F%3Fs%3Ddone"
    assert b'name="next" value="/exams/?s=done"' in client.get(asked.url).content
    form = {"username": "W0001", "password": password, "next": "/exams/?s=done"}
    assert client.post("/sign-in/", form).url == "/exams/?s=done"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/sign-out/", "/cms/login/", "javascript:alert(1)", "/"]
)
def test_sign_in_never_leads_elsewhere(client: Client, worker: Worker, password: str, target: str) -> None:
    form = {"username": "W0001", "password": password, "next": target}
    assert client.post("/sign-in/", form).url == "/"


def test_a_form_sent_without_sign_in_is_not_promised_to_be_sent_again(client: Client, db: None) -> None:
    assert client.post("/password/", {"new": "x"}).url == "/sign-in/"
    assert client.get("/").url == "/sign-in/"


def test_signing_out(client_of: Callable[[User], Client], worker: Worker) -> None:
    client = client_of(worker.user)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == "/sign-in/"
    assert client.get("/").url == "/sign-in/"


def test_what_is_open_to_a_visitor(client: Client, db: None) -> None:
    assert {path: client.get(path).status_code for path in ["/sign-in/", "/healthz", "/readyz", "/check/none/"]} == {
        "/sign-in/": 200,
        "/healthz": 200,
        "/readyz": 503,
        "/check/none/": 404,
    }
    for path in ["/", "/me/", "/study/", "/exams/", "/records/", "/marking/", "/bulletin/", "/cms/", "/cms/login/"]:
        assert client.get(path).url.startswith("/sign-in/")


def test_sign_in_asks_little_of_the_database(
    client: Client, worker: Worker, password: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(
        22
    ):  # savepoints, the session, the list of one's sessions and the notice among them
        sign_in(client, "13907150001", password)


def test_password_and_name_are_in_no_log(
    client: Client, worker: Worker, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sign_in(client, "13907150001", "no such password")
    sign_in(client, "13907150001", password)
    assert not any(secret in caplog.text for secret in ["no such password", password, "13907150001", worker.name])


def test_with_redis_gone_people_still_come_in(worker: Worker, settings: Any, password: str) -> None:
    """Nothing listens on the port: the guesses go uncounted, the door stays open."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    client = Client()
    wrong = client.post("/sign-in/", {"username": worker.number, "password": "不是这个"})
    assert wrong.status_code == 200
    right = client.post("/sign-in/", {"username": worker.number, "password": password})
    assert (right.status_code, right.url) == (302, "/")

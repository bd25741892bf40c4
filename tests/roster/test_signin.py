"""Who gets in, and what a person meets before the first page."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms.models import AuditEntry
from roster import guesses, known_devices, passwords, questions, signin
from roster.models import Signature, Tally, User, Worker

WRONG = "手机号（登录号）或密码不对，请核对后再试。第一次登录请用管理员发给你的首次密码。"


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


class Counting(MD5PasswordHasher):
    """Counts how often a password is hashed: what an answer costs, and so how long it takes."""

    calls: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        self.calls.append(salt)
        return super().encode(password, salt)


def test_an_unknown_number_costs_as_much_as_a_known_one(client: Client, worker: Worker, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.roster.test_signin.Counting"]
    hashed = []
    for typed in ["W0001", "13907150001", "W9999", "13900000000", "张三"]:
        Counting.calls.clear()
        sign_in(client, typed, "no")
        hashed.append(len(Counting.calls))
    User.objects.filter(pk=worker.user_id).update(is_active=False)
    Counting.calls.clear()
    sign_in(client, "W0001", "no")
    assert [*hashed, len(Counting.calls)] == [1, 1, 1, 1, 1, 1]


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


def test_a_lock_is_made_no_longer_by_trying_on(client: Client, worker: Worker, password: str, now: datetime) -> None:
    for minute in range(0, 15, 2):
        with time_machine.travel(now + timedelta(minutes=minute), tick=False):
            sign_in(client, "W0001", "no")
    with time_machine.travel(now + timedelta(minutes=16), tick=False):
        assert sign_in(client, "W0001", password).status_code == 302


def from_everywhere(typed: str, times: int) -> None:
    for turn in range(times):
        sign_in(Client(), typed, "no", REMOTE_ADDR=f"203.0.113.{turn}")


def answer_to(question: Any) -> str:
    one, other = (questions.FIGURES.index(sign) for sign in re.findall(r"[一二三四五六七八九]", question.words))
    return str(one + other)


def test_a_name_guessed_at_from_everywhere_is_asked_a_question_and_never_shut_out(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    from_everywhere("W0001", 10)
    response = sign_in(client, "W0001", password)
    (sentence,) = errors(response)
    assert sentence.startswith("这个号码或这个网络最近错了多次。请回答下面的小问题")
    question = response.context["form"].asking
    page = response.content.decode()
    assert f'<label for="id_answer">{question.words}</label>' in page
    assert "<img" not in page
    assert question.pause == 0
    answer = {"question": question.token, "answer": answer_to(question)}
    right = {"username": "W0001", "password": password, **answer}
    wrong = client.post("/sign-in/", {**right, "answer": "1"})
    assert errors(wrong) == ["问题的答案不对，请回答下面的新问题，再填一次密码。"]
    assert client.post("/sign-in/", right).status_code == 200  # a question takes one answer
    fresh = client.post("/sign-in/", right).context["form"].asking
    answer = {"question": fresh.token, "answer": answer_to(fresh)}
    assert client.post("/sign-in/", {**right, **answer}).status_code == 302
    assert sign_in(Client(), "W0002", password).status_code == 302


def test_the_question_comes_for_names_that_do_not_exist_too(client: Client, worker: Worker) -> None:
    from_everywhere("W0001", 10)
    from_everywhere("13900000000", 10)
    assert errors(sign_in(client, "W0001", "no")) == errors(sign_in(client, "13900000000", "no"))


def test_the_more_it_is_guessed_at_the_longer_a_question_must_stand(
    client: Client, worker: Worker, password: str, now: datetime
) -> None:
    assert [guesses.pause(steps) for steps in range(8)] == [0, 0, 2, 4, 8, 16, 30, 30]
    guesses.count({guesses.key("name", "w0001"): now + timedelta(hours=24)}, now=now)
    Tally.objects.update(count=45)
    question = sign_in(client, "W0001", password).context["form"].asking
    assert question.pause == 8
    form = {"username": "W0001", "password": password, "question": question.token, "answer": answer_to(question)}
    (sentence,) = errors(client.post("/sign-in/", form))
    assert sentence == "填得太快了，请看清下面的新问题，过 8 秒再填。"
    question = sign_in(client, "W0001", password).context["form"].asking
    form |= {"question": question.token, "answer": answer_to(question)}
    with time_machine.travel(now + timedelta(seconds=8), tick=False):
        assert client.post("/sign-in/", form).status_code == 302


def test_a_device_one_has_signed_in_on_is_not_held_up_by_guesses_from_anywhere(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    sign_in(client, "W0001", password)
    client.post("/sign-out/")
    assert client.cookies["device"]["httponly"]
    from_everywhere("13907150001", 12)
    for _turn in range(6):  # and from the same village, behind the same address
        sign_in(Client(), "13907150001", "no")
    assert errors(sign_in(Client(), "13907150001", password)) != []
    assert sign_in(client, "13907150001", password).status_code == 302
    # and signing in here does not wipe out what was tried from elsewhere
    assert Tally.objects.get(key=guesses.key("name", "13907150001")).count == 10


def test_the_note_on_a_device_helps_neither_with_another_name_nor_for_ever(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    sign_in(client, "W0001", password)
    client.post("/sign-out/")
    for _turn in range(5):
        assert errors(sign_in(client, "W0001", "no")) == [WRONG]
    assert errors(sign_in(client, "W0001", password))[0].startswith("密码错了多次")
    from_everywhere("W0002", 10)
    assert "小问题" in errors(sign_in(client, "W0002", password))[0]
    forged = Client()
    forged.cookies["device"] = signing.dumps(["0" * 16, [known_devices.mark(colleague.user)]], salt="another")
    assert "小问题" in errors(sign_in(forged, "W0002", password))[0]


def test_a_village_behind_one_address_is_only_asked_a_question(
    client: Client, worker: Worker, hire: Callable[..., Worker], city: Any, password: str
) -> None:
    for _turn in range(40):  # a training day: everybody comes in at the first try
        sign_in(Client(), "W0001", password)
    assert Tally.objects.filter(count__gt=0).count() == 0
    for turn in range(30):
        sign_in(Client(), f"1390715{turn:04}", "no")
    response = sign_in(client, "W0001", password)
    assert "小问题" in errors(response)[0]
    question = response.context["form"].asking
    form = {"username": "W0001", "password": password, "question": question.token, "answer": answer_to(question)}
    assert client.post("/sign-in/", form).status_code == 302


def test_an_answer_may_be_written_as_people_write() -> None:
    assert [questions.understood(text) for text in ["8", " ８ ", "八", "八。", "十", "十一", "一十", "两", "x", ""]] == [
        8, 8, 8, 8, 10, 11, 10, 2, None, None,
    ]  # fmt: skip


def test_the_count_holds_no_name_and_no_address_and_is_forgotten(client: Client, worker: Worker, now: datetime) -> None:
    sign_in(client, "13907150001", "no")
    kept = str(list(Tally.objects.values_list("key", "count")))
    assert not any(telling in kept for telling in ["13907150001", "127.0.0.1", worker.user.mobile_hash])
    assert guesses.forget(now=now + timedelta(hours=1)) == 3
    assert guesses.forget(now=now + timedelta(hours=24)) == 1


def test_the_password_asked_for_again_by_allauth_is_counted_too(
    worker: Worker, colleague: Worker, password: str, rf: Any, now: datetime
) -> None:
    """Whatever asks Django whether a password fits comes past the same counts."""
    backend, request = signin.Backend(), rf.post("/")
    request.user = worker.user
    assert backend.authenticate(request, username="W0001", password=password) == worker.user
    assert backend.authenticate(request, username="W0002", password=password) is None  # one's own alone
    for turn in range(5):
        request.META["REMOTE_ADDR"] = f"203.0.113.{turn}"
        assert backend.authenticate(request, username="W0001", password="no") is None
    assert backend.authenticate(request, username="W0001", password=password) is None
    assert sign_in(Client(), "W0001", password).status_code == 302  # the door itself stays open
    visitor = rf.post("/")
    for _turn in range(5):
        assert backend.authenticate(visitor, username="W0002", password="no") is None
    assert backend.authenticate(visitor, username="W0002", password=password) is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_one_moment_five_are_looked_at(now: datetime) -> None:
    one = guesses.Try("W0001", "203.0.113.5")

    def guess(_turn: int) -> guesses.Step:
        try:
            return guesses.take(one, now=now).step
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        steps = list(pool.map(guess, range(24)))
    # one that may not go on is taken off again, so that a later one could slip in at that moment, but never beyond the five
    assert steps.count(guesses.Step.TRY) == 5
    assert Tally.objects.get(key=one.here).count == 5


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


def who_page(client: Client, username: str, password: str, **extra: Any) -> str:
    response = sign_in(client, username, password, **extra)
    assert (response.status_code, response.url) == (302, "/sign-in/who/")
    return client.get(response.url).content.decode()


def test_the_same_telephone_and_the_same_password_are_asked_who_it_is(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    share_a_telephone(worker, colleague, password)
    page = who_page(client, "13907150001", password)
    assert "王*兰 · 双鹤社区" in page
    assert "李*国 · 双鹤社区" in page
    assert not any(telling in page for telling in ["王桂兰", "李建国", "W0001", "W0002", "13907150001"])
    assert "_auth_user_id" not in client.session
    assert client.get("/").url == "/sign-in/"  # not in yet
    before = client.session.session_key
    assert client.post("/sign-in/who/", {"who": "1"}).url == "/"
    assert client.session["_auth_user_id"] == str(colleague.user_id)
    assert client.session.session_key != before
    assert AuditEntry.objects.get(action="signed_in").actor_id == colleague.user_id
    assert client.get("/sign-in/who/").url == "/sign-in/"  # the question is used up


def test_who_share_all_that_is_shown_are_told_apart_by_the_end_of_the_roster_number(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    share_a_telephone(worker, colleague, password)
    User.objects.filter(pk=colleague.user_id).update(name="王秀兰")
    page = who_page(client, "13907150001", password)
    assert "王*兰 · 双鹤社区 登录号尾号 001" in page
    assert "王*兰 · 双鹤社区 登录号尾号 002" in page


def test_nobody_chooses_without_the_right_password_or_anyone_else(
    client: Client, worker: Worker, colleague: Worker, outsider: Worker, password: str
) -> None:
    share_a_telephone(worker, colleague, password)
    for other in ["0", "1", "2", "-1", str(outsider.user_id), ""]:
        assert client.post("/sign-in/who/", {"who": other}).url == "/sign-in/"
    User.objects.filter(pk=outsider.user_id).update(
        mobile_hash=worker.mobile_hash, password=make_password("another 1 of my own")
    )
    page = who_page(client, "13907150001", password)
    assert "陈*英" not in page  # of the same telephone, but the password does not fit
    for other in ["2", "-1", str(outsider.user_id), ""]:
        assert client.post("/sign-in/who/", {"who": other}).status_code == 200
        assert "_auth_user_id" not in client.session
    elsewhere = Client()
    assert elsewhere.post("/sign-in/who/", {"who": "0"}).url == "/sign-in/"


def test_the_question_who_it_is_stands_for_five_minutes_and_as_long_as_the_password(
    client: Client, worker: Worker, colleague: Worker, password: str, now: datetime
) -> None:
    share_a_telephone(worker, colleague, password)
    who_page(client, "13907150001", password)
    with time_machine.travel(now + timedelta(minutes=5), tick=False):
        assert client.post("/sign-in/who/", {"who": "0"}).url == "/sign-in/"
    who_page(client, "13907150001", password)
    passwords.choose(worker.user, password="tianxia1234", now=now)
    assert client.post("/sign-in/who/", {"who": "0"}).status_code == 200
    assert "_auth_user_id" not in client.session


def test_after_choosing_one_comes_to_the_page_that_was_asked_for(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    share_a_telephone(worker, colleague, password)
    client.post("/sign-in/", {"username": "13907150001", "password": password, "next": "/exams/?s=done"})
    assert client.post("/sign-in/who/", {"who": "0"}).url == "/exams/?s=done"


def test_a_session_from_before_does_not_become_that_of_the_signed_in(
    client: Client, worker: Worker, colleague: Worker, password: str
) -> None:
    """Whoever knows the number of a visitor's session must not be signed in with them."""
    for telephone in ["W0001", "13907150001"]:
        share_a_telephone(worker, colleague, password)
        planted = Client()
        session = planted.session
        session["mine"] = "yes"
        session.save()
        response = sign_in(planted, telephone, password)
        if "who" in response.url:
            assert planted.session.session_key != session.session_key
            assert "mine" not in planted.session
            planted.post("/sign-in/who/", {"who": "0"})
        assert planted.session["_auth_user_id"] == str(worker.user_id)
        assert planted.session.session_key != session.session_key
        assert not session.exists(session.session_key)


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
    # two of them a savepoint, which is the transaction; the session, the list of one's sessions, the notice, the agreement, and
    # whether an exam awaits among them
    with django_assert_max_num_queries(13):
        sign_in(client, "13907150001", password)


def test_the_first_page_after_it_writes_nothing(client: Client, worker: Worker, password: str) -> None:
    """What the session has to know (a signed agreement, when its person was seen) is put down with it."""
    sign_in(client, "W0001", password)
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/me/").status_code == 200
    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []


def test_when_somebody_came_in_is_kept_once(client: Client, worker: Worker, password: str, now: datetime) -> None:
    with CaptureQueriesContext(connection) as asked:
        sign_in(client, "W0001", password)
    assert User.objects.get(pk=worker.user_id).last_login == now
    assert len([query for query in asked if "last_login" in query["sql"] and "UPDATE" in query["sql"]]) == 1


def test_those_signed_in_already_cost_no_more(
    client: Client, worker: Worker, password: str, django_assert_max_num_queries: Any
) -> None:
    for _device in range(3):
        sign_in(Client(), "W0001", password)
    with django_assert_max_num_queries(13):
        sign_in(client, "W0001", password)


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

"""Forgotten passwords by one-time code: what is sent to whom, and what a code opens."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client

from lms import jobs
from lms.models import AuditEntry, Job
from lms.refusal import Refused
from roster import codes
from roster.models import OneTimeCode, Purpose, Tally, User, Worker

CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
ClientOf = Callable[[User], Client]


class Gateway:
    """What a text-message gateway would be, keeping its messages."""

    name = "text"
    sent: ClassVar[list[tuple[str, str]]] = []
    fails: ClassVar[list[bool]] = []

    def reaches(self, user: User) -> bool:
        return bool(user.mobile_hash)

    def send(self, user: User, text: str) -> None:
        if self.fails and self.fails.pop():
            raise OSError("the gateway is away")
        self.sent.append((user.worker.mobile, text))


@pytest.fixture
def gateway(settings: Any) -> type[Gateway]:
    settings.CODE_CHANNELS = ["tests.roster.test_codes.Gateway"]
    Gateway.sent.clear()
    Gateway.fails.clear()
    return Gateway


@pytest.fixture
def ask(client: Client, django_capture_on_commit_callbacks: Any) -> Callable[..., Client]:
    """Ask for a code in a browser, and let the job run."""

    def ask(typed: str, browser: Client | None = None, **extra: Any) -> Client:
        browser = browser or Client()
        with django_capture_on_commit_callbacks(execute=True):
            response = browser.post("/sign-in/forgotten/", {"username": typed}, **extra)
        assert (response.status_code, response.url) == (302, "/sign-in/forgotten/code/")
        return browser

    return ask


def last_code() -> str:
    return CODE.findall(Gateway.sent[-1][1])[0]


def bring(browser: Client, code: str) -> Any:
    return browser.post("/sign-in/forgotten/code/", {"code": code})


def test_forgotten_then_a_code_then_a_new_password_then_the_door(
    gateway: type[Gateway], ask: Callable[..., Client], client_of: ClientOf, worker: Worker, password: str
) -> None:
    elsewhere, browser = client_of(worker.user), ask("139 0715 0001")
    ((number, text),) = gateway.sent
    assert number == "13907150001"
    assert text.startswith("【网格学堂】王*兰：验证码 ")
    assert "10 分钟内有效，用于忘记密码。不是本人操作请不要理会" in text
    before = browser.session.session_key
    assert bring(browser, f" {last_code()[:3]} {last_code()[3:]} ").url == "/sign-in/forgotten/password/"
    assert browser.session.session_key != before
    weak = browser.post("/sign-in/forgotten/password/", {"new": "a123456789", "again": "a123456789"})
    assert "太常见" in weak.content.decode()
    done = browser.post("/sign-in/forgotten/password/", {"new": "hehuachi27", "again": "hehuachi27"}, follow=True)
    assert "密码已换好，所有设备上的登录都已退出。请用新密码登录。" in done.content.decode()
    assert "_auth_user_id" not in browser.session  # the door asks, and with it a second factor
    assert elsewhere.get("/").url == "/sign-in/?why=ended"
    assert browser.post("/sign-in/", {"username": "W0001", "password": "hehuachi27"}).status_code == 302
    assert Client().post("/sign-in/", {"username": "W0001", "password": password}).status_code == 200
    chosen = AuditEntry.objects.get(action="password.chosen")
    assert (chosen.actor_id, chosen.detail) == (worker.user_id, {"way": "code"})
    sent = AuditEntry.objects.get(action="code.sent")
    assert sent.detail == {"purpose": "forgotten", "channel": "text"}


def test_known_and_unknown_numbers_get_the_same_answer(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker, django_assert_num_queries: Any
) -> None:
    from django.test.utils import CaptureQueriesContext

    known, unknown = Client(), Client()
    with CaptureQueriesContext(connection) as asked:
        known.post("/sign-in/forgotten/", {"username": "W0001"})
    with django_assert_num_queries(len(asked)):
        unknown.post("/sign-in/forgotten/", {"username": "W9999"})
    for job in Job.objects.filter(kind="roster.send_codes"):
        jobs.run(job.pk)
    assert len(gateway.sent) == 1
    pages = [re.sub(r'value="\w+"', "", c.get("/sign-in/forgotten/code/").content.decode()) for c in (known, unknown)]
    assert pages[0] == pages[1]
    answers = [bring(browser, "000000").context["form"].errors for browser in (known, unknown)]
    assert answers[0] == answers[1] == {"code": ["验证码不对或已过期，请核对后再填；也可以重新要一个。"]}


def test_the_screens_look_nobody_up(gateway: type[Gateway], client: Client, worker: Worker) -> None:
    """What takes longer for a number that exists happens in the job."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        client.post("/sign-in/forgotten/", {"username": "W0001"})
    assert not any("roster_user" in query["sql"] or "roster_worker" in query["sql"] for query in asked)


def test_neither_number_nor_code_lies_readable_in_the_database(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker
) -> None:
    ask("13907150001")
    kept = str([list(model.objects.values()) for model in (Job, OneTimeCode, Tally, AuditEntry)])
    assert "13907150001" not in kept
    assert last_code() not in kept


def test_a_code_opens_only_in_the_browser_that_asked(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker
) -> None:
    ask("W0001")
    stolen = last_code()
    thief = ask("W0001")
    assert bring(thief, stolen).status_code == 200
    assert bring(Client(), stolen).url == "/sign-in/forgotten/"


def test_a_code_is_good_once(gateway: type[Gateway], ask: Callable[..., Client], worker: Worker) -> None:
    browser = ask("W0001")
    twin = Client()
    twin.cookies = browser.cookies.copy()
    assert bring(browser, last_code()).status_code == 302
    code = OneTimeCode.objects.get()
    assert code.used_at is not None
    assert codes.use(code, now=code.made_at) is False
    assert bring(twin, last_code()).url == "/sign-in/forgotten/"


def test_a_code_runs_out_after_ten_minutes(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker, now: datetime
) -> None:
    browser = ask("W0001")
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        assert bring(browser, last_code()).url == "/sign-in/forgotten/"


def test_a_code_that_ran_out_is_not_taken_by_the_verb_either(
    gateway: type[Gateway], worker: Worker, now: datetime
) -> None:
    until = now + timedelta(minutes=10)
    codes.send(worker.user, Purpose.FORGOTTEN, Gateway(), asked=codes.hashed("asking"), until=until, now=now)
    assert codes.redeem("asking", last_code(), purpose=Purpose.FORGOTTEN, now=until) is None
    almost = until - timedelta(seconds=1)
    assert codes.redeem("asking", last_code(), purpose=Purpose.FORGOTTEN, now=almost) == worker.user


def test_five_wrong_codes_spoil_the_asking_and_no_one_elses(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker
) -> None:
    owner = ask("W0001")
    right = last_code()
    thief = ask("W0001", REMOTE_ADDR="203.0.113.9")
    for _turn in range(5):
        bring(thief, "000000")
    assert "错了太多次" in bring(thief, last_code()).content.decode()
    assert bring(owner, right).status_code == 302


def test_a_code_for_one_purpose_opens_nothing_else(
    gateway: type[Gateway], worker: Worker, colleague: Worker, now: datetime
) -> None:
    until, asked = now + timedelta(minutes=10), codes.hashed("asking")
    codes.send(worker.user, Purpose.EMAIL, Gateway(), asked=asked, until=until, now=now)
    assert codes.redeem("asking", last_code(), purpose=Purpose.FORGOTTEN, now=now) is None
    OneTimeCode.objects.update(user=colleague.user)  # the code is bound to the account too
    assert codes.redeem("asking", last_code(), purpose=Purpose.EMAIL, now=now) is None


def test_the_new_password_waits_ten_minutes_and_for_no_other_one(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker, now: datetime
) -> None:
    from roster import passwords

    new = {"new": "hehuachi27", "again": "hehuachi27"}
    browser = ask("W0001")
    assert browser.post("/sign-in/forgotten/password/", new).url == "/sign-in/forgotten/"  # no code yet
    browser = ask("W0001")
    bring(browser, last_code())
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        assert browser.post("/sign-in/forgotten/password/", new).url == "/sign-in/forgotten/"
    browser = ask("W0001")
    bring(browser, last_code())
    passwords.choose(worker.user, password="guihua7xiang", now=now)
    assert browser.post("/sign-in/forgotten/password/", new).url == "/sign-in/forgotten/"
    worker.user.refresh_from_db()
    assert worker.user.check_password("guihua7xiang")


def test_of_a_telephone_in_common_each_gets_a_code_of_their_own(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker, colleague: Worker
) -> None:
    User.objects.filter(pk=colleague.user_id).update(mobile_hash=worker.mobile_hash)
    browser = ask("13907150001")
    assert [text[6:9] for _number, text in gateway.sent] == ["王*兰", "李*国"]
    bring(browser, last_code())
    browser.post("/sign-in/forgotten/password/", {"new": "hehuachi27", "again": "hehuachi27"})
    colleague.user.refresh_from_db()
    worker.user.refresh_from_db()
    assert colleague.user.check_password("hehuachi27")
    assert not worker.user.check_password("hehuachi27")


def test_who_has_left_gets_no_code(gateway: type[Gateway], ask: Callable[..., Client], worker: Worker) -> None:
    User.objects.filter(pk=worker.user_id).update(is_active=False)
    ask("W0001")
    assert gateway.sent == []


def test_a_telephone_is_not_flooded_and_the_asker_not_told(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker
) -> None:
    for turn in range(9):
        ask("W0001", REMOTE_ADDR=f"203.0.113.{turn}")
    assert len(gateway.sent) == codes.ASKINGS


def test_an_address_that_asks_very_often_is_refused(
    gateway: type[Gateway], ask: Callable[..., Client], worker: Worker
) -> None:
    for turn in range(codes.ASKINGS_HERE):
        ask(f"W{turn:06}")
    refused = Client().post("/sign-in/forgotten/", {"username": "W0001"})
    assert "要验证码的次数太多了" in refused.content.decode()


def test_a_message_that_failed_is_sent_again_and_one_that_went_is_not(
    gateway: type[Gateway], worker: Worker, colleague: Worker, now: datetime
) -> None:
    User.objects.filter(pk=colleague.user_id).update(mobile_hash=worker.mobile_hash)
    gateway.fails[:] = [True, False]  # the second of two fails
    codes.ask("13907150001", address="203.0.113.5", now=now)
    job = Job.objects.get(kind="roster.send_codes")
    with pytest.raises(OSError, match="away"):
        codes.send_codes(jobs.Handle(job))
    codes.send_codes(jobs.Handle(job))
    assert [text[6:9] for _number, text in gateway.sent] == ["王*兰", "李*国"]


@pytest.mark.usefixtures("db")
def test_without_a_channel_the_page_says_whom_to_go_to(client: Client) -> None:
    page = client.get("/sign-in/forgotten/").content.decode()
    assert "找乡镇（街道）管理员，当面核对后重新发" in page
    assert 'name="username"' not in page
    assert client.post("/sign-in/forgotten/", {"username": "W0001"}).status_code == 200
    assert not Job.objects.exists()


def test_the_console_is_for_development_alone(settings: Any, worker: Worker, capsys: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="DEBUG alone"):
        codes.Console()
    settings.DEBUG = True
    codes.Console().send(worker.user, "【网格学堂】验证码 123456")
    assert "123456" in capsys.readouterr().err


def test_a_channel_that_cannot_be_made_is_found_by_the_checks(settings: Any) -> None:
    assert codes.channels_can_be_made() == []
    for wrong in ["roster.codes.Console", "roster.codes.Pigeon", "nowhere.Gateway"]:
        settings.CODE_CHANNELS = [wrong]
        assert [error.id for error in codes.channels_can_be_made()] == ["roster.E001"]


# --- a mailbox ----------------------------------------------------------------------------------------------------


@pytest.fixture
def by_mail(settings: Any) -> None:
    settings.CODE_CHANNELS = ["roster.codes.Mail"]


def test_a_holder_of_a_role_leaves_a_mailbox_and_gets_codes_there(
    by_mail: None,
    ask: Callable[..., Client],
    client_of: ClientOf,
    county_admin: User,
    password: str,
    django_capture_on_commit_callbacks: Any,
) -> None:
    ask("county-admin")
    assert mail.outbox == []
    client = client_of(county_admin)
    assert "/password/mailbox/" in client.get("/password/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        wrong = client.post("/password/mailbox/", {"email": "qian@example.com", "old": "no"})
        assert "现在的密码不对" in wrong.content.decode()
        client.post("/password/mailbox/", {"email": "qian@example.com", "old": password})
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["qian@example.com"], "网格学堂验证码")
    county_admin.refresh_from_db()
    assert county_admin.email == ""  # not before the code has come back
    assert client.post("/password/mailbox/", {"code": CODE.findall(sent.body)[0]}).url == "/password/"
    county_admin.refresh_from_db()
    assert county_admin.email == "qian@example.com"
    assert AuditEntry.objects.filter(action="email.set", actor=county_admin).exists()
    ask("county-admin")
    assert "用于忘记密码" in mail.outbox[-1].body


def test_a_workers_code_never_goes_by_mail(by_mail: None, ask: Callable[..., Client], worker: Worker) -> None:
    User.objects.filter(pk=worker.user_id).update(email="someone@example.com")
    ask("W0001")
    assert mail.outbox == []


def test_a_mailbox_is_nothing_for_workers_or_without_mail(
    client_of: ClientOf, worker: Worker, county_admin: User, settings: Any
) -> None:
    assert client_of(county_admin).get("/password/mailbox/").status_code == 404
    settings.CODE_CHANNELS = ["roster.codes.Mail"]
    assert client_of(worker.user).get("/password/mailbox/").status_code == 404


# --- at one moment ------------------------------------------------------------------------------------------------


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    def one(turn: int) -> Any:
        try:
            return work(turn)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_who_bring_one_code_at_one_moment_one_is_let_through(
    gateway: type[Gateway], worker: Worker, now: datetime
) -> None:
    codes.send(
        worker.user,
        Purpose.FORGOTTEN,
        Gateway(),
        asked=codes.hashed("asking"),
        until=now + timedelta(minutes=10),
        now=now,
    )
    code = last_code()
    found = at_once(lambda _turn: codes.redeem("asking", code, purpose=Purpose.FORGOTTEN, now=now), 4)
    assert [user for user in found if user] == [worker.user]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_codes_tried_at_one_moment_five_are_looked_at(gateway: type[Gateway], now: datetime) -> None:
    def bring_one(turn: int) -> str:
        try:
            codes.redeem("asking", f"{turn:06}", purpose=Purpose.FORGOTTEN, now=now)
        except Refused:
            return "refused"
        return "looked at"

    assert at_once(bring_one, 12).count("looked at") == codes.TRIES

"""First passwords: drawn by chance, made in the background, shown once, good for some days."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from lms import jobs
from lms.models import AuditEntry, Job, JobState
from lms.refusal import Refused
from roster import passwordrules, passwords
from roster.models import Duty, PasswordSheet, Role, User, Worker
from tests.conftest import PASSWORD

COMMON = "这个密码太常见，别人一猜就中，请换一个。"
ABOUT_YOU = "密码里不要带自己的姓名（包括拼音）、手机号、身份证号或登录号。"
ClientOf = Callable[[User], Client]
HANDED_OUT = re.compile(r"(?<![\w-])[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}(?![\w-])")


@pytest.fixture
def newcomers(hire: Callable[..., Worker], city: Any) -> list[Worker]:
    """Two people of the township who have no account yet."""
    made = [
        hire(f"W001{n}", name, city.township, mobile=f"1390715001{n}", grid=n)
        for n, name in enumerate(["赵春", "钱夏"])
    ]
    for worker in made:
        user, worker.user = worker.user, None
        worker.save()
        user.delete()
    return made


@pytest.fixture
def ready(
    newcomers: list[Worker], township_admin: User, city: Any, now: datetime, django_capture_on_commit_callbacks: Any
) -> PasswordSheet:
    """A sheet that has been made and waits to be opened."""
    with django_capture_on_commit_callbacks(execute=True):
        sheet = passwords.prepare(city.township, by=township_admin, now=now)
    sheet.refresh_from_db()
    return sheet


@pytest.mark.parametrize("way", ["role", "duty", "suspended"])
def test_whoever_loses_the_township_before_the_sheet_is_made_gets_none(
    way: str,
    newcomers: list[Worker],
    township_admin: User,
    city: Any,
    now: datetime,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sheet = passwords.prepare(city.township, by=township_admin, now=now)
        if way == "role":
            township_admin.role_grants.update(until=now.date())
        elif way == "duty":
            township_admin.role_grants.update(duties=[Duty.ROSTER])
        else:
            User.objects.filter(pk=township_admin.pk).update(is_active=False)
    job = Job.objects.get(pk=sheet.job_id)
    assert (job.state, "已不再管这个乡镇" in job.message) == (JobState.FAILED, True)
    assert not User.objects.filter(worker__in=newcomers).exists()
    sheet.refresh_from_db()
    assert sheet.slips is None


# --- passwords themselves -----------------------------------------------------------------------------------------


def test_a_first_password_is_drawn_from_signs_that_are_told_apart_on_paper() -> None:
    drawn = {passwords.draw() for _turn in range(200)}
    assert len(drawn) == 200
    assert all(HANDED_OUT.fullmatch(password) for password in drawn)
    assert not set("".join(drawn)) & set("01iloIO")


def test_a_sheet_is_made_in_the_background_for_those_without_a_password_of_their_own(
    ready: PasswordSheet, newcomers: list[Worker], worker: Worker, now: datetime
) -> None:
    assert Job.objects.get(pk=ready.job_id).state == JobState.DONE
    assert ready.count == 2
    assert ready.expires_at == now + timedelta(days=30)
    users = User.objects.filter(worker__in=newcomers).order_by("pk")
    assert [(user.username, user.must_change_password, user.first_password_expires_at) for user in users] == [
        ("W0010", True, ready.expires_at),
        ("W0011", True, ready.expires_at),
    ]
    assert worker.user.must_change_password is False


def test_the_passwords_lie_sealed_in_the_database(ready: PasswordSheet) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT slips FROM roster_passwordsheet")
        (stored,) = cursor.fetchone()
    assert not HANDED_OUT.search(stored)
    assert "W0010" not in stored


def test_making_a_sheet_again_changes_no_password(ready: PasswordSheet, newcomers: list[Worker]) -> None:
    before = list(User.objects.filter(worker__in=newcomers).values_list("password", flat=True))
    passwords.make(jobs.Handle(ready.job))
    assert list(User.objects.filter(worker__in=newcomers).values_list("password", flat=True)) == before


def test_a_sheet_opens_once_in_the_order_of_the_grids(
    ready: PasswordSheet, township_admin: User, now: datetime
) -> None:
    slips = passwords.open_once(ready, by=township_admin, now=now)
    assert [(slip.name, slip.username, slip.mobile, slip.place) for slip in slips] == [
        ("赵春", "W0010", "139****0010", "双鹤社区第1网格"),
        ("钱夏", "W0011", "139****0011", "双鹤社区第2网格"),
    ]
    for slip in slips:
        assert User.objects.get(username=slip.username).check_password(slip.password)
    with pytest.raises(Refused, match="已经打开过一次"):
        passwords.open_once(ready, by=township_admin, now=now)
    ready.refresh_from_db()
    assert (ready.slips, ready.printed_at) == ([], now)


def test_a_sheet_past_its_days_is_refused(ready: PasswordSheet, township_admin: User) -> None:
    with pytest.raises(Refused, match="已过期"):
        passwords.open_once(ready, by=township_admin, now=ready.expires_at)


def test_no_second_sheet_while_one_is_made(
    newcomers: list[Worker], township_admin: User, city: Any, now: datetime
) -> None:
    passwords.prepare(city.township, by=township_admin, now=now)
    with pytest.raises(Refused, match="正有一份名单在生成"):
        passwords.prepare(city.township, by=township_admin, now=now)


def test_nothing_to_prepare_where_everyone_has_a_password(
    worker: Worker, township_admin: User, city: Any, now: datetime
) -> None:
    with pytest.raises(Refused, match="都已自己设好密码"):
        passwords.prepare(city.township, by=township_admin, now=now)


def test_holders_of_a_role_are_on_no_township_sheet(
    newcomers: list[Worker], city: Any, now: datetime, township_admin: User
) -> None:
    from roster import roles

    passwords.issue(newcomers, expires=now + timedelta(days=30))
    promoted = User.objects.get(username="W0010")
    roles.grant(promoted, Role.COUNTY_ADMIN, city.county, since=now.date(), by=None, now=now)
    assert [worker.number for worker in passwords.waiting(city.township)] == ["W0011"]


# --- what becomes of the slips ------------------------------------------------------------------------------------


def state(sheet: PasswordSheet, now: datetime) -> dict[str, str]:
    return {worker.number: became for worker, became in passwords.progress(sheet, now=now)}


def test_a_sheet_shows_who_has_used_theirs(
    ready: PasswordSheet, township_admin: User, client: Client, now: datetime
) -> None:
    slips = passwords.open_once(ready, by=township_admin, now=now)
    assert state(ready, now) == {"W0010": "unused", "W0011": "unused"}
    client.post("/sign-in/", {"username": "W0010", "password": slips[0].password})
    assert state(ready, now) == {"W0010": "entered", "W0011": "unused"}
    chosen(client, new="tianxia1234", again="tianxia1234")
    assert state(ready, now) == {"W0010": "own", "W0011": "unused"}
    passwords.reissue(User.objects.get(username="W0011"), by=township_admin, now=now + timedelta(hours=1))
    assert state(ready, now) == {"W0010": "own", "W0011": "replaced"}


def test_after_a_jam_only_the_chosen_get_new_slips(
    ready: PasswordSheet,
    newcomers: list[Worker],
    township_admin: User,
    client_of: ClientOf,
    now: datetime,
    django_capture_on_commit_callbacks: Any,
) -> None:
    old = {slip.username: slip.password for slip in passwords.open_once(ready, by=township_admin, now=now)}
    client = client_of(township_admin)
    page = client.get(f"/cms/passwords/{ready.pk}/").content.decode()
    assert page.count('name="again"') == 2
    form = {"township": ready.township_id, "chosen": "1"}
    assert "请先勾选" in client.post("/cms/passwords/prepare/", form, follow=True).content.decode()
    with (
        time_machine.travel(now + timedelta(minutes=5), tick=False),
        django_capture_on_commit_callbacks(execute=True),
    ):
        again = client.post("/cms/passwords/prepare/", {**form, "again": newcomers[1].pk})
    opened = client.post(f"{again.url}open/").content.decode()
    (new,) = HANDED_OUT.findall(opened)
    assert User.objects.get(username="W0010").check_password(old["W0010"])
    assert User.objects.get(username="W0011").check_password(new)
    assert state(ready, now) == {"W0010": "unused", "W0011": "replaced"}
    assert client.get(f"/cms/passwords/{ready.pk}/").content.decode().count('name="again"') == 1


def test_who_has_a_password_of_their_own_gets_no_other_by_asking_again(
    ready: PasswordSheet, newcomers: list[Worker], worker: Worker, township_admin: User, city: Any, now: datetime
) -> None:
    with pytest.raises(Refused, match="都已经有自己的密码"):
        passwords.prepare(city.township, by=township_admin, now=now, again=[worker.pk])
    assert worker.user.check_password(PASSWORD)


def test_a_sheet_that_waits_prints_no_slip_that_was_replaced(
    ready: PasswordSheet, township_admin: User, now: datetime
) -> None:
    passwords.reissue(User.objects.get(username="W0010"), by=township_admin, now=now + timedelta(hours=1))
    assert [slip.username for slip in passwords.open_once(ready, by=township_admin, now=now)] == ["W0011"]


def test_a_sheet_of_nothing_but_replaced_slips_is_refused(
    ready: PasswordSheet, newcomers: list[Worker], township_admin: User, now: datetime
) -> None:
    for user in User.objects.filter(worker__in=newcomers):
        passwords.choose(user, password="tianxia1234", now=now)
    with pytest.raises(Refused, match="没有可以打印的"):
        passwords.open_once(ready, by=township_admin, now=now)


@pytest.mark.postgres
def test_a_password_chosen_while_the_sheet_is_made_is_kept(ready: PasswordSheet, newcomers: list[Worker]) -> None:
    """Hashing takes a while; who signs in with an earlier slip meanwhile must not lose what they choose."""
    read = list(Worker.objects.filter(pk__in=[one.pk for one in newcomers]).select_related("user").order_by("pk"))
    passwords.choose(User.objects.get(username="W0010"), password="tianxia1234", now=ready.made_at)
    issued = passwords.issue(read, expires=ready.expires_at)
    assert [username for _pk, username, _password in issued] == ["W0011"]
    kept = User.objects.get(username="W0010")
    assert kept.check_password("tianxia1234")
    assert kept.must_change_password is False


def test_an_expired_sheet_offers_to_make_those_anew(
    ready: PasswordSheet, township_admin: User, client_of: ClientOf, now: datetime
) -> None:
    client = client_of(township_admin)
    with time_machine.travel(now + timedelta(days=30), tick=False):
        client = client_of(township_admin)
        page = client.get(f"/cms/passwords/{ready.pk}/").content.decode()
    assert "已过期" in page
    assert page.count('name="again"') == 2


# --- the screens --------------------------------------------------------------------------------------------------


def test_the_admin_prepares_opens_and_prints(
    client_of: ClientOf,
    township_admin: User,
    newcomers: list[Worker],
    city: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    client = client_of(township_admin)
    page = client.get("/cms/passwords/").content.decode()
    assert "永安街道" in page
    assert "汀泗桥镇" not in page
    with django_capture_on_commit_callbacks(execute=True):
        started = client.post("/cms/passwords/prepare/", {"township": city.township.pk})
    assert "2 人的名单已封好" in client.get(started.url).content.decode()
    opened = client.post(f"{started.url}open/")
    assert opened.status_code == 200
    assert "no-store" in opened.headers["Cache-Control"]
    assert len(HANDED_OUT.findall(opened.content.decode())) == 2
    again = client.post(f"{started.url}open/", follow=True)
    assert "<code>" not in again.content.decode()
    assert "已经打开过一次" in again.content.decode()
    entry = AuditEntry.objects.get(action="passwords.printed")
    assert (entry.actor_id, entry.detail) == (township_admin.pk, {"count": 2})


@pytest.mark.parametrize("persona", ["county_admin", "city_admin", "county_b_admin"])
def test_nobody_opens_what_another_admin_made(
    client_of: ClientOf, ready: PasswordSheet, persona: str, request: pytest.FixtureRequest
) -> None:
    client = client_of(request.getfixturevalue(persona))
    assert client.get(f"/cms/passwords/{ready.pk}/").status_code == 404
    assert client.post(f"/cms/passwords/{ready.pk}/open/").status_code == 404


def test_a_sheet_is_out_of_reach_with_the_role(client_of: ClientOf, ready: PasswordSheet, township_admin: User) -> None:
    client = client_of(township_admin)
    township_admin.role_grants.update(until=ready.made_at.date())
    assert client.post(f"/cms/passwords/{ready.pk}/open/").status_code == 404


@pytest.mark.parametrize("persona", ["worker", "mentor", "leader", "editor"])
def test_the_screens_are_the_admins_alone(
    client_of: ClientOf, ready: PasswordSheet, persona: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(persona)
    client = client_of(getattr(getattr(person, "worker", person), "user", None) or person)
    for path in ["/cms/passwords/", f"/cms/passwords/{ready.pk}/"]:
        response = client.get(path)
        assert response.status_code in {302, 404}
        assert response.status_code == 404 or response.url == "/cms/"


def test_a_township_out_of_reach_is_not_prepared(
    client_of: ClientOf, county_b_admin: User, newcomers: list[Worker], city: Any
) -> None:
    client = client_of(county_b_admin)
    assert client.post("/cms/passwords/prepare/", {"township": city.township.pk}).status_code == 404
    assert client.post("/cms/passwords/prepare/", {"township": "x"}).status_code == 404
    assert client.get("/cms/passwords/prepare/").status_code == 405


def test_the_list_of_townships_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, city_admin: User, hire: Callable[..., Worker], city: Any, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    hire("W0020", "孙秋", city.township)
    client = client_of(city_admin)
    client.get("/cms/passwords/")
    with CaptureQueriesContext(connection) as one:
        client.get("/cms/passwords/")
    for number, township in enumerate(city.townships, 21):
        hire(f"W00{number}", "李冬", township)
    with django_assert_num_queries(len(one)):
        client.get("/cms/passwords/")


def test_no_password_in_any_log_or_address(
    client_of: ClientOf,
    township_admin: User,
    newcomers: list[Worker],
    city: Any,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:
    caplog.set_level("DEBUG")
    client = client_of(township_admin)
    with django_capture_on_commit_callbacks(execute=True):
        started = client.post("/cms/passwords/prepare/", {"township": city.township.pk})
    opened = client.post(f"{started.url}open/").content.decode()
    handed_out = HANDED_OUT.findall(opened)
    assert len(handed_out) == 2
    assert not any(password in caplog.text for password in handed_out)
    assert not any(password in str(AuditEntry.objects.values_list("detail")) for password in handed_out)


# --- forgotten ----------------------------------------------------------------------------------------------------


def test_a_forgotten_password_is_replaced_by_the_township_admin_in_person(
    client_of: ClientOf, township_admin: User, worker: Worker
) -> None:
    theirs, admins = client_of(worker.user), client_of(township_admin)
    assert "重新发放密码" in admins.get(f"/cms/workers/inspect/{worker.pk}/").content.decode()
    assert admins.get(f"/cms/passwords/worker/{worker.pk}/").status_code == 200
    unproved = admins.post(f"/cms/passwords/worker/{worker.pk}/").content.decode()
    assert "请先当面核对本人，再选一种。" in unproved
    assert not HANDED_OUT.search(unproved)
    page = admins.post(f"/cms/passwords/worker/{worker.pk}/", {"proof": "badge"}).content.decode()
    (password,) = HANDED_OUT.findall(page)
    worker.user.refresh_from_db()
    assert worker.user.check_password(password)
    assert worker.user.must_change_password is True
    assert theirs.get("/").url == "/sign-in/?why=ended"
    entry = AuditEntry.objects.get(action="password.reissued")
    assert (entry.actor_id, entry.detail) == (township_admin.pk, {"proof": "badge"})


def test_nobody_replaces_the_password_of_someone_out_of_reach(
    client_of: ClientOf, county_b_admin: User, worker: Worker
) -> None:
    before = worker.user.password
    assert client_of(county_b_admin).post(f"/cms/passwords/worker/{worker.pk}/").status_code == 404
    worker.user.refresh_from_db()
    assert worker.user.password == before


def test_a_township_admin_cannot_become_a_county_admin_by_a_new_password(
    client_of: ClientOf, township_admin: User, worker: Worker, city: Any, now: datetime
) -> None:
    call_command("grant_role", worker.number, Role.COUNTY_ADMIN, city.county.code)
    with pytest.raises(Refused, match="不归你发放"):
        passwords.reissue(worker.user, by=township_admin, now=now)
    proof = {"proof": "known"}
    page = client_of(township_admin).post(f"/cms/passwords/worker/{worker.pk}/", proof, follow=True).content.decode()
    assert "不归你发放" in page
    assert "<code>" not in page


# --- a password of one's own --------------------------------------------------------------------------------------


def chosen(client: Client, **form: str) -> dict[str, list[str]]:
    response = client.post("/password/", form)
    return {} if response.status_code == 302 else dict(response.context["form"].errors)


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("abc123", "密码太短，至少要 8 位。"),
        ("12345678", "密码里还要有字母，请加上一两个。"),
        ("abcdefghi", "密码里还要有数字，请加上一两个。"),
        ("password1", COMMON),
        ("a123456789", COMMON),
        ("woaini1314", COMMON),
        ("Wangge@123", COMMON),
        ("网格123456", COMMON),
        ("王桂兰2026ok", ABOUT_YOU),
        ("my13907150001", ABOUT_YOU),
        ("xx150001xx", ABOUT_YOU),
        ("w0001-spring", ABOUT_YOU),
        ("WangGuilan77", ABOUT_YOU),
        ("abc19800101", ABOUT_YOU),
        ("ab42120219800101002X", ABOUT_YOU),
        ("春风十里稻花香", "密码里还要有数字，请加上一两个。"),
    ],
)
def test_a_weak_password_is_told_why(
    client_of: ClientOf, worker: Worker, password: str, new: str, sentence: str
) -> None:
    Worker.objects.filter(pk=worker.pk).update(pinyin="wangguilan", id_number="42120219800101002X")
    errors = chosen(client_of(worker.user), old=password, new=new, again=new)
    assert sentence in errors["new"]


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("Hehua2719", "密码太短，至少要 10 位。"),
        ("hehuachi2719", "管理账号的密码要有大写字母、小写字母、数字、符号中的三种，请再加一种。"),
        ("Hehuachi2719", ""),
        ("hehuachi-2719", ""),
        ("荷花hehua2719", ""),
    ],
)
def test_more_is_asked_of_whoever_holds_a_role(
    client_of: ClientOf, county_admin: User, password: str, new: str, sentence: str
) -> None:
    errors = chosen(client_of(county_admin), old=password, new=new, again=new)
    assert errors.get("new", []) == ([sentence] if sentence else [])


def test_a_worker_with_a_role_is_held_to_the_rules_of_the_role(
    client_of: ClientOf, worker: Worker, password: str, city: Any
) -> None:
    call_command("grant_role", worker.number, Role.TOWNSHIP_ADMIN, city.township.code)
    errors = chosen(client_of(worker.user), old=password, new="hehua2719", again="hehua2719")
    assert "密码太短，至少要 10 位。" in errors["new"]


def test_the_rules_stand_before_the_field_and_are_read_out_with_it(
    client_of: ClientOf, worker: Worker, county_admin: User
) -> None:
    page = client_of(worker.user).get("/password/").content.decode()
    assert page.index("至少 8 位") < page.index('name="new"')
    assert 'aria-describedby="rules id_new_error"' in page
    assert "至少 10 位，大写字母" in client_of(county_admin).get("/password/").content.decode()


@pytest.mark.parametrize("fine", ["tianxia1234", "hehuachi27", "chunfeng2026x", "春风十里2026", "guihua7xiang"])
def test_an_ordinary_phrase_is_not_taken_for_a_common_password(fine: str) -> None:
    assert not passwordrules.common(fine)


def test_changing_the_password_asks_for_the_old_one_and_ends_other_sessions(
    client_of: ClientOf, worker: Worker, password: str
) -> None:
    here, elsewhere = client_of(worker.user), client_of(worker.user)
    assert chosen(here, old="wrong", new="tianxia1234", again="tianxia1234") == {
        "old": ["现在的密码不对，请再填一遍。"]
    }
    assert chosen(here, old=password, new="tianxia1234", again="tianxia123") == {
        "again": ["两次填的不一样，请再填一遍。"]
    }
    assert chosen(here, old=password, new="tianxia1234", again="tianxia1234") == {}
    assert "别的设备上的登录都已退出" in here.get("/me/").content.decode()
    told = elsewhere.get("/me/")
    assert told.url == "/sign-in/?why=ended&next=%2Fme%2F"
    assert "这台设备上的登录已经结束：可能改过密码" in elsewhere.get(told.url).content.decode()


def test_a_session_left_open_cannot_guess_at_the_password(client_of: ClientOf, worker: Worker, password: str) -> None:
    client = client_of(worker.user)
    for _turn in range(5):
        chosen(client, old="wrong", new="tianxia1234", again="tianxia1234")
    assert chosen(client, old=password, new="tianxia1234", again="tianxia1234") == {
        "old": ["密码错了多次，为了安全请过 15 分钟再试。"]
    }


def test_a_session_left_open_before_the_first_password_was_changed_cannot_choose_one(
    client_of: ClientOf, worker: Worker, now: datetime
) -> None:
    passwords.issue([worker], expires=now + timedelta(days=30))
    stolen = client_of(User.objects.get(pk=worker.user_id))
    assert chosen(stolen, new="tianxia1234", again="tianxia1234") == {"old": ["这一栏要填。"]}


def test_the_first_password_cannot_be_kept(worker: Worker, now: datetime) -> None:
    ((_pk, username, first),) = passwords.issue([worker], expires=now + timedelta(days=30))
    client = Client()
    client.post("/sign-in/", {"username": str(username), "password": str(first)})
    assert chosen(client, new=str(first), again=str(first)) == {"new": ["新密码不能和现在的一样，请换一个。"]}


def test_a_first_password_used_in_time_does_not_run_out_later(worker: Worker, now: datetime, client: Client) -> None:
    ((_pk, username, first),) = passwords.issue([worker], expires=now + timedelta(days=30))
    form = {"username": str(username), "password": str(first)}
    with time_machine.travel(now + timedelta(days=30), tick=False):
        assert client.post("/sign-in/", form).status_code == 200
    assert client.post("/sign-in/", form).status_code == 302
    chosen(client, new="tianxia1234", again="tianxia1234")
    with time_machine.travel(now + timedelta(days=60), tick=False):
        assert client.post("/sign-in/", {**form, "password": "tianxia1234"}).status_code == 302

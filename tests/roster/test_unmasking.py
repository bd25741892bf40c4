"""A number in full: whose duty, with which reason, how often, and that the person sees it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import files, looked_at, unmasking
from roster.models import User, Worker

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
ID_NUMBER = "421202198001011237"


@pytest.fixture
def person(worker: Worker) -> Worker:
    Worker.objects.filter(pk=worker.pk).update(id_number=ID_NUMBER)
    return Worker.objects.select_related("township").get(pk=worker.pk)


@pytest.fixture
def see(person: Worker, now: Any) -> Callable[..., str]:
    def see(by: User, field: str = "id_number", reason: str = "verify", at: Any = now) -> str:
        fresh = User.objects.get(pk=by.pk)
        return unmasking.reveal(person, field, reason=reason, by=fresh, now=at)

    return see


def test_it_is_shown_and_noted_with_its_reason(see: Any, county_admin: User, person: Worker):
    assert see(county_admin) == ID_NUMBER
    entry = AuditEntry.objects.get(action="personal.unmasked")
    assert (entry.actor, entry.subject) == (county_admin, f"roster.worker:{person.pk}")
    assert entry.detail == {"field": "id_number", "reason": "verify"}


@pytest.mark.parametrize(
    ("who", "field", "able"),
    [
        ("township_admin", "mobile", True),
        ("township_admin", "id_number", False),
        ("county_admin", "id_number", True),
        ("city_admin", "id_number", True),
        ("county_b_admin", "mobile", False),
        ("leader", "mobile", False),
        ("auditor", "id_number", False),
        ("security_admin", "mobile", False),
        ("system_admin", "mobile", False),
        ("editor", "mobile", False),
    ],
)
def test_it_needs_the_duty(who: str, field: str, able: bool, see: Any, request: pytest.FixtureRequest):
    by = request.getfixturevalue(who)
    if able:
        assert see(by, field)
        return
    with pytest.raises(Refused) as refusal:
        see(by, field)
    assert refusal.value.sentence == "看这个号码不在你的职责范围，请上一级管理员办理。"
    assert not AuditEntry.objects.filter(action="personal.unmasked").exists()


@pytest.mark.parametrize("field", ["password", "name", "id_hash", "telephones"])
def test_nothing_else_is_seen_by_this_way(field: str, see: Any, city_admin: User):
    with pytest.raises(Refused):
        see(city_admin, field)


@pytest.mark.parametrize("reason", ["", "curious"])
def test_it_needs_a_reason_of_the_list(reason: str, see: Any, county_admin: User):
    with pytest.raises(Refused) as refusal:
        see(county_admin, reason=reason)
    assert (refusal.value.sentence, refusal.value.code) == ("请先选为什么要看。", "reason")


def test_so_many_an_hour(see: Any, county_admin: User, city_admin: User, now: Any, settings: Any):
    settings.UNMASK_PER_HOUR = 3
    for _again in range(3):
        see(county_admin)
    with pytest.raises(Refused) as refusal:
        see(county_admin)
    assert "一小时里已经看了 3 个完整号码" in refusal.value.sentence
    assert see(city_admin)  # each counts alone
    assert see(county_admin, at=now + timedelta(hours=1))


def test_the_screen_shows_one_number_once(client_of: ClientOf, county_admin: User, person: Worker):
    client, url = client_of(county_admin), f"/cms/workers/{person.pk}/numbers/"
    assert ID_NUMBER not in client.get(url).content.decode()
    reply = client.post(url, {"field": "id_number", "reason": "verify"})
    page = reply.content.decode()
    assert ID_NUMBER in page
    assert "13907150001" not in page
    assert "no-store" in reply["Cache-Control"]
    for again in (url, f"/cms/workers/inspect/{person.pk}/", f"/cms/workers/{person.pk}/change/"):
        assert ID_NUMBER not in client.get(again).content.decode()


def test_the_screen_offers_what_the_duty_covers(client_of: ClientOf, township_admin: User, person: Worker):
    client, url = client_of(township_admin), f"/cms/workers/{person.pk}/numbers/"
    assert 'value="id_number"' not in client.get(url).content.decode()
    reply = client.post(url, {"field": "id_number", "reason": "verify"})
    assert ID_NUMBER not in reply.content.decode()
    assert not AuditEntry.objects.filter(action="personal.unmasked").exists()


# --- the note that a file was opened -----------------------------------------------------------------------------------


def test_opening_a_file_is_noted_once_an_hour_for_each(
    client_of: ClientOf, county_admin: User, township_admin: User, worker: Worker, now: Any
):
    url = f"/cms/workers/inspect/{worker.pk}/"
    for admin in (county_admin, county_admin, township_admin):
        assert client_of(admin).get(url).status_code == 200
    reads = AuditEntry.objects.filter(action="personal.read")
    assert sorted(reads.values_list("actor", flat=True)) == sorted([county_admin.pk, township_admin.pk])
    unmasking.opened(worker, by=county_admin, now=now + timedelta(minutes=61))
    assert reads.count() == 3


def test_ones_own_file_is_no_news(worker: Worker, now: Any):
    unmasking.opened(worker, by=worker.user, now=now)
    assert not AuditEntry.objects.filter(action="personal.read").exists()


# --- what the worker is told ------------------------------------------------------------------------------------------


@pytest.fixture
def told(client_of: ClientOf, worker: Worker) -> Callable[[], str]:
    return lambda: client_of(worker.user).get("/me/looked-at/").content.decode()


def test_the_worker_reads_who_when_and_why(
    see: Any, told: Any, county_admin: User, township_admin: User, person: Worker, now: Any
):
    assert "还没有人看过" in told()
    unmasking.opened(person, by=township_admin, now=now - timedelta(hours=3))
    see(county_admin, reason="insure")
    files.change(person, {"education": "大专"}, reason="看了毕业证", source="file", by=township_admin, now=now)
    page = told()
    for words in (
        "永安街道 · 乡镇管理员",
        "看了我的档案",
        "咸安区 · 县级管理员",
        "看了我的完整号码：身份证号",
        "原因：办理保险、补贴发放",
        "改了我的资料（手工更改）：学历",
        "原因：看了毕业证",
    ):
        assert words in page, words
    for name in ("赵乡办", "钱县办", ID_NUMBER):
        assert name not in page


def test_exports_that_hold_me_are_told_and_others_are_not(
    told: Any, county_admin: User, county_b_admin: User, worker: Worker, outsider: Worker, city: Any, now: Any
):
    from roster import export

    export.export(county_admin, county=city.county, township=None, full=True, reason="check", now=now).file.close()
    export.export(county_b_admin, county=None, township=None, full=False, reason="manage", now=now).file.close()
    page = told()
    assert "导出了有我的花名册：含完整号码" in page
    assert "原因：与公安、人社等部门核对身份" in page
    assert "嘉鱼县" not in page
    theirs = looked_at.page(Worker.objects.select_related("township").get(pk=outsider.pk), 1)
    assert [look.who for look in theirs] == ["嘉鱼县 · 县级管理员"]


def test_nobody_reads_what_was_done_to_somebody_else(
    see: Any, client_of: ClientOf, county_admin: User, colleague: Worker
):
    see(county_admin)
    assert "还没有人看过" in client_of(colleague.user).get("/me/looked-at/").content.decode()


def test_the_page_is_cut_and_costs_the_same(
    told: Any, county_admin: User, township_admin: User, worker: Worker, now: Any
):
    def counted() -> int:
        with CaptureQueriesContext(connection) as asked:
            told()
        return len(asked)

    unmasking.opened(worker, by=county_admin, now=now)
    few = counted()
    for hours in range(1, 50):
        unmasking.opened(worker, by=township_admin, now=now - timedelta(hours=2 * hours))
    assert counted() <= few
    assert "第 1 页，共 3 页" in told()

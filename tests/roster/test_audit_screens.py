"""The auditor's screens: who looked at what, found in plain words, and nothing to change."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lms import audit, audit_chain, audit_verify
from lms.models import AuditCheck, AuditEntry
from roster import files, roles
from roster.models import Role, User, Worker

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def looking(client_of: ClientOf, auditor: User) -> Client:
    return client_of(auditor)


def listed(client: Client, query: str = "") -> list[str]:
    """What was done, by the codes of the entries on the page."""
    return [told.entry.action for told in client.get(f"/cms/audit/{query}").context["found"]]


def page(client: Client, address: str = "") -> str:
    return client.get(f"/cms/audit/{address}").content.decode()


@pytest.mark.parametrize(
    "persona", ["city_admin", "system_admin", "security_admin", "county_admin", "leader", "worker"]
)
def test_nobody_else_sees_the_log(client_of: ClientOf, persona: str, request: Any, auditor: User) -> None:
    person = request.getfixturevalue(persona)
    client = client_of(person if isinstance(person, User) else person.user)
    entry = AuditEntry.objects.all()[0].pk
    for address in ["", f"{entry}/", "chain/", "table/"]:
        assert client.get(f"/cms/audit/{address}").status_code == 404
    if not isinstance(person, Worker):
        assert "/cms/audit/" not in client.get("/me/").content.decode()


def test_the_superuser_does_not_see_it_even_with_the_role(client_of: ClientOf, auditor: User) -> None:
    User.objects.filter(pk=auditor.pk).update(is_superuser=True)
    assert client_of(auditor).get("/cms/audit/").status_code == 404


def test_an_auditor_can_send_nothing(looking: Client) -> None:
    entry = AuditEntry.objects.all()[0].pk
    for address in ["", f"{entry}/", "chain/", "table/"]:
        assert looking.post(f"/cms/audit/{address}").status_code == 405


def test_an_entry_is_told_in_words_with_names_masked(
    looking: Client, county_admin: User, worker: Worker, now: datetime
) -> None:
    files.change(worker, {"education": "本科"}, reason="补登", source="hand", by=county_admin, now=now)
    text = page(looking)
    for words in ["钱*办", "county-admin", "改档案", "王*兰（W0001）", "咸安区永安街道", "哪几项 education"]:
        assert words in text
    assert "王桂兰" not in text
    assert "钱县办" not in text


def test_found_by_who_did_it(looking: Client, county_admin: User, city_admin: User, now: datetime) -> None:
    audit.note("ladder.set", now=now, actor=county_admin)
    audit.note("exam.published", now=now, actor=city_admin)
    assert listed(looking, "?who=county-admin") == ["ladder.set"]
    assert listed(looking, "?who=" + quote("周市办")) == ["exam.published"]


def test_found_by_whom_it_is_about_account_and_worker_alike(
    looking: Client, county_admin: User, worker: Worker, colleague: Worker, now: datetime
) -> None:
    audit.note("personal.read", now=now, actor=county_admin, subject=worker)
    audit.note("password.reissued", now=now, actor=county_admin, subject=worker.user)
    audit.note("personal.read", now=now, actor=county_admin, subject=colleague)
    for typed in ("W0001", "w0001", quote("王桂兰")):
        assert listed(looking, f"?about={typed}") == ["password.reissued", "personal.read"]


def test_of_two_with_one_name_all_is_shown_and_each_can_be_chosen(
    looking: Client, hire: Callable[..., Worker], worker: Worker, city: Any, now: datetime
) -> None:
    other = hire("W0009", "王桂兰", city.township_b)
    for one in (worker, other):
        audit.note("personal.read", now=now, subject=one)
    text = page(looking, "?about=" + quote("王桂兰"))
    assert "这个名字不止一个人" in text
    assert "王*兰（W0009）嘉鱼县鱼岳镇" in text
    assert listed(looking, "?about=W0009") == ["personal.read"]


def test_found_by_action_and_by_a_group_of_them(looking: Client, now: datetime) -> None:
    for action in ["exam.published", "exam.drawn", "ladder.set"]:
        audit.note(action, now=now)
    assert listed(looking, "?action=exam.drawn") == ["exam.drawn"]
    groups = looking.get("/cms/audit/").context["groups"]
    number = next(number for number, title, _actions in groups if title == "考试")
    assert listed(looking, f"?action=*{number}") == ["exam.drawn", "exam.published"]


def test_found_by_the_day_the_last_one_included(looking: Client, now: datetime) -> None:
    for days, action in [(3, "exam.drawn"), (2, "exam.published"), (1, "ladder.set")]:
        audit.note(action, now=now - timedelta(days=days))
    assert listed(looking, "?since=2026-09-13&until=2026-09-14") == ["exam.published", "exam.drawn"]


def test_found_by_place_with_what_lies_below(looking: Client, city: Any, now: datetime) -> None:
    audit.note("exam.published", now=now, territory=city.county.path)
    audit.note("worker.changed", now=now, territory=city.township.path)
    audit.note("worker.changed", now=now, territory=city.township_b.path)
    assert listed(looking, f"?place={city.county.pk}") == ["worker.changed", "exam.published"]
    assert listed(looking, f"?place={city.township.pk}&action=worker.changed") == ["worker.changed"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?who=nobody", "没有这个登录号，也没有人叫这个名字。"),
        ("?action=nothing", "请从列表里选做了什么。"),
        ("?since=yesterday", "日期请写成 2026-09-16 这样。"),
        ("?since=2026-13-45", "日期请写成 2026-09-16 这样。"),
        ("?since=2026-09-16&until=2026-09-15", "开始的日期在结束以后"),
        ("?of=王桂兰", "没有这样的编号。"),
        ("?place=99999999", "请从列表里选区划。"),
    ],
)
def test_a_question_that_makes_no_sense_finds_nothing_and_says_why(looking: Client, query: str, said: str) -> None:
    assert said in page(looking, query)
    assert listed(looking, query) == []


def test_fifty_a_page_and_no_entry_twice_or_never(looking: Client, now: datetime) -> None:
    for number in range(120):  # many at one moment, as at the bell of an exam
        audit.note("exam.started", now=now - timedelta(seconds=number // 60), number=number)
    seen: list[int] = []
    query = "?action=exam.started"
    for expected in (50, 50, 20):
        context = looking.get(f"/cms/audit/{query}").context
        seen += [told.entry.detail["number"] for told in context["found"]]
        assert len(context["found"]) == expected
        query = f"?{context['older']}"
    assert context["older"] == ""
    assert sorted(seen) == list(range(120))


def test_the_list_asks_the_same_for_one_and_for_fifty(
    looking: Client, worker: Worker, county_admin: User, now: datetime
) -> None:
    def note() -> None:
        audit.note("personal.read", now=now, actor=county_admin, subject=worker, territory=worker.township.path)
        audit.note("password.reissued", now=now, actor=county_admin, subject=worker.user)

    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            looking.get("/cms/audit/?who=county-admin")
        return len(queries)

    note()
    counted()
    one = counted()
    for _number in range(40):
        note()
    assert counted() == one < 30


def test_an_entry_says_where_it_stands_in_the_chain(looking: Client, worker: Worker, now: datetime) -> None:
    audit.note("personal.unmasked", now=now, subject=worker, field="mobile", reason="contact")
    entry = AuditEntry.objects.get(action="personal.unmasked")
    assert "正等着连上记录链" in page(looking, f"{entry.pk}/")
    audit_chain.link(now=now)
    text = page(looking, f"{entry.pk}/")
    for words in ["内容和写下时一致，在记录链的第", "查看完整号码", "王*兰（W0001）", "哪一项", "手机号", "联系本人"]:
        assert words in text
    assert looking.get("/cms/audit/999999/").status_code == 404


def test_a_forged_entry_is_called_so(looking: Client, now: datetime) -> None:
    forged = AuditEntry.objects.create(at=now, action="role.granted", digest="0" * 64)
    assert "被改过，或者是伪造的。请马上报告。" in page(looking, f"{forged.pk}/")


def test_every_look_is_noted_with_what_was_asked(
    looking: Client, auditor: User, worker: Worker, county_admin: User
) -> None:
    page(looking, "?who=county-admin&about=W0001&since=2026-09-01")
    read = AuditEntry.objects.get(action="audit.read")
    assert (read.actor_id, read.detail) == (
        auditor.pk,
        {
            "who": [county_admin.pk],
            "about": [f"roster.user:{worker.user_id}", f"roster.worker:{worker.pk}"],
            "since": "2026-09-01",
        },
    )
    page(looking, f"{read.pk}/")
    assert AuditEntry.objects.get(action="audit.entry_read").subject == f"lms.auditentry:{read.pk}"


def test_what_was_found_is_taken_out_as_a_sheet_and_that_is_noted(
    looking: Client, county_admin: User, worker: Worker, now: datetime
) -> None:
    audit.note("personal.read", now=now, actor=county_admin, subject=worker, kind="=1+1")
    answer = looking.get("/cms/audit/table/?action=personal.read")
    sheet = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content))).active  # type: ignore[attr-defined]
    rows = list(sheet.iter_rows(values_only=True))
    assert "陈审计（auditor） 2026年9月16日 10:00 从网格学堂导出" in rows[2][0]
    assert rows[-1][1:7] == (
        datetime(2026, 9, 16, 10, 0),
        "钱*办",
        "county-admin",
        "查看个人档案",
        "personal.read",
        f"网格员 {worker.pk} 王*兰（W0001）",
    )
    assert [cell.data_type for cell in sheet[sheet.max_row]][:2] == ["n", "d"]
    assert sheet[sheet.max_row][8].data_type == "s"
    noted = AuditEntry.objects.get(action="audit.exported")
    assert noted.detail == {"rows": 1, "actions": "personal.read"}


def test_the_state_of_the_chain_in_one_sentence(looking: Client, now: datetime) -> None:
    assert "还没有核对过记录链" in page(looking)
    audit_chain.link(now=now)
    audit_verify.check(now=now)
    text = page(looking)
    assert "2026年9月16日 10:00核对：完整，共 " in text
    AuditCheck.objects.create(
        at=now + timedelta(seconds=1),
        links=5,
        position=5,
        hash="0" * 64,
        key="",
        faults=2,
        fault="gap",
        fault_position=3,
    )
    for address in ["", "chain/"]:
        assert "记录链不完整，共 2 处。第一处：第 3 环被删掉了。请马上报告。" in page(looking, address)
    assert "处审计记录不完整，请马上看" in looking.get("/cms/").content.decode()


def test_a_check_that_is_days_old_is_said(looking: Client, now: datetime) -> None:
    audit_chain.link(now=now)
    audit_verify.check(now=now - timedelta(days=3))
    assert "两天没有再核对了" in page(looking)


def test_the_head_is_there_to_be_copied(looking: Client, now: datetime) -> None:
    audit_chain.link(now=now)
    assert str(audit_chain.head()) in page(looking, "chain/")


def test_who_loses_the_role_sees_it_no_more(looking: Client, auditor: User, now: datetime) -> None:
    assert looking.get("/cms/audit/").status_code == 200
    auditor.role_grants.update(until=now.date())
    assert looking.get("/cms/audit/").status_code == 404
    assert roles.PERMISSIONS[Role.AUDITOR]

"""Somebody who has left is forgotten: nothing names them any more, and every sum is what it was."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as chance
from hypothesis import strategies as st

from exams.models import Answer, Attempt, AttemptState
from lms import imports, jobs
from lms.models import AuditEntry, ImportRun, ImportState
from lms.refusal import Refused
from records import bulletins, ledger
from records.models import Assessment, SkillRecord
from roster import corrections, forgetting
from roster.models import PasswordSheet, Role, User, Worker
from roster.models.life import private
from tests.roster.leaver import ID_NUMBER, MOBILE, NAME, token

pytestmark = pytest.mark.django_db
TELLING = (NAME, ID_NUMBER, MOBILE, "07158888888", "SW-2019-0042", "wangguilan", "妇联推荐")


@pytest.fixture
def forget(person: Worker, city_admin: User, now: Any, django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    def forget(**said: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return forgetting.forget(person, **{"reason": "本人申请", "by": city_admin, "now": now, **said})

    return forget


def everything() -> str:
    """All that stands in the database, unsealed, as text; without what the people of the tests are called otherwise."""
    rows = []
    for model in apps.get_models():
        if model._meta.app_label.startswith(("wagtail", "contenttypes", "auth")):
            continue
        for row in model._base_manager.all():
            rows.append({field.name: getattr(row, field.attname) for field in model._meta.concrete_fields})
    return json.dumps(rows, ensure_ascii=False, default=str)


def test_nothing_names_them_any_more(forget: Any, person: Worker):
    before = everything()
    assert [word for word in TELLING if word not in before] == []
    hashes = (person.id_hash, person.mobile_hash, person.mobile_tail_hash)
    forget()
    after = everything()
    assert [word for word in (*TELLING, *hashes) if word in after] == []
    person.refresh_from_db()
    assert (person.name, person.number) == ("已删除人员W0001", "W0001")


def test_files_and_pictures_go(forget: Any, person: Worker):
    scan = person.steps.exclude(scan="").get().scan.name
    (picture,) = [f"certificates/{name}" for name in private().listdir("certificates")[1] if token(person) in name]
    forget()
    assert not private().exists(scan)
    assert not private().exists(picture)
    kept = person.certificates.get()
    assert (kept.holder, kept.sentence) == ("已删除人员W0001", "已删除人员W0001同志考试合格。")


def test_the_account_is_closed_and_its_sessions_end(forget: Any, person: Worker, client: Client, password: str):
    forget()
    user = User.objects.get(pk=person.user_id)
    assert (user.is_active, user.has_usable_password(), user.name) == (False, False, "已删除人员W0001")
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()
    assert not Authenticator.objects.exists()
    client.post("/sign-in/", {"username": "W0001", "password": password})
    assert "_auth_user_id" not in client.session


def test_marks_grades_and_records_stay(forget: Any, person: Worker):
    forget()
    assert person.attempts.get().marks == 66
    answer = Answer.objects.get()
    assert (answer.value, answer.marks) == ("", 40)
    assert person.records.get().amount == Decimal("6.50")
    assert (person.assessments.get().grade, person.assessments.get().reason) == ("合格", "")
    assert person.signatures.get().name == "已删除人员W0001"
    ((kept, _username, _password),) = PasswordSheet.objects.get().slips
    assert kept != person.pk


def test_it_is_noted_with_counts_and_no_text(forget: Any, person: Worker, city_admin: User):
    counts = forget()
    entry = AuditEntry.objects.get(action="personal.forgotten")
    assert (entry.actor, entry.subject) == (city_admin, f"roster.worker:{person.pk}")
    assert entry.detail["counts"] == counts
    assert counts["roster.Worker"] == counts["roster.Signature"] == 1
    assert forget() == {}
    assert AuditEntry.objects.filter(action="personal.forgotten").count() == 1


def test_the_preview_says_what_goes_and_what_stays(person: Worker, now: Any):
    shown = forgetting.preview(person, now=now)
    assert shown.refusal == ""
    going = {fate.about: fate.what for fate in shown.going}
    assert "身份证号，封存" in going["名册上的资料"]
    assert going["资料变更"] == "整行删除"
    staying = {fate.about: fate.what for fate in shown.staying}
    assert "得分" in staying["考试"]
    assert "考核的依据" in staying["技能档案"]


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("in_post", "这个人还在岗，不能删除。"),
        ("lately", "还在规定的保存年限里，2029年9月15日起才可以删除。"),
        ("role", "这个人还有管理角色，请先终止角色。"),
        ("asks", "这个人还有更正申请没有处理，请先处理完。"),
        ("sits", "这个人还有考试没有出分"),
        ("wait", "还有考试没有出分"),
    ],
)
def test_it_is_refused_while_something_stands_on_them(
    what: str, sentence: str, forget: Any, person: Worker, city: Any, now: Any, grant: Any
):
    if what == "in_post":
        Worker.objects.filter(pk=person.pk).update(state="active")
    elif what == "lately":
        person.steps.update(on=date(2026, 9, 16))
    elif what == "role":
        from roster import roles

        roles.grant(person.user, Role.LEADER, city.county, since=date(2026, 1, 1), by=None, now=now)
    elif what == "asks":
        corrections.ask(person, "mobile", proposed="13800000008", note="", now=now)
    elif what == "sits":
        person.attempts.update(state=AttemptState.SITTING, deadline=now)
    elif what == "wait":
        person.attempts.update(state=AttemptState.HANDED_IN, receipt="R-2", finished_at=now)
    with pytest.raises(Refused) as refusal:
        forget()
    assert sentence in refusal.value.sentence
    assert forgetting.preview(Worker.objects.get(pk=person.pk), now=now).refusal == refusal.value.sentence
    assert NAME in everything()


@pytest.mark.parametrize("who", ["county_admin", "township_admin", "auditor", "security_admin", "system_admin"])
def test_only_the_city_may(who: str, forget: Any, request: pytest.FixtureRequest):
    with pytest.raises(Refused):
        forget(by=request.getfixturevalue(who))


def test_it_needs_a_reason(forget: Any):
    with pytest.raises(Refused) as refusal:
        forget(reason=" ")
    assert refusal.value.code == "reason"


# --- what lists brought in --------------------------------------------------------------------------------------------

LIST = (
    "姓名,身份证号,手机号,乡镇,社区,网格\n"
    f"{NAME},{ID_NUMBER},{MOBILE},永安街道,双鹤社区,第一网格\n"
    "李建国,421202198001011253,13907150002,永安街道,双鹤社区,第二网格\n"
)


@pytest.fixture
def run(person: Worker, county_admin: User, now: Any) -> ImportRun:
    run = imports.upload(LIST.encode(), name="名册.csv", kind="roster", actor=county_admin, now=now)
    jobs.run(run.job_id)
    run.refresh_from_db()
    assert run.state == ImportState.READY
    return run


def test_rows_and_originals_that_hold_them_are_emptied(forget: Any, run: ImportRun, person: Worker, now: Any):
    with pytest.raises(Refused, match="还在可以撤回的 30 天里"):
        forget()
    old = now - timedelta(days=60)
    ImportRun.objects.filter(pk=run.pk).update(state=ImportState.DONE, finished_at=old, created_at=old)
    name, others = run.file.name, run.rows.exclude(label=NAME).values_list("pk", "cells", "label")
    before = list(others)
    forget()
    run.refresh_from_db()
    assert (run.file.name, run.samples, private().exists(name)) == ("", None, False)
    assert [word for word in TELLING if word in everything()] == []
    assert list(run.rows.exclude(label="").values_list("pk", "cells", "label")) == before
    assert run.rows.count() == 2


# --- sums -------------------------------------------------------------------------------------------------------------


class Enough(Exception):
    """Ends one example, so that the next begins where it began."""


facts = st.tuples(
    st.sampled_from(["hours", "exam", "work", "service"]),
    st.decimals("0", "100", places=2),
    st.integers(1, 12),
    st.sampled_from([2021, 2022, 2026]),
)


@pytest.mark.postgres
@chance(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(facts, max_size=8))
def test_every_sum_is_what_it_was(
    drawn: list[Any], person: Worker, colleague: Worker, city: Any, city_admin: User, now: Any
):
    def sums() -> Any:
        found: list[Any] = sorted(SkillRecord.objects.standing().values_list("worker", "kind", "year", "amount"))
        for year in (2021, 2022, 2026):
            drawn_up = bulletins.draw_up(city.territory, year=year, now=now)
            rows = [*drawn_up.rows, drawn_up.total]
            found.append([(row.place.pk, astuple(row.now), astuple(row.before)) for row in rows])
        found.append(sorted(Assessment.objects.values_list("worker", "township", "score", "grade")))
        found.append(sorted(Attempt.objects.values_list("worker", "state", "marks")))
        return found

    with suppress(Enough), transaction.atomic():
        for number, (kind, amount, month, year) in enumerate(drawn):
            result = {"result": "passed", "out_of": Decimal(100)} if kind == "exam" else {}
            at = now.replace(year=year, month=month, day=1)
            for who in (person, colleague):
                entry = ledger.Entry(
                    worker_id=who.pk,
                    kind=kind,
                    source=f"p{number}",
                    title="记",
                    amount=amount,
                    occurred_at=at,
                    **result,
                )
                ledger.post(entry, now=now)
        before = sums()
        assert forgetting.forget(person, reason="本人申请", by=city_admin, now=now)
        assert sums() == before
        raise Enough


# --- screens and the command ------------------------------------------------------------------------------------------


def test_the_screen_shows_asks_and_does(client_of: Any, city_admin: User, person: Worker):
    client, url = client_of(city_admin), f"/cms/workers/{person.pk}/forget/"
    assert url in client.get(f"/cms/workers/inspect/{person.pk}/").content.decode()
    page = client.get(url).content.decode()
    assert "删除以后谁也找不回来。" in page
    assert "登录号不对" in client.post(url, {"reason": "本人申请", "number": "W0002"}).content.decode()
    assert Worker.objects.get(pk=person.pk).name == NAME
    assert client.post(url, {"reason": "本人申请", "number": "w0001"}).status_code == 302
    page = client.get(f"/cms/workers/inspect/{person.pk}/").content.decode()
    assert "已删除人员W0001" in page
    assert url not in page


def test_the_command_looks_first(person: Worker):
    out = StringIO()
    call_command("forget", "w0001", dry_run=True, stdout=out)
    assert "删掉\t名册上的资料\t1" in out.getvalue()
    assert "什么都没有删" in out.getvalue()
    assert NAME in everything()
    with pytest.raises(CommandError, match="请写明删除的原因"):
        call_command("forget", "W0001", stdout=out)
    call_command("forget", "W0001", reason="保存年限已满", stdout=out)
    assert Worker.objects.get(pk=person.pk).name == "已删除人员W0001"
    with pytest.raises(CommandError, match="没有这个登录号"):
        call_command("forget", "W9999", stdout=out)


def test_those_whose_years_are_over_are_listed_and_left(person: Worker, colleague: Worker, now: Any):
    assert [worker.pk for worker in forgetting.due(now=now)] == [person.pk]
    out = StringIO()
    call_command("retain", dry_run=True, stdout=out)
    assert "manage.py forget W0001" in out.getvalue()
    assert NAME in everything()

"""The three who keep each other in check (三员分立): one role and nothing beside it, given on the command line, and none does another's work."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from itertools import permutations
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from lms import jobs
from lms.models import AuditEntry, Job, JobState
from lms.refusal import Refused
from roster import accounts, cms_jobs, passwords, reach, roles, service
from roster.models import KEEPERS, Role, RoleGrant, User, Worker
from tests.test_house import sources

ClientOf = Callable[[User], Client]
PAIRS = [(one, other) for one, other in permutations(Role.values, 2) if {one, other} & KEEPERS]
PERSONAS = ["system_admin", "security_admin", "auditor"]


@pytest.fixture
def someone(db: None) -> User:
    return User.objects.create(username="someone", name="某人")


def place_of(role: str, city: Any) -> Any:
    return {"city": city.territory, "county": city.county, "township": city.township}[roles.LEVELS[role][0]]


# --- nothing beside it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("held", "wanted"), PAIRS)
def test_no_two_of_which_one_is_a_keepers(held: str, wanted: str, someone: User, city: Any, now: datetime) -> None:
    """In the verb and, where the verb is gone round, in the database; from an end of the one on, the other may begin."""
    today = timezone.localdate(now)
    first = roles.grant(
        someone, held, place_of(held, city), since=today, until=today + timedelta(days=9), by=None, now=now
    )
    later: dict[str, Any] = {"user": someone, "role": wanted, "territory": place_of(wanted, city)}
    with pytest.raises(Refused, match="三员分立"):
        roles.grant(*later.values(), since=today + timedelta(days=8), by=None, now=now)
    with pytest.raises(IntegrityError, match="keepers_hold_nothing_else"), transaction.atomic():
        RoleGrant.objects.create(since=today + timedelta(days=8), **later)
    given = roles.grant(*later.values(), since=today + timedelta(days=9), by=None, now=now)
    with pytest.raises(IntegrityError, match="keepers_hold_nothing_else"), transaction.atomic():
        RoleGrant.objects.filter(pk=first.pk).update(until=None)
    assert RoleGrant.objects.filter(pk=given.pk, until=None).exists()


@pytest.mark.parametrize("role", sorted(KEEPERS))
def test_a_keeper_is_neither_on_the_roster_nor_the_first_account(
    role: str, worker: Worker, admin_user: User, city: Any, now: datetime
) -> None:
    for user in [worker.user, admin_user]:
        with pytest.raises(Refused, match="单独的账号"):
            roles.grant(user, role, city.territory, since=timezone.localdate(now), by=None, now=now)  # type: ignore[arg-type]


def test_the_database_knows_who_gives_and_ends_them(someone: User, security_admin: User, city: Any) -> None:
    """Nobody to themself, and the keepers nobody in the browser."""
    common = {"territory": city.territory, "since": date(2026, 1, 1)}
    for wrong in [
        {"user": someone, "role": Role.LEADER, "granted_by": someone},
        {"user": someone, "role": Role.LEADER, "ended_by": someone},
        {"user": someone, "role": Role.AUDITOR, "granted_by": security_admin},
        {"user": someone, "role": Role.AUDITOR, "ended_by": security_admin},
        {"user": someone, "role": Role.LEADER, "until": date(2025, 12, 31)},
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleGrant.objects.create(**common, **wrong)


# --- no work of another -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_keeper_reaches_nobody(persona: str, worker: Worker, request: pytest.FixtureRequest) -> None:
    keeper = request.getfixturevalue(persona)
    assert reach.paths(keeper) == []
    assert not reach.workers(keeper).exists()
    assert not reach.has(keeper)


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("target", PERSONAS)
def test_no_keeper_ends_suspends_or_takes_over_a_keeper(
    persona: str, target: str, request: pytest.FixtureRequest, now: datetime
) -> None:
    by, user = request.getfixturevalue(persona), request.getfixturevalue(target)
    held = user.role_grants.get()
    with pytest.raises(Refused):
        roles.revoke(held, by=by, now=now, on=timezone.localdate(now), reason="…")
    for verb in (accounts.suspend, accounts.end_sessions):
        with pytest.raises(Refused, match="不归你管"):
            verb(user, by=by, now=now, reason="suspected")
    with pytest.raises(Refused):
        passwords.reissue(user, by=by, now=now)


def test_a_role_still_to_come_keeps_the_account_from_the_security_administrator(
    someone: User, security_admin: User, city: Any, now: datetime
) -> None:
    tomorrow = timezone.localdate(now) + timedelta(days=1)
    roles.grant(someone, Role.AUDITOR, city.territory, since=tomorrow, by=None, now=now)
    with pytest.raises(Refused):
        passwords.reissue(someone, by=security_admin, now=now)
    with pytest.raises(Refused):
        accounts.suspend(someone, by=security_admin, now=now, reason="unused")


def test_the_superuser_is_no_keeper_whatever_stands_there(admin_user: User, city: Any) -> None:
    RoleGrant.objects.create(user=admin_user, role=Role.AUDITOR, territory=city.territory, since=date(2026, 1, 1))
    assert reach.roles(admin_user) == {Role.CITY_ADMIN}
    assert not reach.has(admin_user, Role.AUDITOR)


# --- the command line ---------------------------------------------------------------------------------------------


def test_the_first_ones_come_and_go_by_command(city: Any, now: datetime) -> None:
    out = StringIO()
    call_command("grant_role", "feng", "security_admin", "421200", "--new", "冯安全", stdout=out)
    user = User.objects.get(username="feng")
    first = out.getvalue().partition("首次密码 ")[2].partition("，")[0]
    assert user.check_password(first)
    assert user.must_change_password
    assert reach.roles(user) == {Role.SECURITY_ADMIN}
    call_command("end_role", "feng", "security_admin", "调离", stdout=out)
    assert reach.roles(User.objects.get(pk=user.pk)) == set()
    assert [(e.action, e.actor_id) for e in AuditEntry.objects.order_by("pk")] == [
        ("role.granted", None),
        ("role.revoked", None),
    ]
    with pytest.raises(CommandError, match="没有这个角色"):
        call_command("end_role", "feng", "security_admin", "再来")


def test_the_command_gives_days_line_and_duties(worker: Worker, city: Any, now: datetime) -> None:
    more = ["--since", "2026-10-01", "--last-day", "2026-12-31", "--line", "政法委", "--duties", "exams", "training"]
    call_command("grant_role", "W0001", "county_admin", city.county.code, *more, stdout=StringIO())
    held = worker.user.role_grants.get()  # type: ignore[union-attr]
    assert (held.since, held.until, held.last_day) == (date(2026, 10, 1), date(2027, 1, 1), date(2026, 12, 31))
    assert (held.line, held.duties) == ("政法委", ["training", "exams"])


# --- accounts: the security administrator's -----------------------------------------------------------------------


def test_a_suspended_account_is_out_at_once_and_stays_out(
    client_of: ClientOf, county_admin: User, security_admin: User, now: datetime
) -> None:
    held, desk = client_of(county_admin), client_of(security_admin)
    assert held.get("/cms/workers/").status_code == 200
    found = desk.post("/cms/accounts/", {"username": "county-admin"})
    assert found.url == f"/cms/accounts/{county_admin.pk}/"
    assert desk.post(found.url, {"act": "suspend", "suspend-reason": ""}).status_code == 200
    assert held.get("/cms/workers/").status_code == 200
    assert desk.post(found.url, {"act": "suspend", "suspend-reason": "inquiry"}).status_code == 302
    assert "/sign-in/" in held.get("/cms/workers/").url
    assert desk.post(found.url, {"act": "reopen", "reopen-reason": "cleared"}).status_code == 302
    # what was open before stays closed
    assert "/sign-in/" in held.get("/cms/workers/").url
    assert client_of(User.objects.get(pk=county_admin.pk)).get("/cms/workers/").status_code == 200
    noted = AuditEntry.objects.filter(actor=security_admin).order_by("pk").values_list("action", "subject", "detail")
    assert list(noted) == [
        ("account.suspended", f"roster.user:{county_admin.pk}", {"reason": "inquiry"}),
        ("account.reopened", f"roster.user:{county_admin.pk}", {"reason": "cleared"}),
    ]


def test_why_is_one_of_the_acts_own_reasons_and_the_auditor_reads_it(
    client_of: ClientOf, county_admin: User, security_admin: User, auditor: User, now: datetime
) -> None:
    for reason in ("", "停职检查", "cleared"):  # the last is a reason to open an account again
        with pytest.raises(Refused, match="请选一个原因"):
            accounts.suspend(county_admin, by=security_admin, now=now, reason=reason)
    accounts.suspend(county_admin, by=security_admin, now=now, reason="misused")
    page = client_of(auditor).get("/cms/audit/?action=account.suspended").content.decode()
    assert "原因 违规使用账号" in page


def test_all_sessions_end_and_the_account_stays(client_of: ClientOf, worker: Worker, security_admin: User) -> None:
    held = client_of(worker.user)  # type: ignore[arg-type]
    assert held.get("/me/").status_code == 200
    url = f"/cms/accounts/{worker.user_id}/"
    assert client_of(security_admin).post(url, {"act": "sessions", "sessions-reason": "lost"}).status_code == 302
    assert "/sign-in/" in held.get("/me/").url
    assert client_of(User.objects.get(pk=worker.user_id)).get("/me/").status_code == 200


def test_what_becomes_of_the_service_lets_nobody_suspended_in(
    worker: Worker, county_admin: User, security_admin: User, now: datetime
) -> None:
    user, today = worker.user, timezone.localdate(now)
    accounts.suspend(user, by=security_admin, now=now, reason="suspected")  # type: ignore[arg-type]
    service.take_step(worker, "leave", on=today, reason="resigned", note="辞职", by=county_admin, now=now)
    service.take_step(worker, "rehire", on=today, note="回来", by=county_admin, now=now)
    assert not User.objects.get(pk=user.pk).is_active  # type: ignore[union-attr]
    accounts.reopen(user, by=security_admin, now=now, reason="cleared")  # type: ignore[arg-type]
    assert User.objects.get(pk=user.pk).is_active  # type: ignore[union-attr]


def test_the_screen_of_an_account_shows_nothing_of_the_roster(
    client_of: ClientOf, worker: Worker, security_admin: User
) -> None:
    page = client_of(security_admin).get(f"/cms/accounts/{worker.user_id}/").content.decode()
    assert worker.name in page
    for secret in [worker.mobile, worker.masked_mobile, "永安街道", "双鹤社区"]:
        assert secret not in page


# --- background work: the system administrator's ------------------------------------------------------------------


def test_the_system_administrator_sees_work_and_nobody(
    client_of: ClientOf, county_admin: User, worker: Worker, system_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "send", lambda job_id: None)
    failed = {"state": JobState.FAILED, "tries": 5, "message": f"{worker.name}的事没有办成"}
    job = Job.objects.create(kind="records.draft", owner=county_admin, args={"who": worker.name}, **failed)
    client = client_of(system_admin)
    page = client.get("/cms/jobs/").content.decode()
    assert "年度初评" in page
    for secret in [worker.name, county_admin.name, county_admin.username]:
        assert secret not in page
    assert client.post(f"/cms/jobs/{job.pk}/again/").status_code == 302
    job.refresh_from_db()
    assert (job.state, job.tries, job.owner) == (JobState.QUEUED, 0, county_admin)
    with pytest.raises(Refused):
        jobs.again(job, by=system_admin, now=timezone.now())


def test_the_trigger_is_there(db: None) -> None:
    """A later migration that rebuilds the table on SQLite would take it along without a word."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'roster_rolegrant'"
            )
            assert cursor.fetchone()[0] >= 2


def test_every_kind_of_work_is_named_on_the_screen() -> None:
    kinds = {kind for path in sources() for kind in re.findall(r'@jobs\.work\("([^"]+)"', path.read_text())}
    assert len(kinds) > 8
    assert kinds == set(cms_jobs.WORKS)

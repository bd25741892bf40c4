"""What is kept no longer goes by the clock: counted first, done in pieces, safe to do twice and late; counts stay."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command

from lms import annotated, imports, retention, tasks
from lms.models import AuditEntry, ImportRow, ImportRun, ImportState, Job, JobState
from lms.refusal import Refused
from roster.models import PasswordSheet, User
from roster.models.life import private

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def make_run(county_admin: User, now: Any) -> Any:
    def make_run(state: str, *, ended: int | None, made: int) -> ImportRun:
        run = ImportRun(
            kind="roster",
            file_name="名册.csv",
            sha256="0" * 64,
            actor=county_admin,
            place=county_admin.role_grants.get().territory.path,
            state=state,
            samples={"a": "王桂兰"},
            counts={"new": 1},
            created_at=now - made * DAY,
            finished_at=None if ended is None else now - ended * DAY,
        )
        imports.keep_file(run, "姓名\n王桂兰\n".encode())
        run.save()
        row = {"label": "王桂兰", "notes": [{"level": "error"}], "cells": {"facts": ["王桂兰"]}, "plan": {"person": 1}}
        ImportRow.objects.create(run=run, position=0, number=2, outcome="new", **row, done={"worker": 1})
        return run

    return make_run


@pytest.mark.parametrize(
    ("state", "ended", "made", "goes"),
    [
        (ImportState.DONE, 121, 121, True),
        (ImportState.DONE, 119, 400, False),
        (ImportState.UNDONE, 121, 121, True),
        (ImportState.REFUSED, None, 121, True),
        (ImportState.READY, None, 121, True),
        (ImportState.MAPPING, None, 119, False),
        (ImportState.APPLYING, None, 400, False),
        (ImportState.READING, None, 400, False),
    ],
)
def test_imports_are_emptied_when_their_time_is_over(
    make_run: Any,
    state: str,
    ended: int | None,
    made: int,
    goes: bool,
    now: Any,
    django_capture_on_commit_callbacks: Any,
):
    run = make_run(state, ended=ended, made=made)
    name = run.file.name
    assert retention.run(now=now, dry=True)["imports"] == int(goes)
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.run(now=now)["imports"] == int(goes)
    run.refresh_from_db()
    row = run.rows.get()
    assert private().exists(name) is not goes
    assert (bool(run.file), run.samples is None) == (not goes, goes)
    assert ([row.cells, row.plan, row.done, row.label] == [None, None, None, ""]) is goes
    assert (row.outcome, run.counts) == ("new", {"new": 1})
    if goes:
        assert run.state in {state, ImportState.DROPPED}
        assert (state == ImportState.READY) == (run.state == ImportState.DROPPED)
    assert retention.run(now=now)["imports"] == 0


def test_an_emptied_import_is_still_shown(
    make_run: Any, client_of: Any, county_admin: User, now: Any, django_capture_on_commit_callbacks: Any
):
    run = make_run(ImportState.DONE, ended=200, made=200)
    with django_capture_on_commit_callbacks(execute=True):
        retention.run(now=now)
    run.refresh_from_db()
    client = client_of(county_admin)
    for page in ("", "wrong.xlsx", "report/"):
        reply = client.get(f"/cms/imports/{run.pk}/{page}")
        assert reply.status_code == 200, page
        b"".join(reply.streaming_content) if reply.streaming else None
    with pytest.raises(Refused, match="原来的文件已经不在系统里了"):
        annotated.file(run, by=county_admin, now=now)


def test_sessions_devices_jobs_and_slips(city: Any, county_admin: User, now: Any):
    Session.objects.create(session_key="over", session_data="", expire_date=now - DAY)
    Session.objects.create(session_key="open", session_data="", expire_date=now + DAY)
    for key in ("over", "open", "gone"):
        UserSession.objects.create(user=county_admin, session_key=key, ip="127.0.0.1", user_agent="x", data={})
    old = now - 91 * DAY
    Job.objects.create(kind="a", state=JobState.DONE, created_at=old, finished_at=old)
    Job.objects.create(kind="b", state=JobState.QUEUED, created_at=old)
    Job.objects.create(kind="c", state=JobState.FAILED, created_at=old, finished_at=now)
    said = {"township": city.township, "made_by": county_admin, "made_at": old, "count": 1}
    slips = [[1, "W1", "abcd"]]
    over = PasswordSheet.objects.create(**said, expires_at=now, slips=slips)
    fresh = PasswordSheet.objects.create(**said, expires_at=now + DAY, slips=slips)
    wanted = {"sessions": 1, "devices": 2, "jobs": 1, "imports": 0, "password_slips": 1}
    wanted |= {"exam_tryouts": 0, "exam_pictures": 0, "exam_journals": 0, "exam_presence": 0}
    assert retention.run(now=now, dry=True) == wanted
    assert (Session.objects.count(), Job.objects.count()) == (2, 3)
    assert retention.run(now=now) == wanted
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["open"]
    assert set(Job.objects.values_list("kind", flat=True)) == {"b", "c"}
    over.refresh_from_db()
    fresh.refresh_from_db()
    assert (over.slips, fresh.slips) == ([], slips)
    assert AuditEntry.objects.get(action="personal.retained").detail["counts"]["devices"] == 2
    assert set(retention.run(now=now).values()) == {0}
    assert AuditEntry.objects.filter(action="personal.retained").count() == 1


def test_many_go_a_few_at_a_time(monkeypatch: Any, now: Any):
    monkeypatch.setattr(retention, "CHUNK", 3)
    Session.objects.bulk_create(Session(session_key=f"s{n}", session_data="", expire_date=now - DAY) for n in range(10))
    assert retention.run(now=now)["sessions"] == 10
    assert not Session.objects.exists()


def test_one_rule_that_fails_keeps_no_other_back(monkeypatch: Any, now: Any):
    def broken(rows: Any) -> None:
        raise OSError

    rules = dict(retention._rules)
    rules["sessions"] = retention.Rule("sessions", "", retention.ended_sessions, broken)
    monkeypatch.setattr(retention, "_rules", rules)
    Session.objects.create(session_key="over", session_data="", expire_date=now - DAY)
    Job.objects.create(kind="a", state=JobState.DONE, created_at=now - 91 * DAY, finished_at=now - 91 * DAY)
    found = retention.run(now=now)
    assert "sessions" not in found
    assert (found["jobs"], Session.objects.count()) == (1, 1)


def test_beat_does_it_and_the_command_says_it(now: Any):
    Session.objects.create(session_key="over", session_data="", expire_date=now - DAY)
    out = StringIO()
    call_command("retain", dry_run=True, stdout=out)
    assert "过期的登录\t1" in out.getvalue()
    assert Session.objects.exists()
    tasks.retain()
    assert not Session.objects.exists()

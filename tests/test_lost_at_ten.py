"""A role lost at 10:00 is refused at 10:00: in an open session, an open link, a file on its way out, work under way and work that waits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms import imports, jobs
from lms.models import ImportRun, ImportState, Job, JobState
from lms.refusal import Refused
from records import assessments, schemes
from records.models import Assessment, Round
from roster import accounts, acts, batches, reach, roles
from roster.models import Batch, Duty, User, Worker

ClientOf = Callable[[User], Client]
# three ways to lose it: the role ends, the account is suspended, the duty is taken away
WAYS = ["revoked", "suspended", "duty"]


@pytest.fixture
def lose(county_admin: User, security_admin: User, now: datetime) -> Callable[[str], None]:
    def lose(way: str = "revoked") -> None:
        if way == "revoked":
            held, today = county_admin.role_grants.get(), timezone.localdate(now)
            roles.revoke(held, by=security_admin, now=now, on=today, reason="调离")
        elif way == "suspended":
            accounts.suspend(county_admin, by=security_admin, now=now, reason="inquiry")
        else:
            county_admin.role_grants.update(duties=[Duty.ACCOUNTS])

    return lose


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes up what is queued."""
    monkeypatch.setattr(jobs, "send", lambda job_id: None)


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("way", WAYS)
def test_in_an_open_session_and_by_an_open_link(
    way: str, lose: Callable[[str], None], client_of: ClientOf, county_admin: User, worker: Worker, city: Any
) -> None:
    client = client_of(county_admin)
    links = [
        "/cms/workers/",
        "/cms/workers/?export=xlsx&purpose=manage",
        f"/cms/workers/inspect/{worker.pk}/",
        "/cms/imports/",
    ]
    links += ["/cms/exams/", "/cms/assessments/", reverse("import_template", args=["roster"])]
    for link in links:
        reply = client.get(link)
        b"".join(reply.streaming_content) if reply.streaming else None
        assert reply.status_code == 200, link
    lose(way)
    for link in links:
        reply = client.get(link)
        away = reply.status_code == 302 and reply.url.partition("?")[0] in {"/sign-in/", "/cms/"}
        assert away or reply.status_code == 404, link


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("asked", ["list", "roster", "round", "coverage"])
def test_a_file_on_its_way_out_breaks_off(
    way: str,
    asked: str,
    lose: Callable[[str], None],
    client_of: ClientOf,
    county_admin: User,
    worker: Worker,
    city: Any,
    now: datetime,
) -> None:
    client = client_of(county_admin)
    if asked == "list":
        reply = client.get("/cms/workers/?export=xlsx&purpose=manage")
    elif asked == "roster":
        reply = client.post(reverse("roster_export"), {"numbers": "masked", "reason": "manage"})
    elif asked == "coverage":
        reply = client.get(reverse("coverage_xlsx"))
    else:
        drafted = assessments.draft(schemes.default_schemes(2025)[0], city.county, by=county_admin, now=now)
        reply = client.get(reverse("assessment_export", args=[drafted.pk]), {"purpose": "assess"})
    assert (reply.status_code, reply.streaming) == (200, True)
    lose(way)
    with pytest.raises(PermissionDenied):
        b"".join(reply.streaming_content)
    reply.close()


def test_a_long_file_is_looked_at_more_than_once(
    lose: Callable[[str], None], county_admin: User, worker: Worker
) -> None:
    from django.http import StreamingHttpResponse

    sent = reach.while_held(StreamingHttpResponse(b"x" for _piece in range(500)), county_admin, Duty.ROSTER)
    pieces = sent.streaming_content
    first = [next(pieces) for _piece in range(reach.BLOCKS)]
    lose("revoked")
    with pytest.raises(PermissionDenied):
        list(pieces)
    assert len(first) == reach.BLOCKS


@pytest.mark.parametrize("way", WAYS)
def test_work_that_waits(
    way: str, lose: Callable[[str], None], county_admin: User, worker: Worker, city: Any, waiting: None, now: datetime
) -> None:
    scheme = schemes.default_schemes(2025)[0]
    args = {"scheme": scheme.pk, "county": city.county.pk, "by": county_admin.pk}
    draft = jobs.enqueue("records.draft", owner=county_admin, **args)
    read = imports.upload("姓名\n甲".encode(), name="名册.csv", kind="roster", actor=county_admin, now=now)
    lose(way)
    for job in [draft.pk, read.job_id]:
        jobs.run(job)
    assert Job.objects.get(pk=draft.pk).state == JobState.FAILED
    assert not Round.objects.exists()
    read.refresh_from_db()
    assert (read.state, read.rows.count()) == (ImportState.REFUSED, 0)


@pytest.mark.parametrize("way", WAYS)
def test_acts_on_many_and_their_undo(
    way: str,
    lose: Callable[[str], None],
    county_admin: User,
    worker: Worker,
    waiting: None,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    monkeypatch.setattr(batches, "ALONE", 0)
    values = {"on": "2026-09-16", "reason": "illness"}
    done = batches.begin(acts.ACTS["step.suspend"], [worker.pk], values, by=county_admin, now=now)
    jobs.run(done.done["job"])
    assert Worker.objects.get(pk=worker.pk).state == "suspended"
    undone = batches.undo(Batch.objects.get(pk=done.pk), by=county_admin, now=now)
    later = batches.begin(acts.ACTS["step.return"], [worker.pk], {"on": "2026-09-16"}, by=county_admin, now=now)
    lose(way)
    for job in [undone.done["undo"], later.done["job"]]:
        jobs.run(job)
    assert Job.objects.get(pk=undone.done["undo"]).state == JobState.FAILED
    assert Worker.objects.get(pk=worker.pk).state == "suspended"


def test_a_draft_under_way_is_not_written(
    lose: Callable[[str], None], county_admin: User, worker: Worker, city: Any, now: datetime
) -> None:
    """The role is lost while the county is being judged."""
    scheme = schemes.default_schemes(2025)[0]
    assert scheme.employment == worker.employment
    with pytest.raises(Refused, match="只有本县或市级管理员可以初评"):
        assessments.draft(scheme, city.county, by=county_admin, now=now, progress=lambda done, total: lose("revoked"))
    assert not Assessment.objects.exists()


def test_an_import_under_way_stops(
    lose: Callable[[str], None],
    county_admin: User,
    waiting: None,
    monkeypatch: pytest.MonkeyPatch,
    city: Any,
    now: datetime,
) -> None:
    from tests.lms.test_imports import line, sheet

    monkeypatch.setattr(imports, "CHUNK", 2)
    run = imports.upload(sheet(*map(line, range(1, 6))), name="名册.csv", kind="roster", actor=county_admin, now=now)
    jobs.run(run.job_id)
    run = imports.confirm(ImportRun.objects.get(pk=run.pk), by=county_admin, now=now)
    assert len(imports.apply_chunk(run, imports.resource_of("roster")())) == 2
    lose("duty")
    jobs.run(run.job_id)
    assert ImportRun.objects.get(pk=run.pk).stopped
    assert Worker.objects.count() == 2

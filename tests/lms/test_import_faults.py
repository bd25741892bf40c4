"""What an import does when its worker is killed, when the disk is full, when nobody can write: nothing is lost, nothing comes twice."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms import imports, jobs
from lms.models import ImportRow, ImportRun, ImportState, Job, JobState
from roster.identity import check_digit
from roster.models import Posting, User, Worker
from tests.lms.conftest import until

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "姓名,身份证号,手机号,乡镇,社区,网格\n"


def number(order: int) -> str:
    first = f"4212021980{order // 28 % 12 + 1:02}{order % 28 + 1:02}{order // 336:03}"
    return first + check_digit(first)


def called(order: int) -> str:
    letters = "甲乙丙丁戊己庚辛壬癸"
    return f"王{letters[order // 100 % 10]}{letters[order // 10 % 10]}{letters[order % 10]}"


def listed(count: int) -> bytes:
    rows = [f"{called(at)},{number(at)},139{at:08},永安街道,双鹤社区,第一网格" for at in range(count)]
    return (HEAD + "\n".join(rows)).encode()


def ready(user: User, count: int) -> ImportRun:
    """An upload that waits for its confirmation."""
    run = imports.upload(listed(count), name="名册.csv", kind="roster", actor=user, now=timezone.now())
    run.refresh_from_db()
    assert run.counts == {"new": count}
    return run


@pytest.mark.slow
@pytest.mark.postgres
def test_an_import_whose_worker_is_killed_goes_on_by_itself_where_it_stopped(
    county_admin: User, start_worker: Callable[..., subprocess.Popen]
) -> None:
    from lms.celery import app

    app.conf.task_always_eager = True
    run = ready(county_admin, 3000)
    app.conf.task_always_eager = False
    run = imports.confirm(run, by=county_admin, now=timezone.now())
    first = start_worker()
    until(lambda: Worker.objects.count() > 0)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    at_kill = Worker.objects.count()
    run.refresh_from_db()
    assert (run.state, at_kill < 3000, at_kill % imports.CHUNK) == (ImportState.APPLYING, True, 0)
    assert ImportRow.objects.filter(run=run).exclude(applied_at=None).count() == at_kill

    # the worker lives by the true clock, which is later than the one that stands still here
    assert jobs.sweep(now=timezone.now() + timedelta(days=3650)) == 1
    start_worker()
    until(lambda: ImportRun.objects.get(pk=run.pk).state == ImportState.DONE)
    assert Worker.objects.count() == Posting.objects.count() == 3000
    assert Worker.objects.values("id_hash").distinct().count() == 3000


@pytest.fixture
def full_disk() -> Iterator[Callable[[bool], None]]:
    """The database answers that there is no room after the tenth new worker, as it does on a full disk, until it is told otherwise."""

    def full(on: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "DROP TRIGGER IF EXISTS no_room" + ("" if connection.vendor == "sqlite" else " ON roster_worker")
            )
            if not on:
                return
            if connection.vendor == "sqlite":
                cursor.execute(
                    "CREATE TRIGGER no_room BEFORE INSERT ON roster_worker WHEN (SELECT count(*) FROM roster_worker) >= 10 "
                    "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
                )
            else:
                cursor.execute(
                    "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger AS $$ BEGIN "
                    "IF (SELECT count(*) FROM roster_worker) >= 10 THEN "
                    "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; "
                    "END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
                )
                cursor.execute(
                    "CREATE TRIGGER no_room BEFORE INSERT ON roster_worker FOR EACH ROW EXECUTE FUNCTION no_room()"
                )

    yield full
    full(False)


@pytest.mark.postgres
def test_a_full_disk_stops_an_import_between_two_chunks_and_nothing_of_a_chunk_stays(
    county_admin: User, full_disk: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 4)
    run = ready(county_admin, 20)
    full_disk(True)
    run = imports.confirm(run, by=county_admin, now=timezone.now())
    # the job has been put back for another try, as often as any other fault
    assert (Worker.objects.count(), Posting.objects.count()) == (8, 8)
    assert ImportRow.objects.filter(run=run).exclude(applied_at=None).count() == 8
    for _again in range(jobs.MAX_TRIES):
        jobs.run(run.job_id)
    run = ImportRun.objects.select_related("job").get(pk=run.pk)
    assert (run.stopped, run.job.state) == (True, JobState.FAILED)  # type: ignore[union-attr]
    page = Client()
    page.force_login(county_admin)
    assert "导入中途停下了" in page.get(reverse("import_run", args=[run.pk])).content.decode()

    full_disk(False)
    resumed = imports.resume(run, by=county_admin, now=timezone.now())
    assert (ImportRun.objects.get(pk=resumed.pk).state, Worker.objects.count()) == (ImportState.DONE, 20)


def test_a_file_that_cannot_be_stored_is_told_at_once_and_leaves_nothing(
    county_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storage's own folder is no folder any more: writing fails as it does on a full or broken disk."""
    storage = ImportRun._meta.get_field("file").storage  # type: ignore[union-attr]
    monkeypatch.setattr(storage, "_location", "/dev/full")
    for name in ("base_location", "location"):
        storage.__dict__.pop(name, None)
    client = Client()
    client.force_login(county_admin)
    try:
        answer = client.post(reverse("imports"), {"kind": "roster", "file": SimpleUploadedFile("名册.csv", listed(2))})
    finally:
        monkeypatch.undo()
        for name in ("base_location", "location"):
            storage.__dict__.pop(name, None)
    assert (answer.status_code, ImportRun.objects.count(), Job.objects.count()) == (200, 0, 0)
    assert "文件没有存下来" in answer.content.decode()


def test_a_broken_write_of_one_chunk_leaves_the_rows_for_the_next_try(
    county_admin: User, full_disk: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "send", lambda job_id: None)
    run: Any = imports.upload(listed(12), name="名册.csv", kind="roster", actor=county_admin, now=timezone.now())
    jobs.run(run.job_id)
    run = imports.confirm(ImportRun.objects.get(pk=run.pk), by=county_admin, now=timezone.now())
    full_disk(True)
    with pytest.raises(DatabaseError):
        imports.apply_chunk(run, imports.resource_of("roster")())
    assert (Worker.objects.count(), ImportRow.objects.exclude(applied_at=None).count()) == (0, 0)
    full_disk(False)
    jobs.run(run.job_id)
    assert Worker.objects.count() == 12

"""The audit log: only ever added to, tied into a chain, and proved whole or not."""

import gzip
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import override_settings
from django.utils import timezone

from lms import audit, audit_archive, audit_chain, audit_daily, audit_verify, jobs, tasks
from lms.audit_chain import Head
from lms.models import AuditAnchor, AuditCheck, AuditEntry, AuditLink, Job
from lms.refusal import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()  # the guards of the database go by its own clock
OLD = NOW - timedelta(days=500)


def noted(count: int, *, at: datetime = NOW) -> list[AuditEntry]:
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    for number in range(count):
        audit.note("test.noted", now=at, territory="1/2/", number=number, of=["a", "b"])
    return list(AuditEntry.objects.exclude(pk__in=before).order_by("pk"))


def chain(count: int, *, at: datetime = NOW) -> list[AuditEntry]:
    entries = noted(count, at=at)
    audit_chain.link(now=at)
    return entries


def sql(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def unguarded(db: None) -> None:
    """As the owner of the tables can make it for themselves: without the triggers."""
    tables = ["lms_auditentry", "lms_auditlink", "lms_auditanchor", "lms_auditcheck"]
    if connection.vendor == "postgresql":
        for table in tables:
            sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'lms_audit%%'")
        for (name,) in cursor.fetchall():
            sql(f"DROP TRIGGER {name}")


# --- the chain ----------------------------------------------------------------------------------------------------


def test_what_is_noted_is_linked_without_gaps_and_whole() -> None:
    entries = chain(3)
    assert list(AuditLink.objects.values_list("position", "entry")) == [(n, e.pk) for n, e in enumerate(entries, 1)]
    report = audit_verify.verify()
    assert (report.whole, report.links, report.unlinked) == (True, 3, 0)
    assert report.head == audit_chain.head()


def test_details_read_the_same_from_either_database() -> None:
    said = {"marks": Decimal("1.50"), "on": date(2026, 9, 16), "share": 0.1, "counts": {"new": 3, 7: [True, None]}}
    audit.note("test.noted", now=NOW, **said)
    audit_chain.link(now=NOW)
    entry = AuditEntry.objects.get()
    assert entry.detail == {
        "marks": "1.50",
        "on": "2026-09-16",
        "share": "0.1",
        "counts": {"new": 3, "7": [True, None]},
    }
    assert audit_verify.verify().whole


def test_linking_twice_links_once_and_goes_on_at_the_end() -> None:
    chain(2)
    audit_chain.link(now=NOW)
    first = audit_chain.head()
    assert first.position == 2
    chain(1)
    assert audit_chain.head().position == 3
    assert audit_verify.verify(given=first).whole


def test_more_than_one_batch_is_linked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 2)
    noted(5)
    assert audit_chain.link(now=NOW) == 5
    assert audit_verify.verify().whole


def test_an_entry_that_was_committed_late_is_linked_later() -> None:
    late, *entries = noted(3)
    end = audit_chain.beginning()
    for position, entry in enumerate(entries, 1):  # as a run did that could not see the first one yet
        end = Head(position, audit_chain.hash_of(position, entry.pk, entry.digest, end.hash))
        AuditLink.objects.create(position=position, entry=entry.pk, hash=end.hash, at=NOW)
    assert audit_chain.link(now=NOW) == 1
    assert AuditLink.objects.get(position=3).entry == late.pk
    assert audit_verify.verify().whole


def test_a_very_late_one_is_found_by_the_daily_look_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "WINDOW", 0)
    late, entry = noted(2)
    hash_ = audit_chain.hash_of(1, entry.pk, entry.digest, audit_chain.beginning().hash)
    AuditLink.objects.create(position=1, entry=entry.pk, hash=hash_, at=NOW)
    assert audit_chain.link(now=NOW) == 0
    assert audit_verify.verify().unlinked == 1
    assert audit_chain.link(now=NOW, everywhere=True) == 1
    assert AuditLink.objects.get(position=2).entry == late.pk


def test_what_was_noted_before_there_was_a_chain_is_linked_by_the_first_run(unguarded: None) -> None:
    AuditEntry.objects.create(at=OLD, action="test.noted", detail={"share": 0.5, "counts": {"new": 3}}, digest="")
    AuditEntry.objects.create(at=NOW, action="test.noted", digest="")
    (file,) = (settings.BASE_DIR / "lms" / "migrations").glob("*audit_chain.py")
    importlib.import_module(f"lms.migrations.{file.stem}").digests(apps, None)
    assert audit_chain.link(now=NOW) == 2
    assert audit_verify.verify().whole


def test_a_key_of_its_own_is_not_the_one_that_finds_telephones() -> None:
    derived = audit.key()
    assert settings.LOOKUP_KEY.encode() not in derived
    with override_settings(LOOKUP_KEY="another"):
        assert audit.key() != derived
    with override_settings(AUDIT_KEY="own"):
        own = audit.key()
        with override_settings(LOOKUP_KEY="another"):
            assert audit.key() == own != derived


# --- what does not go unnoticed -----------------------------------------------------------------------------------


def broken(position: int | None, kind: str) -> None:
    report = audit_verify.verify()
    assert report.first is not None
    assert (report.first.kind, report.first.position) == (kind, position)


@pytest.mark.parametrize(
    "change",
    [
        "action = 'test.other'",
        "actor_id = NULL, subject = 'roster.user:1'",
        "territory = '1/3/'",
        "request_id = 'x'",
        "detail = '{\"number\": 9}'",
        "at = '2020-01-01 00:00:00'",
        "digest = 'f'",
    ],
)
def test_changed_content_is_named(unguarded: None, change: str) -> None:
    entries = chain(4)
    sql(f"UPDATE lms_auditentry SET {change} WHERE id = %s", entries[1].pk)  # noqa: S608
    broken(2, "content")


def test_a_removed_entry_is_named(unguarded: None) -> None:
    entries = chain(4)
    sql("DELETE FROM lms_auditentry WHERE id = %s", entries[2].pk)
    broken(3, "entry")


def test_a_removed_link_is_named_though_its_entry_is_linked_again(unguarded: None) -> None:
    chain(4)
    sql("DELETE FROM lms_auditlink WHERE position = 2")
    broken(2, "gap")
    audit_chain.link(now=NOW, everywhere=True)
    broken(2, "gap")


def test_an_entry_removed_with_its_link_is_named(unguarded: None) -> None:
    entries = chain(4)
    sql("DELETE FROM lms_auditlink WHERE position = 1")
    sql("DELETE FROM lms_auditentry WHERE id = %s", entries[0].pk)
    broken(1, "gap")


def test_a_hole_that_was_closed_is_named(unguarded: None) -> None:
    entries = chain(4)
    sql("DELETE FROM lms_auditlink WHERE position = 2")
    sql("DELETE FROM lms_auditentry WHERE id = %s", entries[1].pk)
    sql("UPDATE lms_auditlink SET position = 2 WHERE position = 3")
    sql("UPDATE lms_auditlink SET position = 3 WHERE position = 4")
    broken(2, "link")


def test_changed_places_are_named(unguarded: None) -> None:
    chain(4)
    second, third = AuditLink.objects.filter(position__in=[2, 3]).values_list("entry", flat=True)
    sql("UPDATE lms_auditlink SET entry = 0 WHERE position = 2")
    sql("UPDATE lms_auditlink SET entry = %s WHERE position = 3", second)
    sql("UPDATE lms_auditlink SET entry = %s WHERE position = 2", third)
    broken(2, "link")


def test_content_and_digest_of_another_entry_do_not_pass(unguarded: None) -> None:
    """The digest alone would be true; the chain knows which one stood there."""
    entries = chain(4)
    one, other = entries[1], entries[2]
    sql(
        "UPDATE lms_auditentry SET detail = %s, digest = %s WHERE id = %s",
        json.dumps(other.detail),
        other.digest,
        one.pk,
    )
    broken(2, "link")


def test_a_forged_entry_is_named_before_and_after_it_is_linked(caplog: pytest.LogCaptureFixture) -> None:
    chain(2)
    forged = AuditEntry.objects.create(at=NOW, action="test.forged", digest="0" * 64)
    report = audit_verify.verify()
    assert report.first == audit_verify.Fault("forged", entry=forged.pk)
    audit_chain.link(now=NOW)
    assert "audit_entry_false" in caplog.text
    broken(3, "content")


def test_a_cut_tail_is_noticed_by_a_head_that_was_kept_elsewhere(unguarded: None) -> None:
    entries = chain(4)
    kept = audit_chain.head()
    sql("DELETE FROM lms_auditlink WHERE position > 2")
    sql("DELETE FROM lms_auditentry WHERE id >= %s", entries[2].pk)
    assert audit_verify.verify().whole  # nothing in the database could tell
    assert audit_verify.verify(given=kept).first == audit_verify.Fault("cut", 4)
    chain(3)  # and it stays so when the chain has grown past the place
    assert audit_verify.verify(given=kept).first == audit_verify.Fault("head", 4)


def test_a_cut_tail_is_noticed_by_what_the_last_check_met(unguarded: None) -> None:
    chain(4)
    audit_verify.check(now=NOW)
    sql("DELETE FROM lms_auditlink WHERE position > 2")
    sql("DELETE FROM lms_auditentry WHERE id NOT IN (SELECT entry FROM lms_auditlink)")
    broken(4, "cut")


def test_without_the_key_no_link_can_be_made(unguarded: None) -> None:
    """Whoever writes to the database and does not know the key cannot mend the chain after them."""
    entries = chain(3)
    sql("UPDATE lms_auditentry SET action = 'test.other' WHERE id = %s", entries[0].pk)
    AuditLink.objects.all().delete()
    with override_settings(AUDIT_KEY="guessed"):
        entry = AuditEntry.objects.get(pk=entries[0].pk)
        said = (entry.at, entry.actor_id, entry.action, entry.subject, entry.territory, entry.detail, entry.request_id)
        sql("UPDATE lms_auditentry SET digest = %s WHERE id = %s", audit.digest(*said), entry.pk)
        audit_chain.link(now=NOW)
    broken(1, "content")


def test_another_key_is_called_by_its_name() -> None:
    chain(2)
    audit_verify.check(now=NOW)
    with override_settings(AUDIT_KEY="another"):
        report = audit_verify.verify()
    assert report.first == audit_verify.Fault("key")
    assert report.faults["content"] == 2


def test_all_faults_are_counted_and_the_first_is_named(unguarded: None) -> None:
    entries = chain(6)
    sql("UPDATE lms_auditentry SET territory = '' WHERE id IN (%s, %s)", entries[1].pk, entries[4].pk)
    report = audit_verify.verify()
    assert report.faults == {"content": 2}
    assert str(report.first) == f"第 2 环：编号 {entries[1].pk} 的记录内容被改过，或者是伪造的。"


# --- the database itself refuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lms_auditentry SET action = 'x'",
        "DELETE FROM lms_auditentry",
        "UPDATE lms_auditlink SET hash = 'x'",
        "DELETE FROM lms_auditlink",
        "UPDATE lms_auditcheck SET position = 1",
        "DELETE FROM lms_auditcheck",
    ],
)
def test_nothing_that_was_noted_is_changed_or_removed(statement: str) -> None:
    chain(1)
    audit_verify.check(now=NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(statement)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a statement of SQLite")
@pytest.mark.parametrize("table", ["lms_auditentry", "lms_auditlink", "lms_auditcheck"])
def test_nothing_is_replaced(table: str) -> None:
    chain(1)
    audit_verify.check(now=NOW)
    with pytest.raises(DatabaseError, match="append-only"):
        sql(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a statement of PostgreSQL")
@pytest.mark.parametrize("table", ["lms_auditentry", "lms_auditlink", "lms_auditanchor", "lms_auditcheck"])
def test_nothing_is_truncated(table: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        sql(f"TRUNCATE {table}")


def test_what_is_old_enough_may_go_and_nothing_younger() -> None:
    chain(1, at=NOW - timedelta(days=181))
    young = chain(1, at=NOW - timedelta(days=179))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql("DELETE FROM lms_auditentry WHERE id = %s", young[0].pk)
    sql("DELETE FROM lms_auditentry WHERE id <> %s", young[0].pk)
    assert AuditEntry.objects.count() == 1


# --- archived when their time is over -----------------------------------------------------------------------------


def test_the_oldest_stretch_is_archived_and_the_rest_is_still_proved() -> None:
    old, young = chain(3, at=OLD), chain(2)
    kept = audit_chain.head()
    anchor = audit_archive.retire(now=NOW, by="beat")
    assert anchor is not None
    assert (anchor.position, anchor.entries, anchor.by) == (3, 3, "beat")
    assert not AuditEntry.objects.filter(pk__in=[entry.pk for entry in old]).exists()
    assert AuditEntry.objects.filter(pk__in=[entry.pk for entry in young]).count() == 2
    audit_chain.link(now=NOW)
    report = audit_verify.verify(given=kept)
    assert (report.whole, report.start.position, report.links) == (True, 3, 3)  # with the note of the archiving
    with anchor.file.open("rb") as file:
        said = [json.loads(line) for line in gzip.decompress(file.read()).splitlines()]
    assert [one["entry"] for one in said] == [entry.pk for entry in old]
    assert said[0]["detail"] == {"number": 0, "of": ["a", "b"]}
    assert audit_archive.verify_file(anchor).whole
    assert audit_archive.retire(now=NOW, by="beat") is None


def test_archiving_again_goes_on_from_the_last_anchor() -> None:
    chain(4, at=OLD)
    first = audit_archive.retire(now=NOW, by="beat", most=3)
    second = audit_archive.retire(now=NOW, by="beat", most=3)
    assert [(a.position, a.entries) for a in (first, second) if a] == [(3, 3), (4, 1)]
    assert all(audit_archive.verify_file(anchor).whole for anchor in AuditAnchor.objects.all())
    assert audit_chain.head() == Head(4, second.hash if second else "")


def test_a_younger_entry_among_old_ones_ends_the_stretch() -> None:
    chain(2, at=OLD)
    chain(1)
    chain(2, at=OLD)
    assert audit_archive.due(now=NOW) == 2


def test_a_stretch_that_is_not_whole_is_evidence_and_stays(unguarded: None) -> None:
    entries = chain(3, at=OLD)
    sql("UPDATE lms_auditentry SET territory = '' WHERE id = %s", entries[1].pk)
    with pytest.raises(Refused, match="这一段审计记录不完整，不能存档。"):
        audit_archive.retire(now=NOW, by="beat")
    assert AuditEntry.objects.count() == 3
    assert not AuditAnchor.objects.exists()


def test_an_archive_that_was_changed_is_noticed() -> None:
    chain(3, at=OLD)
    anchor = audit_archive.retire(now=NOW, by="beat")
    assert anchor is not None
    with anchor.file.open("rb") as file:
        lines = gzip.decompress(file.read()).splitlines(keepends=True)
    for changed, kind in [
        (lines[:2], "cut"),
        ([lines[0], lines[2]], "gap"),
        ([lines[0].replace(b"test.noted", b"test.other"), *lines[1:]], "content"),
    ]:
        with anchor.file.storage.open(anchor.file.name, "wb") as file:
            file.write(gzip.compress(b"".join(changed)))
        first = audit_archive.verify_file(anchor).first
        assert first is not None
        assert first.kind == kind


def test_an_anchor_that_somebody_put_there_is_noticed(unguarded: None) -> None:
    chain(3)
    last = AuditLink.objects.get(position=2)
    AuditAnchor.objects.create(position=2, hash=last.hash, entries=2, sha256="", by="beat", at=NOW, seal="0" * 64)
    sql("DELETE FROM lms_auditentry WHERE id IN (SELECT entry FROM lms_auditlink WHERE position <= 2)")
    sql("DELETE FROM lms_auditlink WHERE position <= 2")
    broken(2, "anchor")


# --- by the clock and by commands ---------------------------------------------------------------------------------


def run(name: str, *args: str, **options: Any) -> str:
    out = StringIO()
    call_command(name, *args, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_beat_links_and_once_a_day_proves_the_chain(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Callable[..., Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(audit_daily, "HOUR", 0)
    noted(2)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.link_audit()
        tasks.link_audit()
    assert Job.objects.filter(kind="audit.daily").count() == 1
    check = AuditCheck.objects.get()
    assert (check.links, check.position, check.fault) == (2, 2, "")
    assert "audit_head" in caplog.text
    assert audit_chain.head().hash in caplog.text


def test_a_broken_chain_is_told_in_the_log_and_nothing_is_archived(
    unguarded: None, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    entries = chain(2, at=OLD)
    sql("UPDATE lms_auditentry SET territory = '' WHERE id = %s", entries[1].pk)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("audit.daily")
    assert "audit_broken" in caplog.text
    assert AuditCheck.objects.get().fault == "content"
    assert not AuditAnchor.objects.exists()


def test_the_head_is_printed_to_be_kept_elsewhere() -> None:
    noted(2)
    assert run("audit_head").strip() == str(audit_chain.head())
    assert audit_chain.head().position == 2


def test_verify_says_that_it_is_whole() -> None:
    noted(3)
    said = run("verify_audit", head=str(chain_head()))
    assert "从第 1 环到第 3 环，核对了 3 环" in said
    assert "完整。" in said


def chain_head() -> Head:
    audit_chain.link(now=NOW)
    return audit_chain.head()


def test_verify_names_the_first_broken_link_and_fails(unguarded: None) -> None:
    entries = chain(3)
    sql("DELETE FROM lms_auditentry WHERE id = %s", entries[1].pk)
    out = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("verify_audit", stdout=out)
    assert failed.value.returncode == 1
    assert f"第一处：第 2 环：编号 {entries[1].pk} 的记录被删掉了。" in out.getvalue()


def test_verify_refuses_a_head_that_is_none() -> None:
    with pytest.raises(CommandError, match="--head"):
        call_command("verify_audit", head="12")


def test_archiving_by_command_first_says_how_many() -> None:
    chain(2, at=OLD)
    assert "2 条早于 400 天" in run("retire_audit", dry_run=True)
    assert AuditEntry.objects.count() == 2
    assert "2 条已存档" in run("retire_audit")
    assert "存档 audit/1-2" in run("verify_audit", archives=True)


def test_less_than_180_days_is_no_setting() -> None:
    environment = {**os.environ, "AUDIT_DAYS": "179"}
    code = "import lms.settings"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "AUDIT_DAYS" in done.stderr
    assert settings.AUDIT_DAYS == 400


def test_moments_are_compared_in_one_zone() -> None:
    moment = datetime(2026, 9, 16, 2, 0, tzinfo=UTC)
    local = moment.astimezone(timezone.get_fixed_timezone(480))
    said: tuple[Any, ...] = (None, "a", "", "", {}, "")
    assert audit.digest(moment, *said) == audit.digest(local, *said)

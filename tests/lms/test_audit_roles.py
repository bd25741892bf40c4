"""On PostgreSQL the web has a role of its own, which can add to the audit log and read it, and nothing else."""

import os
from collections.abc import Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from lms import audit, audit_archive, audit_chain, audit_verify

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ROLE = f"xuetang_web_{os.getpid()}"
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="roles of PostgreSQL")


@pytest.fixture
def web(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the platform has it, in a role of its own."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN")
    try:
        call_command("database_roles", ROLE, stdout=StringIO())
        call_command("database_roles", ROLE, stdout=StringIO())  # after an upgrade, say
        given = connection.get_connection_params()
        names = ("dbname", "host", "port")
        with psycopg.connect(
            user=ROLE, autocommit=True, **{name: given[name] for name in names if name in given}
        ) as web:
            yield web
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {ROLE}")
            cursor.execute(f"DROP ROLE {ROLE}")


ATTACKS = [
    "UPDATE lms_auditentry SET action = 'x'",
    "DELETE FROM lms_auditentry",
    "DELETE FROM lms_auditentry WHERE at < now() - interval '400 days'",
    "TRUNCATE lms_auditentry",
    "ALTER TABLE lms_auditentry DISABLE TRIGGER ALL",
    "DROP TRIGGER lms_auditentry_no_update ON lms_auditentry",
    "DROP TABLE lms_auditlink",
    "UPDATE lms_auditlink SET hash = 'x'",
    "DELETE FROM lms_auditlink",
    "DELETE FROM lms_auditanchor",
    "UPDATE lms_auditcheck SET fault = ''",
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "SET session_replication_role = replica",
    "INSERT INTO lms_auditentry SELECT * FROM lms_auditentry ON CONFLICT (id) DO UPDATE SET action = 'x'",
]


@on_postgresql
def test_the_web_role_cannot_touch_what_was_noted(web: Any) -> None:
    audit.note("test.noted", now=timezone.now())
    for statement in ATTACKS:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(statement)
        assert web.execute("SELECT count(*) FROM lms_auditentry WHERE action = 'test.noted'").fetchone() == (1,), (
            statement
        )


@on_postgresql
def test_the_web_role_notes_links_and_verifies(web: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
        try:
            audit.note("test.noted", now=timezone.now())
            assert audit_chain.link(now=timezone.now()) >= 1
            report, _kept = audit_verify.check(now=timezone.now())
            assert report.whole
            assert not audit_archive.may_remove()
        finally:
            cursor.execute("RESET ROLE")
    assert audit_archive.may_remove()


@on_postgresql
def test_all_other_tables_are_the_web_roles_to_write(web: Any) -> None:
    web.execute("UPDATE roster_user SET name = name")
    web.execute("DELETE FROM django_session")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("DELETE FROM django_migrations")


@on_postgresql
def test_a_role_that_could_free_itself_is_refused(transactional_db: None) -> None:
    with pytest.raises(CommandError, match="限制不住它"):
        call_command("database_roles", connection.settings_dict["USER"])
    with pytest.raises(CommandError, match="没有角色 nobody_here"):
        call_command("database_roles", "nobody_here")


@on_postgresql
def test_two_runs_at_once_link_nothing_twice(transactional_db: None) -> None:
    """While one run holds the lock, another goes away with nothing done."""
    audit.note("test.noted", now=timezone.now())
    given = connection.get_connection_params()
    names = ("dbname", "host", "port", "user")
    with psycopg.connect(**{name: given[name] for name in names if name in given}) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [audit_chain.LOCK])
        assert audit_chain.link(now=timezone.now()) == 0
    assert audit_chain.link(now=timezone.now()) == 1


@pytest.mark.skipif(connection.vendor == "postgresql", reason="elsewhere than on PostgreSQL")
def test_elsewhere_there_are_no_roles() -> None:
    with pytest.raises(CommandError, match="只有 PostgreSQL 有角色"):
        call_command("database_roles", "web")

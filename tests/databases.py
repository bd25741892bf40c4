"""Migrate once into a template, keyed by a digest of all migrations; every test process gets a copy of it.

Wagtail's migrations take ten seconds; a copy takes none. After a test that commits, the copy is put back as it was,
so that what the migrations made (Wagtail's root page, groups, permissions) is there again.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections

from tests import postgres_rows

ROOT = Path(__file__).resolve().parent.parent
STORE = ROOT / ".pytest_cache" / "databases"
OWN = f"xuetang_test_{os.getpid()}"
SHAPE = ""  # of our own PostgreSQL database, as it was copied


def digest() -> str:
    """Changes whenever a migration, an app's set-up or a pinned package does."""
    files = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/apps.py"), ROOT / "requirements.txt"]
    sum_ = hashlib.sha256()
    for file in sorted(files):
        sum_.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return sum_.hexdigest()[:16]


@contextmanager
def locked() -> Iterator[None]:
    """One process builds the template, the others wait for it."""
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrate_into(name: str) -> None:
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def sqlite_template() -> Path:
    template = STORE / f"{digest()}.sqlite3"
    with locked():
        if not template.exists():
            for old in STORE.glob("*.sqlite3*"):
                if old.stat().st_mtime < time.time() - 86400:
                    old.unlink()
            unfinished = STORE / f"unfinished-{os.getpid()}.sqlite3"
            migrate_into(str(unfinished))
            with sqlite3.connect(unfinished) as database:
                database.execute("PRAGMA journal_mode=DELETE")
            database.close()
            unfinished.rename(template)
    return template


def postgres(statement: str) -> list[tuple]:
    """Run one statement from the maintenance database, outside any transaction."""
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def postgres_template() -> str:
    name = f"xuetang_template_{digest()}"
    with locked():
        if not postgres(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - our own name
            postgres(f"DROP DATABASE IF EXISTS {name}_unfinished")
            postgres(f"CREATE DATABASE {name}_unfinished")
            migrate_into(f"{name}_unfinished")
            postgres(f"ALTER DATABASE {name}_unfinished RENAME TO {name}")
    return name


def lay() -> None:
    """Give this process its own database, migrated."""
    if connection.vendor == "sqlite":
        shutil.copyfile(sqlite_template(), connection.settings_dict["NAME"])
        return
    template = postgres_template()
    connection.close()
    connection.settings_dict["NAME"] = OWN
    copy_template(template)


def copy_template(template: str) -> None:
    global SHAPE
    with locked():  # PostgreSQL copies a template for one client at a time
        postgres(f"DROP DATABASE IF EXISTS {OWN} WITH (FORCE)")
        postgres(f"CREATE DATABASE {OWN} TEMPLATE {template}")
    SHAPE = postgres_rows.keep()


def restore() -> None:
    """Put the database back as the migrations left it. Connections of a live server stay good on SQLite and are cut on PostgreSQL."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with sqlite3.connect(sqlite_template()) as template:
            template.backup(connection.connection)
        template.close()
        return
    connections.close_all()
    if not postgres_rows.restore(SHAPE):
        connections.close_all()
        copy_template(f"xuetang_template_{digest()}")
    # the next test begins with a connection of its own
    connections.close_all()


def drop() -> None:
    connections.close_all()
    if connection.vendor != "sqlite":
        postgres(f"DROP DATABASE IF EXISTS {OWN} WITH (FORCE)")

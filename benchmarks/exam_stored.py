"""The database of the exam day from below: how much it holds, that it is durable, and how long a writer has to wait."""

import sqlite3
import time

from django.db import connection

POSTGRES = connection.vendor == "postgresql"
TABLES = ["exams_attempt", "exams_answer", "exams_journalentry", "exams_presence", "lms_auditentry"]


def durable():
    """What is acknowledged is on disk, or this measures something else."""
    with connection.cursor() as cursor:
        if POSTGRES:
            for name in ("synchronous_commit", "fsync", "full_page_writes"):
                cursor.execute(f"SHOW {name}")
                assert cursor.fetchone()[0] == "on", name
        else:
            assert cursor.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
            assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def stored():
    """Bytes of the whole database."""
    with connection.cursor() as cursor:
        if POSTGRES:
            cursor.execute(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        size = [
            cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        ]
        return (size[0] - size[1]) * size[2]


def stored_in():
    if not POSTGRES:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_upd, n_tup_hot_upd, pg_total_relation_size(relid) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [TABLES],
        )
        rows = cursor.fetchall()
    return "; ".join(
        f"{name} {size / 1e6:.1f} MB, {hot:,} of {updates:,} updates in place"
        for name, updates, hot, size in sorted(rows)
    )


def held_up(path, until, pipe):
    """How long a writer of SQLite has to wait at most while the sweep closes."""
    link, longest = sqlite3.connect(path, isolation_level=None, timeout=30), 0
    while not until.is_set():
        begun = time.perf_counter()
        link.execute("BEGIN IMMEDIATE")
        longest = max(longest, time.perf_counter() - begun)
        link.execute("ROLLBACK")
        time.sleep(0.005)
    pipe.send(longest)

"""The statements that write answers. One saves a single answer; two take in whole sheets.

Guard and write of a save stand or fall together, so nothing slips in after the hand-in.

PostgreSQL: the guard takes the attempt row FOR SHARE. A hand-in takes it FOR UPDATE, so it waits for saves in flight and marks
them, and saves that come later find the state changed. Without FOR SHARE such saves were acknowledged and never marked.
SQLite: one statement is one write transaction, and there is one writer at a time; the guard is its WHERE.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from exams.models import Attempt

POSTGRES = """
WITH guard AS (
    SELECT id FROM exams_attempt
    WHERE id = %(attempt)s AND worker_id = %(worker)s AND state = 'sitting' AND deadline > %(now)s
    FOR SHARE
), written AS (
    INSERT INTO exams_answer (attempt_id, item_id, value, seq, saved_at)
    SELECT id, %(item)s, %(value)s, %(seq)s, %(now)s::timestamptz FROM guard
    ON CONFLICT (attempt_id, item_id) DO UPDATE
    SET value = excluded.value, seq = excluded.seq, saved_at = excluded.saved_at
    WHERE excluded.seq > exams_answer.seq
    RETURNING 1
)
SELECT (SELECT count(*) FROM guard), (SELECT count(*) FROM written)
"""

SQLITE = """
INSERT INTO exams_answer (attempt_id, item_id, value, seq, saved_at)
SELECT id, %(item)s, %(value)s, %(seq)s, %(now)s FROM exams_attempt
WHERE id = %(attempt)s AND worker_id = %(worker)s AND state = 'sitting' AND deadline > %(now)s
ON CONFLICT (attempt_id, item_id) DO UPDATE
SET value = excluded.value, seq = excluded.seq, saved_at = excluded.saved_at
WHERE excluded.seq > exams_answer.seq
"""
SQLITE_GUARD = """
SELECT count(*) FROM exams_attempt
WHERE id = %(attempt)s AND worker_id = %(worker)s AND state = 'sitting' AND deadline > %(now)s
"""


class Outcome(NamedTuple):
    open: bool  # the attempt is this worker's, being sat, and within its time
    written: bool  # False with `open`: an answer with this sequence or a newer one stands


def save(attempt_id: int, item_id: int, *, worker_id: int, value: str, seq: int, now: datetime) -> Outcome:
    """Write the answer if the attempt is still open and no answer with this sequence or a newer one stands."""
    moment = connection.ops.adapt_datetimefield_value(now)
    values: dict[str, Any] = {
        "attempt": attempt_id,
        "item": item_id,
        "worker": worker_id,
        "value": value,
        "seq": seq,
        "now": moment,
    }
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRES, values)
            guarded, written = cursor.fetchone()
            return Outcome(bool(guarded), bool(written))
        cursor.execute(SQLITE, values)
        if cursor.rowcount > 0:
            return Outcome(True, True)
        cursor.execute(SQLITE_GUARD, values)
        return Outcome(bool(cursor.fetchone()[0]), False)


INSERT = """
INSERT INTO exams_answer (attempt_id, item_id, value, seq, saved_at, marks) VALUES (%s, %s, %s, %s, %s, %s)
"""
FINISH = """
UPDATE exams_attempt
SET state = %s, started_at = %s, deadline = %s, finished_at = %s, closed_by_clock = %s, receipt = %s, machine_marks = %s, marks = %s
WHERE id = %s
"""


class Row(NamedTuple):
    """One new answer of a whole sheet."""

    attempt_id: int
    item_id: int
    value: str
    saved_at: datetime
    marks: Decimal | None


def insert_many(rows: Iterable[Row]) -> None:
    """New answers of whole sheets, inside the caller's transaction, which holds their attempts."""
    moment = cache(connection.ops.adapt_datetimefield_value)  # a sheet's answers share their time
    with connection.cursor() as cursor:
        cursor.executemany(
            INSERT, [(r.attempt_id, r.item_id, r.value, 1, moment(r.saved_at), _tenths(r.marks)) for r in rows]
        )


def finish_many(attempts: Iterable[Attempt]) -> None:
    """How these attempts ended, inside the caller's transaction, which holds their rows."""
    moment = connection.ops.adapt_datetimefield_value
    rows = [
        (
            a.state,
            moment(a.started_at),
            moment(a.deadline),
            moment(a.finished_at),
            a.closed_by_clock,
            a.receipt,
            _tenths(a.machine_marks),
            _tenths(a.marks),
            a.pk,
        )
        for a in attempts
    ]
    with connection.cursor() as cursor:
        cursor.executemany(FINISH, rows)


def _tenths(marks: Decimal | None) -> str | None:
    return None if marks is None else f"{marks:.1f}"

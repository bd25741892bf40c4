"""
The statements of the exam day. A save is one of them; start and hand-in are a few, inside the caller's transaction.

Guard and write of a save stand or fall together, so nothing slips in after the hand-in.

PostgreSQL: the guard takes the attempt row FOR SHARE. A hand-in takes it FOR UPDATE, so it waits for saves in flight and marks
them, and saves that come later find the state changed. Without FOR SHARE such saves were acknowledged and never marked. The
statements are prepared once for each connection.
SQLite: a transaction begins IMMEDIATE and there is one writer at a time; nothing can come between guard and write.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import psycopg
from django.db import connection, transaction

from exams.models import Attempt, AttemptState, Fate

GUARD = """
    SELECT id, deadline FROM exams_attempt
    WHERE id = %(attempt)s AND worker_id = %(worker)s AND device = %(device)s AND state = 'sitting' AND deadline > %(now)s
"""
POSTGRES = f"""
WITH guard AS ({GUARD} FOR SHARE),
sent AS (
    SELECT * FROM unnest(%(items)s::bigint[], %(seqs)s::int[], %(values)s::text[], %(bases)s::int[], %(kept)s::text[])
    AS sent (item_id, seq, value, base, kept)
), written AS (
    INSERT INTO exams_answer (attempt_id, item_id, value, seq, saved_at, waits)
    SELECT guard.id, sent.item_id, sent.value, sent.seq, %(now)s, false FROM guard, sent
    ON CONFLICT (attempt_id, item_id) DO UPDATE
    SET value = excluded.value, seq = excluded.seq, saved_at = excluded.saved_at
    WHERE excluded.seq > exams_answer.seq
    RETURNING item_id
), logged AS (
    INSERT INTO exams_journalentry (attempt_id, item_id, seq, page, at, fate, base, value)
    SELECT guard.id, sent.item_id, sent.seq, %(page)s, %(now)s,
        CASE WHEN sent.item_id IN (SELECT item_id FROM written) THEN {Fate.COUNTED} ELSE {Fate.OLDER} END, sent.base, sent.kept
    FROM guard, sent
    ON CONFLICT DO NOTHING
)
SELECT deadline, ARRAY(SELECT item_id FROM written) FROM guard
"""  # noqa: S608 - put together from our own words
SQLITE_ANSWER = """
INSERT INTO exams_answer (attempt_id, item_id, value, seq, saved_at, waits) VALUES (%s, %s, %s, %s, %s, 0)
ON CONFLICT (attempt_id, item_id) DO UPDATE
SET value = excluded.value, seq = excluded.seq, saved_at = excluded.saved_at
WHERE excluded.seq > exams_answer.seq
"""
SQLITE_JOURNAL = """
INSERT INTO exams_journalentry (attempt_id, item_id, seq, page, at, fate, base, value) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
SEEN = """
INSERT INTO exams_presence (attempt_id, seen_at, unsent) VALUES (%s, %s, %s)
ON CONFLICT (attempt_id) DO UPDATE SET seen_at = excluded.seen_at, unsent = excluded.unsent
"""
LOCK = """
SELECT a.id, a.exam_id, a.worker_id, a.state, a.device, a.opens_at, a.closes_at, a.granted, a.started_at, a.deadline, a.finished_at,
    a.closed_by_clock, a.receipt, e.opens_at, e.closes_at, e.minutes
FROM exams_attempt a JOIN exams_exam e ON e.id = a.exam_id WHERE a.id = %s
"""
PAPER = "SELECT state, device, deadline, paper, flags, granted FROM exams_attempt WHERE id = %s AND worker_id = %s"
ANSWERS = "SELECT item_id, value, seq, saved_at FROM exams_answer WHERE attempt_id = %s"
BEGIN = """
UPDATE exams_attempt SET state = 'sitting', device = %s, started_at = %s, deadline = %s, ready_at = COALESCE(ready_at, %s) WHERE id = %s
"""
FINISH = """
UPDATE exams_attempt SET state = %s, started_at = %s, deadline = %s, finished_at = %s, closed_by_clock = %s, receipt = %s,
    machine_marks = %s, marks = %s
WHERE id = %s
"""
WAITS = "UPDATE exams_answer SET waits = %s WHERE attempt_id = %s AND item_id = %s"
INSERT = "INSERT INTO exams_answer (attempt_id, item_id, value, seq, saved_at, waits) VALUES (%s, %s, %s, 1, %s, %s)"


@contextmanager
def _cursor() -> Iterator[Any]:
    """A cursor that prepares its statements (PostgreSQL), or Django's own; errors are Django's either way."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


def _run(cursor: Any, statement: str, values: Any) -> Any:
    return (
        cursor.execute(statement, values, prepare=True)
        if connection.vendor == "postgresql"
        else cursor.execute(statement, values)
    )


def _stored(moment: datetime | None) -> Any:
    return moment if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(moment)


def _moment(stored: Any) -> Any:
    """SQLite hands a time back without its zone, which is UTC."""
    return stored.replace(tzinfo=UTC) if stored is not None and stored.tzinfo is None else stored


class Entry(NamedTuple):
    """One answer to save: the value itself, and what the journal keeps of it."""

    item_id: int
    seq: int
    value: str
    base: int | None
    kept: str


class Guard(NamedTuple):
    """Whose save it is: nothing is written unless the attempt is this worker's, held by this device, and being sat."""

    attempt: int
    worker: int
    device: str


class Outcome(NamedTuple):
    deadline: datetime | None  # None: not open, nothing was written
    written: set[
        int
    ]  # items whose answer is now the one sent; of the others one with this sequence or a newer one stands


def save(guard: Guard, entries: Sequence[Entry], *, page: int, now: datetime) -> Outcome:
    """Write each answer unless one with its sequence or a newer one stands, and the journal of all; each question once at most."""
    values = {**guard._asdict(), "now": _stored(now), "page": page}
    if connection.vendor != "postgresql":
        return _save_on_sqlite(values, entries)
    names = ("items", "seqs", "values", "bases", "kept")
    columns = [[entry[place] for entry in entries] for place in (0, 1, 2, 3, 4)]
    with _cursor() as cursor:
        found = _run(cursor, POSTGRES, {**values, **dict(zip(names, columns, strict=True))}).fetchone()
    return Outcome(found[0], set(found[1])) if found else Outcome(None, set())


@transaction.atomic
def _save_on_sqlite(values: dict[str, Any], entries: Sequence[Entry]) -> Outcome:
    attempt, now, page, written = values["attempt"], values["now"], values["page"], set()
    with connection.cursor() as cursor:
        guard = cursor.execute(GUARD, values).fetchone()
        if guard is None:
            return Outcome(None, set())
        for item, seq, value, base, kept in entries:
            cursor.execute(SQLITE_ANSWER, [attempt, item, value, seq, now])
            if cursor.rowcount > 0:
                written.add(item)
            fate = Fate.COUNTED if item in written else Fate.OLDER
            cursor.execute(SQLITE_JOURNAL, [attempt, item, seq, page, now, int(fate), base, kept])
    return Outcome(_moment(guard[1]), written)


def seen(attempt_id: int, *, unsent: int, now: datetime) -> None:
    """The phone was heard of, and still had so many answers to send."""
    with _cursor() as cursor:
        _run(cursor, SEEN, [attempt_id, _stored(now), unsent])


class Held(NamedTuple):
    """An attempt row, locked, with the window of its exam."""

    id: int
    exam_id: int
    worker_id: int
    state: str
    device: str
    opens_at: datetime | None
    closes_at: datetime | None
    granted: int
    started_at: datetime | None
    deadline: datetime | None
    finished_at: datetime | None
    closed_by_clock: bool
    receipt: str | None
    exam_opens_at: datetime
    exam_closes_at: datetime
    minutes: int

    @property
    def opens(self) -> datetime:
        return self.opens_at or self.exam_opens_at

    @property
    def closes(self) -> datetime:
        return self.closes_at or self.exam_closes_at

    @property
    def finished(self) -> bool:
        return self.state in {AttemptState.HANDED_IN, AttemptState.MARKED}


def lock(attempt_id: int) -> Held | None:
    """Hold the attempt for the rest of the transaction: saves in flight are awaited, later ones find what was decided."""
    statement = f"{LOCK} FOR UPDATE OF a" if connection.vendor == "postgresql" else LOCK
    with _cursor() as cursor:
        row = _run(cursor, statement, [attempt_id]).fetchone()
    return Held(*[_moment(value) if place in TIMES else value for place, value in enumerate(row)]) if row else None


TIMES = {place for place, name in enumerate(Held._fields) if name.endswith("_at") or name == "deadline"}


class Standing(NamedTuple):
    item_id: int
    value: str
    seq: int
    saved_at: datetime


def answers(attempt_id: int) -> list[Standing]:
    """The answers of an attempt as they stand."""
    with _cursor() as cursor:
        rows = _run(cursor, ANSWERS, [attempt_id]).fetchall()
    return [Standing(item, value, seq, _moment(at)) for item, value, seq, at in rows]


class Sat(NamedTuple):
    """What the paper page needs of an attempt."""

    state: str
    device: str
    deadline: datetime | None
    paper: list[list[Any]]
    flags: list[int]
    granted: int


def sat(attempt_id: int, *, worker: int) -> Sat | None:
    with _cursor() as cursor:
        row = _run(cursor, PAPER, [attempt_id, worker]).fetchone()
    if row is None:
        return None
    state, device, deadline, paper, flags, granted = row
    # both databases hand JSON over as text
    return Sat(state, device, _moment(deadline), json.loads(paper), json.loads(flags), granted)


def begin(attempt_id: int, *, device: str, deadline: datetime, now: datetime) -> None:
    with _cursor() as cursor:
        _run(cursor, BEGIN, [device, _stored(now), _stored(deadline), _stored(now), attempt_id])


class Finish(NamedTuple):
    """How an attempt ended."""

    state: str
    started_at: datetime | None
    deadline: datetime | None
    finished_at: datetime
    closed_by_clock: bool
    receipt: str
    machine_marks: Decimal
    marks: Decimal | None


def finish(attempt_id: int, end: Finish, *, waiting: Iterable[int]) -> None:
    """Write down the end of an attempt that the caller holds, and which answers wait for a person."""
    with _cursor() as cursor:
        _run(cursor, FINISH, _finish_values(attempt_id, end))
        for item_id in waiting:
            _run(cursor, WAITS, [True, attempt_id, item_id])


def _finish_values(attempt_id: int, end: Finish) -> list[Any]:
    return [
        end.state,
        _stored(end.started_at),
        _stored(end.deadline),
        _stored(end.finished_at),
        end.closed_by_clock,
        end.receipt,
        _tenths(end.machine_marks),
        _tenths(end.marks),
        attempt_id,
    ]


class Row(NamedTuple):
    """One new answer of a whole sheet."""

    attempt_id: int
    item_id: int
    value: str
    saved_at: datetime
    waits: bool


def insert_many(rows: Iterable[Row]) -> None:
    """New answers of whole sheets, inside the caller's transaction, which holds their attempts."""
    moment = cache(_stored)  # a sheet's answers share their time
    with connection.cursor() as cursor:
        cursor.executemany(INSERT, [(r.attempt_id, r.item_id, r.value, moment(r.saved_at), r.waits) for r in rows])


def finish_many(ends: Iterable[tuple[Attempt, Finish]]) -> None:
    """How these attempts ended, inside the caller's transaction, which holds their rows."""
    with connection.cursor() as cursor:
        cursor.executemany(FINISH, [_finish_values(attempt.pk, end) for attempt, end in ends])


def _tenths(marks: Decimal | None) -> str | None:
    return None if marks is None else f"{marks:.1f}"

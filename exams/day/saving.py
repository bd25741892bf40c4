"""
The statements of the exam day. A save is one of them; start and hand-in are a few, inside the caller's transaction.

Guard and write of a save stand or fall together, so nothing slips in after the hand-in.

PostgreSQL: the guard takes the attempt row FOR SHARE. A hand-in takes it FOR UPDATE, so it waits for saves in flight and marks
them, and saves that come later find the state changed. Without FOR SHARE such saves were acknowledged and never marked. The
statements are prepared once for each connection.
SQLite: a transaction begins IMMEDIATE and there is one writer at a time; nothing can come between guard and write.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from exams.models import AttemptState, Fate
from lms.prepared import POSTGRES, Call, run, run_many, stored, together, writing

GUARD = """
    SELECT id, deadline FROM exams_attempt
    WHERE id = %(attempt)s AND worker_id = %(worker)s AND device = %(device)s AND state = 'sitting' AND deadline > %(now)s
"""
ONE = """
    SELECT %(item_id)s::bigint AS item_id, %(seq)s::int AS seq, %(value)s::text AS value, %(base)s::int AS base, %(kept)s::text AS kept
"""
SOME = """
    SELECT * FROM unnest(%(item_id)s::bigint[], %(seq)s::int[], %(value)s::text[], %(base)s::int[], %(kept)s::text[])
    AS sent (item_id, seq, value, base, kept)
"""
SAVE = f"""
WITH guard AS ({GUARD} FOR SHARE),
sent AS ({SOME}), written AS (
    INSERT INTO exams_answer (attempt_id, item_id, value, seq, saved_at, waits)
    SELECT guard.id, sent.item_id, sent.value, sent.seq, %(now)s, false FROM guard, sent
    ON CONFLICT (attempt_id, item_id) DO UPDATE
    SET value = excluded.value, seq = excluded.seq, saved_at = excluded.saved_at
    WHERE excluded.seq > exams_answer.seq
    RETURNING item_id
), logged AS (
    INSERT INTO exams_journalentry (attempt_id, item_id, seq, page, at, fate, base, value)
    SELECT guard.id, sent.item_id, sent.seq, %(page)s::int, %(now)s,
        CASE WHEN sent.item_id IN (SELECT item_id FROM written) THEN {Fate.COUNTED} ELSE {Fate.OLDER} END, sent.base, sent.kept
    FROM guard, sent
    ON CONFLICT DO NOTHING
)
SELECT deadline, ARRAY(SELECT item_id FROM written) FROM guard
"""  # noqa: S608 - put together from our own words
HEARD = """seen AS (
    INSERT INTO exams_presence (attempt_id, seen_at, unsent) SELECT guard.id, %(now)s, %(unsent)s::int FROM guard
    ON CONFLICT (attempt_id) DO UPDATE SET seen_at = excluded.seen_at, unsent = excluded.unsent
)
"""
SAVE_HEARD = SAVE.replace(")\nSELECT deadline", f"), {HEARD}SELECT deadline")
SAVE_ONE, SAVE_ONE_HEARD = SAVE.replace(SOME, ONE), SAVE_HEARD.replace(SOME, ONE)  # what a phone sends nearly always
BEAT = f"WITH guard AS ({GUARD}), {HEARD}SELECT deadline FROM guard"  # noqa: S608
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
HELD = """
SELECT id, exam_id, worker_id, state, device, opens_at, closes_at, granted, started_at, deadline, finished_at, closed_by_clock, receipt
FROM exams_attempt
"""
LOCK = HELD + "WHERE id = %s" + (" FOR UPDATE" if POSTGRES else "")
# a statement of its own, after the attempt is held: within the same one, the window would be that of before the wait
WINDOW = """
SELECT e.opens_at, e.closes_at, e.minutes FROM exams_exam e JOIN exams_attempt a ON a.exam_id = e.id WHERE a.id = %s
"""
# in the order of their numbers, so that two sweeps do not hold each other up; what somebody else holds is theirs or waits for the next one
LOCK_OVERDUE = (
    HELD
    + "WHERE exam_id = %s AND state = 'sitting' AND deadline <= %s ORDER BY id LIMIT %s"
    + (" FOR UPDATE SKIP LOCKED" if POSTGRES else "")
)
PAPER = "SELECT state, device, deadline, paper, flags, granted FROM exams_attempt WHERE id = %s AND worker_id = %s"
ANSWERS = "SELECT item_id, value, seq, saved_at FROM exams_answer WHERE attempt_id = %s"
GIVEN = "SELECT item_id, value FROM exams_answer WHERE attempt_id = %s"
GIVEN_MANY = "SELECT attempt_id, item_id, value FROM exams_answer WHERE attempt_id"
NOTICES = """
SELECT n.id, n.text, n.at, t.path FROM exams_notice n LEFT JOIN roster_territory t ON t.id = n.territory_id
WHERE n.exam_id = %s AND n.id > %s ORDER BY n.id
"""
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


def save(guard: Guard, entries: Sequence[Entry], *, page: int, now: datetime, unsent: int | None = None) -> Outcome:
    """Write each answer unless one with its sequence or a newer one stands, and the journal of all; each question once at most.

    With `unsent` the phone was heard of as well, and still had so many answers to send.
    """
    values = {**guard._asdict(), "now": stored(now), "page": page, "unsent": unsent}
    if not POSTGRES:
        return _save_on_sqlite(values, entries)
    if not entries:
        found = run(GUARD if unsent is None else BEAT, values).fetchone()
        return Outcome(found[-1] if found else None, set())
    if len(entries) == 1:
        values |= entries[0]._asdict()
        statement = SAVE_ONE if unsent is None else SAVE_ONE_HEARD
    else:
        values |= zip(Entry._fields, map(list, zip(*entries, strict=True)), strict=True)
        statement = SAVE if unsent is None else SAVE_HEARD
    found = run(statement, values).fetchone()
    return Outcome(found[0], set(found[1])) if found else Outcome(None, set())


def _save_on_sqlite(values: dict[str, Any], entries: Sequence[Entry]) -> Outcome:
    attempt, now, page, unsent = map(values.get, ("attempt", "now", "page", "unsent"))
    written: set[int] = set()
    if not entries and unsent is None:
        guard = run(GUARD, values).fetchone()
        return Outcome(_moment(guard[1]) if guard else None, written)
    with writing():
        guard = run(GUARD, values).fetchone()
        if guard is None:
            return Outcome(None, set())
        for item, seq, value, base, kept in entries:
            if run(SQLITE_ANSWER, (attempt, item, value, seq, now)).rowcount > 0:
                written.add(item)
            fate = Fate.COUNTED if item in written else Fate.OLDER
            run(SQLITE_JOURNAL, (attempt, item, seq, page, now, int(fate), base, kept))
        if unsent is not None:
            run(SEEN, (attempt, now, unsent))
    return Outcome(_moment(guard[1]), written)


def seen(attempt_id: int, *, unsent: int, now: datetime) -> None:
    """The phone was heard of, and still had so many answers to send."""
    run(SEEN, [attempt_id, stored(now), unsent])


def notices(exam_id: int, *, since: int) -> list[tuple[int, str, datetime, str | None]]:
    """(id, text, time, path of the place it is for) of the room's notices that are newer."""
    return [(pk, text, _moment(at), path) for pk, text, at, path in run(NOTICES, (exam_id, since)).fetchall()]


class Held(NamedTuple):
    """An attempt row, locked."""

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

    @property
    def finished(self) -> bool:
        return self.state in {AttemptState.HANDED_IN, AttemptState.MARKED}


def lock(attempt_id: int) -> Held | None:
    """Hold the attempt for the rest of the transaction: saves in flight are awaited, later ones find what was decided."""
    row = run(LOCK, [attempt_id]).fetchone()
    return _held(row) if row else None


class Window(NamedTuple):
    """Between which moments an attempt may begin, and how long it takes."""

    opens: datetime
    closes: datetime
    minutes: int


def lock_to_begin(attempt_id: int, *also: Call) -> tuple[Held, Window, list[Any]] | None:
    """`lock`, and the window: that of the exam as it is now, or the person's own. And what was to be asked together with them."""
    locked, found, *told = together((LOCK, [attempt_id]), (WINDOW, [attempt_id]), *also)
    if not (row := locked.fetchone()):
        return None
    held, (opens, closes, minutes) = _held(row), found.fetchone()
    return held, Window(held.opens_at or _moment(opens), held.closes_at or _moment(closes), minutes), told


def lock_to_end(attempt_id: int) -> tuple[Held, list[tuple[int, str]]] | None:
    """`lock`, and the answers as marking needs them: they are read once all saves in flight are done."""
    locked, given = together((LOCK, [attempt_id]), (GIVEN, [attempt_id]))
    row = locked.fetchone()
    return (_held(row), given.fetchall()) if row else None


def lock_overdue(exam_id: int, *, before: datetime, most: int) -> list[Held]:
    """Hold some attempts that are still being sat and whose deadline has passed by then; what another holds is passed over."""
    return [_held(row) for row in run(LOCK_OVERDUE, [exam_id, stored(before), most]).fetchall()]


def _held(row: Sequence[Any]) -> Held:
    return Held(*[_moment(value) if place in TIMES else value for place, value in enumerate(row)])


TIMES = {place for place, name in enumerate(Held._fields) if name.endswith("_at") or name == "deadline"}


class Standing(NamedTuple):
    item_id: int
    value: str
    seq: int
    saved_at: datetime


def answers(attempt_id: int) -> list[Standing]:
    """The answers of an attempt as they stand."""
    return _standing(run(ANSWERS, [attempt_id]))


def _standing(told: Any) -> list[Standing]:
    return [Standing(item, value, seq, _moment(at)) for item, value, seq, at in told.fetchall()]


def given(attempt_id: int) -> list[tuple[int, str]]:
    """The same, as far as marking needs it."""
    return run(GIVEN, [attempt_id]).fetchall()


def given_many(attempt_ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """The same of many attempts."""
    among = "= ANY(%s)" if POSTGRES else f"IN ({', '.join(['%s'] * len(attempt_ids))})"
    rows = run(f"{GIVEN_MANY} {among}", [list(attempt_ids)] if POSTGRES else attempt_ids)
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for attempt_id, item_id, value in rows.fetchall():
        found[attempt_id].append((item_id, value))
    return found


class Sat(NamedTuple):
    """What the paper page needs of an attempt."""

    state: str
    device: str
    deadline: datetime | None
    paper: list[list[Any]]
    flags: list[int]
    granted: int


def sat(attempt_id: int, *, worker: int) -> Sat | None:
    return _sat(run(PAPER, [attempt_id, worker]))


def opened(attempt_id: int, *, worker: int, also: Call) -> tuple[Sat | None, list[Standing], Any]:
    """The paper and its answers as they stand, and what was to be asked together with them."""
    found, standing, told = together((PAPER, [attempt_id, worker]), (ANSWERS, [attempt_id]), also)
    return _sat(found), _standing(standing), told


def _sat(told: Any) -> Sat | None:
    row = told.fetchone()
    if row is None:
        return None
    state, device, deadline, paper, flags, granted = row
    # both databases hand JSON over as text
    return Sat(state, device, _moment(deadline), json.loads(paper), json.loads(flags), granted)


def begin(attempt_id: int, *, device: str, deadline: datetime, now: datetime, also: Call) -> None:
    """Write down the beginning of an attempt that the caller holds, together with what tells of it; the last act of its transaction."""
    together((BEGIN, [device, stored(now), stored(deadline), stored(now), attempt_id]), also, last=True)


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


def finish(attempt_id: int, end: Finish, *, waiting: Iterable[int], also: Call) -> None:
    """`begin` for its end, and for which answers wait for a person."""
    waits = [(WAITS, [True, attempt_id, item_id]) for item_id in waiting]
    together((FINISH, _finish_values(attempt_id, end)), *waits, also, last=True)


def _finish_values(attempt_id: int, end: Finish) -> list[Any]:
    return [
        end.state,
        stored(end.started_at),
        stored(end.deadline),
        stored(end.finished_at),
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
    moment = cache(stored)  # a sheet's answers share their time
    run_many(INSERT, [(r.attempt_id, r.item_id, r.value, moment(r.saved_at), r.waits) for r in rows])


def finish_many(ends: Iterable[tuple[int, Finish]], *, waiting: Iterable[tuple[int, int]] = ()) -> None:
    """`finish` for many, inside the caller's transaction, which holds their rows: (attempt, end), and (attempt, question) that wait."""
    run_many(FINISH, [_finish_values(attempt_id, end) for attempt_id, end in ends])
    run_many(WAITS, [[True, attempt_id, item_id] for attempt_id, item_id in waiting])


def _tenths(marks: Decimal | None) -> str | None:
    return None if marks is None else f"{marks:.1f}"

"""
Statements that are run very often: prepared once for each connection and run past the cursors of Django and of psycopg, which cost more
than the work. Connection, transaction and errors are Django's all the same. They are not seen by what counts or wraps Django's cursors.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import cache
from itertools import count
from select import POLLIN, poll
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

POSTGRES = not settings.SQLITE
# SQLite lets one writer in and has the others look again after 1, 2, 5 … 100 ms; threads of one process can simply stand in line
turn: AbstractContextManager[Any] = nullcontext() if POSTGRES else threading.RLock()
Values = Sequence[Any] | Mapping[str, Any]
Call = tuple[str, Values]  # a statement, and what goes into its places
PLACE = re.compile(r"%(?:\((\w+)\))?s")
CAST = re.compile(r"::\w+(\[\])?")


class Told:
    """What a statement told, to fetch as from a cursor."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rows = rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self.rows[0] if self.rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows


def run(statement: str, values: Values) -> Any:
    """Run one statement, its places marked as Django marks them; returns what can be fetched from.

    On PostgreSQL the type of a place is what the statement makes of it; one that stands in a list of columns needs a cast.
    """
    db = connections["default"]
    db.ensure_connection()
    with db.wrap_database_errors:
        if POSTGRES:
            return on(db).run(statement, values)
        return db.connection.execute(marked(statement), values)


def together(*calls: Call, last: bool = False) -> list[Any]:
    """
    Run these one after another, each a statement of its own that sees what was committed when its turn comes. To PostgreSQL they go in one
    journey, so that who asks is put aside once and not each time. When one fails, those after it are not run; what must stand or fall
    together needs a transaction all the same. The `last` of a transaction take its commit along, unless it is part of another.
    """
    db = connections["default"]
    if not POSTGRES:
        return [run(*call) for call in calls]
    db.ensure_connection()
    with db.wrap_database_errors:
        ends = last and db.in_atomic_block and not db.savepoint_ids and not db.needs_rollback
        return on(db).together([*calls, ("COMMIT", [])] if ends else calls)[: len(calls)]


class OnPostgres:
    """One connection, with what is prepared on it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection, self.server, self.known = connection, connection.pgconn, set[bytes]()
        self.transformer = psycopg.adapt.Transformer(connection)
        self.heard = poll()
        self.heard.register(self.server.socket, POLLIN)

    def run(self, statement: str, values: Values) -> Told:
        if self.outside:
            self.check(self.server.exec_(b"BEGIN"))
        name, sent = self.filled(statement, values)
        return self.told(self.server.exec_prepared(name, sent))

    def together(self, calls: Sequence[Call]) -> list[Told]:
        """All are sent before any answer is read: some kilobytes, which the socket's buffer must hold."""
        server, filled = self.server, [self.filled(*call) for call in calls]
        if self.outside:
            filled.insert(0, self.filled("BEGIN", []))
        results: list[psycopg.pq.abc.PGresult] = []
        server.enter_pipeline_mode()
        try:
            for name, sent in filled:
                server.send_query_prepared(name, sent)
            server.pipeline_sync()
            while (result := self.next()) is None or result.status != psycopg.pq.ExecStatus.PIPELINE_SYNC:
                if result is not None:
                    results.append(result)
                elif server.status == psycopg.pq.ConnStatus.BAD:
                    raise psycopg.OperationalError(server.get_error_message())
        except BaseException:
            self.connection.close()  # nobody shall find it in the middle of this
            raise
        server.exit_pipeline_mode()
        return [self.told(result) for result in results][-len(calls) :]

    def next(self) -> psycopg.pq.abc.PGresult | None:
        """Waited for here: libpq would do it with the interpreter in its hands, and another thread may hold what it waits for."""
        while self.server.is_busy():
            self.heard.poll()
            self.server.consume_input()
        return self.server.get_result()

    @property
    def outside(self) -> bool:
        """Whether a transaction must be begun first; psycopg would do it with the first statement of a cursor."""
        idle = self.server.transaction_status == psycopg.pq.TransactionStatus.IDLE
        return idle and not self.connection.autocommit

    def filled(self, statement: str, values: Values) -> tuple[bytes, list[Any]]:
        """The name it is prepared under, and what goes into its places."""
        name, text, order = numbered(statement)
        if name not in self.known:
            self.check(self.server.prepare(name, text))
            self.known.add(name)
        return name, [written(values[place]) for place in order]

    def told(self, result: psycopg.pq.abc.PGresult) -> Told:
        self.check(result)
        if not result.ntuples:
            return Told([])
        self.transformer.set_pgresult(result)
        return Told(self.transformer.load_rows(0, result.ntuples, tuple))

    def check(self, result: psycopg.pq.abc.PGresult) -> psycopg.pq.abc.PGresult:
        if result.status in {psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK}:
            return result
        if self.server.status == psycopg.pq.ConnStatus.BAD:
            raise psycopg.OperationalError(self.server.get_error_message())
        raise psycopg.errors.error_from_result(result)


def on(db: Any) -> OnPostgres:
    """Kept beside the connection of Django that it belongs to, which may open another one in time."""
    held: OnPostgres | None = vars(db).get("on_postgres")
    if held is None or held.connection is not db.connection:
        held = db.on_postgres = OnPostgres(db.connection)
    return held


_serial = count()


@cache
def numbered(statement: str) -> tuple[bytes, bytes, list[Any]]:
    """(its name, the statement with $1, $2 …, which value goes where)."""
    order: list[Any] = []

    def place(found: re.Match[str]) -> str:
        if found[1] is None:
            order.append(len(order))
        elif found[1] not in order:
            order.append(found[1])
            return f"${len(order)}"
        return f"${order.index(found[1]) + 1 if found[1] else len(order)}"

    text = PLACE.sub(place, statement)
    return b"ours_%d" % next(_serial), text.encode(), order


def written(value: Any) -> bytes | None:
    """As PostgreSQL reads it: text of any type, or an array of it."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:
            raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return value.encode()
    if isinstance(value, list):
        return b"{%s}" % b",".join(map(_element, value))
    return str(value).encode()  # numbers, true and false, times with their zone


def _element(value: Any) -> bytes:
    text = written(value)
    return b"NULL" if text is None else b'"%s"' % text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def run_many(statement: str, rows: Sequence[Values]) -> None:
    """The same statement for each of the rows."""
    db = connections["default"]
    db.ensure_connection()
    with db.wrap_database_errors:
        if POSTGRES:
            psycopg.Cursor(db.connection).executemany(statement, rows)
        else:
            db.connection.executemany(marked(statement), rows)


@contextmanager
def writing() -> Iterator[None]:
    """SQLite: a transaction of its own, the only writer from its first moment; inside another it is a part of that. Nothing else is told of it."""
    db = connections["default"]
    if db.in_atomic_block:
        yield
        return
    with turn:
        run("BEGIN IMMEDIATE", [])
        try:
            yield
            with db.wrap_database_errors:
                db.connection.commit()
        except BaseException:
            db.connection.rollback()
            raise


@cache
def marked(statement: str) -> str:
    """As SQLite itself marks places."""
    return PLACE.sub(lambda found: f":{found[1]}" if found[1] else "?", CAST.sub("", statement))


def stored(moment: datetime | None) -> Any:
    """A time as the driver takes it."""
    return moment if POSTGRES else connections["default"].ops.adapt_datetimefield_value(moment)

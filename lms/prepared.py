"""
Statements that are run very often: prepared once for each connection and run past Django's cursors, which cost more than the work.
Connection, transaction and errors are Django's all the same. They are not seen by what counts or wraps Django's cursors.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

POSTGRES = not settings.SQLITE
# SQLite lets one writer in and has the others look again after 1, 2, 5 … 100 ms; threads of one process can simply stand in line
turn: AbstractContextManager[Any] = nullcontext() if POSTGRES else threading.RLock()
Values = Sequence[Any] | Mapping[str, Any]
NAMED = re.compile(r"%\((\w+)\)s")


def run(statement: str, values: Values) -> Any:
    """Run one statement, its places marked as Django marks them; returns the driver's cursor to fetch from."""
    db = connections["default"]
    db.ensure_connection()
    with db.wrap_database_errors:
        if POSTGRES:
            return psycopg.Cursor(db.connection).execute(statement, values, prepare=True)
        return db.connection.execute(marked(statement), values)


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
    return NAMED.sub(r":\1", statement).replace("%s", "?")


def stored(moment: datetime | None) -> Any:
    """A time as the driver takes it."""
    return moment if POSTGRES else connections["default"].ops.adapt_datetimefield_value(moment)

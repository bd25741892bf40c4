"""
Queries that nearly every page asks: put together once for each process, prepared once for each connection, then only filled in. Putting
one together costs Django more than running it and making its models, and planning it costs PostgreSQL more than answering it. What comes
back is what the queryset would give, and what counts queries sees each of them.
"""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import date, datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import connections, models
from django.db.models.expressions import Expression
from django.db.models.query import ModelIterable, QuerySet

from lms import prepared

DATABASE = "default"
M = TypeVar("M", bound=models.Model)


class Given(Expression):
    """Stands in a queryset where a value will be filled in, by its name: `User.objects.filter(pk=Given("user"))`."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=models.Field())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


class Compiled(Generic[M]):
    """A queryset of models, with `Given` in the places of its values. It is built when it is first asked, so it may stand at the top of a module."""

    def __init__(self, build: Callable[[], QuerySet[M]]) -> None:
        self.build = build

    def all(self, **values: Any) -> list[M]:
        """What the queryset finds with these values."""
        made, statement, places, converters = self._made
        compiler = copy(made)
        compiler.connection = connections[DATABASE]
        filled = [_stored(values[one.name], compiler) if isinstance(one, Given) else one for one in places]
        if not (found := run(statement, filled)):
            return []
        compiler.execute_sql = lambda *_args, **_more: [found]
        compiler.get_converters = lambda _columns: converters
        query = SimpleNamespace(get_compiler=lambda **_using: compiler)
        queryset: Any = SimpleNamespace(db=DATABASE, query=query, _known_related_objects={})
        return list(ModelIterable(queryset))

    def first(self, **values: Any) -> M | None:
        """The first of them; the queryset says which by its order and ends with `[:1]`."""
        found = self.all(**values)
        return found[0] if found else None

    @cached_property
    def _made(self) -> tuple[Any, str, tuple[Any, ...], Any]:
        """Django's compiler with all it knows of the columns, the statement, what goes into its places, how values are read."""
        compiler = self.build().query.get_compiler(using=DATABASE)
        statement, places = compiler.as_sql()
        assert "%%" not in statement  # what prepares takes each sign of it for a place
        columns = [column[0] for column in compiler.select[: compiler.col_count]]
        return compiler, statement, tuple(places), compiler.get_converters(columns)


class Cursor:
    """As much of a cursor as what wraps, counts and logs cursors asks of one."""

    _query = None  # in the words of psycopg: what was sent; Django's log takes the statement as it was handed over

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def execute(self, statement: str, values: Sequence[Any]) -> None:
        self.rows = prepared.run(statement, values).fetchall()

    def close(self) -> None:
        """Nothing is left open: all rows are there."""


def run(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """One statement, prepared: for `lms.prepared` on ordinary pages, where what counts and wraps queries shall see it."""
    connection: Any = connections[DATABASE]
    connection.close_if_health_check_failed()  # as before each cursor of Django
    connection.ensure_connection()
    cursor = Cursor()
    connection._prepare_cursor(cursor).execute(statement, values)
    return cursor.rows


def _stored(value: Any, compiler: Any) -> Any:
    """A value as the driver takes it."""
    if isinstance(value, datetime):
        return compiler.connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return compiler.connection.ops.adapt_datefield_value(value)
    return value

"""Many rows written at once, without the long statement that Django composes for them: that costs more than running it."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from django.db import connection, models, transaction


def insert(rows: Sequence[models.Model]) -> None:
    """New rows of one model, whose database ids nobody gets: who needs them asks by what tells the rows apart."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields: list[Any] = [field for field in meta.concrete_fields if not field.primary_key]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table = connection.ops.quote_name(meta.db_table)
    values = [[prepared(field, row) for field in fields] for row in rows]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # each statement there is a message of its own
            several = ", ".join([f"({places})"] * len(values))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES {several}", list(chain.from_iterable(values)))  # noqa: S608
        else:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", values)  # noqa: S608 - names of our own


def write_down(rows: Sequence[models.Model], names: Iterable[str]) -> None:
    """Some columns of some rows: a statement that names a case for every row costs ten times as much to build."""
    if not rows:
        return
    meta, wanted = type(rows[0])._meta, set(names)
    fields: list[Any] = [field for field in meta.concrete_fields if field.name in wanted]
    assigned = ", ".join(f"{connection.ops.quote_name(field.column)} = %s" for field in fields)
    table = connection.ops.quote_name(meta.db_table)
    values = [[*(prepared(field, row) for field in fields), row.pk] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {assigned} WHERE id = %s", values)  # noqa: S608 - names of our own


def prepared(field: Any, row: models.Model) -> Any:
    """A column's value as the database takes it; text of an ordinary column is that already."""
    value = getattr(row, field.attname)
    if type(value) is str and isinstance(field, models.CharField):
        return value
    return field.get_db_prep_save(value, connection)

"""A test that commits leaves nothing to the next one, whichever way the database is put back."""

from typing import Any

import pytest
from django.db import connection

from roster.models import Worker
from tests import databases


def contents() -> dict[str, Any]:
    """Every row of every table, and where the counters stand."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - our own tables
            found[table] = sorted(map(str, cursor.fetchall()))
        if connection.vendor == "postgresql":
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
            found["counters"] = sorted(map(str, cursor.fetchall()))
    return found


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_rows_are_put_back(worker: Worker) -> None:
    used = contents()
    databases.restore()
    assert used != contents() == template()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_more_than_rows_is_put_back_too(worker: Worker) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE roster_worker ADD COLUMN shoes integer")
        cursor.execute("CREATE TABLE left_over (id integer)")
    databases.restore()
    assert contents() == template()


def template() -> dict[str, Any]:
    """What the migrations left."""
    own = connection.settings_dict["NAME"]
    name = databases.sqlite_template() if connection.vendor == "sqlite" else databases.postgres_template()
    connection.close()
    connection.settings_dict["NAME"] = str(name)
    try:
        return contents()
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own

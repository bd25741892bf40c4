"""Statements run past the cursors: values arrive as they are, errors and transactions are those of Django."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus

from lms import prepared
from roster.models import Territory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
INSERT = "INSERT INTO roster_territory (level, code, name, stem, kind, path) VALUES (%s, %s, %s, %s, '', %s)"
WORDS = ["", "王桂兰", '"{NULL}"', "a\\b", "it's", "{1,2}", "NULL", "两\n行\t", "%s $1 :x ?", "🈺"]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
here = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize("word", WORDS)
def test_words_come_back_as_they_were(word):
    assert prepared.run("SELECT %(word)s::text, %(word)s::text", {"word": word}).fetchone() == (word, word)


@here
@given(texts, st.integers(-(2**31), 2**31 - 1), st.none() | st.integers(0, 9))
def test_so_does_everything_else(word, number, perhaps):
    values = {"word": word, "number": number, "perhaps": perhaps}
    asked = "SELECT %(number)s::int, %(word)s::text, %(perhaps)s::int"
    assert prepared.run(asked, values).fetchall() == [(number, word, perhaps)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="arrays are PostgreSQL's")
@here
@given(st.lists(st.none() | texts), st.lists(st.integers(-(2**62), 2**62)))
def test_arrays_come_back_too(words, numbers):
    told = prepared.run("SELECT %(words)s::text[], %(numbers)s::bigint[]", {"words": words, "numbers": numbers})
    assert told.fetchone() == (words, numbers)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="times are text on SQLite")
def test_a_time_keeps_its_microseconds():
    moment = datetime(2026, 9, 16, 2, 0, 0, 123456, tzinfo=UTC)
    assert prepared.run("SELECT %s::timestamptz", [moment]).fetchone() == (moment,)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite takes it")
def test_what_would_be_cut_off_is_refused():
    with pytest.raises(DataError):
        prepared.run("SELECT %s::text", ["a\0b"])


def test_what_is_not_committed_is_undone():
    with transaction.atomic():
        prepared.run(INSERT, ["city", "421200", "咸宁市", "咸宁", "1/"])
        transaction.set_rollback(True)
    assert not Territory.objects.exists()
    with transaction.atomic():
        prepared.run(INSERT, ["city", "421200", "咸宁市", "咸宁", "1/"])
    prepared.run(INSERT, ["county", "421202", "咸安区", "咸安", "1/2/"])  # outside of one it stands at once
    connection.close()
    assert Territory.objects.count() == 2


def test_an_error_is_djangos_and_the_connection_goes_on():
    prepared.run(INSERT, ["city", "421200", "咸宁市", "咸宁", "1/"])
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.run(INSERT, ["city", "421200", "咸宁市", "咸宁", None])
    with transaction.atomic():
        assert prepared.run("SELECT count(*) FROM roster_territory", []).fetchone() == (1,)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server")
def test_a_connection_that_broke_says_so_and_a_new_one_is_prepared_anew():
    asked = "SELECT pg_backend_pid()"
    [pid] = prepared.run(asked, []).fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    with pytest.raises(OperationalError):
        prepared.run(asked, [])
    connection.close()
    assert prepared.run(asked, []).fetchone() != (pid,)


def test_several_go_together_and_each_sees_what_the_one_before_it_wrote():
    read = "SELECT count(*) FROM roster_territory"
    city = (INSERT, ["city", "421200", "咸宁市", "咸宁", "1/"])
    before, written, after = prepared.together((read, []), city, (read, []))
    assert (before.fetchone(), written.fetchone(), after.fetchone()) == ((0,), None, (1,))
    with transaction.atomic():  # begun by them
        prepared.together((INSERT, ["county", "421202", "咸安区", "咸安", "1/2/"]), (read, []))
        transaction.set_rollback(True)
    assert Territory.objects.count() == 1


def test_when_one_of_several_fails_its_transaction_is_undone_and_the_connection_goes_on():
    city = (INSERT, ["city", "421200", "咸宁市", "咸宁", "1/"])
    wrong = (INSERT, ["county", "421202", "咸安区", "咸安", None])
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.together(city, wrong, ("SELECT count(*) FROM roster_territory", []))
    assert prepared.run("SELECT count(*) FROM roster_territory", []).fetchone() == (0,)


def test_the_last_of_a_transaction_end_it_and_what_failed_is_undone_all_the_same():
    city = (INSERT, ["city", "421200", "咸宁市", "咸宁", "1/"])
    count = ("SELECT count(*) FROM roster_territory", [])
    with transaction.atomic():
        written, seen = prepared.together(city, count, last=True)
        assert (written.fetchone(), seen.fetchone()) == (None, (1,))
        if connection.vendor == "postgresql":
            assert connection.connection.info.transaction_status == TransactionStatus.IDLE
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.together((INSERT, ["county", "421202", "咸安区", "咸安", None]), count, last=True)
    orphan = (
        INSERT.replace("kind", "kind, parent_id").replace("''", "'', 999999"),
        ["county", "421202", "咸安", "咸安", "1/2/"],
    )
    with pytest.raises(IntegrityError), transaction.atomic():  # found out by the commit itself
        prepared.together(orphan, count, last=True)
    assert prepared.run(*count).fetchone() == (1,)


def test_the_last_of_a_part_leave_the_whole_open():
    city = (INSERT, ["city", "421200", "咸宁市", "咸宁", "1/"])
    with transaction.atomic():
        with transaction.atomic():
            prepared.together(city, last=True)
        transaction.set_rollback(True)
    assert not Territory.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server")
def test_several_on_a_connection_that_died_are_an_operational_error_and_the_next_one_is_whole():
    [pid] = prepared.run("SELECT pg_backend_pid()", []).fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    with pytest.raises(OperationalError):
        prepared.together(("SELECT 1", []), ("SELECT 2", []))
    connection.close()
    assert [told.fetchone() for told in prepared.together(("SELECT 1", []), ("SELECT 2", []))] == [(1,), (2,)]

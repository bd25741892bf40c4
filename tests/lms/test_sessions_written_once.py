"""A session is written down once an answer, and only as long as it is still there to be written."""

from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import IntegrityError

from lms.sessions import SessionStore

pytestmark = pytest.mark.django_db


def test_a_new_session_is_written_with_what_it_holds(django_assert_num_queries: Any) -> None:
    session = SessionStore()
    with django_assert_num_queries(1):
        session.create()
        session["colour"] = "red"
        session.save()
        session.save()
    assert SessionStore(session.session_key)["colour"] == "red"


def test_what_comes_later_is_written_too() -> None:
    session = SessionStore()
    session["colour"] = "red"
    session.save()
    session["colour"] = "blue"
    session.save()
    assert SessionStore(session.session_key)["colour"] == "blue"


def test_under_a_new_key_the_old_one_opens_nothing() -> None:
    session = SessionStore()
    session["colour"] = "red"
    session.save()
    old = session.session_key
    session.cycle_key()
    session.save()
    assert session.session_key != old
    assert SessionStore(session.session_key)["colour"] == "red"
    assert list(Session.objects.values_list("session_key", flat=True)) == [session.session_key]


def test_a_session_that_was_ended_is_not_brought_back() -> None:
    session = SessionStore()
    session.save()
    at_work = SessionStore(session.session_key)
    at_work["colour"] = "red"
    SessionStore().delete(session.session_key)
    with pytest.raises(UpdateError):
        at_work.save()
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_elses_session_is_written_over() -> None:
    theirs = SessionStore()
    theirs["colour"] = "red"
    theirs.save()
    mine = SessionStore(theirs.session_key)
    with pytest.raises(IntegrityError):
        mine.save(must_create=True)
    assert SessionStore(theirs.session_key)["colour"] == "red"

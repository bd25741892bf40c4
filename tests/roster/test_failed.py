"""Sign-ins that failed: each leaves one entry without a name in it, and no flood of them fills the log."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.test import Client

from lms.models import AuditEntry
from roster import failed
from roster.models import Tally, Worker
from tests.roster.phones import sign_in

pytestmark = pytest.mark.django_db


def noted() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action__startswith="sign_in.").order_by("pk"))


def test_each_failure_leaves_one_entry_that_does_not_say_what_was_typed(worker: Worker, now: datetime) -> None:
    for typed in ["13907150001", "139 0715 0001", "W0002"]:
        sign_in(Client(), typed, "no")
    first, second, third = noted()
    assert {one.action for one in (first, second, third)} == {"sign_in.failed"}
    # of the same person, however the number was written; all from one place
    assert first.detail == second.detail
    assert first.detail["typed"] != third.detail["typed"]
    assert first.detail["origin"] == third.detail["origin"]
    for secret in ("1390", "0715", "W0002", "127.0.0.1"):
        assert secret not in str([one.detail for one in noted()])


def test_a_name_that_is_held_up_is_told_from_a_wrong_password(worker: Worker, password: str, now: datetime) -> None:
    for _turn in range(6):
        sign_in(Client(), "W0001", "no")
    sign_in(Client(), "W0001", password)
    assert [one.action for one in noted()] == ["sign_in.failed"] * 5 + ["sign_in.locked"] * 2


def test_a_sign_in_that_succeeds_is_no_failure(worker: Worker, password: str, now: datetime) -> None:
    sign_in(Client(), "W0001", password)
    assert noted() == []


def test_who_asks_by_way_of_django_leaves_one_entry_as_well(worker: Worker, rf: Any, now: datetime) -> None:
    assert authenticate(rf.get("/"), username="W0001", password="no") is None
    assert authenticate(None, username="W0001", password="no") is None
    by_request, by_code = noted()
    assert by_request.detail["typed"] == by_code.detail["typed"]


def test_a_million_names_from_one_address_do_not_fill_the_log(worker: Worker, now: datetime, rf: Any) -> None:
    """The last that is noted says that there were others; another address, and the next hour, have counts of their own."""
    for number in range(failed.MOST + 15):
        failed.noted(None, {"username": f"1380000{number:04}"}, rf.get("/"))
    entries = noted()
    assert len(entries) == failed.MOST
    assert [one.detail.get("more") for one in entries][-2:] == [None, True]
    failed.noted(None, {"username": "W0001"}, rf.get("/", REMOTE_ADDR="198.51.100.7"))
    assert len(noted()) == failed.MOST + 1
    kept = Tally.objects.count()
    with time_machine.travel(now + timedelta(minutes=61), tick=False):
        failed.noted(None, {"username": "W0001"}, rf.get("/"))
    assert len(noted()) == failed.MOST + 2
    assert Tally.objects.count() == kept == 2  # nor do the counts grow with the names


def test_a_subscribers_long_addresses_are_one_place() -> None:
    assert (
        failed.network("2001:db8:1:2::7") == failed.network("2001:db8:1:2:ffff::1") != failed.network("2001:db8:1:3::7")
    )
    assert failed.network("198.51.100.7") != failed.network("198.51.100.8")
    assert failed.network("unix:") == "unix:"

"""Two admins at one worker at the same moment: one step, one change, one decision."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from lms.refusal import Refused
from roster import corrections, files, service
from roster.models import Correction, Posting, Step, User, Worker, WorkerChange, WorkerState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at the same moment, each on a connection of its own; a refusal is returned, not raised."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return act()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_different_steps_of_one_worker_are_one(
    worker: Worker, county_admin: User, township_admin: User, now: Any
) -> None:
    today = timezone.localdate(now)

    def step(kind: str, reason: str, by: User) -> Callable[[], Any]:
        return lambda: service.take_step(worker, kind, on=today, reason=reason, by=by, now=now, seen=0)

    done = at_once(step("suspend", "inquiry", county_admin), step("leave", "resigned", township_admin))
    assert sorted(isinstance(one, Step) for one in done) == [False, True]
    (refusal,) = [one for one in done if isinstance(one, Refused)]
    assert "又有了新的办理" in refusal.sentence
    assert Step.objects.count() == 1


def test_the_same_step_of_one_worker_from_two_hands_is_one(
    worker: Worker, county_admin: User, township_admin: User, now: Any
) -> None:
    today = timezone.localdate(now)
    done = at_once(
        *[
            lambda by=by: service.take_step(worker, "leave", on=today, reason="resigned", by=by, now=now)
            for by in (county_admin, township_admin, county_admin, township_admin)
        ]
    )
    assert len({step.pk for step in done}) == Step.objects.count() == 1
    assert Posting.objects.get().until == today


def test_a_step_taken_back_by_two_hands_is_taken_back_once(
    worker: Worker, county_admin: User, township_admin: User, now: Any
) -> None:
    today = timezone.localdate(now)
    step = service.take_step(worker, "leave", on=today, reason="resigned", by=county_admin, now=now)
    done = at_once(
        *[
            lambda by=by: service.take_back(step, note="错", by=by, now=now)
            for by in (county_admin, township_admin, county_admin, township_admin)
        ]
    )
    assert len({back.pk for back in done}) == 1
    assert (Step.objects.count(), Worker.objects.get().state) == (2, WorkerState.ACTIVE)


def test_acts_on_overlapping_lists_do_not_wait_for_each_other_forever(
    worker: Worker, colleague: Worker, county_admin: User, township_admin: User, now: Any
) -> None:
    today = timezone.localdate(now)

    def many(workers: list[Worker], by: User) -> Callable[[], Any]:
        return lambda: service.take_step_many(workers, "suspend", on=today, reason="inquiry", by=by, now=now)

    at_once(many([worker, colleague], county_admin), many([colleague, worker], township_admin))
    assert Step.objects.count() == 2


def test_a_field_changed_from_two_pages_at_once_keeps_one_and_refuses_the_other(
    worker: Worker, county_admin: User, township_admin: User, now: Any
) -> None:
    seen = files.fingerprints(worker)

    def change(mobile: str, by: User) -> Callable[[], Any]:
        said = {"reason": "核对", "source": "file"}
        return lambda: files.change(worker, {"mobile": mobile}, by=by, now=now, seen=seen, **said)

    done = at_once(change("13907150098", county_admin), change("13907150099", township_admin))
    assert sorted(isinstance(one, Refused) for one in done) == [False, True]
    assert WorkerChange.objects.count() == 1


def test_a_request_decided_by_two_hands_has_one_result(
    worker: Worker, county_admin: User, township_admin: User, now: Any
) -> None:
    asked = corrections.ask(worker, "mobile", proposed="13907150099", note="", now=now)
    at_once(
        lambda: corrections.accept(asked, reason="核对", by=county_admin, now=now),
        lambda: corrections.refuse(asked, reason="不对", by=township_admin, now=now),
    )
    asked = Correction.objects.get()
    assert WorkerChange.objects.count() == (1 if asked.state == "accepted" else 0)


def test_a_request_sent_twice_at_once_is_one(worker: Worker, now: Any) -> None:
    at_once(*[lambda: corrections.ask(worker, "mobile", proposed="13907150099", note="", now=now)] * 4)
    assert Correction.objects.count() == 1

"""Small trials of the real system: what was acknowledged is marked, whatever is killed, lost, doubled or raced."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.utils import timezone

from tests.faults import city as cities
from tests.faults import nemesis, trial
from tests.faults.clients import Manner
from tests.faults.history import Outcome
from tests.faults.proxy import Proxy
from tests.faults.servers import Cluster
from tests.faults.system import System
from tests.faults.trial import Cast, Told

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

SECONDS = 5.0
Try = Callable[..., Told]


def hold(
    city: cities.City, cast: Cast, port: int, what: trial.Nemesis = trial.nobody, *, seconds: float = SECONDS
) -> Told:
    """An exam that closes soon after the last hand-in, judged."""
    exam = cities.exam(city, seconds=seconds + 1.5, now=timezone.now())
    history = trial.hold(city, exam, port, seconds=seconds, cast=cast, nemesis=what)
    return trial.judge(city, exam, history)


@pytest.fixture
def sit(laid: cities.City, system: System) -> Try:
    return lambda cast, what=trial.nobody, port=system.port: hold(laid, cast, port, what)


def test_web_processes_killed_while_they_save(sit: Try, system: System) -> None:
    told = sit(Cast(Manner(haste=0.1)), nemesis.kill_web(system))
    assert told.violations == []
    assert told.acknowledged > 30
    assert told.unknown > 0


def test_replies_lost_after_the_commit_and_requests_that_come_several_times(sit: Try, system: System) -> None:
    proxy = Proxy(system.port, loses=0.25, delays=0.05)
    told = sit(Cast(Manner(haste=0.1, storms=0.3)), port=proxy.port)
    proxy.close()
    assert told.violations == []
    assert told.acknowledged > 30
    assert proxy.lost > 20


def test_two_tabs_and_two_devices_race_each_other_and_the_hand_in(sit: Try) -> None:
    told = sit(Cast(Manner(pause=0.05, storms=0.1), tabs=0.6, devices=0.6, sleepers=0.2))
    assert told.violations == []
    assert told.acknowledged > 100
    assert [one for one in told.history if one.act == "take_over"]
    assert [one for one in told.history if one.state == "elsewhere"]


def test_no_save_in_flight_is_lost_to_the_hand_in(laid: cities.City, system: System) -> None:
    """On PostgreSQL without the guard's FOR SHARE this loses saves that were acknowledged: they stand, and are not in the marks."""
    exam = cities.exam(laid, seconds=60, now=timezone.now())
    history = trial.dash(laid, exam, system.port, manner=Manner())
    exam.closes_at = timezone.now()
    exam.save(update_fields=["closes_at"])
    told = trial.judge(laid, exam, history)
    assert told.violations == []
    assert told.acknowledged > 0
    assert told.history.count("save", Outcome.REFUSED) > 0


@pytest.mark.skipif(settings.SQLITE, reason="a database server of its own")
def test_a_database_restarted_at_once_loses_nothing_and_is_back_in_seconds(
    laid_apart: cities.City, system_apart: System, cluster: Cluster
) -> None:
    """Case 39: as after a power cut, in the middle of the saves."""
    what = nemesis.restart_database(cluster, after=0.5)
    told = hold(laid_apart, Cast(Manner(haste=0.1)), system_apart.port, what, seconds=8)
    assert told.violations == []
    assert told.unknown > 0
    back = told.first_after(cluster.back)
    assert back is not None
    assert back < 10

"""What `faults.py` tries, by name, and how long and with how many. Imported when the installation stands."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from faults_house import House, fill_disk

from exams.models import Attempt, Exam
from tests.faults import city as cities
from tests.faults import nemesis as wrong
from tests.faults import trial
from tests.faults.checker import Violation
from tests.faults.clients import Manner
from tests.faults.proxy import Proxy
from tests.faults.system import System

BY_THE_DOOR = 200  # candidates who come by the entry page; the others have the pass that it gives
GRACE = 3.0  # seconds between the last hand-in and the close


class Measure(NamedTuple):
    """How long a trial of so many candidates takes: that they come in, that it goes wrong for long enough, that they hand in."""

    candidates: int

    @property
    def seconds(self) -> float:
        return 18 + self.candidates / 100

    @property
    def third(self) -> float:
        return self.seconds / 3

    @property
    def devices(self) -> float:
        """Share of those who change to a second device when many do; each goes by ordinary pages, which cost ten times a save."""
        return min(1.0, 2000 / self.candidates)

    @property
    def manner(self) -> Manner:
        """Some 150 to 300 saves a second. Many come in over 40 seconds, and hand in over 40 seconds, as 200 a second."""
        crowd = max(0, self.candidates - 100) / 180
        return Manner(pause=max(0.15, self.candidates / 300), haste=0.2, patience=5, crowd=crowd)


class Trials:
    def __init__(self, house: House, system: System, city: cities.City, candidates: int) -> None:
        self.house, self.system, self.city, self.measure = house, system, city, Measure(candidates)
        self.deadlines: dict[int, Any] = {}

    def held(self, *, what: Any = None, proxy: Any = None, by_itself: bool = False, **cast: Any) -> trial.Told:
        """One exam, held and judged. `what` acts meanwhile, and `proxy` says which share of the replies is lost, and how slow they are."""
        seconds, port, between = self.measure.seconds, self.system.port, None
        exam = cities.exam(self.city, seconds=seconds + GRACE, now=timezone.now())
        if proxy:
            between = Proxy(port, loses=proxy[0], delays=proxy[1])
        manner = self.measure.manner
        own = {name: cast.pop(name) for name in ("storms", "essays") if name in cast}
        # a process more, several new connections for each answer, or twice as many pages: the machine bears half the answers of each
        if proxy or own.get("storms", 0) > 0.5 or cast.get("tabs") == 1:
            own |= {"pause": 2 * manner.pause, "crowd": 1.5 * manner.crowd}
        history = trial.hold(
            self.city,
            exam,
            between.port if between else port,
            seconds=seconds,
            cast=trial.Cast(replace(manner, **own), **cast),
            nemesis=(lambda over: what(over, exam)) if what == self.edit_window else what or trial.nobody,
            by_the_door=BY_THE_DOOR,
        )
        if between:
            between.close()
        if by_itself:
            closed_by_the_system(exam)
        told = trial.judge(self.city, exam, history)
        told.violations.extend(self.moved(exam))
        return told

    def edit_window(self, over: threading.Event, exam: Exam) -> None:
        """The close comes nearer while people sit: who has begun keeps their time."""
        if not over.wait(self.measure.third / 2):
            begun = exam.attempts.filter(state="sitting")
            self.deadlines = dict(begun.values_list("pk", "deadline"))
            Exam.objects.filter(pk=exam.pk).update(closes_at=timezone.now() + (exam.closes_at - timezone.now()) / 2)
        connection.close()

    def moved(self, exam: Exam) -> list[Violation]:
        stand = dict(Attempt.objects.filter(exam=exam).values_list("pk", "deadline"))
        was = {pk: deadline for pk, deadline in self.deadlines.items() if pk in stand}
        return [Violation("I7", pk, "the deadline moved") for pk, deadline in was.items() if stand[pk] != deadline]

    def catalogue(self) -> dict[str, Callable[[], trial.Told] | None]:
        """By name, in order; what cannot be tried here is None."""
        house, system, (third, often) = self.house, self.system, (self.measure.third, self.measure.seconds / 4.5)
        cluster, redis = house.cluster, house.redis
        together = [wrong.kill_web(system, every=3), wrong.kill_part(system, "worker", every=1.5 * often)]
        together += [wrong.restart_database(cluster, after=4)] if cluster else []
        devices = 0.3 * self.measure.devices
        mixed = {"storms": 0.2, "tabs": 0.3, "devices": devices, "sleepers": 0.2, "proxy": (0.1, 0.1)}
        tried: dict[str, Any] = {
            "nothing": {},
            "web processes killed": {"what": wrong.kill_web(system, every=1.5)},
            "worker killed": {"what": wrong.kill_part(system, "worker", every=often), "by_itself": True},
            "beat killed": {"what": wrong.kill_part(system, "beat", every=often), "by_itself": True},
            "replies lost": {"proxy": (0.25, 0.05)},
            "slow lines": {"proxy": (0.02, 1.0)},
            "retry storms": {"storms": 0.8},
            "two tabs": {"tabs": 1.0},
            "two devices": {"devices": self.measure.devices},
            "phones asleep over the end": {"sleepers": 0.7},
            "window edited meanwhile": {"what": self.edit_window},
            "disk full": house.mounted and {"what": fill_disk(house, after=third / 2, seconds=third), "essays": True},
            "database restarted at once": cluster and {"what": wrong.restart_database(cluster, after=1)},
            "database frozen": cluster and {"what": wrong.freeze_database(cluster, after=1, seconds=min(20, third))},
            "Redis flushed": redis and {"what": wrong.flush_redis(redis)},
            "Redis stopped": redis and {"what": wrong.stop_redis(redis, after=1)},
            "all of it together": {"what": all_of(together), **mixed},
        }
        return {
            name: None if how is None or how is False else (lambda how=how: self.held(**how))
            for name, how in tried.items()
        }


def closed_by_the_system(exam: Exam) -> None:
    """Nobody here sweeps: beat and worker do, whatever became of them."""
    end = time.monotonic() + 90
    while exam.attempts.filter(state="sitting").exists():
        if time.monotonic() > end:
            print("    the system did not close the exam by itself within 90 s")
            return
        time.sleep(1)


def all_of(acts: list[Callable[[threading.Event], None]]) -> Callable[[threading.Event], None]:
    def nemesis(over: threading.Event) -> None:
        threads = [threading.Thread(target=act, args=(over,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return nemesis

"""One trial: candidates sit an exam while something goes wrong; then all is swept up, read and checked."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from exams.models import Exam
from tests.faults import checker, state
from tests.faults.city import City, Seat, seats
from tests.faults.clients import Jar, Manner, Phone
from tests.faults.facts import Facts
from tests.faults.history import History, Outcome

Nemesis = Callable[[threading.Event], None]


def nobody(over: threading.Event) -> None:
    """Nothing goes wrong."""


@dataclass
class Cast:
    """Who takes part, as shares of the candidates: with two tabs, with a second device, asleep into the close."""

    manner: Manner = field(default_factory=Manner)
    tabs: float = 0.0
    devices: float = 0.0
    sleepers: float = 0.0


@dataclass
class Told:
    """What a trial came to."""

    history: History
    facts: Facts
    violations: list[checker.Violation]

    @property
    def acknowledged(self) -> int:
        return self.history.count("save", Outcome.ACKNOWLEDGED)

    @property
    def unknown(self) -> int:
        return self.history.count("save", Outcome.UNKNOWN)

    @property
    def handed_in(self) -> int:
        return self.history.count("hand_in", Outcome.ACKNOWLEDGED)

    def summary(self) -> dict[str, int]:
        """How often each act came to each outcome."""
        return dict(sorted(Counter(f"{one.act} {one.outcome}" for one in self.history).items()))

    def first_after(self, moment: float) -> float | None:
        """Seconds from that moment until a save sent after it was acknowledged."""
        saves = self.history.of("save", Outcome.ACKNOWLEDGED)
        return min((one.told - moment for one in saves if one.sent > moment), default=None)

    def longest_silence(self) -> float:
        """Seconds between two acknowledgements of whoever it was: how long nobody could save."""
        moments = sorted(event.told for event in self.history.of("save", Outcome.ACKNOWLEDGED))
        return max((after - before for before, after in pairwise(moments)), default=0.0)


class Hall:
    """One sitting: its phones, and whether everybody is in."""

    def __init__(self, port: int, seconds: float, cast: Cast) -> None:
        self.port, self.seconds, self.cast = port, seconds, cast
        self.history, self.over, self.entered = History(), threading.Event(), threading.Semaphore(0)
        self.begun = time.monotonic()

    def phone(self, seat: Seat, which: str, jar: Jar | None = None) -> Phone:
        return Phone(seat, self.port, self.history, manner=self.cast.manner, seed=f"{seat.attempt}{which}", jar=jar)

    def acts(self, seat: Seat) -> Iterable[Callable[[], None]]:
        """What the phones of one candidate do, each in a thread of its own."""
        chance = Random(f"cast:{seat.attempt}")
        first = self.phone(seat, "a")
        sleeps = chance.random() < self.cast.sleepers
        yield lambda: self.first(first, sleeps=sleeps)
        if chance.random() < self.cast.tabs:
            yield lambda: self.later(self.phone(seat, "b", first.jar), 0.4)
        if chance.random() < self.cast.devices:
            yield lambda: self.later(self.phone(seat, "c", Jar({"sessionid": seat.session})), 0.5)

    def first(self, phone: Phone, *, sleeps: bool) -> None:
        end = self.begun + self.seconds
        phone.enter(end)
        self.entered.release()
        # a sleeper wakes after the close, and sends what it still has
        phone.sit(
            end + self.seconds * 0.5 if sleeps else end,
            dark=(end - self.seconds * 0.4, end + self.seconds * 0.4) if sleeps else (0, 0),
        )

    def later(self, phone: Phone, share: float) -> None:
        time.sleep(self.seconds * share)
        phone.enter(self.begun + self.seconds)
        phone.sit(self.begun + self.seconds)

    def trouble(self, nemesis: Nemesis, candidates: int) -> None:
        """The nemesis acts once everybody is in, or when half of the time is over."""
        for _one in range(candidates):
            self.entered.acquire(timeout=max(0.0, self.begun + self.seconds / 2 - time.monotonic()))
        nemesis(self.over)


def hold(
    city: City, exam: Exam, port: int, *, seconds: float, cast: Cast | None = None, nemesis: Nemesis = nobody
) -> History:
    """Everybody sits at once; the nemesis acts meanwhile."""
    sat = list(seats(city, exam))
    hall = Hall(port, seconds, cast or Cast())
    threads = [threading.Thread(target=act) for seat in sat for act in hall.acts(seat)]
    trouble = threading.Thread(target=hall.trouble, args=(nemesis, len(sat)))
    for thread in [*threads, trouble]:
        thread.start()
    for thread in threads:
        thread.join()
    hall.over.set()
    trouble.join()
    return hall.history


def dash(city: City, exam: Exam, port: int, *, manner: Manner, at_once: int = 2) -> History:
    """The classic race: every question of a candidate is sent on a line of its own, and the hand-in at the same moment."""
    hall = Hall(port, 60, Cast(manner))

    def one(seat: Seat) -> None:
        tabs = [hall.phone(seat, "a")]
        tabs[0].enter(hall.begun + 60)
        tabs += [hall.phone(seat, f"a{item}", tabs[0].jar) for item in seat.options]
        gate = threading.Barrier(len(tabs))

        def run(tab: Phone, item: int) -> None:
            tab.state = "sitting"
            tab.warm()
            gate.wait()
            if item:
                tab.think(item)
                tab.send()
            else:
                tab.until(tab.hand_in, time.monotonic() + 10)
            tab.close()

        with ThreadPoolExecutor(len(tabs)) as pool:
            list(pool.map(run, tabs, [0, *seat.options]))

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, seats(city, exam)))
    return hall.history


def judge(city: City, exam: Exam, history: History) -> Told:
    """Wait for the close, sweep, mark, post; and all of it a second time, which must change nothing."""
    connection.close()  # whatever happened to the server's side of it
    exam.refresh_from_db()
    last = exam.attempts.filter(state="sitting").aggregate(last=Max("deadline"))["last"] or exam.closes_at
    time.sleep(max(0.0, (max(last, exam.closes_at) - timezone.now()).total_seconds()) + 0.05)
    facts = []
    for _time in (1, 2):
        state.sweep(exam, now=timezone.now())
        state.award_all(exam, marker=city.marker, now=timezone.now())
        state.decide_late(exam, by=city.marker, now=timezone.now())
        state.sweep(exam, now=timezone.now())
        facts.append(state.read(exam, now=timezone.now()))
    return Told(history, facts[0], checker.check(history, facts[0], again=facts[1]))

"""One trial: candidates sit an exam while something goes wrong; then all is swept up, read and checked."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from django.db import connection
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

    def longest_silence(self) -> float:
        """Seconds between two acknowledgements of whoever it was: how long nobody could save."""
        moments = sorted(event.told for event in self.history.of("save", Outcome.ACKNOWLEDGED))
        return max((after - before for before, after in zip(moments, moments[1:], strict=False)), default=0.0)


def sittings(seat: Seat, port: int, history: History, cast: Cast, seconds: float) -> Iterable[Callable[[], None]]:
    """The phones of one candidate, each to be run in a thread of its own."""
    chance = Random(f"cast:{seat.attempt}")
    first = Phone(seat, port, history, manner=cast.manner, seed=f"{seat.attempt}a")
    asleep = (seconds * 0.4, seconds * 2) if chance.random() < cast.sleepers else (0.0, 0.0)
    # the sleeper wakes after the close, and sends what it still has
    yield lambda: first.sit(seconds * (1.6 if asleep[1] else 1), asleep=(asleep[0], seconds * 1.3) if asleep[1] else asleep)
    if chance.random() < cast.tabs:
        yield lambda: late(Phone(seat, port, history, manner=cast.manner, seed=f"{seat.attempt}b", jar=first.jar), 0.3)
    if chance.random() < cast.devices:
        jar = Jar({"sessionid": seat.session})
        yield lambda: late(Phone(seat, port, history, manner=cast.manner, seed=f"{seat.attempt}c", jar=jar), 0.5)

    def late(phone: Phone, share: float) -> None:
        time.sleep(seconds * share)
        phone.sit(seconds * (1 - share))


def hold(
    city: City, exam: Exam, port: int, *, seconds: float, cast: Cast | None = None, nemesis: Nemesis = nobody
) -> History:
    """Everybody sits at once; the nemesis acts meanwhile."""
    history, over = History(), threading.Event()
    cast = cast or Cast()
    acts = [act for seat in seats(city, exam) for act in sittings(seat, port, history, cast, seconds)]
    threads = [threading.Thread(target=act) for act in acts]
    trouble = threading.Thread(target=nemesis, args=(over,))
    for thread in [*threads, trouble]:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    trouble.join()
    return history


def judge(city: City, exam: Exam, history: History) -> Told:
    """Wait for the close, sweep, mark, post; and all of it a second time, which must change nothing."""
    connection.close()  # whatever happened to the server's side of it
    exam.refresh_from_db()
    time.sleep(max(0.0, (exam.closes_at - timezone.now()).total_seconds()) + 0.05)
    facts = []
    for _time in (1, 2):
        state.sweep(exam, now=timezone.now())
        state.award_all(exam, marker=city.marker, now=timezone.now())
        state.sweep(exam, now=timezone.now())
        facts.append(state.read(exam, now=timezone.now()))
    return Told(history, facts[0], checker.check(history, facts[0], again=facts[1]))

"""One trial: candidates sit an exam while something goes wrong; then all is swept up, read and checked."""

import asyncio
import gc
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from exams.models import Exam, JournalEntry
from tests.faults import checker, state
from tests.faults.city import City, Seat, seats
from tests.faults.clients import Jar, Manner, Phone
from tests.faults.facts import Facts
from tests.faults.history import History, Outcome

Nemesis = Callable[[threading.Event], None]
T = TypeVar("T")


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
    again: Facts | None = None  # after everything was swept once more

    def keep(self, folder: Path) -> None:
        """All that the violations were found in, one line of JSON for each event, row and violation."""
        folder.mkdir(parents=True, exist_ok=True)
        self.history.keep(folder / "history.jsonl")
        self.facts.keep(folder / "facts.jsonl")
        if self.again:
            self.again.keep(folder / "again.jsonl")
        found = (json.dumps(one._asdict(), ensure_ascii=False) + "\n" for one in self.violations)
        (folder / "violations.jsonl").write_text("".join(found))

    @property
    def acknowledged(self) -> int:
        return self.history.count("save", Outcome.ACKNOWLEDGED)

    @property
    def unknown(self) -> int:
        return self.history.count("save", Outcome.UNKNOWN)

    @property
    def later(self) -> int:
        """Saves that were told to come again later: nothing was written."""
        return sum(one.state == "503" for one in self.history.of("save", Outcome.UNKNOWN))

    @property
    def sat(self) -> int:
        """Candidates of whom any save was acknowledged."""
        return len({one.attempt for one in self.history.of("save", Outcome.ACKNOWLEDGED)})

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
    """One sitting: its phones, and whether everybody is in. All phones are driven by one thread, the nemesis acts in others."""

    def __init__(self, port: int, seconds: float, cast: Cast) -> None:
        self.port, self.seconds, self.cast = port, seconds, cast
        self.history, self.over = History(), threading.Event()
        self.outside, self.all_in = 0, asyncio.Event()
        self.begun = time.monotonic()
        self.end = self.begun + seconds

    def phone(self, seat: Seat, which: str, jar: Jar | None = None) -> Phone:
        return Phone(seat, self.port, self.history, manner=self.cast.manner, seed=f"{seat.attempt}{which}", jar=jar)

    def acts(self, seat: Seat) -> Iterable[Coroutine[None, None, None]]:
        """What the phones of one candidate do, at the same time."""
        chance = Random(f"cast:{seat.attempt}")
        first = self.phone(seat, "a")
        sleeps = chance.random() < self.cast.sleepers
        yield self.first(first, sleeps=sleeps, comes=chance.uniform(0, self.cast.manner.crowd))
        late = chance.uniform(0, self.cast.manner.crowd)
        if chance.random() < self.cast.tabs:
            yield self.later(self.phone(seat, "b", first.jar), 0.4 * self.seconds + late)
        if chance.random() < self.cast.devices:
            yield self.later(self.phone(seat, "c", Jar(seat.cookies(1))), 0.5 * self.seconds + late)

    async def first(self, phone: Phone, *, sleeps: bool, comes: float) -> None:
        await asyncio.sleep(comes)
        await phone.enter(self.end)
        self.outside -= 1
        if not self.outside:
            self.all_in.set()
        if not sleeps:
            await phone.sit(self.end)
            return
        # wakes after the close, and sends what it still has
        wakes = self.end + min(8, self.seconds * 0.4) + comes
        await phone.sit(wakes + self.seconds * 0.1, dark=(self.end - self.seconds * 0.4, wakes))

    async def later(self, phone: Phone, comes: float) -> None:
        await asyncio.sleep(comes)
        await phone.enter(self.end)
        await phone.sit(self.end)

    async def trouble(self, nemesis: Nemesis) -> None:
        """The nemesis acts once everybody is in, or when half of the time is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.all_in.wait(), self.begun + self.seconds / 2 - time.monotonic())
        await asyncio.to_thread(nemesis, self.over)

    async def hold(self, sat: list[Seat], nemesis: Nemesis) -> History:
        self.outside = len(sat)
        gc.disable()  # among so many phones each look for what is garbage holds all of them up
        trouble, clock = asyncio.create_task(self.trouble(nemesis)), asyncio.create_task(self.clock())
        try:
            await asyncio.gather(*(act for seat in sat for act in self.acts(seat)))
        finally:
            self.over.set()
            clock.cancel()
            gc.enable()
        await trouble
        return self.history

    async def clock(self) -> None:
        """A loop that lags gives up replies that have long arrived: then the phones were too many for this machine, not for the server."""
        while True:
            due = time.monotonic() + 0.1
            await asyncio.sleep(0.1)
            self.history.behind = max(self.history.behind, time.monotonic() - due)


def driven(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """By a loop in a thread of its own: a browser of other tests may have one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def hold(
    city: City,
    exam: Exam,
    port: int,
    *,
    seconds: float,
    cast: Cast | None = None,
    nemesis: Nemesis = nobody,
    by_the_door: int | None = None,
) -> History:
    """Everybody sits at once; the nemesis acts meanwhile."""
    sat = list(seats(city, exam, by_the_door=by_the_door))
    return driven(lambda: Hall(port, seconds, cast or Cast()).hold(sat, nemesis))


def dash(city: City, exam: Exam, port: int, *, manner: Manner, at_once: int = 2) -> History:
    """The classic race: every question of a candidate is sent on a line of its own, and the hand-in at the same moment."""
    hall, turns = Hall(port, 60, Cast(manner)), asyncio.Semaphore(at_once)

    async def one(seat: Seat) -> None:
        async with turns:
            first = hall.phone(seat, "a")
            await first.enter(hall.end)
            tabs = {0: first, **{item: hall.phone(seat, f"a{item}", first.jar) for item in seat.options}}
            gate = asyncio.Barrier(len(tabs))
            await asyncio.gather(*(run(tab, item, gate) for item, tab in tabs.items()))

    async def run(tab: Phone, item: int, gate: asyncio.Barrier) -> None:
        tab.state = "sitting"
        await tab.warm()
        await gate.wait()
        await asyncio.sleep(tab.chance.uniform(0, 0.004))  # so that now one is first and now another
        if item:
            tab.think(item)
            await tab.send()
        else:
            await tab.until(tab.hand_in, time.monotonic() + 10)
        tab.close()

    async def all_of_them(sat: list[Seat]) -> None:
        await asyncio.gather(*map(one, sat))

    sat = list(seats(city, exam))
    driven(lambda: all_of_them(sat))
    return hall.history


def all_answered(exam: Exam) -> None:
    """Until nothing more arrives: what phones have given up as lost the server may still have before it."""
    seen, quiet = -1, min(5.0, 0.4 + exam.attempts.count() / 1000)
    while seen != (arrived := JournalEntry.objects.filter(attempt__exam=exam).count()):
        seen = arrived
        time.sleep(quiet)


def judge(city: City, exam: Exam, history: History) -> Told:
    """Wait for the close, sweep, mark, post; and all of it a second time, which must change nothing."""
    connection.close()  # whatever happened to the server's side of it
    exam.refresh_from_db()
    last = exam.attempts.filter(state="sitting").aggregate(last=Max("deadline"))["last"] or exam.closes_at
    time.sleep(max(0.0, (max(last, exam.closes_at) - timezone.now()).total_seconds()) + 0.05)
    all_answered(exam)
    facts = []
    for _time in (1, 2):
        state.sweep(exam, now=timezone.now())
        state.award_all(exam, marker=city.marker, now=timezone.now())
        state.decide_late(exam, by=city.marker, now=timezone.now())
        state.sweep(exam, now=timezone.now())
        facts.append(state.read(exam, now=timezone.now()))
    return Told(history, facts[0], checker.check(history, facts[0], again=facts[1]), again=facts[1])

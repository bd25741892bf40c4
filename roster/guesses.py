"""How often a password may be tried: the rule, and the counting it rests on.

Counted are tries that did not fit. A name at one address is held up for a quarter of an hour at most. A name that is tried from many
addresses, or an address that tries many names, is asked a question first and waits a little longer each time, but is never held up:
else a stranger could keep a colleague out. A device on which this person has signed in before has a count of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from lms import sealing
from lms.compiled import run
from lms.prepared import stored
from roster import identity
from roster.models import Tally

# --- the rule: pure -----------------------------------------------------------------------------------------------

HERE = 5  # of one name from one address, of one device for its own people, of one's own password while signed in
NAME = 10  # of one name from everywhere; beyond it a question
ADDRESS = 30  # of all names from one address: a village may share one, and only what fails stays counted
WINDOW, DAY = timedelta(minutes=15), timedelta(hours=24)
SLOWEST = 30  # seconds


class Step(Enum):
    TRY = "try"
    ASK = "ask"
    WAIT = "wait"


@dataclass(frozen=True)
class Counts:
    """How many tries there were lately, this one among them."""

    here: int
    name: int = 0
    address: int = 0


@dataclass(frozen=True)
class Verdict:
    """Whether this try may go on; where a question comes first, how many seconds it must have stood on the screen."""

    step: Step
    pause: int = 0


def judge(counts: Counts, *, answered: bool) -> Verdict:
    if counts.here > HERE:
        return Verdict(Step.WAIT)
    steps = max((counts.name - 1) // NAME, (counts.address - 1) // ADDRESS)
    if steps > 0 and not answered:
        return Verdict(Step.ASK, pause(steps))
    return Verdict(Step.TRY)


def pause(steps: int) -> int:
    """0, 2, 4, 8, 16, 30 seconds: nothing for the first who only mistyped."""
    return 0 if steps <= 1 else min(SLOWEST, 2 ** min(steps - 1, 5))


# --- the counting -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    """One try of a password for a typed name; `device` is that of somebody who has signed in on it under this name before."""

    typed: str
    address: str
    device: str = ""

    @property
    def here(self) -> str:
        if self.device:
            return key("device", self.device, same(self.typed))
        return key("here", same(self.typed), self.address)

    @property
    def everywhere(self) -> list[str]:
        return [] if self.device else [key("name", same(self.typed)), key("address", self.address)]


def take(one: Try, *, now: datetime, answered: bool = False) -> Verdict:
    """Count this try, before the password is looked at, and say whether it may go on. One that may not is not counted."""
    windows = {one.here: now + WINDOW}
    windows |= dict(zip(one.everywhere, (now + DAY, now + WINDOW), strict=False))
    counted = count(windows, now=now)
    verdict = judge(Counts(*(counted[which] for which in [one.here, *one.everywhere])), answered=answered)
    if verdict.step != Step.TRY:
        give_back(windows, now=now)
    return verdict


def fitted(one: Try, *, now: datetime) -> None:
    """The password fitted: this try and those before it from here are forgotten; what was tried from elsewhere stays counted."""
    give_back(one.everywhere, clear=[one.here], now=now)


def take_own(user_id: int, *, now: datetime, what: str = "own") -> bool:
    """
    Count a try of one's own password by someone signed in, wherever from: a session left open must not become a password. A code of the
    second factor ("code") has a count of its own.
    """
    own = key(what, str(user_id))
    if count({own: now + WINDOW}, now=now)[own] <= HERE:
        return True
    give_back([own], now=now)
    return False


def fitted_own(user_id: int, *, what: str = "own") -> None:
    Tally.objects.filter(key=key(what, str(user_id))).delete()


def key(kind: str, *parts: str) -> str:
    return sealing.lookup("\n".join(parts), purpose=f"tally {kind}")


def same(typed: str) -> str:
    """One person however the number is written: 139 0715 0001, +86 13907150001, w0001."""
    return identity.mobile(typed).first or typed.strip().lower()


def count(windows: dict[str, datetime], *, now: datetime) -> dict[str, int]:
    """Add one to each and return the new counts, in one statement, so that of tries at the same moment each gets its own number.

    A window begins with its first try and is not made longer by later ones. Kept in the database and not in the cache, which may be
    gone, or full: the cache of a database throws away what it pleases beyond some hundred keys, and with them the counts.
    """
    change = (
        "count = CASE WHEN roster_tally.until <= %s THEN 1 ELSE roster_tally.count + 1 END, "
        "until = CASE WHEN roster_tally.until <= %s THEN excluded.until ELSE roster_tally.until END "
        "RETURNING key, count"
    )
    return dict(put([(which, 1, until) for which, until in windows.items()], change, [now, now]))


def give_back(keys: Iterable[str], *, now: datetime, clear: Iterable[str] = ()) -> None:
    """Take one off each of `keys`, and all off those to be cleared."""
    change = (
        "count = CASE WHEN excluded.count = 1 AND roster_tally.count > 0 THEN roster_tally.count - 1 ELSE 0 END "
        "RETURNING key, count"
    )
    # where there is no such row, one is left whose window is over
    put([*((which, 1, now) for which in keys), *((which, 0, now) for which in clear)], change, [])


def put(rows: list[tuple[str, int, datetime]], change: str, moments: list[datetime]) -> list[tuple[Any, ...]]:
    """Insert or change rows one after the other in the order of their keys, so that two processes never wait for each other."""
    values = ", ".join(["(%s::text, %s::int, %s::timestamptz)"] * len(rows))
    statement = f"INSERT INTO roster_tally (key, count, until) VALUES {values} ON CONFLICT (key) DO UPDATE SET {change}"  # noqa: S608 - our own words
    cells = [cell for key, number, until in sorted(rows) for cell in (key, number, stored(until))]
    return run(statement, [*cells, *map(stored, moments)])


def forget(*, now: datetime) -> int:
    """Drop what counts no longer; returns how many."""
    return Tally.objects.filter(until__lte=now).delete()[0]

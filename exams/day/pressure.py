"""How many requests wait for a thread of this web process. Above a limit a save is told to come again later, which costs next to nothing."""

from collections.abc import Callable
from random import Random

# at about a millisecond each: whoever would wait longer than this is asked to come again
MOST = 200
SOONEST, LATEST = 3.0, 12.0  # seconds, spread so that they do not come together

_chance = Random()  # noqa: S311 - spreads load, guards nothing


def _nobody() -> int:
    return 0


waiting: Callable[[], int] = _nobody


def watch(count: Callable[[], int]) -> None:
    """Ask this from now on; set when a web process starts (`gunicorn.conf.py`)."""
    global waiting
    waiting = count


def too_many() -> bool:
    return waiting() > MOST


def come_again() -> float:
    """In how many seconds, a little different for everybody."""
    return round(_chance.uniform(SOONEST, LATEST), 1)

"""What every floor's `demo` module gets: how large the city is, one source of chance, one clock, and a place for logins."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Login:
    role: str
    username: str
    password: str
    note: str = ""


@dataclass
class City:
    """`scale` is the share of the real city (1.0: 4,028 grids, 7,280 workers). `now` is the moment of building; the past is posted with past times."""

    scale: float
    seed: int
    now: datetime
    say: Callable[[str], None]
    logins: list[Login] = field(default_factory=list)

    def chance(self, name: str) -> random.Random:
        """A stream of chance of its own for each purpose, so that a change on one floor does not shuffle another."""
        return random.Random(f"{self.seed}:{name}")  # noqa: S311 - a repeatable demo, not a secret

"""What a floor says to the home page: one thing that is due, why it is mine, and by when."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Due:
    """One row of 今天要做的. `tone` is "", "brand", "warn" or "bad"; `done`/`total` draw a progress bar when total is not 0."""

    title: str
    why: str
    by: datetime | None
    tag: str
    tone: str
    href: str
    action: str
    done: int = 0
    total: int = 0
    unit: str = ""
    quiet: bool = False

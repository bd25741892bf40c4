"""
What each client sent and what came back, in the order of one clock: the side of the story that the database cannot tell.

A reply that never came is neither yes nor no: it is `UNKNOWN`, and stays so for good.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Outcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Event:
    """One act of a client. A request with several answers leaves one event for each, with the same `request`."""

    act: str  # "start", "save", "hand_in", "take_over"
    attempt: int
    client: str
    device: str
    page: int
    sent: float  # seconds of one clock that no nemesis touches
    told: float
    outcome: Outcome
    request: int = 0
    state: str = ""  # what the server says of the attempt, or the status of a reply that says nothing
    item: int = 0
    seq: int = 0
    value: Any = None
    at: str = ""  # the server's time as the client was told it
    code: str = ""  # check code of an answer, receipt of a hand-in
    stands: tuple[int, Any] | None = None  # (seq, value) of the newer answer that stands in place of the one sent


class History:
    """Written by many clients in one thread, read when all have ended."""

    def __init__(self, events: list[Event] | None = None) -> None:
        self._events = events or []
        self._requests = 0
        self.behind = 0.0  # seconds that the clients' own loop came too late at worst

    def number(self) -> int:
        self._requests += 1
        return self._requests

    def add(self, *events: Event) -> None:
        self._events.extend(events)

    def __iter__(self) -> Iterator[Event]:
        return iter(sorted(self._events, key=lambda event: event.sent))

    def of(self, act: str, *outcomes: Outcome) -> list[Event]:
        return [one for one in self if one.act == act and (not outcomes or one.outcome in outcomes)]

    def count(self, act: str, outcome: Outcome) -> int:
        return len(self.of(act, outcome))

    def keep(self, file: Path) -> None:
        """One line of JSON for each event: what is handed over together with a violation."""
        file.write_text("".join(json.dumps(asdict(event), ensure_ascii=False) + "\n" for event in self))

"""What the database holds at the end, as plain values; the checker looks at nothing else."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sat:
    """One attempt."""

    pk: int
    worker: int
    county: str
    number: int = 1
    state: str = "marked"
    started_at: datetime | None = None
    deadline: datetime | None = None
    finished_at: datetime | None = None
    closed_by_clock: bool = False
    receipt: str | None = None
    machine_marks: Decimal | None = None
    marks: Decimal | None = None
    by_persons: Decimal = Decimal(0)  # the standing awards
    posted: bool = False

    @property
    def finished(self) -> bool:
        return self.state in {"handed_in", "marked"}


@dataclass(frozen=True)
class Stood:
    """The answer that stands."""

    attempt: int
    item: int
    seq: int
    value: Any
    saved_at: datetime
    worth: Decimal | None = None  # what the key gives for it, worked out anew; None: a person marks it


@dataclass(frozen=True)
class Arrived:
    """One line of the journal, unfolded, with the check code that its content gives."""

    attempt: int
    item: int
    seq: int
    page: int
    at: datetime
    counted: bool
    value: Any
    code: str


@dataclass(frozen=True)
class Recorded:
    """One line of the ledger."""

    worker: int
    county: str
    amount: Decimal


@dataclass(frozen=True)
class Noted:
    action: str
    attempt: int
    receipt: str = ""


@dataclass(frozen=True)
class Facts:
    attempts: list[Sat]
    answers: list[Stood] = field(default_factory=list)
    journal: list[Arrived] = field(default_factory=list)
    ledger: list[Recorded] = field(default_factory=list)
    notes: list[Noted] = field(default_factory=list)
    late: timedelta = timedelta(0)  # how long after the deadline the exam takes answers
    closed: bool = True  # the exam is over and swept: nobody is left sitting
    recorded: bool = True  # its results go to the ledger, and are shown by now

    def keep(self, file: Path) -> None:
        """One line of JSON for each row: [what it is of, the row]. First what is true of the whole."""
        rows: list[tuple[str, dict[str, Any]]] = [
            ("facts", {"late": self.late, "closed": self.closed, "recorded": self.recorded})
        ]
        for name in ("attempts", "answers", "journal", "ledger", "notes"):
            rows += [(name, asdict(one)) for one in getattr(self, name)]
        file.write_text("".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows))

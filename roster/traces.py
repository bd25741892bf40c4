"""Where else a worker stands: in rows and files that lists brought in, on sheets of first passwords, in what acts on many wrote down."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lms import numbers, undoing
from lms.models import ImportRow, ImportRun, ImportState
from lms.sealing import lookup
from roster.models import Batch, PasswordSheet, Worker

UNDER_WAY = (ImportState.READING, ImportState.MAPPING, ImportState.READY, ImportState.APPLYING, ImportState.UNDOING)
SEALED = ("cells", "plan", "options", "done")


@dataclass
class Traces:
    """Rows and runs of imports in which somebody stands; `open` where one of them can still be applied or taken back."""

    rows: list[int] = field(default_factory=list)
    runs: set[int] = field(default_factory=set)
    open: bool = False


def of(worker: Worker) -> Traces:
    """Look through everything that is still sealed in staged rows: by ID number, telephones, roster number, and what a row did."""
    found = Traces()
    marks = [mark for mark in (worker.id_number, worker.mobile, worker.number, *numbers_of(worker)) if mark]
    keys = {lookup(key, purpose="import-row") for key in (*marks, f"{worker.name}/{worker.mobile}")}
    content = ~Q(cells__isnull=True) | ~Q(plan__isnull=True) | ~Q(done__isnull=True) | ~Q(options__isnull=True)
    now = timezone.now()
    for row in ImportRow.objects.filter(content).select_related("run").iterator(chunk_size=500):
        still_open, surely = is_open(row.run, now=now), row.key in keys or names(row, worker, marks)
        # without a number on either side a name is all there is; a namesake loses what nobody can take back any more
        if surely or (row.label == worker.name and not still_open):
            found.rows.append(row.pk)
            found.runs.add(row.run_id)
            found.open |= still_open
    return found


def numbers_of(worker: Worker) -> list[str]:
    telephones: Any = worker.telephones
    return list(telephones or [])


def names(row: ImportRow, worker: Worker, marks: list[str]) -> bool:
    """Whether a row says who it is of in a way that is theirs alone."""
    said: list[Any] = [row.done, row.plan]
    if any(isinstance(part, dict) and part.get("worker") == worker.pk for part in said):
        return True
    texts = list(strings([getattr(row, name) for name in SEALED]))
    if any(mark in text for text in texts for mark in marks):
        return True
    # a row that was wrong holds the name and what a mask leaves of a number
    left = {worker.masked_id_number, worker.masked_mobile, *map(numbers.covered_up, marks)} - {"", worker.number}
    return row.label == worker.name and any(part in text for text in texts for part in left)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def is_open(run: ImportRun, *, now: datetime) -> bool:
    return run.state in UNDER_WAY or undoing.may(run, now=now)


def wipe(found: Traces) -> int:
    """Empty the rows, and let go of the files and samples they came from; how many rows there were stays."""
    emptied: dict[str, Any] = dict.fromkeys(SEALED)
    ImportRow.objects.filter(pk__in=found.rows).update(label="", notes=[], key="", **emptied)
    for run in ImportRun.objects.filter(pk__in=found.runs).exclude(file=""):
        storage, name = run.file.storage, run.file.name
        transaction.on_commit(lambda storage=storage, name=name: storage.delete(name))  # type: ignore[misc]
    ImportRun.objects.filter(pk__in=found.runs).update(file="", samples=None)
    return len(found.rows)


def out_of_sheets(worker: Worker) -> int:
    """Take somebody's slip out of sheets of first passwords that nobody has printed."""
    taken = 0
    for sheet in PasswordSheet.objects.select_for_update().exclude(slips__isnull=True):
        slips: Any = sheet.slips
        left = [slip for slip in slips if slip[0] != worker.pk]
        if len(left) < len(slips):
            sheet.slips = left
            sheet.save(update_fields=["slips"])
            taken += 1
    return taken


def out_of_batches(worker: Worker) -> int:
    """What acts on many say of somebody they passed over names them."""
    taken = 0
    for batch in Batch.objects.select_for_update().exclude(done__isnull=True):
        done: Any = batch.done
        passed = [[pk, "" if pk == worker.pk else why] for pk, why in done.get("passed", [])]
        if passed != done.get("passed", []):
            batch.done = {**done, "passed": passed}
            batch.save(update_fields=["done"])
            taken += 1
    return taken

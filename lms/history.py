"""All imports that somebody may see: who brought in what, when, what it did, and whether it can still be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from lms import imports, preview, undoing
from lms.models import ImportRun, ImportState, Outcome

TONES = {
    ImportState.REFUSED: "bo-bad",
    ImportState.READY: "bo-warn",
    ImportState.MAPPING: "bo-warn",
    ImportState.APPLYING: "bo-warn",
    ImportState.UNDOING: "bo-warn",
    ImportState.DONE: "bo-ok",
}
SHOWN = (Outcome.NEW, Outcome.UPDATED, Outcome.MOVED, Outcome.SECOND_GRID, Outcome.WRONG)


@dataclass(frozen=True)
class Told:
    """One import as a line of the history."""

    run: ImportRun
    title: str
    state: str
    tone: str
    counts: list[tuple[str, int]]
    may_undo: bool


def told(run: ImportRun, *, now: datetime) -> Told:
    counted = bool(run.counts) and run.state != ImportState.DROPPED
    return Told(
        run,
        str(imports.resource_of(run.kind).title),
        preview.state_of(run),
        "bo-bad" if run.stopped else TONES.get(ImportState(run.state), ""),
        [(str(outcome.label), run.counts.get(outcome, 0)) for outcome in SHOWN] if counted else [],
        undoing.may(run, now=now),
    )


def asked(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query.get(name, "").strip()[:60] for name in ("of", "file")}


def narrowed(runs: QuerySet[ImportRun], query: Mapping[str, str]) -> QuerySet[ImportRun]:
    """Of one kind, or of a file's or a person's name."""
    said = asked(query)
    if said["of"]:
        runs = runs.filter(kind=said["of"])
    if said["file"]:
        runs = runs.filter(Q(file_name__contains=said["file"]) | Q(actor__name__contains=said["file"]))
    return runs

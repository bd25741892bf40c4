"""The import machine: upload → read and judge → preview → apply.

Judging reads the whole file and writes nothing but its own staging rows; applying goes in chunks of one short transaction each, so that
no other writer waits long, and takes up where it stopped when its worker was killed. Each kind of import is a SheetResource.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit, jobs, sheets
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.refusal import Refused
from lms.resources import ERROR, Line, SheetResource

CHUNK = 200
# the order of the preview: what needs a person before what goes by itself
RANKS = {
    Outcome.WRONG: 0,
    Outcome.OUT_OF_REACH: 1,
    Outcome.MOVED: 2,
    Outcome.UPDATED: 3,
    Outcome.SECOND_GRID: 4,
    Outcome.NEW: 5,
    Outcome.UNCHANGED: 6,
    Outcome.SKIPPED: 7,
}
APPLIED = (Outcome.NEW, Outcome.UPDATED, Outcome.MOVED, Outcome.SECOND_GRID)

_kinds: dict[str, type[SheetResource]] = {}


def kind(resource: type[SheetResource]) -> type[SheetResource]:
    """Register a kind of import."""
    _kinds[resource.kind] = resource
    return resource


def kinds_for(user: Any) -> list[type[SheetResource]]:
    return [resource for resource in _kinds.values() if resource.allowed(user)]


def resource_of(code: str) -> type[SheetResource]:
    return _kinds[code]


@dataclass
class Reading:
    """A file read and judged: its lines, what was left out, and how its columns were taken."""

    lines: list[Line]
    skipped_rows: int
    report: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(line.outcome for line in self.lines))


def read(resource: SheetResource, data: bytes, *, name: str, actor: Any, now: datetime) -> Reading:
    """Read and judge a whole file. Writes nothing. Refuses a file that is no table of this kind, in one sentence."""
    book = sheets.read(data, name=name)
    found, left_out = sheets.tables(book, resource.aliases(), need=resource.need)
    if not found:
        raise Refused(
            _("在这个文件里没有找到%(title)s的表头。请确认选对了文件，表头里要有：%(need)s。")
            % {
                "title": resource.title,
                "need": "、".join(resource.columns()[field].column_name for field in resource.need),
            }
        )
    lines = list(lines_of(found))
    resource.prepare(actor=actor, now=now)
    for line in lines:
        resource.clean_line(line)
    resource.judge(lines, tables=found)
    for line in lines:
        if line.wrong and line.outcome != Outcome.OUT_OF_REACH:
            line.outcome = Outcome.WRONG
    return Reading(lines, sum(len(table.skipped) for table in found), report(found, left_out))


def lines_of(tables: list[sheets.Table]) -> Iterator[Line]:
    for table in tables:
        letters = {field: sheets.letter(index) for field, index in table.fields.items()}
        for row in table.rows:
            yield Line(table.sheet.name, row.number, row.cells, letters)


def report(tables: list[sheets.Table], left_out: list[sheets.LeftOut]) -> dict[str, Any]:
    """What the preview tells of the reading: sheets, header rows, columns, rows left out, totals that do not agree, hidden rows."""
    return {
        "sheets": [
            {
                "name": table.sheet.name,
                "header_rows": list(table.header_rows),
                "rows": len(table.rows),
                "declared": table.declared,
                "hidden": len(table.hidden_rows),
                "columns": [[column.letter, column.title, column.field] for column in table.columns],
                "skipped": [[row.number, row.reason, row.text[:40]] for row in table.skipped],
            }
            for table in tables
        ],
        "left_out": [[sheet.name, sheet.reason] for sheet in left_out],
    }


# --- upload and preview ---------------------------------------------------------------------------------------------


@transaction.atomic
def upload(data: bytes, *, name: str, kind: str, actor: Any, now: datetime) -> ImportRun:
    """Keep the file in private storage and have it read in the background."""
    run = ImportRun(
        kind=kind, file_name=name[:200], sha256=hashlib.sha256(data).hexdigest(), actor=actor, created_at=now
    )
    run.file.save(f"{run.sha256[:16]}.bin", ContentFile(data), save=False)
    run.save()
    run.job = jobs.enqueue("lms.read_import", owner=actor, run=run.pk)
    run.save(update_fields=["job"])
    audit.note("import.uploaded", now=now, actor=actor, subject=run, kind=kind, sha256=run.sha256)
    return run


@jobs.work("lms.read_import")
def read_and_stage(handle: jobs.Handle) -> None:
    """Read, judge and stage one upload. Running it again starts the staging anew."""
    run = ImportRun.objects.select_related("actor").get(pk=handle.args["run"])
    if run.state != ImportState.READING:
        return
    handle.progress(0, 0)
    try:
        with run.file.open() as file:
            data = file.read()
        reading = read(_kinds[run.kind](), data, name=run.file_name, actor=run.actor, now=timezone.now())
    except Refused as refusal:
        run.state, run.message = ImportState.REFUSED, refusal.sentence
        run.save(update_fields=["state", "message"])
        return
    stage(run, reading, handle)


def stage(run: ImportRun, reading: Reading, handle: jobs.Handle) -> None:
    ImportRow.objects.filter(run=run).delete()
    total = len(reading.lines)
    for start in range(0, total, 1000):
        lines = enumerate(reading.lines[start : start + 1000], start)
        ImportRow.objects.bulk_create([staged(run, position, line) for position, line in lines])
        handle.progress(min(start + 1000, total), total)
    run.counts, run.reading, run.state = (
        reading.counts,
        {**reading.report, "skipped": reading.skipped_rows},
        ImportState.READY,
    )
    run.save(update_fields=["counts", "reading", "state"])


def staged(run: ImportRun, position: int, line: Line) -> ImportRow:
    return ImportRow(
        run=run,
        position=position,
        sheet=line.sheet,
        number=line.number,
        label=line.label[:100],
        outcome=line.outcome,
        rank=RANKS[Outcome(line.outcome)],
        notes=[asdict(note) for note in line.notes],
        cells=line.shown,
        plan=line.plan if line.outcome in APPLIED else None,
    )


# --- apply ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def confirm(run: ImportRun, *, by: Any, now: datetime) -> ImportRun:
    """Let the good rows go in, in the background. Confirming twice starts one application."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state in {ImportState.APPLYING, ImportState.DONE}:
        return run
    if run.state != ImportState.READY:
        raise Refused(_("这份文件还没有读完，或者已经放弃，不能导入。"))
    if not sum(run.counts.get(outcome, 0) for outcome in APPLIED):
        raise Refused(_("这份文件里没有要新增或更改的行。"))
    run.state, run.confirmed_at = ImportState.APPLYING, now
    run.job = jobs.enqueue("lms.apply_import", owner=by, run=run.pk)
    run.save(update_fields=["state", "confirmed_at", "job"])
    audit.note("import.confirmed", now=now, actor=by, subject=run, counts=run.counts)
    return run


@jobs.work("lms.apply_import")
def apply(handle: jobs.Handle) -> None:
    """Apply the staged rows that have not been applied yet, chunk by chunk."""
    run = ImportRun.objects.get(pk=handle.args["run"])
    resource = _kinds[run.kind]()
    waiting = ImportRow.objects.filter(run=run, outcome__in=APPLIED)
    total = waiting.count()
    resource.prepare(actor=None, now=timezone.now())
    while apply_chunk(run, resource):
        handle.progress(waiting.exclude(applied_at=None).count(), total)
    finish(run)


def apply_chunk(run: ImportRun, resource: SheetResource) -> bool:
    """One short transaction; False when nothing is left. The run's row is locked, so two workers never do the same chunk."""
    now = timezone.now()
    with transaction.atomic():
        ImportRun.objects.select_for_update().get(pk=run.pk)
        rows = list(
            ImportRow.objects.filter(run=run, outcome__in=APPLIED, applied_at=None).order_by("position")[:CHUNK]
        )
        if rows:
            resource.apply([row.plan for row in rows], run=run, now=now)
            ImportRow.objects.filter(pk__in=[row.pk for row in rows]).update(applied_at=now)
    return bool(rows)


@transaction.atomic
def finish(run: ImportRun) -> None:
    now = timezone.now()
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state == ImportState.DONE:
        return
    run.state, run.finished_at = ImportState.DONE, now
    run.save(update_fields=["state", "finished_at"])
    audit.note("import.applied", now=now, actor=run.actor, subject=run, counts=run.counts)


@transaction.atomic
def drop(run: ImportRun, *, by: Any, now: datetime) -> None:
    """Give an upload up; its staged rows and its file go, the fact that it was tried stays."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state not in {ImportState.READING, ImportState.READY, ImportState.REFUSED}:
        raise Refused(_("已经开始导入，不能放弃。"))
    run.rows.all().delete()
    run.state = ImportState.DROPPED
    run.save(update_fields=["state"])
    transaction.on_commit(lambda: run.file.delete(save=False))
    audit.note("import.dropped", now=now, actor=by, subject=run)


# --- the command line -----------------------------------------------------------------------------------------------


def run_file(resource: SheetResource, data: bytes, *, name: str, write: bool, now: datetime) -> dict[str, Any]:
    """Judge a file and, with `write`, apply it, without staging; the result as the public commands print it."""
    reading = read(resource, data, name=name, actor=None, now=now)
    result = {
        **resource.summary(reading.lines),
        "skipped_rows": reading.skipped_rows,
        "errors": [
            item for line in reading.lines if line.outcome == Outcome.WRONG for item in items(line, errors=True)
        ],
        "warnings": [
            item for line in reading.lines if line.outcome != Outcome.WRONG for item in items(line, errors=False)
        ],
    }
    if write:
        plans = [line.plan for line in reading.lines if line.outcome in APPLIED and line.plan]
        for start in range(0, len(plans), CHUNK):
            with transaction.atomic():
                resource.apply(plans[start : start + CHUNK], run=None, now=now)
    return result


def items(line: Line, *, errors: bool) -> Iterator[dict[str, Any]]:
    for note in line.notes:
        if (note.level == ERROR) == errors:
            yield {
                "sheet": line.sheet,
                "row": line.number,
                "code": note.code,
                "column": note.column,
                "message": note.message,
            }


def outcomes(run: ImportRun) -> list[tuple[str, str, int]]:
    """(value, label, count) for each outcome that the run has, in the order of the preview."""
    counted = dict(run.rows.values_list("outcome").annotate(count=Count("pk")).order_by())
    return [
        (outcome.value, str(outcome.label), counted[outcome.value]) for outcome in RANKS if outcome.value in counted
    ]

"""The import machine: upload → read and judge → preview → apply.

Judging reads the whole file and writes nothing but its own staging rows; applying goes in chunks of one short transaction each, so that
no other writer waits long, and takes up where it stopped when its worker was killed. Each kind of import is a SheetResource.
"""

import hashlib
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit, jobs, judging, sealing
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.refusal import Refused
from lms.resources import WARNING, Line, Note, SheetResource

CHUNK = 200
TWICE = timedelta(minutes=1)  # the same file again within this time is the same click
# the order of the preview: what needs a person before what goes by itself
RANKS = {
    Outcome.WRONG: 0,
    Outcome.CONFLICT: 1,
    Outcome.DUPLICATE: 2,
    Outcome.OUT_OF_REACH: 3,
    Outcome.MOVED: 4,
    Outcome.UPDATED: 5,
    Outcome.SECOND_GRID: 6,
    Outcome.NEW: 7,
    Outcome.ABSENT: 8,
    Outcome.UNCHANGED: 9,
    Outcome.SKIPPED: 10,
}
STAGED = 500
LEFT_OUT = (Outcome.WRONG, Outcome.OUT_OF_REACH)
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


def permit(resource: type[SheetResource] | SheetResource, actor: Any) -> None:
    """Refuse where the actor may no longer bring in this kind; roles are read live each time."""
    if not resource.allowed(actor):
        raise Refused(_("你现在没有导入%(title)s的权限。需要导入的，请联系上级管理员。") % {"title": resource.title})


# --- upload and preview ---------------------------------------------------------------------------------------------


@transaction.atomic
def upload(data: bytes, *, name: str, kind: str, actor: Any, now: datetime) -> ImportRun:
    """Keep the file, sealed, in private storage and have it read in the background. A double click gives the same run."""
    permit(resource_of(kind), actor)
    sha256 = hashlib.sha256(data).hexdigest()
    twin = ImportRun.objects.filter(
        actor=actor, kind=kind, sha256=sha256, state=ImportState.READING, created_at__gte=now - TWICE
    ).first()
    if twin:
        return twin
    run = ImportRun(kind=kind, file_name=name[-200:], sha256=sha256, actor=actor, created_at=now)
    run.file.save(f"{sha256[:16]}.bin", ContentFile(sealing.seal_bytes(data)), save=False)
    run.save()
    run.job = jobs.enqueue("lms.read_import", owner=actor, run=run.pk)
    run.save(update_fields=["job"])
    audit.note("import.uploaded", now=now, actor=actor, subject=run, kind=kind, sha256=sha256)
    return run


@jobs.work("lms.read_import")
def read_and_stage(handle: jobs.Handle) -> None:
    """Read, judge and stage one upload. Running it again starts the staging anew."""
    run = ImportRun.objects.select_related("actor").get(pk=handle.args["run"])
    if run.state != ImportState.READING:
        return
    handle.progress(0, 0)
    resource = resource_of(run.kind)()
    try:
        permit(resource, run.actor)
        with run.file.open() as file:
            data = sealing.unseal_bytes(file.read())
        reading = judging.read(resource, data, name=run.file_name, actor=run.actor, now=timezone.now())
    except Refused as refusal:
        still_reading(run).update(state=ImportState.REFUSED, message=refusal.sentence)
        return
    stage(run, reading, handle)


def still_reading(run: ImportRun) -> QuerySet[ImportRun]:
    """The run unless it has been given up meanwhile."""
    return ImportRun.objects.filter(pk=run.pk, state=ImportState.READING)


def stage(run: ImportRun, reading: judging.Reading, handle: jobs.Handle) -> None:
    """Write the judged lines down for the preview, some at a time, so that nobody else waits long to write."""
    ImportRow.objects.filter(run=run).delete()
    total = len(reading.lines)
    for start in range(0, total, STAGED):
        lines = enumerate(reading.lines[start : start + STAGED], start)
        ImportRow.objects.bulk_create([staged(run, position, line) for position, line in lines])
        handle.progress(min(start + STAGED, total), total)
    remarked = sum(bool(line.notes) for line in reading.lines if line.outcome not in LEFT_OUT)
    known = {**reading.report, "skipped": reading.skipped_rows, "remarked": remarked}
    if not still_reading(run).update(counts=reading.counts, reading=known, state=ImportState.READY):
        ImportRow.objects.filter(run=run).delete()


def staged(run: ImportRun, position: int, line: Line) -> ImportRow:
    return ImportRow(
        run=run,
        position=position,
        sheet=line.sheet[:100],
        number=line.number,
        label=line.label.replace("\0", "")[:100],
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
    permit(resource_of(run.kind), by)
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state in {ImportState.APPLYING, ImportState.DONE}:
        return run
    if run.state != ImportState.READY:
        raise Refused(_("这份文件还没有读完，或者已经放弃，不能导入。"))
    if not coming(run):
        raise Refused(_("这份文件里没有要新增或更改的行，不用导入。"))
    run.state, run.confirmed_at = ImportState.APPLYING, now
    run.job = jobs.enqueue("lms.apply_import", owner=by, run=run.pk)
    run.save(update_fields=["state", "confirmed_at", "job"])
    audit.note("import.confirmed", now=now, actor=by, subject=run, counts=run.counts)
    return run


def under_way() -> bool:
    """Whether any import is going in now, so that what the screens show is not yet whole."""
    return ImportRun.objects.filter(state=ImportState.APPLYING).exists()


def coming(run: ImportRun) -> int:
    """How many rows of a preview would go in."""
    return sum(run.counts.get(outcome, 0) for outcome in APPLIED)


@transaction.atomic
def resume(run: ImportRun, *, by: Any, now: datetime) -> ImportRun:
    """Take up again what was given up on the way, where it stopped. A run that is being worked on is left alone."""
    permit(resource_of(run.kind), by)
    ImportRun.objects.select_for_update().get(pk=run.pk)
    run = ImportRun.objects.select_related("job").get(pk=run.pk)
    if not run.stopped:
        return run
    kind = "lms.read_import" if run.state == ImportState.READING else "lms.apply_import"
    run.job = jobs.enqueue(kind, owner=by, run=run.pk)
    run.save(update_fields=["job"])
    audit.note("import.resumed", now=now, actor=by, subject=run)
    return run


@jobs.work("lms.apply_import")
def apply(handle: jobs.Handle) -> None:
    """Apply the staged rows that have not been applied yet, chunk by chunk."""
    run = ImportRun.objects.get(pk=handle.args["run"])
    resource = resource_of(run.kind)()
    total = waiting(run).count()
    before = waiting(run).exclude(applied_at=None).count()
    handle.progress(before, total)
    while done := apply_chunk(run, resource):
        before += done
        handle.progress(before, total)
    finish(run)


def waiting(run: ImportRun) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(run=run, outcome__in=APPLIED)


def apply_chunk(run: ImportRun, resource: SheetResource) -> int:
    """
    One short transaction; returns how many rows it did, 0 when nothing is left. The run's row is locked, so two workers
    never do the same chunk. Refuses, with nothing of the chunk written, when the uploader's roles no longer reach it.
    """
    now = timezone.now()
    with transaction.atomic():
        held = ImportRun.objects.select_for_update().get(pk=run.pk)
        rows = list(waiting(run).filter(applied_at=None).order_by("position")[:CHUNK])
        if held.state != ImportState.APPLYING or not rows:
            return 0
        actor = get_user_model().objects.get(pk=held.actor_id)
        permit(resource, actor)
        plans = [row.plan or {} for row in rows]
        resource.permit(plans, actor=actor)
        applied = resource.apply(plans, run=run, now=now)
        leave_out([(rows[index], sentence) for index, sentence in applied.overtaken.items()])
        ImportRow.objects.filter(pk__in=[row.pk for row in rows]).update(applied_at=now)
    return len(rows)


def leave_out(rows: list[tuple[ImportRow, str]]) -> None:
    """Rows that did not go in because things have changed since the preview, each with a sentence."""
    for row, sentence in rows:
        row.outcome, row.rank = Outcome.SKIPPED, RANKS[Outcome.SKIPPED]
        row.notes = [*row.notes, asdict(Note(WARNING, "overtaken", sentence))]
    ImportRow.objects.bulk_update([row for row, _sentence in rows], ["outcome", "rank", "notes"])


@transaction.atomic
def finish(run: ImportRun) -> None:
    """Close an application, with the counts of what really went in."""
    now = timezone.now()
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state != ImportState.APPLYING:
        return
    run.counts = dict(run.rows.values_list("outcome").annotate(count=Count("pk")).order_by())
    run.state, run.finished_at = ImportState.DONE, now
    run.save(update_fields=["state", "finished_at", "counts"])
    audit.note("import.applied", now=now, actor=run.actor, subject=run, counts=run.counts)


@transaction.atomic
def drop(run: ImportRun, *, by: Any, now: datetime) -> None:
    """Give an upload up; its staged rows and its file go, the fact that it was tried stays. Again changes nothing."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state == ImportState.DROPPED:
        return
    if run.state not in {ImportState.READING, ImportState.READY, ImportState.REFUSED}:
        raise Refused(_("已经开始导入，不能放弃。"))
    run.rows.all().delete()
    run.state = ImportState.DROPPED
    run.save(update_fields=["state"])
    file = run.file
    transaction.on_commit(lambda: file.delete(save=False))
    audit.note("import.dropped", now=now, actor=by, subject=run)

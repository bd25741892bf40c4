"""Taking a whole import back, from the values kept before it; what later facts stand on stays, and is named."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit, imports, jobs, writing
from lms.models import ImportRow, ImportRun, ImportState
from lms.outcomes import UNDO
from lms.refusal import Refused
from lms.resources import WARNING, Note, SheetResource

STANDS = "stands"  # the code of the remark on a row that stays


@dataclass(frozen=True)
class Kept:
    """A row that cannot be taken back, and what stands on it."""

    row: ImportRow
    sentence: str


def open_until(run: ImportRun) -> datetime | None:
    return run.finished_at + UNDO if run.finished_at else None


def may(run: ImportRun, *, now: datetime) -> bool:
    until = open_until(run)
    return run.state == ImportState.DONE and until is not None and now <= until


def check(run: ImportRun) -> tuple[int, list[Kept]]:
    """How many rows can be taken back now, and those that cannot, with what stands on each. Writes nothing."""
    resource = imports.resource_of(run.kind)()
    able, kept = 0, []
    for rows in groups(to_undo(run)):
        for row, sentence in judged(resource, rows):
            if sentence:
                kept.append(Kept(row, sentence))
            else:
                able += 1
    return able, kept


def to_undo(run: ImportRun) -> QuerySet[ImportRow]:
    """Rows that went in and are not taken back; rows of one person follow one another, the newest first."""
    went_in = ImportRow.objects.filter(run=run, done__isnull=False, undone_at=None)
    return went_in.order_by("key", "-position")


def groups(rows: QuerySet[ImportRow]) -> Iterator[list[ImportRow]]:
    """Chunks that never divide the rows of one key."""
    chunk: list[ImportRow] = []
    for _key, same in groupby(rows.iterator(chunk_size=500), key=lambda row: row.key or row.pk):
        chunk += same
        if len(chunk) >= imports.CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def judged(resource: SheetResource, rows: list[ImportRow]) -> list[tuple[ImportRow, str]]:
    """Each row with what stands on it, "" for nothing; one row of a person that must stay keeps the others."""
    found = resource.standing([row.done or {} for row in rows])
    stays = {rows[index].key: sentence for index, sentence in found.items() if rows[index].key}
    return [(row, found.get(index) or stays.get(row.key, "")) for index, row in enumerate(rows)]


@transaction.atomic
def undo(run: ImportRun, *, by: Any, now: datetime) -> ImportRun:
    """Begin to take an import back, in the background. Asking twice begins once. Refuses after thirty days."""
    imports.permit(imports.resource_of(run.kind), by)
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state in {ImportState.UNDOING, ImportState.UNDONE}:
        return run
    if not may(run, now=now):
        raise Refused(_("这次导入没有完成，或者已经超过 30 天，不能整批撤回。个别人的情况，请在网格员档案里更改。"))
    run.state, run.undone_by_id, run.message = ImportState.UNDOING, by.pk, ""
    run.job = jobs.enqueue("lms.undo_import", owner=by, run=run.pk)
    run.save(update_fields=["state", "undone_by", "message", "job"])
    audit.note("import.undo_begun", now=now, actor=by, subject=run, territory=run.place)
    return run


@jobs.work("lms.undo_import")
def work(handle: jobs.Handle) -> None:
    """Take back what has not been taken back yet, chunk by chunk."""
    run = ImportRun.objects.select_related("undone_by").get(pk=handle.args["run"])
    resource = imports.resource_of(run.kind)()
    total = ImportRow.objects.filter(run=run, done__isnull=False).count()
    passed = 0
    handle.progress(0, total)
    # only the ids of a whole import are held in memory
    for ids in [[row.pk for row in rows] for rows in groups(to_undo(run).only("key"))]:
        undo_chunk(run, resource, ids)
        passed += len(ids)
        handle.progress(passed, total)
        imports.give_way()
    finish(run)


def undo_chunk(run: ImportRun, resource: SheetResource, ids: list[int]) -> None:
    """One short transaction. The run's row is locked, and rows that another worker has taken back meanwhile are left alone."""
    now = timezone.now()
    with transaction.atomic():
        held = ImportRun.objects.select_for_update().get(pk=run.pk)
        if held.state != ImportState.UNDOING:
            return
        imports.permit(resource, run.undone_by)
        rows = list(to_undo(run).filter(pk__in=ids))
        found = judged(resource, rows)
        able = [row for row, sentence in found if not sentence]
        stays = [(row, sentence) for row, sentence in found if sentence]
        late = resource.undo([row.done or {} for row in able], run=held, by=run.undone_by, now=now)
        stays += [(able[index], sentence) for index, sentence in late.items()]
        for index, row in enumerate(able):
            row.undone_at = None if index in late else now
        writing.write_down(able, ["undone_at"])
        say(stays)


def say(stays: list[tuple[ImportRow, str]]) -> None:
    for row, sentence in stays:
        notes = [note for note in row.notes if note["code"] != STANDS]
        row.notes = [*notes, asdict(Note(WARNING, STANDS, sentence))]
    writing.write_down([row for row, _sentence in stays], ["notes"])


@transaction.atomic
def finish(run: ImportRun) -> None:
    now = timezone.now()
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state != ImportState.UNDOING:
        return
    back = ImportRow.objects.filter(run=run).exclude(undone_at=None).count()
    stays = to_undo(run).count()
    run.state, run.undone_at = ImportState.UNDONE, now
    run.reading = {**run.reading, "undone": back, "stays": stays}
    run.save(update_fields=["state", "undone_at", "reading"])
    audit.note("import.undone", now=now, actor=run.undone_by, subject=run, rows=back, stays=stays)

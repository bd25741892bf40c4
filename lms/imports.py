"""The import machine: upload → read and judge → preview and decide → apply; taking back is in `lms.undoing`.

Judging reads the whole file and writes nothing but its own staging rows; applying goes in chunks of one short transaction each, so that
no other writer waits long, and takes up where it stopped when its worker was killed. Each kind of import is a SheetResource.
"""

import hashlib
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit, columns, jobs, judging, sealing, sheets, staging, uploads, writing
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.outcomes import APPLIED, LEFT_OUT, RANKS
from lms.refusal import Refused
from lms.resources import WARNING, Note, SheetResource
from lms.staging import recount

CHUNK = 150
PAUSE = 0.03  # seconds between two chunks
TWICE = timedelta(minutes=1)  # the same file again within this time is the same click
REREAD = (ImportState.MAPPING, ImportState.READY)  # where it may be said how the file is to be read

_kinds: dict[str, type[SheetResource]] = {}


def kind(resource: type[SheetResource]) -> type[SheetResource]:
    """Register a kind of import."""
    _kinds[resource.kind] = resource
    return resource


def kinds_for(user: Any) -> list[type[SheetResource]]:
    found = [resource for resource in _kinds.values() if resource.allowed(user)]
    return sorted(found, key=lambda resource: resource.order)


def resource_of(code: str) -> type[SheetResource]:
    return _kinds[code]


def visible(user: Any) -> QuerySet[ImportRun]:
    """
    The runs a user may see, of kinds they may bring in themselves: those brought in for a territory that they reach, and their own
    as long as they act for the same territory. Who has moved elsewhere has left them behind, for they show people.
    """
    found = Q(pk__in=[])
    for resource in kinds_for(user):
        own = Q(actor=user.pk, place=resource.place_of(user))
        found |= Q(kind=resource.kind) & (own | resource.seen_by(user))
    return ImportRun.objects.filter(found)


def permit(resource: type[SheetResource] | SheetResource, actor: Any) -> None:
    """Refuse where the actor may no longer bring in this kind; roles are read live each time."""
    if not resource.allowed(actor):
        raise Refused(_("你现在没有导入%(title)s的权限。需要导入的，请联系上级管理员。") % {"title": resource.title})


# --- upload and preview ---------------------------------------------------------------------------------------------


@transaction.atomic
def upload(data: bytes, *, name: str, kind: str, actor: Any, now: datetime) -> ImportRun:
    """Keep the file, sealed, in private storage and have it read in the background. A double click gives the same run."""
    resource = resource_of(kind)
    permit(resource, actor)
    sha256 = hashlib.sha256(data).hexdigest()
    twin = ImportRun.objects.filter(
        actor=actor, kind=kind, sha256=sha256, state=ImportState.READING, created_at__gte=now - TWICE
    ).first()
    if twin:
        return twin
    place = resource.place_of(actor)
    run = ImportRun(
        kind=kind, file_name=uploads.safe_name(name), sha256=sha256, actor=actor, place=place, created_at=now
    )
    keep_file(run, data)
    run.save()
    run.job = jobs.enqueue("lms.read_import", owner=actor, run=run.pk)
    run.save(update_fields=["job"])
    audit.note("import.uploaded", now=now, actor=actor, subject=run, territory=place, kind=kind, sha256=sha256)
    return run


def keep_file(run: ImportRun, data: bytes) -> None:
    """Into private storage; where there is no room for it, nothing of the upload stays."""
    try:
        run.file.save(f"{run.sha256[:16]}.bin", ContentFile(sealing.seal_bytes(data)), save=False)
    except OSError as error:
        raise Refused(_("文件没有存下来，服务器的磁盘可能满了。请告诉系统管理员，腾出空间后重新上传。")) from error


def original(run: ImportRun) -> bytes:
    """The file as it was uploaded."""
    with run.file.open() as file:
        return sealing.unseal_bytes(file.read())


@transaction.atomic
def reread(
    run: ImportRun, *, options: sheets.ReadOptions, titles: columns.Said = (), by: Any, now: datetime
) -> ImportRun:
    """
    Read the file anew as the admin says: columns by hand, sheets left out, blanks filled. What was decided on its rows is asked
    again. `titles` are remembered for the territory.
    """
    permit(resource_of(run.kind), by)
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state == ImportState.READING:
        return run
    if run.state not in REREAD:
        raise Refused(_("这份文件已经导入或者放弃，不能再改读法。需要的，请重新上传。"))
    columns.remember(titles, kind=run.kind, place=resource_of(run.kind).remembered_for(run.place), by=by, now=now)
    run.options, run.state, run.message = options.as_json(), ImportState.READING, ""
    run.job = jobs.enqueue("lms.read_import", owner=by, run=run.pk)
    run.save(update_fields=["options", "state", "message", "job"])
    audit.note("import.reread", now=now, actor=by, subject=run)
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
        options = columns.options(run, place=resource.remembered_for(run.place))
        reading = judging.read(
            resource, original(run), name=run.file_name, actor=run.actor, now=timezone.now(), options=options
        )
    except judging.NoHeader as missing:
        staging.unread(run, state=ImportState.MAPPING, message=missing.sentence, samples=missing.samples)
    except Refused as refusal:
        staging.unread(run, state=ImportState.REFUSED, message=refusal.sentence)
    else:
        staging.stage(run, reading, handle)


# --- apply ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def confirm(run: ImportRun, *, by: Any, now: datetime, whole: bool = False, changes: int | None = None) -> ImportRun:
    """
    Let the good rows go in, in the background. Confirming twice starts one application.

    `whole` lets in all rows or none. Where more than a tenth of an area's known ones would change, `changes` must say how many.
    """
    permit(resource_of(run.kind), by)
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state in {ImportState.APPLYING, ImportState.DONE}:
        return run
    if run.state != ImportState.READY:
        raise Refused(_("这份文件还没有读完，或者已经放弃，不能导入。"))
    if not coming(run):
        raise Refused(_("这份文件里没有要新增或更改的行，不用导入。"))
    if whole and (left := left_behind(run)):
        raise Refused(_("还有 %s 行不能导入。选了“全部都对才导入”，请先把这些行改好或决定好。") % left)
    if run.brake and changes != run.brake["changes"]:
        text = _("这份文件要改动 %(changes)s 人，超过在册 %(of)s 人的十分之一。核对无误的，请填上要改动的人数再确认。")
        raise Refused(text % run.brake)
    run.state, run.confirmed_at, run.whole = ImportState.APPLYING, now, whole
    run.confirmed_by_id = by.pk
    run.job = jobs.enqueue("lms.apply_import", owner=by, run=run.pk)
    run.save(update_fields=["state", "confirmed_at", "confirmed_by", "whole", "job"])
    audit.note("import.confirmed", now=now, actor=by, subject=run, territory=run.place, counts=run.counts)
    return run


def under_way() -> bool:
    """Whether any import is going in or being taken back now, so that what the screens show is not whole."""
    return ImportRun.objects.filter(state__in=[ImportState.APPLYING, ImportState.UNDOING]).exists()


def coming(run: ImportRun) -> int:
    """How many rows of a preview would go in."""
    return sum(run.counts.get(outcome, 0) for outcome in APPLIED)


def left_behind(run: ImportRun) -> int:
    return sum(run.counts.get(outcome, 0) for outcome in LEFT_OUT)


WORKS = {
    ImportState.READING: "lms.read_import",
    ImportState.APPLYING: "lms.apply_import",
    ImportState.UNDOING: "lms.undo_import",
}


@transaction.atomic
def resume(run: ImportRun, *, by: Any, now: datetime) -> ImportRun:
    """
    Take up again what was given up on the way, where it stopped; it goes on in the name of who takes it up. A run that is being
    worked on is left alone.
    """
    permit(resource_of(run.kind), by)
    ImportRun.objects.select_for_update().get(pk=run.pk)
    run = ImportRun.objects.select_related("job").get(pk=run.pk)
    if not run.stopped:
        return run
    if run.state == ImportState.APPLYING:
        run.confirmed_by_id = by.pk
    elif run.state == ImportState.UNDOING:
        run.undone_by_id = by.pk
    run.job = jobs.enqueue(WORKS[ImportState(run.state)], owner=by, run=run.pk)
    run.save(update_fields=["job", "confirmed_by", "undone_by"])
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
    last = -1
    while positions := apply_chunk(run, resource, after=last):
        before, last = before + len(positions), positions[-1]
        handle.progress(before, total)
        give_way()
    finish(run)


def give_way() -> None:
    """
    Let others write between two chunks. SQLite has one writer at a time, and who waits for it only looks whether it is free: every 25 ms
    in the first tenth of a second, then less and less often. A chunk takes about that tenth, and the gap behind it is wide enough to be
    found; without it an answer in an exam waited for over a second, though no chunk took a quarter of one.
    """
    if connection.vendor == "sqlite":
        time.sleep(PAUSE)


def waiting(run: ImportRun) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(run=run, outcome__in=APPLIED)


def apply_chunk(run: ImportRun, resource: SheetResource, *, after: int = -1) -> list[int]:
    """
    One short transaction; returns the positions of the rows it did, none when nothing is left. The run's row is locked, so two workers
    never do the same chunk. Refuses, with nothing of the chunk written, when the roles of who confirmed it no longer reach it: who
    uploaded it may have left the post since.

    `after` spares looking again at what this run has done already.
    """
    now = timezone.now()
    with transaction.atomic():
        held = ImportRun.objects.select_for_update().get(pk=run.pk)
        left = waiting(run).filter(applied_at=None, position__gt=after)
        rows = list(left.defer("cells", "options").order_by("position")[:CHUNK])
        if held.state != ImportState.APPLYING or not rows:
            return []
        actor = get_user_model().objects.get(pk=held.confirmed_by_id or held.actor_id)
        permit(resource, actor)
        plans = [row.plan or {} for row in rows]
        resource.permit(plans, actor=actor)
        applied = resource.apply(plans, run=held, now=now)
        for index, row in enumerate(rows):
            row.applied_at, row.done = now, applied.done.get(index)
        writing.write_down(rows, ["applied_at", "done"])
        leave_out([(rows[index], sentence) for index, sentence in applied.overtaken.items()])
    return [row.position for row in rows]


def leave_out(rows: list[tuple[ImportRow, str]]) -> None:
    """Rows that did not go in because things have changed since the preview, each with a sentence."""
    for row, sentence in rows:
        row.outcome, row.rank = Outcome.SKIPPED, RANKS[Outcome.SKIPPED]
        row.notes = [*row.notes, asdict(Note(WARNING, "overtaken", sentence))]
    ImportRow.objects.bulk_update([row for row, _sentence in rows], ["outcome", "rank", "notes"])


@transaction.atomic
def finish(run: ImportRun) -> None:
    """Close an application, with the counts of what really went in. Where all or none was asked for and a row was overtaken, it is taken back."""
    now = timezone.now()
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state != ImportState.APPLYING:
        return
    recount(run)
    run.state, run.finished_at = ImportState.DONE, now
    if run.whole and (left := run.counts.get(Outcome.SKIPPED, 0)):
        run.state, run.undone_by_id = ImportState.UNDOING, run.confirmed_by_id
        run.message = _("预览以后有 %s 行的情况变了。选了“全部都对才导入”，所以已经导入的也撤回了。") % left
        run.job = jobs.enqueue("lms.undo_import", owner=run.confirmed_by, run=run.pk)
    run.save(update_fields=["state", "finished_at", "undone_by", "message", "job"])
    audit.note("import.applied", now=now, actor=run.confirmed_by, subject=run, territory=run.place, counts=run.counts)


@transaction.atomic
def drop(run: ImportRun, *, by: Any, now: datetime) -> None:
    """Give an upload up; its staged rows and its file go, the fact that it was tried stays. Again changes nothing."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state == ImportState.DROPPED:
        return
    if run.state not in {ImportState.READING, ImportState.MAPPING, ImportState.READY, ImportState.REFUSED}:
        raise Refused(_("已经开始导入，不能放弃。"))
    run.rows.all().delete()
    run.state, run.samples = ImportState.DROPPED, None
    run.save(update_fields=["state", "samples"])
    file = run.file
    transaction.on_commit(lambda: file.delete(save=False))
    audit.note("import.dropped", now=now, actor=by, subject=run)

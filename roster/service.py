"""
A worker's service, step by step (`roster.steps` is the table). Each verb writes a Step and never edits one.

`take_step` is for one worker, `take_step_many` for those ticked in a list, `take_back` for the newest step of one worker and
`undo_batch` for all that one act on many has done. What a step closed stands in the step, so that it can be opened again.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from roster import employment, reach, scans, steps
from roster.models import (
    Batch,
    Duty,
    Posting,
    Step,
    StepKind,
    User,
    Worker,
    WorkerState,
    id_lookup,
)
from roster.standing import Decision, Standing, against, check, same, standing_on, standing_steps, under_lock


@dataclass
class Many:
    """What became of an act on many: the steps taken, and whom it passed over with the sentence that says why."""

    steps: list[Step] = field(default_factory=list)
    refused: list[tuple[Worker, str]] = field(default_factory=list)


def take_step(
    worker: Worker,
    kind: str,
    *,
    on: date,
    by: User | None,
    now: datetime,
    reason: str = "",
    outcome: str = "",
    decided_by: str = "",
    document: str = "",
    note: str = "",
    scan: UploadedFile | None = None,
    batch: Batch | None = None,
    seen: int | None = None,
) -> Step:
    """One step of one worker. The same step a second time gives the first one; whatever else the table forbids is refused.

    `seen` is the newest standing step that the person who asks had before them (0 for none); a later one is refused.
    """
    asked = Decision(
        kind=kind, on=on, reason=reason, outcome=outcome, decided_by=decided_by, document=document, note=note
    )
    with transaction.atomic():
        done = _take([worker], asked, by=by, now=now, scan=scan, batch=batch, seen=seen)
        if done.refused:
            raise Refused(done.refused[0][1])
    return done.steps[0]


@transaction.atomic
def take_step_many(
    workers: Sequence[Worker],
    kind: str,
    *,
    on: date,
    by: User | None,
    now: datetime,
    reason: str = "",
    outcome: str = "",
    decided_by: str = "",
    document: str = "",
    note: str = "",
    scan: UploadedFile | None = None,
    batch: Batch | None = None,
) -> Many:
    """The same step for several workers; who may not take it is passed over and named. Refuses what is wrong for all of them.

    A given `batch` gets their number and can be undone by `undo_batch`. The number of queries does not grow with the workers.
    """
    asked = Decision(
        kind=kind, on=on, reason=reason, outcome=outcome, decided_by=decided_by, document=document, note=note
    )
    done = _take(workers, asked, by=by, now=now, scan=scan, batch=batch)
    if batch:
        batch.count = len(done.steps)
        batch.save(update_fields=["count"])
    return done


@transaction.atomic
def propose(
    person: employment.Person,
    *,
    on: date,
    by: User,
    now: datetime,
    identity: str = "",
    decided_by: str = "",
    document: str = "",
    note: str = "",
    scan: UploadedFile | None = None,
) -> Step:
    """Someone about to be employed gets a file and a roster number. Refuses a known ID number: that person has a file already."""
    asked = Decision(kind=StepKind.PROPOSE, on=on, decided_by=decided_by, document=document, note=note)
    check(asked, now=now)
    employment.hold_numbers()
    known = Worker.objects.filter(id_hash=id_lookup(person.id_number)).first() if person.id_number else None
    if known:
        mine = reach.covers(by, known.township, Duty.ROSTER)
        raise Refused(known_already(known) if mine else _("这个身份证号在别处已有档案，请联系上一级管理员核对。"))
    (worker,) = employment.take_up([person], now=now)
    if not reach.covers(by, worker.township, Duty.ROSTER):
        raise Refused(_("这个乡镇（街道）不在你的管辖范围，请改选。"))
    worker.state, worker.identity = WorkerState.PROPOSED, identity
    worker.save(update_fields=["state", "identity"])
    step = _written(asked, worker, before="", after=WorkerState.PROPOSED, by=by, now=now)
    step.scan.name = scans.keep(scan, now=now) if scan else ""
    step.save()
    audit.note("worker.propose", now=now, actor=by, subject=worker, territory=worker.township.path, step=step.pk)
    return step


def known_already(worker: Worker) -> str:
    said = _("这个身份证号已有档案：%(name)s（%(number)s），现在是“%(state)s”。请打开这份档案办理，不要重新登记。")
    return said % {"name": worker.name, "number": worker.number, "state": worker.get_state_display()}


@transaction.atomic
def take_back(step: Step, *, note: str, by: User, now: datetime) -> Step:
    """A new step that makes the newest one undone: state, grids and account as they were. A second time changes nothing.

    Refuses a step that is not the newest, the first one of a file, and one on which later facts stand, saying which.
    """
    Worker.objects.select_for_update().get(pk=step.worker_id)
    done = Step.objects.filter(takes_back=step).first()
    if done:
        return done
    if not note.strip():
        raise Refused(_("请写明为什么撤回。"))
    (taken,) = _take_back([step], note=note, by=by, now=now)
    return taken


@transaction.atomic
def undo_batch(batch: Batch, *, by: User, now: datetime) -> int:
    """Take back all steps of one act on many, or none of them; returns how many. A second time changes nothing.

    Refuses where later facts stand on any of them, and names those workers.
    """
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.undone_at:
        return 0
    taken = _take_back(list(standing_steps().filter(batch=batch)), note=_("撤回批量办理"), by=by, now=now)
    batch.undone_at, batch.undone_by = now, by
    batch.save(update_fields=["undone_at", "undone_by"])
    audit.note("batch.undone", now=now, actor=by, subject=batch, count=len(taken))
    return len(taken)


# --- taking steps -----------------------------------------------------------------------------------------------------


def _take(
    workers: Sequence[Worker],
    asked: Decision,
    *,
    by: User | None,
    now: datetime,
    scan: UploadedFile | None,
    batch: Batch | None,
    seen: int | None = None,
) -> Many:
    check(asked, now=now)
    done, going = Many(), []
    for standing in under_lock(workers, today=timezone.localdate(now)):
        newest = standing.newest
        if newest and same(newest, asked):
            done.steps.append(newest)
        elif sentence := against(standing, asked, by=by, seen=seen):
            done.refused.append((standing.worker, sentence))
        else:
            going.append(standing)
    if going:
        done.steps += _apply(going, asked, by=by, now=now, scan=scans.keep(scan, now=now) if scan else "", batch=batch)
    return done


def _apply(
    going: list[Standing], asked: Decision, *, by: User | None, now: datetime, scan: str, batch: Batch | None
) -> list[Step]:
    made: list[Step] = []
    accounts: list[int] = []
    for standing in going:
        worker = standing.worker
        before, worker.state = worker.state, str(steps.after(asked.kind, worker.state))
        step = _written(asked, worker, before=before, after=worker.state, by=by, now=now)
        step.scan.name, step.batch, step.closed = scan, batch, closed_by(standing, asked)
        if "joined" in step.closed:
            worker.joined_on, worker.joined_precision = asked.on, "day"
        if "account" in step.closed and worker.user_id:
            accounts.append(worker.user_id)
        made.append(step)
    made = Step.objects.bulk_create(made, batch_size=500)
    fields = ["state", "joined_on", "joined_precision"]
    Worker.objects.bulk_update([standing.worker for standing in going], fields, batch_size=200)
    if asked.kind in steps.CLOSING:
        ended = [posting.pk for standing in going for posting in standing.held]
        Posting.objects.current().filter(pk__in=ended).update(until=asked.on)
    User.objects.filter(pk__in=accounts, suspended_at=None).update(is_active=asked.kind in steps.OPENING)
    _note(made, by=by, now=now, batch=batch)
    return made


def closed_by(standing: Standing, asked: Decision) -> dict[str, object]:
    """What the step closes, opens and sets beside the state: all that taking it back has to put right."""
    worker = standing.worker
    kept: dict[str, object] = {}
    pks = [posting.pk for posting in standing.held]
    if asked.kind in steps.CLOSING:
        kept["postings"] = pks
    elif asked.kind in {StepKind.START, StepKind.REHIRE}:
        kept["held"] = pks
    if asked.kind == StepKind.START and worker.joined_on is None:
        kept["joined"] = True
    user = worker.user
    if user and (
        (asked.kind in steps.CLOSING and user.is_active) or (asked.kind in steps.OPENING and not user.is_active)
    ):
        kept["account"] = "opened" if asked.kind in steps.OPENING else "closed"
    return kept


def _written(asked: Decision, worker: Worker, *, before: str, after: str, by: User | None, now: datetime) -> Step:
    return Step(
        worker=worker,
        kind=asked.kind,
        state_before=before,
        state_after=after,
        on=asked.on,
        reason=asked.reason,
        outcome=asked.outcome,
        note=asked.note.strip(),
        decided_by=asked.decided_by.strip(),
        document=asked.document.strip(),
        operator=by,
        at=now,
    )


def _note(made: list[Step], *, by: User | None, now: datetime, batch: Batch | None) -> None:
    """One note for one worker, one for a batch."""
    first = made[0]
    if batch:
        audit.note(f"workers.{first.kind}", now=now, actor=by, subject=batch, count=len(made))
        return
    for step in made:
        said = {"step": step.pk, "reason": step.reason, "outcome": step.outcome}
        path = step.worker.township.path
        audit.note(f"worker.{step.kind}", now=now, actor=by, subject=step.worker, territory=path, **said)


# --- taking them back -------------------------------------------------------------------------------------------------


def _take_back(wrong: list[Step], *, note: str, by: User, now: datetime) -> list[Step]:
    if not wrong:
        return []
    today = timezone.localdate(now)
    found = {standing.worker.pk: standing for standing in under_lock([step.worker for step in wrong], today=today)}
    ended: dict[int, list[Posting]] = defaultdict(list)
    pks = [pk for step in wrong for pk in step.closed.get("postings", ())]
    for posting in Posting.objects.filter(pk__in=pks).select_related("grid__community"):
        ended[posting.worker_id].append(posting)
    said = {
        step.worker_id: standing_on(step, found[step.worker_id], ended[step.worker_id], by=by, today=today)
        for step in wrong
    }
    sentences = [sentence for sentence in said.values() if sentence]
    if len(wrong) == 1 and sentences:
        raise Refused(sentences[0])
    if sentences:
        which = "".join(sentences[:5])
        raise Refused(_("%(which)s一共 %(n)d 人不能撤回，所以一个也没有撤。") % {"n": len(sentences), "which": which})
    return _restore(wrong, found, note=note, by=by, now=now)


def _restore(wrong: list[Step], found: dict[int, Standing], *, note: str, by: User, now: datetime) -> list[Step]:
    today, made = timezone.localdate(now), []
    for step in wrong:
        worker = found[step.worker_id].worker
        asked = Decision(kind=StepKind.TAKE_BACK, on=today, note=note)
        taken = _written(asked, worker, before=worker.state, after=step.state_before, by=by, now=now)
        taken.takes_back = step
        worker.state = step.state_before
        if step.closed.get("joined"):
            worker.joined_on, worker.joined_precision = None, ""
        made.append(taken)
    made = Step.objects.bulk_create(made, batch_size=500)
    workers = [found[step.worker_id].worker for step in wrong]
    Worker.objects.bulk_update(workers, ["state", "joined_on", "joined_precision"], batch_size=200)
    Posting.objects.filter(pk__in=[pk for step in wrong for pk in step.closed.get("postings", ())]).update(until=None)
    for was, active in (("closed", True), ("opened", False)):
        whose = [step.worker_id for step in wrong if step.closed.get("account") == was]
        User.objects.filter(worker__in=whose, suspended_at=None).update(is_active=active)
    for step, taken in zip(wrong, made, strict=True):
        path = found[step.worker_id].worker.township.path
        audit.note("worker.take_back", now=now, actor=by, subject=taken.worker, territory=path, step=step.pk)
    return made

"""
Acts on many people as they are carried out: one Batch each, some people at a time, and its undo.

Up to `ALONE` people are done while the admin waits; more become a job that goes on where it stopped. Each chunk is a transaction of its
own that also writes down how far it is, so that a chunk is done once, and every chunk asks again whom the admin may reach.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit, jobs
from lms.models import Job, JobState
from lms.refusal import Refused
from roster import reach
from roster.acts import ACTS, Act
from roster.models import Batch, Duty, User

CHUNK = 50  # a file changed by hand takes 3 ms: no longer than 0.2 s with the only write lock of SQLite
ALONE = 200
FINISHED = {JobState.DONE, JobState.FAILED}


@transaction.atomic
def begin(act: Act, people: Sequence[int], values: Mapping[str, Any], *, by: User, now: datetime) -> Batch:
    """Do the act to these people, at once or in the background. Refuses when there is nobody, or what is asked is wrong for all."""
    if not people:
        raise Refused(_("没有选中任何人。请先在列表里勾选。"))
    done: dict[str, Any] = {"values": dict(values), "people": list(people), "at": 0, "passed": [], "job": None}
    batch = Batch.objects.create(kind=act.code, listing="workers", actor=by, at=now, done=done)
    if len(people) > ALONE:
        done["job"] = jobs.enqueue("roster.act", owner=by, batch=batch.pk).pk
        batch.save(update_fields=["done"])
    else:
        while next_chunk(batch, now=now):
            batch.refresh_from_db()
    audit.note("batch.begun", now=now, actor=by, subject=batch, act=act.code, people=len(people))
    return Batch.objects.get(pk=batch.pk)


@jobs.work("roster.act")
def carry_on(handle: jobs.Handle) -> None:
    """The chunks of one batch, from where it stands."""
    batch = Batch.objects.get(pk=handle.args["batch"])
    total = len(kept(batch)["people"])
    while next_chunk(batch, now=timezone.now()):
        batch.refresh_from_db()
        handle.progress(kept(batch)["at"], total)


@transaction.atomic
def next_chunk(batch: Batch, *, now: datetime) -> bool:
    """Do the next few people; False when nobody is left."""
    batch = Batch.objects.select_for_update(of=("self",)).select_related("actor").get(pk=batch.pk)
    done = kept(batch)
    keys = done["people"][done["at"] : done["at"] + CHUNK]
    if not keys:
        return False
    act, actor = ACTS[batch.kind], batch.actor
    workers = list(reach.workers(actor, Duty.ROSTER).filter(pk__in=keys).select_related("township").order_by("pk"))
    passed = act.carry_out(workers, done["values"], batch=batch, by=actor, now=now) if workers else []
    away = len(keys) - len(workers)
    done["passed"] += [[worker.pk, sentence] for worker, sentence in passed]
    done["passed"] += [[None, _("%(n)d 人已不在你的管辖范围，没有办理。") % {"n": away}]] if away else []
    done["at"] += len(keys)
    batch.count = act.reached(batch).count()
    batch.save(update_fields=["done", "count"])
    return True


def undo(batch: Batch, *, by: User, now: datetime) -> Batch:
    """Take the whole act back, at once or in the background. Refuses while it is still being carried out, and a second time."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        check_undo(batch, by=by)
        if batch.count > ALONE:
            kept(batch)["undo"] = jobs.enqueue("roster.undo_act", owner=by, batch=batch.pk, by=by.pk).pk
            batch.save(update_fields=["done"])
            return batch
    return undo_now(batch, by=by, now=now)


@jobs.work("roster.undo_act")
def undo_later(handle: jobs.Handle) -> None:
    batch, by = Batch.objects.get(pk=handle.args["batch"]), User.objects.get(pk=handle.args["by"])
    undo_now(batch, by=by, now=timezone.now())


def undo_now(batch: Batch, *, by: User, now: datetime) -> Batch:
    """Each act owns its transactions, and may be asked twice."""
    if batch.undone_at:
        return batch
    check_reach(batch, by=by)
    ACTS[batch.kind].undo(batch, by=by, now=now)
    with transaction.atomic():
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        if not batch.undone_at:
            batch.undone_at, batch.undone_by = now, by
            batch.save(update_fields=["undone_at", "undone_by"])
            audit.note("batch.undone", now=now, actor=by, subject=batch, count=batch.count)
    return batch


def check_undo(batch: Batch, *, by: User) -> None:
    if batch.undone_at:
        raise Refused(_("这次操作已经撤回过了。"))
    if under_way(batch):
        raise Refused(_("这次操作还在办理，请等它完成再撤回。"))
    if batch.kind not in ACTS or not batch.count:
        raise Refused(_("这次操作没有可以撤回的。"))
    check_reach(batch, by=by)


def check_reach(batch: Batch, *, by: User) -> None:
    # whatever else is in the way would name them
    if ACTS[batch.kind].reached(batch).exclude(pk__in=reach.workers(by, Duty.ROSTER)).exists():
        raise Refused(_("这批人里有的已经不归你管理，不能整批撤回。请联系上一级管理员。"))


def job_of(batch: Batch) -> Job | None:
    """The newest background work of a batch: carrying it out, or its undo."""
    done = kept(batch)
    key = done.get("undo") or done.get("job")
    return Job.objects.filter(pk=key).first() if key else None


def under_way(batch: Batch) -> bool:
    job = job_of(batch)
    return job is not None and job.state not in FINISHED


def kept(batch: Batch) -> dict[str, Any]:
    """What is written down of a batch: what was asked, for whom, how far it is, who was passed over, its jobs."""
    done: Any = batch.done
    return done or {}


def title_of(batch: Batch) -> str:
    act = ACTS.get(batch.kind)
    return str(act.label) if act else _("批量操作")

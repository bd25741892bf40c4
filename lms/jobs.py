"""Background work that survives a killed process.

`enqueue` writes a Job row in the caller's transaction and wakes a worker after commit. A worker claims the row, works, beats its heart
while it works, and closes the row. The sweep sends again what no worker took or what a dead worker held. So every piece of work may run
twice and must be safe to repeat.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import Job, JobState
from lms.refusal import Refused

PATIENCE = timedelta(seconds=30)
MAX_TRIES = 5
PULSE = "jobs:pulse"  # cache key: when a worker last ran the sweep, as a timestamp
log = structlog.get_logger(__name__)

Work = Callable[["Handle"], None]
_works: dict[str, Work] = {}


def work(kind: str) -> Callable[[Work], Work]:
    """Register the function that does jobs of this kind."""

    def register(function: Work) -> Work:
        _works[kind] = function
        return function

    return register


class Handle:
    """What a piece of work holds while it runs: its arguments, and a way to say how far it is."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.args: dict[str, Any] = job.args

    def progress(self, done: int, total: int) -> None:
        Job.objects.filter(pk=self.job.pk).update(done=done, total=total, heartbeat=timezone.now())


def enqueue(kind: str, *, owner: Model | None = None, **args: Any) -> Job:
    """Write the job down now; a worker hears of it when the transaction has been committed."""
    job = Job.objects.create(kind=kind, args=args, owner_id=owner.pk if owner else None)
    transaction.on_commit(lambda: send(job.pk))
    return job


def send(job_id: int) -> None:
    from lms import tasks

    try:
        tasks.run_job.delay(job_id)
    except Exception:
        # the row stands; the sweep will send it when the broker is back
        log.warning("job_not_sent", job_id=job_id)


def run(job_id: int) -> None:
    """Claim the job and do it. A job that is done, or that a living worker holds, is left alone."""
    now = timezone.now()
    mine = Job.objects.filter(pk=job_id, state=JobState.QUEUED) | Job.objects.lost(now=now, patience=PATIENCE).filter(
        pk=job_id
    )
    if not mine.update(state=JobState.RUNNING, tries=F("tries") + 1, heartbeat=now):
        return
    job = Job.objects.get(pk=job_id)
    try:
        _works[job.kind](Handle(job))
    except Refused as refusal:
        close(job, state=JobState.FAILED, message=refusal.sentence)
    except Exception:
        log.exception("job_failed", job_id=job.pk, kind=job.kind, tries=job.tries)
        if job.tries >= MAX_TRIES:
            close(job, state=JobState.FAILED, message=_("系统反复出错，这项工作没有做完，请联系管理员。"))
        else:
            Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
    else:
        close(job, state=JobState.DONE, message="")


def close(job: Job, *, state: str, message: str) -> None:
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(state=state, message=message, finished_at=now, heartbeat=now)


def sweep(*, now: datetime) -> int:
    """Send again every job that got lost; returns how many."""
    lost = list(
        Job.objects.lost(now=now, patience=PATIENCE).filter(tries__lt=MAX_TRIES).values_list("pk", flat=True)[:100]
    )
    for job_id in lost:
        send(job_id)
    given_up = Job.objects.lost(now=now, patience=PATIENCE).filter(tries__gte=MAX_TRIES)
    given_up.update(state=JobState.FAILED, message=_("系统反复出错，这项工作没有做完，请联系管理员。"), finished_at=now)
    return len(lost)

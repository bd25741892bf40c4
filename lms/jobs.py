"""Background work that survives a killed process.

`enqueue` writes a Job row in the caller's transaction and wakes a worker after commit. A worker claims the row, beats its heart while it
works, and closes the row. The sweep puts back what a dead worker held and sends again what no worker heard of. So every piece of work may
run twice and must be safe to repeat; of two runs only the later one may write its progress and its end.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, Model
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.models import Job, JobQuerySet, JobState
from lms.refusal import Refused

MAX_TRIES = 5
PULSE = "jobs:pulse"  # cache key: when a worker last showed a sign of life, as a timestamp
log = structlog.get_logger(__name__)

Work = Callable[["Handle"], None]
Progress = Callable[[int, int], None]  # done, of how many
_works: dict[str, Work] = {}


class Superseded(Exception):
    """This run was given up for dead and another has taken its place."""


def patience() -> timedelta:
    """How long a job may lie untouched before it counts as lost."""
    return timedelta(seconds=settings.JOB_PATIENCE_SECONDS)


def work(kind: str) -> Callable[[Work], Work]:
    """Register the function that does jobs of this kind. Its module must be imported by its app's tasks.py."""

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
        """Write down how far the work is; raises Superseded when another run has taken over."""
        if not run_of(self.job).update(done=done, total=total, heartbeat=timezone.now()):
            raise Superseded


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
    """Claim the job and do it. A job that is done, or that another worker holds, is left alone."""
    now = timezone.now()
    queued = Job.objects.filter(pk=job_id, state=JobState.QUEUED)
    if not queued.update(state=JobState.RUNNING, tries=F("tries") + 1, heartbeat=now):
        return
    job = Job.objects.get(pk=job_id)
    try:
        with beating(job):
            _works[job.kind](Handle(job))
    except Refused as refusal:
        close(job, state=JobState.FAILED, message=refusal.sentence)
    except Superseded:
        log.warning("job_superseded", job_id=job.pk, kind=job.kind, tries=job.tries)
    except Exception:
        log.exception("job_failed", job_id=job.pk, kind=job.kind, tries=job.tries)
        put_back(job)
    else:
        close(job, state=JobState.DONE, message="")
        log.info("job_done", job_id=job.pk, kind=job.kind, tries=job.tries, seconds=(timezone.now() - now).seconds)


def run_of(job: Job) -> JobQuerySet:
    """The job's row as long as this run is the one that holds it."""
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, tries=job.tries)


@contextmanager
def beating(job: Job) -> Iterator[None]:
    """Say from a thread beside the work that its worker lives, so that slow work is not taken for dead."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(patience().total_seconds() / 5):
            with suppress(Exception):  # a database too busy for one beat may have time for the next
                run_of(job).update(heartbeat=timezone.now())
                show_life(now=timezone.now())
        connection.close()

    heart = threading.Thread(target=beat, daemon=True, name=f"heart of job {job.pk}")
    heart.start()
    try:
        yield
    finally:
        stop.set()
        heart.join(timeout=1)


def show_life(*, now: datetime) -> None:
    cache.set(PULSE, now.timestamp(), timeout=None)


def put_back(job: Job) -> None:
    """Queue a job that went wrong; the sweep sends it when its patience is over, so there is a pause between two tries."""
    if job.tries >= MAX_TRIES:
        close(job, state=JobState.FAILED, message=given_up())
    else:
        run_of(job).update(state=JobState.QUEUED, heartbeat=timezone.now())


def close(job: Job, *, state: str, message: str) -> None:
    now = timezone.now()
    run_of(job).update(state=state, message=message, finished_at=now, heartbeat=now)


def given_up() -> str:
    return _("系统反复出错，这项工作没有做完，请联系管理员。")


@transaction.atomic
def again(job: Job, *, by: Model, now: datetime) -> None:
    """Queue a job that was given up once more, for its owner as before: whatever it checks of them it checks again. Refuses any other."""
    given_up = Job.objects.filter(pk=job.pk, state=JobState.FAILED)
    if not given_up.update(state=JobState.QUEUED, tries=0, message="", finished_at=None, heartbeat=now):
        raise Refused(_("只有没做完的任务可以再试。"))
    audit.note("job.again", now=now, actor=by, subject=job, kind=job.kind)
    transaction.on_commit(lambda: send(job.pk))


def sweep(*, now: datetime) -> int:
    """Queue and send again every job that got lost; returns how many. One that has been tried too often is closed as failed."""
    lost = Job.objects.lost(now=now, patience=patience())
    lost.filter(tries__gte=MAX_TRIES).update(state=JobState.FAILED, message=given_up(), finished_at=now)
    sent = 0
    for job_id in list(lost.values_list("pk", flat=True)[:100]):
        # only if nobody was quicker; a beat of the heart since then means the worker lives
        if lost.filter(pk=job_id).update(state=JobState.QUEUED, heartbeat=now):
            send(job_id)
            sent += 1
    return sent

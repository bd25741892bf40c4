"""What a worker process runs on the ground floor; it knows the work of `imports` by importing it here."""

from celery import shared_task
from django.utils import timezone

from lms import audit_chain, audit_daily, deciding, imports, jobs, retention, undoing

__all__ = ["audit_daily", "deciding", "imports", "link_audit", "retain", "run_job", "sweep", "undoing"]


@shared_task
def run_job(job_id: int) -> None:
    jobs.run(job_id)


@shared_task
def sweep() -> None:
    now = timezone.now()
    jobs.show_life(now=now)
    jobs.sweep(now=now)


@shared_task
def retain() -> None:
    retention.run(now=timezone.now())


@shared_task
def link_audit() -> None:
    now = timezone.now()
    audit_chain.link(now=now)
    audit_daily.begin(now=now)

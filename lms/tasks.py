from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from lms import jobs


@shared_task
def run_job(job_id: int) -> None:
    jobs.run(job_id)


@shared_task
def sweep() -> None:
    now = timezone.now()
    cache.set(jobs.PULSE, now.timestamp(), timeout=None)
    jobs.sweep(now=now)

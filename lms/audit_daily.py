"""Once a day: look everywhere for what is not linked, prove the chain whole, write its head into the log, archive what is over its time."""

from datetime import datetime, timedelta

import structlog
from django.core.cache import cache
from django.utils import timezone

from lms import audit_archive, audit_chain, audit_verify, jobs
from lms.refusal import Refused

HOUR = 3  # at night, when nobody sits an exam
log = structlog.get_logger(__name__)


def begin(*, now: datetime) -> None:
    """Ask for the day's check, once; asked for twice it is only done twice."""
    local = timezone.localtime(now)
    if local.hour >= HOUR and cache.add(f"audit:daily:{local.date()}", 1, int(timedelta(days=2).total_seconds())):
        jobs.enqueue("audit.daily")


@jobs.work("audit.daily")
def daily(handle: jobs.Handle) -> None:
    now = timezone.now()
    audit_chain.link(now=now, everywhere=True)
    report, _kept = audit_verify.check(now=now, say=handle.progress)
    audit_chain.tell(report.head)
    if report.first:
        log.error(
            "audit_broken",
            kind=report.first.kind,
            position=report.first.position,
            entry=report.first.entry,
            faults=report.faults.total(),
        )
        return
    if not audit_archive.may_remove():
        return  # the owner of the tables does it, by `retire_audit`
    try:
        while audit_archive.retire(now=now, by="beat"):
            pass
    except Refused:
        log.exception("audit_not_retired")

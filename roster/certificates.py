"""When the registration of a social-work certificate runs out, and from when on people are reminded of it."""

from datetime import date, timedelta

from roster.models import Worker, WorkerQuerySet

REMIND = timedelta(days=90)


def due(workers: WorkerQuerySet, *, today: date) -> WorkerQuerySet:
    """Those in service whose registration has run out or will within the time of reminding."""
    return workers.listed().filter(certificate_expires_on__lte=today + REMIND)


def standing(worker: Worker, *, today: date) -> str:
    """ "" where nothing is to be done, else "soon" or "over"; the last day still counts."""
    expires = worker.certificate_expires_on
    if expires is None or expires > today + REMIND:
        return ""
    return "over" if expires < today else "soon"

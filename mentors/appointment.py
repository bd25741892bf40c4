"""Appointing 小教员 and ending their terms. The roster only says whom the county listed; the appointment stands here."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.compiled import Compiled, Given
from lms.refusal import Refused
from mentors.models import Claim, Mentor, MentorQuerySet
from roster import coverage, reach
from roster.asking import Asking
from roster.models import Duty, Level, Role, Territory, User, Worker, WorkerQuerySet, WorkerState

APPOINTING = (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.TRAINING)
LEVEL_OF = {Mentor.COUNTY: Level.COUNTY, Mentor.TOWNSHIP: Level.TOWNSHIP}


# one row at most: a worker is appointed once, and again in the same row
ASKING = Compiled(
    lambda: (
        Mentor.objects.serving_on(Given("today"))
        .filter(worker=Given("worker"))
        .select_related("worker__township", "worker__user", "territory")
    )
)


def mentor_of(request: Asking) -> Mentor | None:
    """The serving mentor who is asking; looked up once a request."""
    if not hasattr(request, "_mentor"):
        worker = getattr(request.user, "worker", None)
        today = timezone.localdate(request.now)
        request._mentor = ASKING.first(worker=worker.pk, today=today) if worker else None  # type: ignore[attr-defined]
    return request._mentor  # type: ignore[attr-defined]


def visible_to(user: User) -> MentorQuerySet:
    """The mentors an admin may see: those whose worker is within reach."""
    return Mentor.objects.filter(worker__in=reach.workers(user, Duty.TRAINING))


def listed(by: User | None) -> WorkerQuerySet:
    """Workers in post whom the roster lists as 小教员 and who were never appointed; within the admin's reach, or all for nobody."""
    workers = Worker.objects.all() if by is None else reach.workers(by, *APPOINTING)
    unappointed = workers.active().exclude(listed_as_mentor="").filter(mentor=None)
    return unappointed.select_related("township__parent").order_by("township__code", "number")


def territory_for(worker: Worker, level: str) -> Territory:
    """Where a worker would teach at this level: the own township, or the county above it."""
    above = worker.township.parent
    return worker.township if level == Mentor.TOWNSHIP or above is None else above


@transaction.atomic
def appoint(
    worker: Worker,
    *,
    level: str,
    territory: Territory,
    by: User | None,
    now: datetime,
    specialities: Sequence[str] = (),
) -> Mentor:
    """Appoint a worker, or appoint again after a term has ended. The same appointment a second time changes nothing.

    Refuses those who are not in post, and a territory that is not the worker's own township or county.
    """
    worker = Worker.objects.select_for_update(of=("self",)).select_related("township").get(pk=worker.pk)
    if worker.state != WorkerState.ACTIVE:
        raise Refused(_("这名网格员已不在岗，不能聘为小教员。请先核对名册。"))
    if territory.level != LEVEL_OF[level] or not worker.township.path.startswith(territory.path):
        raise Refused(_("小教员只能在本人所在的乡镇（街道）或县（市、区）受聘，请重新选择聘任范围。"))
    today = timezone.localdate(now)
    mentor = Mentor.objects.filter(worker=worker).first() or Mentor(worker=worker, since=today)
    if mentor.pk and _serves(mentor, today) and (mentor.level, mentor.territory_id) == (level, territory.pk):
        return mentor
    if mentor.pk and not _serves(mentor, today):
        mentor.since = today
    mentor.level, mentor.territory, mentor.until = level, territory, None
    mentor.specialities = list(specialities) or mentor.specialities
    mentor.save()
    audit.note("mentor.appointed", now=now, actor=by, subject=mentor, territory=territory.path, level=level)
    return mentor


@transaction.atomic
def appoint_listed(*, by: User | None, now: datetime) -> int:
    """Appoint everyone of `listed`, each at the level the roster gives; returns how many. A second call finds nobody left."""
    workers = list(listed(by).select_for_update(of=("self",)))
    today = timezone.localdate(now)
    Mentor.objects.bulk_create(
        [
            Mentor(
                worker=worker,
                level=worker.listed_as_mentor,
                territory=territory_for(worker, worker.listed_as_mentor),
                since=today,
            )
            for worker in workers
        ]
    )
    if workers:
        audit.note("mentor.appointed_listed", now=now, actor=by, count=len(workers))
    return len(workers)


@transaction.atomic
def end(mentor: Mentor, *, on: date, by: User, now: datetime) -> Mentor:
    """End a term: `on` is the first day without it. Answers still in the mentor's hands go back to the queue that day at once.

    Refuses a day before the term began. Ending what has ended changes nothing.
    """
    mentor = Mentor.objects.select_for_update(of=("self",)).select_related("territory").get(pk=mentor.pk)
    if mentor.until is not None and mentor.until <= timezone.localdate(now):
        return mentor
    if on < mentor.since:
        raise Refused(_("结束日期早于聘任日期，请重新选择。"))
    mentor.until = on
    mentor.save(update_fields=["until"])
    if on <= timezone.localdate(now):
        Claim.objects.filter(mentor=mentor, done_at=None).delete()
    audit.note("mentor.ended", now=now, actor=by, subject=mentor, territory=mentor.territory.path, on=on.isoformat())
    return mentor


def _serves(mentor: Mentor, today: date) -> bool:
    return mentor.until is None or mentor.until > today


@coverage.mentors_by
def serving(on: date) -> QuerySet[Worker]:
    """The workers in post who serve as 小教员 on a day; what the coverage of townships is counted by."""
    term = Q(mentor__until=None) | Q(mentor__until__gt=on)
    return Worker.objects.active().filter(term, mentor__since__lte=on)

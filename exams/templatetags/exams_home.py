from datetime import datetime

from django import template

from exams.marks import tries
from exams.models import Attempt, AttemptState
from exams.worker import listing
from lms import numbers, times
from lms.home import Due

register = template.Library()
register.filter("marks", numbers.plain)


register.filter("clock", times.countdown)


@register.simple_tag(takes_context=True)
def exams_due(context: template.Context) -> list[Due]:
    """The exams the asking worker has to sit now or soon; [] for those who are nobody's worker."""
    request = context["request"]
    worker = getattr(request.user, "worker", None)
    if worker is None:
        return []
    last = {attempt.exam_id: attempt for attempt in listing.TO_SIT.all(worker=worker.pk, now=request.now)}
    return [listing.due(attempt, now=request.now) for attempt in last.values() if wanted(attempt, request.now)]


def wanted(attempt: Attempt, now: datetime) -> bool:
    """Still to be sat, or to be sat again."""
    return attempt.state != AttemptState.MARKED or tries.may_again(attempt, now=now)

from django import template

from exams import listing
from exams.models import Attempt, AttemptState
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
    to_sit = Attempt.objects.filter(worker=worker, state__in=[AttemptState.DUE, AttemptState.SITTING])
    coming = (
        to_sit.filter(exam__closes_at__gt=request.now).select_related("exam__territory").order_by("exam__closes_at")
    )
    return [listing.due(attempt, now=request.now) for attempt in coming]

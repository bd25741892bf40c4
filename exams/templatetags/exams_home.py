from datetime import datetime

from django import template
from django.db.models import F, Q, QuerySet

from exams.marks import tries
from exams.models import TRYOUT, Attempt, AttemptState, ExamKind
from exams.worker import listing
from lms import numbers, times
from lms.compiled import Compiled, Given
from lms.home import Due

register = template.Library()
register.filter("marks", numbers.plain)


register.filter("clock", times.countdown)


def to_sit(worker: Given, now: Given) -> QuerySet[Attempt]:
    """Of each exam the newest try, as long as it may be sat, or sat once more."""
    mine = Attempt.objects.filter(worker=worker).exclude(exam__seed=TRYOUT).newest().ending()
    open_ = Q(state__in=[AttemptState.DUE, AttemptState.SITTING], closed_at__gt=now)
    # time may have been granted beyond the close
    open_ |= Q(state=AttemptState.SITTING, deadline__gt=now)
    once_more = Q(exam__kind=ExamKind.ENTRY, exam__tries__gt=F("number"), state=AttemptState.MARKED)
    once_more &= Q(closed_at__gt=now, marks__lt=F("exam__pass_marks"))
    return mine.filter(open_ | once_more).select_related("exam__territory").order_by("exam__closes_at", "number")


TO_SIT = Compiled(lambda: to_sit(Given("worker"), Given("now")))


@register.simple_tag(takes_context=True)
def exams_due(context: template.Context) -> list[Due]:
    """The exams the asking worker has to sit now or soon; [] for those who are nobody's worker."""
    request = context["request"]
    worker = getattr(request.user, "worker", None)
    if worker is None:
        return []
    last = {attempt.exam_id: attempt for attempt in TO_SIT.all(worker=worker.pk, now=request.now)}
    return [listing.due(attempt, now=request.now) for attempt in last.values() if wanted(attempt, request.now)]


def wanted(attempt: Attempt, now: datetime) -> bool:
    """Still to be sat, or to be sat again."""
    return attempt.state != AttemptState.MARKED or tries.may_again(attempt, now=now)

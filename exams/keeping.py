"""What the exams let go of by the clock."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from exams.models import TRYOUT, Attempt, AttemptState, Incident
from lms import retention

A_WEEK = timedelta(days=7)


def old_tryouts(now: datetime) -> QuerySet[Any]:
    """Papers on which somebody only tried the screen, a week after they were handed in."""
    ended = [AttemptState.HANDED_IN, AttemptState.MARKED]
    return Attempt.objects.filter(exam__seed=TRYOUT, state__in=ended, finished_at__lte=now - A_WEEK)


def forget_tryouts(attempts: QuerySet[Any]) -> None:
    rows = list(attempts.values_list("pk", flat=True))
    Incident.objects.filter(attempt__in=rows).delete()
    Attempt.objects.filter(pk__in=rows).delete()


retention.rule("exam_tryouts", "考前试做的答卷", due=old_tryouts, act=forget_tryouts)

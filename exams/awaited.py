"""Where a worker is awaited who comes in on an exam day: asked by the sign-in (`roster.entrance`), since the ground below knows no exams."""

from datetime import datetime, timedelta

from django.urls import reverse

from exams.models import Attempt, AttemptState
from exams.worker import listing
from roster.models import Worker

BEFORE = timedelta(hours=1)  # the bell
ONE_SITTING = timedelta(hours=12)  # an exam that stays open for longer is no reason to come in


def where(worker: Worker, *, now: datetime) -> str:
    """
    The exam that is being sat, or whose bell is within the hour or has rung: its paper or its entry page. "" when there is none, when
    there are two to choose from, and for what is open for days, as practice is: then the home page says what is due.
    """
    mine = listing.TO_SIT.all(worker=worker.pk, now=now)
    if sitting := [one for one in mine if one.state == AttemptState.SITTING and now < one.ends_at]:
        return reverse("attempt", args=[sitting[0].pk])
    waiting = [one for one in mine if at_the_bell(one, now=now)]
    return reverse("exam", args=[waiting[0].exam_id]) if len(waiting) == 1 else ""


def at_the_bell(attempt: Attempt, *, now: datetime) -> bool:
    if attempt.state != AttemptState.DUE or attempt.closes - attempt.opens > ONE_SITTING:
        return False
    return attempt.opens - BEFORE <= now < attempt.closes

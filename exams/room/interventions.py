"""Closing or voiding somebody's attempt: asked for by one with a reason, decided by another. Neither can be a machine."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from exams.day import attempts
from exams.marks import voiding
from exams.models import Answer, Attempt, AttemptState, Intervention, Measure
from lms import audit
from lms.refusal import Refused
from roster import reach
from roster.models import Duty, User

VOIDABLE = (AttemptState.SITTING, AttemptState.HANDED_IN, AttemptState.MARKED)


@transaction.atomic
def ask(attempt: Attempt, *, measure: str, reason: str, by: User, now: datetime) -> Intervention:
    """Ask for it. The same asked for already, and not decided: that one. Refuses what has no object any more."""
    if not (reason := reason.strip()):
        raise Refused(_("请写明理由，第二个人要凭它来决定。"), code="reason")
    held = _hold(attempt.pk)
    _objections(held, measure, by=by, now=now)
    standing = Intervention.objects.filter(attempt=held, measure=measure, agreed=None).first()
    if standing:
        return standing
    asked = Intervention.objects.create(attempt=held, measure=measure, reason=reason[:200], asked_by=by, asked_at=now)
    audit.note("exam.intervention_asked", now=now, actor=by, subject=held, measure=measure)
    return asked


@transaction.atomic
def decide(intervention: Intervention, *, agreed: bool, by: User, now: datetime) -> Intervention:
    """Do it, or leave it. Refuses the one who asked, whoever has no reach to the person, and what has no object any more."""
    held = _hold(intervention.attempt_id)  # first the attempt, as everybody does
    asked = Intervention.objects.select_for_update(of=("self",)).get(pk=intervention.pk)
    if asked.agreed is not None:
        raise Refused(_("这条申请已经有人决定，不用再办。"), code="decided")
    if by.pk == asked.asked_by_id:
        raise Refused(_("提出的人不能自己决定，请另一名管理员来办。"), code="same")
    if not reach.workers(by, Duty.EXAMS).filter(pk=held.worker_id).exists():
        raise Refused(_("这名考生不在你的管辖范围。"), code="reach")
    if agreed:
        _objections(held, asked.measure, by=by, now=now)
        (_close if asked.measure == Measure.CLOSE else _void)(held, reason=asked.reason, by=by, now=now)
    elif _is(held, by):
        raise Refused(_("不能决定自己的事，请别的管理员来办。"), code="own")
    asked.agreed, asked.decided_by, asked.decided_at = agreed, by, now
    asked.save(update_fields=["agreed", "decided_by", "decided_at"])
    audit.note("exam.intervention_decided", now=now, actor=by, subject=held, measure=asked.measure, agreed=int(agreed))
    return asked


def _hold(attempt_id: int) -> Attempt:
    found = Attempt.objects.select_related("exam", "worker").defer("paper", "flags")
    return found.select_for_update(of=("self",)).get(pk=attempt_id)


def _is(attempt: Attempt, by: User) -> bool:
    return attempt.worker.user_id == by.pk


def _objections(attempt: Attempt, measure: str, *, by: User, now: datetime) -> None:
    if _is(attempt, by):
        raise Refused(_("不能决定自己的事，请别的管理员来办。"), code="own")
    if attempt.state == AttemptState.VOID:
        raise Refused(_("这份答卷已经作废，不用再办。"), code="moot")
    if measure == Measure.CLOSE and (attempt.state != AttemptState.SITTING or now >= attempt.ends_at):
        raise Refused(_("现在没有在作答，不用提前收卷。"), code="moot")
    if measure == Measure.VOID and attempt.state not in VOIDABLE:
        raise Refused(_("还没有开始作答，没有可以作废的成绩；不用考的，请办“免考”。"), code="moot")


def _close(attempt: Attempt, *, reason: str, by: User, now: datetime) -> None:
    """As a hand-in at this moment: what was saved counts, and the receipt is the same."""
    attempts.close(attempt.pk, user_id=by.pk, now=now)


def _void(attempt: Attempt, *, reason: str, by: User, now: datetime) -> None:
    """It counts no more: nothing waits for a marker, what was posted is reversed, and of a resit and its exam the other one stands."""
    Answer.objects.filter(attempt=attempt, waits=True).update(waits=False)
    Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.VOID)
    if attempt.posted_at:
        voiding.withdraw(attempt, by=by, reason=reason, now=now)

"""Bringing in what a phone could not send: the same road as an answer that arrives by itself, with who brought it under audit."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from exams.claims.rescue import Rescued
from exams.day import attempts, late, saving
from exams.models import Attempt, AttemptState
from lms import audit
from lms.refusal import Refused
from roster.models import User


@dataclass(frozen=True)
class Brought:
    """What became of one backup."""

    attempt: Attempt
    counted: int
    kept: int
    refused: int


def bring_in(one: Rescued, attempt: Attempt, *, by: User, now: datetime) -> Brought:
    """
    As if the phone had reached the server at this moment: in time it is saved, late it goes by the rule of `lateness`, else it is kept for a
    person to decide. The same backup again changes nothing. Refuses one's own and what was never begun or is void.
    """
    if attempt.worker.user_id == by.pk:
        raise Refused(_("这是你自己的答卷，请别的管理员来交。"), code="own")
    if attempt.state not in {AttemptState.SITTING, AttemptState.HANDED_IN, AttemptState.MARKED}:
        raise Refused(_("这个人的这场考试没有开始作答或者已经作废，备份交不进去。"), code="not_sat")
    taken = [_arrive(one, attempt, page, given, now=now) for page, given in one.pages.items()]
    found = Brought(
        attempt,
        sum(part.counted for part in taken),
        sum(len(part.kept) for part in taken),
        sum(len(part.unfit) for part in taken),
    )
    audit.note(
        "exam.rescued",
        now=now,
        actor=by,
        subject=attempt,
        territory=attempt.worker.township.path,
        answers=len(one.answers),
        counted=found.counted,
        kept=found.kept,
    )
    return found


def _arrive(one: Rescued, attempt: Attempt, page: int, given: list[attempts.Given], *, now: datetime) -> late.Taken:
    guard = saving.Guard(attempt.pk, attempt.worker_id, one.device)
    try:
        reply = attempts.answer(guard, given, exam_id=attempt.exam_id, page=page, now=now)
    except Refused as refusal:
        return late.take(
            guard,
            given,
            ages=_ages(one, now=now),
            exam_id=attempt.exam_id,
            page=page,
            refusal=refusal,
            unsent=len(given) + 1,  # the phone itself has not been heard of
            now=now,
        )
    return late.Taken(reply.saved, [], reply.unfit)


def _ages(one: Rescued, *, now: datetime) -> late.Ages:
    """To this moment, by the phone's clock; none where that clock is ahead of ours: then it says nothing."""
    if one.made > now:
        return {}
    since = int((now - one.made).total_seconds() * 1000)
    return {key: min(age + since, late.OLDEST) for key, age in one.ages.items()}

"""
Sitting an exam again: the next try of who has tries left, and which of several tries counts.

A mock and a practice may be sat again each time. An entry test ends with the first try that passes; when none does, the last one
counts once the tries are used up or the test has closed.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from exams.before import papers
from exams.models import REPEATED, Attempt, AttemptQuerySet, AttemptState, Exam, ExamKind
from lms import audit, times
from lms.refusal import Refused


def left(attempt: Attempt) -> int:
    """How many more times it may be sat after this one."""
    return max(0, attempt.exam.tries - attempt.number) if attempt.exam.kind in REPEATED else 0


def may_again(attempt: Attempt, *, now: datetime) -> bool:
    """Whether the next try may be drawn at this moment, should this one be the newest."""
    return why_not(attempt, now=now) is None


def why_not(attempt: Attempt, *, now: datetime) -> Refused | None:
    """Why there is no next try, with what to do; None when there is one."""
    exam = attempt.exam
    if not left(attempt):
        return Refused(_("这场考试的次数已经用完，不能再考。"), code="used_up")
    if not attempt.open_at(now):
        return Refused(
            _("这场考试已在 %(at)s 截止，不能再考。") % {"at": times.in_short(attempt.closes)}, code="closed"
        )
    if not attempt.finished or (exam.kind == ExamKind.ENTRY and attempt.state != AttemptState.MARKED):
        return Refused(_("这一次还没有出成绩，出了成绩才能再考。"), code="unfinished")
    if exam.kind == ExamKind.ENTRY and not exam.released(now):
        return Refused(_("成绩还没有公布，公布以后才能再考。"), code="unreleased")
    if exam.kind == ExamKind.ENTRY and attempt.passed:
        return Refused(_("已经合格，不用再考。"), code="passed")
    return None


@transaction.atomic
def again(attempt: Attempt, *, now: datetime) -> Attempt:
    """Draw the next try, with an order of its own. It keeps the window and the time that were granted to this person.

    Two taps are one: a try that follows this one already is given back. Refuses as `why_not` says.
    """
    attempt = Attempt.objects.select_for_update(of=("self",)).select_related("exam", "worker").get(pk=attempt.pk)
    drawn = Attempt.objects.filter(exam=attempt.exam, worker=attempt.worker, number=attempt.number + 1).first()
    if drawn:
        return drawn
    if refusal := why_not(attempt, now=now):
        raise refusal
    drawn = draw(attempt.exam, attempt.worker_id, number=attempt.number + 1, like=attempt)
    audit.note("exam.again", now=now, actor=attempt.worker.user, subject=drawn, number=drawn.number)
    return drawn


def draw(exam: Exam, worker_id: int, *, number: int, like: Attempt | None = None) -> Attempt:
    """One paper for one person."""
    items = list(exam.items.order_by("pk"))
    granted = {name: getattr(like, name) for name in ("opens_at", "closes_at", "granted", "ready_at")} if like else {}
    paper = papers.order(exam, items, worker_id=worker_id, number=number)
    return Attempt.objects.create(exam=exam, worker_id=worker_id, number=number, paper=paper, **granted)


def final(exam: Exam, *, now: datetime) -> AttemptQuerySet:
    """The settled attempts of an exam that are to go to the ledger: of several tries the one that counts, once it is known."""
    settled = exam.attempts.to_post()
    if exam.tries == 1:
        return settled
    tries = Attempt.objects.filter(exam=exam, worker=OuterRef("worker"))
    passed = Q(marks__gte=exam.pass_marks, state=AttemptState.MARKED)
    later = tries.filter(number__gt=OuterRef("number")).exclude(state__in=[AttemptState.VOID, AttemptState.EXEMPT])
    earlier = tries.filter(passed, number__lt=OuterRef("number"))
    first_passed = passed & ~Exists(earlier)
    over = Q(number__gte=exam.tries) | Q(closed_at__lte=now)
    last = ~Exists(tries.filter(passed)) & ~Exists(later) & over
    return settled.ending().filter(first_passed | last, ~Exists(tries.exclude(posted_at=None)))

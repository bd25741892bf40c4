"""
The window of a published exam, moved with a reason. Who sits keeps the deadline they were given; "everybody who sits" is a choice of its
own, and it only ever gives more. When results are shown moves with it and only ever later: nobody sits what is known already.
"""

from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exams.before.drafts import SETTERS
from exams.day import attempts
from exams.models import Attempt, AttemptState, Exam
from lms import audit, times
from lms.refusal import Refused
from roster import reach
from roster.models import User


class Reason(models.TextChoices):
    """What a window is moved for: codes, for the audit keeps no words that somebody wrote."""

    NETWORK = "network", gettext_lazy("停电、断网")
    WEATHER = "weather", gettext_lazy("天气、灾情")
    WORK = "work", gettext_lazy("和工作安排冲突")
    MISTAKE = "mistake", gettext_lazy("原来的时间填错了")
    ORDERED = "ordered", gettext_lazy("上级通知")


@transaction.atomic
def move(
    exam: Exam,
    *,
    opens_at: datetime,
    closes_at: datetime,
    results_at: datetime | None = None,
    reason: str,
    extend: bool = False,
    by: User,
    now: datetime,
) -> tuple[Exam, int]:
    """Move the window; the opening only before it has come, nothing once the exam has closed. Returns also how many got a later deadline.

    With `extend` those who sit at this moment are given what the new close allows, never less than they have. `results_at` postpones
    the results, also after the close, until they are shown; without it they stay, but for what the new close needs.
    """
    held = Exam.objects.select_for_update(of=("self",)).select_related("territory").get(pk=exam.pk)
    if not reach.covers(by, held.territory, *SETTERS):
        raise Refused(_("参加范围不在你的管辖内，请联系出这场考试的管理员。"), code="reach")
    moves = (held.opens_at, held.closes_at) != (opens_at, closes_at)
    postpones = results_at not in {None, held.shows_results_at}
    if moves or extend or not postpones:
        _objections(held, opens_at=opens_at, closes_at=closes_at, reason=reason, now=now)
    if postpones:
        _postpone(held, results_at, reason=reason, now=now)  # type: ignore[arg-type]
    if moves:
        _results(held, opens_at=opens_at, closes_at=closes_at)
        held.opens_at, held.closes_at = opens_at, closes_at
    if not (moves or postpones or extend):
        return held, 0
    held.save(update_fields=["opens_at", "closes_at", "results_at"])
    extended = _extend(held, now=now) if extend else 0
    keep_unknown(held)
    said = {"opens_at": opens_at, "closes_at": closes_at, "reason": reason, "extended": extended}
    said["results_at"] = held.shows_results_at
    audit.note("exam.window_moved", now=now, actor=by, subject=held, territory=held.territory.path, **said)
    return held, extended


def _objections(exam: Exam, *, opens_at: datetime, closes_at: datetime, reason: str, now: datetime) -> None:
    if not exam.published_at:
        raise Refused(_("这场考试还没有发布，请直接改草稿。"), code="draft")
    if now >= exam.closes_at:
        raise Refused(
            _("这场考试已在 %(at)s 截止，时间不能再改；没考的人可以“迟到准许入场”，或者安排补考。")
            % {"at": times.in_short(exam.closes_at)},
            code="closed",
        )
    if reason not in Reason.values:
        raise Refused(_("请选改时间的原因。"), code="reason")
    if opens_at != exam.opens_at and now >= exam.opens_at:
        raise Refused(_("已经开考，开考时间不能再改。"), code="opens_at")
    if opens_at != exam.opens_at and opens_at < now:
        raise Refused(_("新的开考时间已经过了，请往后定。"), code="opens_at")
    if closes_at <= max(opens_at, now):
        raise Refused(_("截止时间要晚于开考时间，也要晚于现在。"), code="closes_at")


def _results(exam: Exam, *, opens_at: datetime, closes_at: datetime) -> None:
    """Results shown at the opening stay so; those that were to come after the close never come before the new one."""
    if exam.results_at == exam.opens_at:
        exam.results_at = opens_at
    elif exam.results_at and exam.closes_at <= exam.results_at < closes_at:
        exam.results_at = closes_at


def _postpone(exam: Exam, results_at: datetime, *, reason: str, now: datetime) -> None:
    if not exam.published_at:
        raise Refused(_("这场考试还没有发布，请直接改草稿。"), code="draft")
    if reason not in Reason.values:
        raise Refused(_("请选改时间的原因。"), code="reason")
    if exam.at_once:
        raise Refused(_("这场考试交卷评完就能看成绩，公布成绩的时间不能另定。"), code="results_at")
    if exam.released(now):
        raise Refused(_("成绩已经公布，公布成绩的时间不能再改；要让人再考，请安排补考。"), code="results_at")
    if results_at < exam.shows_results_at:
        at = times.in_short(exam.shows_results_at)
        raise Refused(_("公布成绩的时间只能往后推，请选 %(at)s 以后的时间。") % {"at": at}, code="results_at")
    exam.results_at = results_at


def keep_unknown(exam: Exam) -> None:
    """Results wait for the last who may still sit: with time granted on top, or a window of their own."""
    if exam.at_once:
        return
    live = exam.attempts.filter(state__in=[AttemptState.DUE, AttemptState.SITTING]).defer("paper", "flags")
    given = live.filter(
        models.Q(granted__gt=0) | models.Q(closes_at__isnull=False) | models.Q(deadline__gt=exam.closes_at)
    )
    last = max((last_moment(one, exam) for one in given), default=exam.closes_at)
    if last > exam.shows_results_at:
        exam.results_at = last
        exam.save(update_fields=["results_at"])


def last_moment(attempt: Attempt, exam: Exam) -> datetime:
    """Until when this attempt may be sat at the latest."""
    if attempt.state == AttemptState.SITTING and attempt.deadline:
        return attempt.deadline
    return (attempt.closes_at or exam.closes_at) + timedelta(seconds=attempt.granted)


def _extend(exam: Exam, *, now: datetime) -> int:
    """New deadlines for those who sit and have no window of their own.

    Who is due is taken too: a start under way is awaited, and found sitting with the deadline of the old close.
    """
    live = exam.attempts.filter(state__in=[AttemptState.DUE, AttemptState.SITTING], closes_at=None)
    rows = list(live.defer("paper", "flags").order_by("pk").select_for_update(of=("self",)))
    later = [one for one in rows if _later(one, exam, now=now)]
    Attempt.objects.bulk_update(later, ["deadline"], batch_size=500)
    return len(later)


def _later(attempt: Attempt, exam: Exam, *, now: datetime) -> bool:
    sits = attempt.state == AttemptState.SITTING and attempt.started_at and attempt.deadline
    if not sits or attempt.ends_at <= now:
        return False
    assert attempt.started_at
    until = attempts.deadline(
        attempt.started_at, minutes=exam.minutes, closes_at=exam.closes_at, granted=attempt.granted
    )
    if until <= attempt.ends_at:
        return False
    attempt.deadline = until
    return True

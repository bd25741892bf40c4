"""The page before the bell: why this exam is mine, my own window, what was granted to me, the rules, and whether I am ready."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exams.before import papers
from exams.marks import resits
from exams.models import Allowance, AllowanceKind, Attempt, AttemptState, Counts, Exam, ExamKind
from exams.worker import listing
from lms import audit, times
from lms.compiled import Compiled, Given
from lms.refusal import Refused

ABOUT = {
    ExamKind.FORMAL: gettext_lazy("成绩记入技能档案，合格的发证书。只能考一次。"),
    ExamKind.ENTRY: gettext_lazy("上岗以前要通过的测试，成绩记入技能档案。"),
    ExamKind.RESIT: gettext_lazy("成绩记入技能档案，合格的发证书。只能考一次。"),
    ExamKind.MOCK: gettext_lazy("用来熟悉考试，交卷就出分，不记入档案。"),
    ExamKind.PRACTICE: gettext_lazy("用来练习，交卷就出分，不记入档案。"),
}


GRANTED = Compiled(
    lambda: Allowance.objects.filter(attempt__exam=Given("exam"), attempt__worker=Given("worker")).order_by("pk")
)


@transaction.atomic
def accept(attempt: Attempt, *, now: datetime) -> Attempt:
    """The rules are accepted and the phone was looked at: at the bell one tap is enough. Twice is once.

    Refuses when nothing is left to begin.
    """
    attempt = Attempt.objects.select_for_update(of=("self",)).select_related("exam", "worker").get(pk=attempt.pk)
    if attempt.ready_at:
        return attempt
    if attempt.state != AttemptState.DUE or now >= attempt.closes:
        raise Refused(_("这场考试已经不能开始，不用再做考前检查。"), code="over")
    attempt.ready_at = now
    attempt.save(update_fields=["ready_at"])
    audit.note("exam.ready", now=now, actor=attempt.worker.user, subject=attempt)
    return attempt


def bell(attempt: Attempt, *, now: datetime) -> float:
    """Seconds to the moment from which it may be begun; 0 once it may."""
    return max(0.0, (attempt.opens - now).total_seconds())


def clock(attempt: Attempt, *, now: datetime) -> dict[str, Any]:
    """What the waiting page asks now and then: the seconds to the bell, and the server's own time."""
    return {"left": round(bell(attempt, now=now), 2), "epoch": now.timestamp(), "open": listing.is_open(attempt, now)}


def granted(attempt: Attempt) -> list[str]:
    """What was given to this person for this exam, each with its reason."""
    return [_granted(one) for one in GRANTED.all(exam=attempt.exam_id, worker=attempt.worker_id)]


def _granted(one: Allowance) -> str:
    if one.kind == AllowanceKind.TIME:
        minutes = max(1, round(one.seconds / 60))
        return _("给你加时 %(n)d 分钟。理由：%(reason)s") % {"n": minutes, "reason": one.reason}
    if one.kind == AllowanceKind.WINDOW and one.opens_at and one.closes_at:
        return _("给你另定了时间：%(opens)s 到 %(closes)s。理由：%(reason)s") % {
            "opens": times.in_short(one.opens_at),
            "closes": times.in_short(one.closes_at),
            "reason": one.reason,
        }
    if one.kind == AllowanceKind.LATE:
        return _("准许你迟到入场。理由：%(reason)s") % {"reason": one.reason}
    return _("%(kind)s。理由：%(reason)s") % {"kind": one.get_kind_display(), "reason": one.reason}


def terms(attempt: Attempt, *, now: datetime) -> dict[str, Any]:
    """What the entry page says: how many minutes there really are, and whether that is less than the allowance."""
    exam = attempt.exam
    left = attempt.closes - now
    short = attempt.open_at(now) and left < timedelta(minutes=exam.minutes)
    early = attempt.state == AttemptState.DUE and now < attempt.opens
    return {
        "why": listing.why(exam),
        "about": about(exam),
        "headings": [papers.heading(place, section) for place, section in enumerate(exam.sections)],
        "standing": listing.standing(attempt, now=now),
        "granted": granted(attempt),
        "early": early,
        "open": listing.is_open(attempt, now),
        "waits": early or (attempt.state == AttemptState.DUE and listing.is_open(attempt, now)),
        "short": short,
        "minutes_left": max(1, int(left.total_seconds()) // 60),
        "bell": f"{bell(attempt, now=now):.1f}",
        "bell_text": times.countdown(int(bell(attempt, now=now))),
    }


def about(exam: Exam) -> list[str]:
    """What kind of exam this is, and what its result is good for."""
    said = [str(ABOUT[ExamKind(exam.kind)])]
    if exam.tries > 1:
        said.append(_("最多可以考 %d 次。") % exam.tries)
    if exam.kind == ExamKind.ENTRY and exam.tries > 1:
        said.append(_("合格一次就行；都没有合格的，以最后一次为准。"))
    if exam.counts:
        said.append(str(resits.RULES[Counts(exam.counts)]))
    return said

"""A worker's exams in the order they matter, and what to say about each: why it is mine, when, how much time is really left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from exams import papers
from exams.models import Attempt, AttemptState, Exam
from lms import numbers, times
from lms.home import Due
from roster.models import Employment


def why(exam: Exam) -> str:
    """Why this exam is mine."""
    who = Employment(exam.employment).label if exam.employment else _("全体")
    return _(
        "%(place)s%(who)s网格员参加。共 %(count)d 题，满分 %(full)s 分，%(need)s 分及格，作答 %(minutes)d 分钟。"
    ) % {
        "place": exam.territory.name,
        "who": who,
        "count": exam.question_count,
        "full": numbers.plain(exam.full_marks),
        "need": numbers.plain(exam.pass_marks),
        "minutes": exam.minutes,
    }


def in_words(left: timedelta) -> str:
    """还剩 3 天 / 5 小时 / 40 分钟"""
    if left >= timedelta(days=1):
        return _("还剩 %d 天") % left.days
    if left >= timedelta(hours=1):
        return _("还剩 %d 小时") % (left.seconds // 3600)
    return _("还剩 %d 分钟") % max(1, left.seconds // 60)


@dataclass(frozen=True)
class Line:
    """One attempt as a line of the list."""

    attempt: Attempt
    due: Due

    @property
    def exam(self) -> Exam:
        return self.attempt.exam


def grouped(attempts: QuerySet[Attempt], *, now: datetime) -> dict[str, Any]:
    """open: to be sat now; next: not open yet; past: handed in, marked, absent or over, the newest first."""
    lines = [Line(attempt, due(attempt, now=now)) for attempt in attempts]
    live = [line for line in lines if is_open(line.attempt, now)]
    coming = [line for line in lines if line.attempt.state == AttemptState.DUE and now < line.exam.opens_at]
    past = [line for line in reversed(lines) if line not in live and line not in coming]
    return {"open": live, "next": coming, "past": past}


def is_open(attempt: Attempt, now: datetime) -> bool:
    if attempt.state == AttemptState.SITTING:
        return now < attempt.ends_at
    return attempt.state == AttemptState.DUE and attempt.exam.open_at(now)


def due(attempt: Attempt, *, now: datetime) -> Due:
    exam = attempt.exam
    if is_open(attempt, now):
        return _now(attempt, now)
    if attempt.state == AttemptState.DUE and now < exam.opens_at:
        tag = _("%s 开考") % times.in_short(exam.opens_at)
        return Due(exam.title, why(exam), exam.opens_at, tag, "brand", _entry(exam), _("看考试须知"), quiet=True)
    tag, tone = standing(attempt, now=now)
    over = not (attempt.finished or attempt.state == AttemptState.SITTING)
    href = _entry(exam) if over else reverse("hand_in", args=[attempt.pk])
    return Due(exam.title, why(exam), exam.closes_at, tag, tone, href, _("查看"), quiet=True)


def _entry(exam: Exam) -> str:
    return reverse("exam", args=[exam.pk])


def _now(attempt: Attempt, now: datetime) -> Due:
    exam, sitting = attempt.exam, attempt.state == AttemptState.SITTING
    until = attempt.ends_at if sitting else exam.closes_at
    left = in_words(until - now)
    if sitting:
        href = reverse("attempt", args=[attempt.pk])
        return Due(exam.title, why(exam), until, _("作答中，%s") % left, "bad", href, _("继续作答"))
    tone = "bad" if until - now < timedelta(days=1) else "warn" if until - now < timedelta(days=3) else "brand"
    return Due(exam.title, why(exam), until, left, tone, _entry(exam), _("去考试"))


def standing(attempt: Attempt, *, now: datetime) -> tuple[str, str]:
    """How a past attempt stands, and its tone. Says nothing about marks before the exam shows them."""
    exam = attempt.exam
    if attempt.state in {AttemptState.DUE, AttemptState.ABSENT}:
        return _("缺考"), "bad"
    if attempt.state == AttemptState.EXEMPT:
        return _("免考"), ""
    if attempt.state == AttemptState.VOID:
        return _("作废"), "bad"
    if attempt.state == AttemptState.SITTING:
        return _("已截止，正在收卷"), ""
    if not exam.released(now):
        return _("已交卷，%s 公布成绩") % times.in_short(exam.shows_results_at), ""
    if attempt.marks is None:
        return _("已交卷，等待评分"), ""
    marks = numbers.plain(attempt.marks)
    return (_("%s 分，合格") % marks, "ok") if attempt.passed else (_("%s 分，不合格") % marks, "bad")


def terms(attempt: Attempt, *, now: datetime) -> dict[str, Any]:
    """What the entry page says about time: how many minutes there really are, and whether that is less than the allowance."""
    exam = attempt.exam
    left = exam.closes_at - now
    short = exam.open_at(now) and left < timedelta(minutes=exam.minutes)
    return {
        "why": why(exam),
        "headings": [papers.heading(place, section) for place, section in enumerate(exam.sections)],
        "standing": standing(attempt, now=now)[0],
        "early": now < exam.opens_at,
        "open": is_open(attempt, now),
        "short": short,
        "minutes_left": max(1, int(left.total_seconds()) // 60),
    }


def afterwards(attempt: Attempt, *, now: datetime) -> dict[str, Any]:
    """What happens after the hand-in, and whether the result may be seen."""
    shown = attempt.state == AttemptState.MARKED and attempt.exam.released(now)
    return {"next_step": next_step(attempt, now=now), "shown": shown}


def next_step(attempt: Attempt, *, now: datetime) -> str:
    """What happens after the hand-in, as it truly stands."""
    exam = attempt.exam
    if attempt.marks is None and exam.released(now):
        return _("案例题由小教员评分，评完就能看成绩")
    if attempt.marks is None:
        return _("案例题由小教员评分，%s 公布成绩") % times.in_short(exam.shows_results_at)
    if not exam.released(now):
        return _("%s 公布成绩") % times.in_short(exam.shows_results_at)
    return _("成绩已经公布")

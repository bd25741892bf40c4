"""A worker's exams in the order they matter, and what to say about each: why it is mine, when, and how it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from exams.marks import resits, tries
from exams.models import TRYOUT, Attempt, AttemptState, Exam, ExamKind, JournalEntry
from lms import numbers, times
from lms.compiled import Compiled, Given
from lms.home import Due
from roster.models import Employment


def to_sit(worker: Given, now: Given) -> QuerySet[Attempt]:
    """Of each exam the newest try, as long as it may be sat, or sat once more."""
    mine = Attempt.objects.filter(worker=worker).exclude(exam__seed=TRYOUT).newest().ending()
    open_ = Q(state__in=[AttemptState.DUE, AttemptState.SITTING], closed_at__gt=now)
    # time may have been granted beyond the close
    open_ |= Q(state=AttemptState.SITTING, deadline__gt=now)
    once_more = Q(exam__kind=ExamKind.ENTRY, exam__tries__gt=F("number"), state=AttemptState.MARKED)
    once_more &= Q(closed_at__gt=now, marks__lt=F("exam__pass_marks"))
    return mine.filter(open_ | once_more).select_related("exam__territory").order_by("exam__closes_at", "number")


# without what the paper of it is: a list says nothing of that
TO_SIT = Compiled(lambda: to_sit(Given("worker"), Given("now")).defer("paper", "flags"))


def why(exam: Exam) -> str:
    """Why this exam is mine."""
    return whom(exam) + _("共 %(count)d 题，满分 %(full)s 分，%(need)s 分及格，作答 %(minutes)d 分钟。") % {
        "count": exam.question_count,
        "full": numbers.plain(exam.full_marks),
        "need": numbers.plain(exam.pass_marks),
        "minutes": exam.minutes,
    }


def whom(exam: Exam) -> str:
    """Whom it concerns, as one of them reads it."""
    if exam.kind == ExamKind.RESIT:
        return _("上一场没有合格、缺考或者作废的人参加。")
    if exam.by_list:
        return _("名单上有你。")
    who = Employment(exam.employment).label if exam.employment else _("全体")
    said = {"place": exam.territory.name, "who": who}
    if exam.kind == ExamKind.ENTRY:
        return _("%(place)s%(who)s网格员中，还没有通过准入测试的人参加。") % said
    return _("%(place)s%(who)s网格员参加。") % said


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
    found = list(attempts)
    newest = {attempt.exam_id: attempt.number for attempt in sorted(found, key=lambda attempt: attempt.number)}
    lines = [Line(attempt, due(attempt, now=now)) for attempt in found]
    live = [line for line in lines if is_open(line.attempt, now)]
    again = [
        line
        for line in lines
        if line.attempt.number == newest[line.attempt.exam_id] and tries.may_again(line.attempt, now=now)
    ]
    coming = [line for line in lines if line.attempt.state == AttemptState.DUE and now < line.attempt.opens]
    past = [
        Line(line.attempt, over(line.attempt, now=now))
        for line in reversed(lines)
        if line not in live and line not in coming
    ]
    return {"open": live, "again": again, "next": coming, "past": past}


def is_open(attempt: Attempt, now: datetime) -> bool:
    if attempt.state == AttemptState.SITTING:
        return now < attempt.ends_at
    return attempt.state == AttemptState.DUE and attempt.open_at(now)


def due(attempt: Attempt, *, now: datetime) -> Due:
    exam = attempt.exam
    if is_open(attempt, now):
        return _now(attempt, now)
    if attempt.state == AttemptState.DUE and now < attempt.opens:
        tag = _("%s 开考") % times.in_short(attempt.opens)
        action = _("等待开考") if attempt.ready_at else _("考前检查")
        return Due(exam.title, why(exam), attempt.opens, tag, "brand", _entry(exam), action, quiet=True)
    if tries.may_again(attempt, now=now):
        return _again(attempt, now)
    return over(attempt, now=now)


def over(attempt: Attempt, *, now: datetime) -> Due:
    """An attempt to which nothing is left to do."""
    exam = attempt.exam
    tag, tone = standing(attempt, now=now)
    href = reverse("hand_in", args=[attempt.pk]) if attempt.receipt else _entry(exam)
    return Due(exam.title, why(exam), attempt.closes, tag, tone, href, _("查看"), quiet=True)


def _entry(exam: Exam) -> str:
    return reverse("exam", args=[exam.pk])


def _now(attempt: Attempt, now: datetime) -> Due:
    exam, sitting = attempt.exam, attempt.state == AttemptState.SITTING
    until = attempt.ends_at if sitting else attempt.closes
    left = in_words(until - now)
    if sitting:
        href = reverse("attempt", args=[attempt.pk])
        return Due(exam.title, why(exam), until, _("作答中，%s") % left, "bad", href, _("继续作答"))
    tone = "bad" if until - now < timedelta(days=1) else "warn" if until - now < timedelta(days=3) else "brand"
    return Due(exam.title, why(exam), until, left, tone, _entry(exam), _("去考试"))


def _again(attempt: Attempt, now: datetime) -> Due:
    """Sat, and may be sat again."""
    exam, entry = attempt.exam, attempt.exam.kind == ExamKind.ENTRY
    tag = _("没有合格，还能考 %d 次") if entry else _("还能练 %d 次")
    action = _("去看结果，再考一次") if entry else _("看结果，再练一次")
    href = reverse("hand_in", args=[attempt.pk])
    tone = "warn" if entry else ""
    return Due(exam.title, why(exam), attempt.closes, tag % tries.left(attempt), tone, href, action, quiet=not entry)


def standing(attempt: Attempt, *, now: datetime) -> tuple[str, str]:
    """How a past attempt stands, and its tone. Says nothing about marks before the exam shows them."""
    exam = attempt.exam
    if attempt.state == AttemptState.EXEMPT:
        return _("免考"), "ok"
    if attempt.state == AttemptState.VOID:
        return _("作废，不计成绩"), "bad"
    if attempt.state in {AttemptState.DUE, AttemptState.ABSENT}:
        return _("缺考"), "bad"
    if attempt.state == AttemptState.SITTING:
        return _("已截止，正在自动交卷"), ""
    if not exam.released(now):
        return _("已交卷，%s 公布成绩") % times.in_short(exam.shows_results_at), ""
    if attempt.marks is None:
        return _("已交卷，等待评分"), ""
    marks = numbers.plain(attempt.marks)
    return (_("%s 分，合格") % marks, "ok") if attempt.passed else (_("%s 分，不合格") % marks, "bad")


def afterwards(attempt: Attempt, *, now: datetime) -> dict[str, Any]:
    """What happens after the hand-in, whether the result may be seen, and how often it may be sat again."""
    shown = attempt.state == AttemptState.MARKED and attempt.exam.released(now)
    if shown and undecided(attempt):
        shown, step = False, _("有迟到的答案等管理员决定，决定以后公布成绩")
    elif shown and others_sit(attempt.exam):
        shown, step = False, _("还有人没有交卷，全部交卷以后就能看成绩和解析")
    else:
        step = next_step(attempt, now=now)
    again = tries.may_again(attempt, now=now)
    return {
        "next_step": step,
        "shown": shown,
        "keyed": not may_ask_again(attempt, now=now),
        "again": tries.left(attempt) if again else 0,
        "rule": resits.RULES.get(attempt.exam.counts, ""),
    }


def undecided(attempt: Attempt) -> bool:
    """Whether late answers wait for a person: until then the result may still change, and the key stays closed."""
    return attempt.posted_at is None and JournalEntry.objects.waiting().filter(attempt=attempt).exists()


def others_sit(exam: Exam) -> bool:
    """
    Whether somebody still sits an exam whose results come after its close: with time granted, or out of reach and perhaps sending late.
    Until then no key: who has it could tell them. An exam that shows results at once has said that it takes this risk.
    """
    return exam.shows_results_at >= exam.closes_at and exam.attempts.filter(state=AttemptState.SITTING).exists()


def may_ask_again(attempt: Attempt, *, now: datetime) -> bool:
    """Whether this person may be asked the very same questions once more in a test that counts: then the key stays closed to them."""
    open_ = attempt.exam.kind == ExamKind.ENTRY and now < attempt.closes
    return open_ and tries.left(attempt) > 0 and not attempt.passed


def next_step(attempt: Attempt, *, now: datetime) -> str:
    """What happens after the hand-in, as it truly stands."""
    exam = attempt.exam
    if attempt.state == AttemptState.VOID:
        return _("这次考试已经作废，不计成绩。如有疑问，请联系乡镇（街道）管理员")
    if attempt.marks is None and exam.released(now):
        return _("案例题由小教员评分，评完就能看成绩")
    if attempt.marks is None:
        return _("案例题由小教员评分，%s 公布成绩") % times.in_short(exam.shows_results_at)
    if not exam.released(now):
        return _("%s 公布成绩") % times.in_short(exam.shows_results_at)
    return _("成绩已经公布") if exam.recorded else _("成绩马上就能看，不记入档案")

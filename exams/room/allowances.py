"""
What one person or a group is given beyond the rules of an exam: more time, a window of their own, a late start, an exemption; also while
they sit. The open page hears of it with its next reply.

Whoever takes several attempts takes them in the order of their numbers; a hand-in holds one alone, so nobody waits in a circle. A deadline
is made anew from when the person started and only ever moves later. The same given by the same person within a minute is a form sent twice.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from exams.day import attempts
from exams.models import Allowance, AllowanceKind, Attempt, AttemptState, Exam
from exams.room import windows
from lms import audit, times
from lms.refusal import Refused
from roster.models import User

AGAIN = timedelta(minutes=1)
MOST_SECONDS = 3 * 3600
FARTHEST = timedelta(days=60)
LIVE = (AttemptState.DUE, AttemptState.SITTING)

Objection = Callable[[Attempt], str]  # why not this one, in a sentence; "" when nothing speaks against it
Change = Callable[[Attempt], None]


class Outcome(NamedTuple):
    given: int
    left_out: Counter[str]  # why, in a sentence → how many


def hold(attempt_ids: Iterable[int]) -> list[Attempt]:
    """These attempts with their exams, locked until the transaction ends, in the order of their numbers."""
    rows = Attempt.objects.filter(pk__in=set(attempt_ids)).select_related("exam").defer("paper", "flags")
    return list(rows.order_by("pk").select_for_update(of=("self",)))


@transaction.atomic
def grant_time(attempt_ids: Iterable[int], *, seconds: int, reason: str, by: User, now: datetime) -> Outcome:
    """So many seconds more, on top of everything; who sits goes on until then, and results of the exam wait as long.

    Refuses who has handed in or whose time is over, and where the answers are out.
    """
    if not 0 < seconds <= MOST_SECONDS:
        raise Refused(_("加时请填 1 到 180 分钟。"), code="seconds")
    ids = list(attempt_ids)
    # the exams before their attempts, as `windows.move` takes them
    exams = list(Exam.objects.filter(attempts__in=ids).distinct().order_by("pk").values_list("pk", flat=True))
    held = list(Exam.objects.select_for_update().filter(pk__in=exams).order_by("pk"))

    def change(attempt: Attempt) -> None:
        attempt.granted += seconds
        _later(attempt)

    def objection(attempt: Attempt) -> str:
        return _over(attempt, now) or _out(attempt.exam, now)

    what = {"kind": AllowanceKind.TIME, "seconds": seconds}
    outcome = _give(hold(ids), what, change, objection, reason=reason, by=by, now=now)
    for exam in held:
        windows.keep_unknown(exam)
    return outcome


@transaction.atomic
def own_window(
    attempt_ids: Iterable[int], *, opens_at: datetime, closes_at: datetime, reason: str, by: User, now: datetime
) -> Outcome:
    """A window in place of the exam's. Who sits already keeps at least the time they have."""
    _fits(opens_at, closes_at, now=now)

    def change(attempt: Attempt) -> None:
        if attempt.state == AttemptState.DUE:
            attempt.opens_at = opens_at
        attempt.closes_at = closes_at
        _later(attempt)

    def objection(attempt: Attempt) -> str:
        return _over(attempt, now) or _known(attempt, now=now, closes_at=closes_at)

    what = {"kind": AllowanceKind.WINDOW, "opens_at": opens_at, "closes_at": closes_at}
    return _give(hold(attempt_ids), what, change, objection, reason=reason, by=by, now=now)


@transaction.atomic
def admit_late(attempt_ids: Iterable[int], *, closes_at: datetime, reason: str, by: User, now: datetime) -> Outcome:
    """Who missed the exam may begin from now until `closes_at`. Refuses an absence that is in the ledger already."""
    _fits(now, closes_at, now=now)
    held = hold(attempt_ids)
    exams, people = {one.exam_id for one in held}, {one.worker_id for one in held}
    others = Attempt.objects.filter(exam__in=exams, worker__in=people, state__in=LIVE).exclude(
        pk__in=[a.pk for a in held]
    )
    again = set(others.values_list("exam_id", "worker_id"))

    def objection(attempt: Attempt) -> str:
        if attempt.state == AttemptState.DUE and now < attempt.closes:
            return _("还在考试时间内，让本人直接开始就行；要多给时间，请选“另定时间”。")
        if (attempt.exam_id, attempt.worker_id) in again:
            return _("这场考试已经另有一次机会等着考，不用再准许入场。")
        return _unmissed(attempt) or _known(attempt, now=now, closes_at=closes_at)

    def change(attempt: Attempt) -> None:
        attempt.state, attempt.opens_at, attempt.closes_at = AttemptState.DUE, now, closes_at

    what = {"kind": AllowanceKind.LATE, "opens_at": now, "closes_at": closes_at}
    return _give(held, what, change, objection, reason=reason, by=by, now=now)


@transaction.atomic
def exempt(attempt_ids: Iterable[int], *, reason: str, by: User, now: datetime) -> Outcome:
    """They need not sit, and the ledger hears nothing. Refuses who has begun, and an absence that is in the ledger already."""

    def change(attempt: Attempt) -> None:
        attempt.state = AttemptState.EXEMPT

    what = {"kind": AllowanceKind.EXEMPT}
    return _give(hold(attempt_ids), what, change, _unmissed, reason=reason, by=by, now=now)


ACTIONS = {
    AllowanceKind.TIME: "exam.time_granted",
    AllowanceKind.WINDOW: "exam.window_given",
    AllowanceKind.LATE: "exam.admitted_late",
    AllowanceKind.EXEMPT: "exam.exempted",
}
CHANGED = ["state", "opens_at", "closes_at", "granted", "deadline"]


def _give(
    held: list[Attempt],
    what: dict[str, Any],
    change: Change,
    objection: Objection,
    *,
    reason: str,
    by: User,
    now: datetime,
) -> Outcome:
    """Of a group those get it whom nothing speaks against; refuses when that is nobody."""
    if not (reason := reason.strip()):
        raise Refused(_("请写明理由。"), code="reason")
    done = _given_before(held, what, reason=reason, by=by, now=now)
    fresh, left_out = [], Counter[str]()
    for attempt in held:
        if attempt.pk in done:
            continue
        if sentence := _own(attempt, by) or objection(attempt):
            left_out[sentence] += 1
            continue
        change(attempt)
        fresh.append(attempt)
    if not fresh and not done:
        raise Refused(next(iter(left_out), _("没有选人，请先在名单里勾选。")), code="nobody")
    Allowance.objects.bulk_create(Allowance(attempt=one, reason=reason[:200], by=by, at=now, **what) for one in fresh)
    Attempt.objects.bulk_update(fresh, CHANGED, batch_size=500)
    if fresh:
        _note(fresh, what, by=by, now=now)
    return Outcome(len(fresh) + len(done), left_out)


def _note(fresh: list[Attempt], what: dict[str, Any], *, by: User, now: datetime) -> None:
    one = fresh[0]
    figures = {name: value for name, value in what.items() if name in {"seconds", "closes_at"}}
    subject = one if len(fresh) == 1 else one.exam
    audit.note(ACTIONS[what["kind"]], now=now, actor=by, subject=subject, people=len(fresh), **figures)


def _given_before(held: list[Attempt], what: dict[str, Any], *, reason: str, by: User, now: datetime) -> set[int]:
    """Whom the same person gave just this a moment ago. A late start is counted from its moment, which a second form has not."""
    same = {name: value for name, value in what.items() if name != "opens_at"}
    given = Allowance.objects.filter(attempt__in=held, reason=reason[:200], by=by, at__gt=now - AGAIN, **same)
    return set(given.values_list("attempt_id", flat=True))


def _later(attempt: Attempt) -> None:
    """The deadline as the rules have it now; never sooner than it was."""
    if attempt.state == AttemptState.SITTING and attempt.started_at and attempt.deadline:
        minutes, closes = attempt.exam.minutes, attempt.closes
        until = attempts.deadline(attempt.started_at, minutes=minutes, closes_at=closes, granted=attempt.granted)
        attempt.deadline = max(attempt.deadline, until)


def _out(exam: Exam, now: datetime) -> str:
    """Why nobody may be given more: the answers can be read. Where results are shown at once that is the rule of the exam."""
    if exam.at_once or not exam.released(now):
        return ""
    return _("成绩和答案已经公布，不能再让人作答；要让本人再考，请安排补考。")


def _known(attempt: Attempt, *, now: datetime, closes_at: datetime) -> str:
    """Why a window would let somebody sit when the answers can be read: the results would have to wait for days, which the setters decide."""
    exam, granted = attempt.exam, attempt.granted
    if exam.at_once:
        return ""
    if out := _out(exam, now):
        return out
    last = closes_at + timedelta(seconds=granted)
    if attempt.state == AttemptState.SITTING and attempt.started_at:
        last = attempts.deadline(attempt.started_at, minutes=exam.minutes, closes_at=closes_at, granted=granted)
    if last <= exam.shows_results_at:
        return ""
    words = {"at": times.in_short(exam.shows_results_at), "last": times.in_short(last)}
    return (
        _(
            "最晚可以答到 %(last)s，可是 %(at)s 就公布成绩和答案。请出这场考试的管理员先推迟公布成绩的时间，或者安排补考。"
        )
        % words
    )


def _fits(opens_at: datetime, closes_at: datetime, *, now: datetime) -> None:
    if closes_at <= max(opens_at, now):
        raise Refused(_("截止时间要晚于开考时间，也要晚于现在。"), code="closes_at")
    if closes_at > now + FARTHEST:
        raise Refused(_("截止时间最晚只能定在 60 天以内，请核对日期。"), code="closes_at")


def _own(attempt: Attempt, by: User) -> str:
    worker = getattr(by, "worker", None)
    return _("不能给自己办，请别的管理员来办。") if worker and worker.pk == attempt.worker_id else ""


def _over(attempt: Attempt, now: datetime) -> str:
    """Why more time would come too late."""
    if attempt.state in LIVE and (attempt.deadline is None or now < attempt.deadline):
        return ""
    if attempt.state == AttemptState.ABSENT:
        return _("已经记为缺考；要让本人再考，请选“迟到准许入场”。")
    return _settled(attempt) or _("作答时间已经到了，系统正在自动交卷，不能再加时间。")


def _unmissed(attempt: Attempt) -> str:
    """Why this is nobody who has not begun."""
    if attempt.state == AttemptState.SITTING:
        return _("正在作答，不用办这一项。")
    if attempt.state == AttemptState.ABSENT and attempt.posted_at:
        return _("缺考已经记入档案，不能再改；要让本人再考，请安排补考。")
    return _settled(attempt)


def _settled(attempt: Attempt) -> str:
    match attempt.state:
        case AttemptState.HANDED_IN | AttemptState.MARKED:
            at = times.clock(attempt.finished_at) if attempt.finished_at else ""
            return _("已在 %(at)s 交卷，不能再改。") % {"at": at}
        case AttemptState.EXEMPT:
            return _("已经免考，不用再办。")
        case AttemptState.VOID:
            return _("这份答卷已经作废，不能再改。")
    return ""

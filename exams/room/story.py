"""What happened to one attempt, in the order of time: for who watches the room, and for who judges afterwards."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from exams.day import incidents
from exams.models import Allowance, AllowanceKind, Attempt, Fate, Notice
from lms import times

MOST_BARS = 24


@dataclass(frozen=True)
class Event:
    at: datetime
    title: str
    text: str = ""
    tone: str = ""
    why: str = ""
    who: str = ""
    other: int | None = None


def events(attempt: Attempt) -> list[Event]:
    """Everything there is, the newest first."""
    found = [
        *_own(attempt),
        *(_noted(one) for one in incidents.told(attempt.incidents.order_by("at"))),
        *(_allowed(one) for one in attempt.allowances.select_related("by")),
        *_announced(attempt),
        *_measures(attempt),
        *_late(attempt),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _own(attempt: Attempt) -> Iterator[Event]:
    if attempt.ready_at:
        yield Event(attempt.ready_at, _("考前检查完成"))
    if attempt.started_at:
        yield Event(attempt.started_at, _("开始作答"))
    if attempt.finished_at:
        title = _("到时间自动交卷") if attempt.closed_by_clock else _("交卷")
        yield Event(attempt.finished_at, title, _("回执 %s") % attempt.receipt, "ok")


def _noted(one: incidents.Noted) -> Event:
    return Event(one.at, one.title, one.text, one.tone, other=one.other)


def _allowed(one: Allowance) -> Event:
    match one.kind:
        case AllowanceKind.TIME:
            text = _("加 %s") % incidents.length(one.seconds)
        case AllowanceKind.WINDOW | AllowanceKind.LATE if one.opens_at and one.closes_at:
            said = {"opens": times.in_short(one.opens_at), "closes": times.in_short(one.closes_at)}
            text = _("%(opens)s 至 %(closes)s") % said
        case _:
            text = ""
    return Event(one.at, str(AllowanceKind(one.kind).label), text, "", one.reason, one.by.name)


def _announced(attempt: Attempt) -> Iterator[Event]:
    """Notices to this person's place, up to the hand-in."""
    sent = Notice.objects.filter(exam=attempt.exam).select_related("territory", "by")
    here = attempt.worker.township.path
    for one in sent.filter(at__lt=attempt.finished_at) if attempt.finished_at else sent:
        if one.territory is None or here.startswith(one.territory.path):
            yield Event(one.at, _("考场通知"), one.text, who=one.by.name)


def _measures(attempt: Attempt) -> Iterator[Event]:
    for one in attempt.interventions.select_related("asked_by", "decided_by"):
        label = one.get_measure_display()
        yield Event(one.asked_at, _("提出%s") % label, "", "warn", one.reason, one.asked_by.name)
        if one.decided_at and one.decided_by:
            title = _("同意%s") % label if one.agreed else _("不同意%s") % label
            yield Event(one.decided_at, title, "", "bad" if one.agreed else "", who=one.decided_by.name)


def _late(attempt: Attempt) -> Iterator[Event]:
    came = Counter(attempt.journal.filter(fate__in=[Fate.LATE, Fate.LATE_COUNTED]).values_list("at", "fate"))
    for (at, fate), n in came.items():
        yield Event(at, _("迟到的答案"), _("%(n)d 题，%(fate)s") % {"n": n, "fate": Fate(fate).label}, "warn")
    for one in attempt.late_decisions.select_related("by"):
        title = _("迟到的答案计入") if one.accepted else _("迟到的答案不计入")
        yield Event(one.at, title, _("%d 题") % one.answers, "", one.reason, one.by.name)


@dataclass(frozen=True)
class Bar:
    """Some minutes of the sitting: when they began, how many answers arrived, and its share of the fullest."""

    at: str
    count: int
    share: int


def bars(attempt: Attempt) -> list[Bar]:
    """Answers by the time of their arrival, in equal steps of whole minutes from the first to the last."""
    came = sorted(attempt.journal.values_list("at", flat=True))
    if not came:
        return []
    minutes = max(1, -(-int((came[-1] - came[0]).total_seconds()) // 60 // MOST_BARS))
    step = timedelta(minutes=minutes)
    begins = came[0].replace(second=0, microsecond=0)
    places = Counter(int((at - begins) / step) for at in came)
    fullest = max(places.values())
    return [
        Bar(times.clock(begins + place * step)[:5], places[place], round(100 * places[place] / fullest))
        for place in range(max(places) + 1)
    ]

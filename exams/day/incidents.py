"""What happened while somebody sat, in words; and what a proctor writes down of it. Evidence: a person judges, and who sat sees it too."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from exams.models import Allowance, AllowanceKind, Attempt, Incident, IncidentKind, Intervention, Measure
from lms import audit, times
from lms.compiled import Compiled, Given
from lms.refusal import Refused
from roster.models import User

OF = Compiled(lambda: Incident.objects.filter(attempt=Given("attempt")).order_by("at", "pk"))
GIVEN = Compiled(lambda: Allowance.objects.filter(attempt=Given("attempt")))
AGREED = Compiled(lambda: Intervention.objects.filter(attempt=Given("attempt"), agreed=True).order_by("decided_at"))
AGAIN = timedelta(minutes=1)
MOST_CHANGES = 10  # of device in one attempt that are written down each by itself
TONES = {IncidentKind.LEFT: "", IncidentKind.DEVICE: "", IncidentKind.NOTE: "warn"}


@transaction.atomic
def note(attempt: Attempt, *, text: str, by: User, now: datetime) -> Incident:
    """Write down what a proctor saw. The same words by the same person within a minute are a form sent twice."""
    if not (text := text.strip()):
        raise Refused(_("请写下看到了什么。"), code="text")
    Attempt.objects.select_for_update(of=("self",)).only("pk").get(pk=attempt.pk)
    same = {"attempt": attempt, "kind": IncidentKind.NOTE, "by": by, "text": text[:300]}
    if standing := Incident.objects.filter(at__gt=now - AGAIN, **same).first():
        return standing
    written = Incident.objects.create(at=now, **same)
    audit.note("exam.incident_noted", now=now, actor=by, subject=attempt, incident=written.pk)
    return written


def agreed(attempt: Attempt) -> list[Intervention]:
    """What two people decided about an attempt."""
    return AGREED.all(attempt=attempt.pk)


def changed_device(attempt: Attempt, *, now: datetime) -> bool:
    """Inside the transaction that holds the attempt. False when there were so many that it was only counted: one last line has how many, and when."""
    changes = Incident.objects.filter(attempt=attempt, kind=IncidentKind.DEVICE)
    n = changes.count()
    if n < MOST_CHANGES:
        Incident.objects.create(attempt=attempt, kind=IncidentKind.DEVICE, at=now)
        return True
    if n == MOST_CHANGES:
        Incident.objects.create(attempt=attempt, kind=IncidentKind.DEVICE, at=now, detail={"times": 1})
        return False
    counted = changes.latest("pk")
    counted.at, counted.detail["times"] = now, counted.detail["times"] + 1
    counted.save(update_fields=["at", "detail"])
    return False


@dataclass(frozen=True)
class Noted:
    """One incident in words."""

    at: datetime
    kind: str
    title: str
    text: str
    tone: str = ""
    other: int | None = None  # the attempt that was wrong in the same way; for proctors only


def told(incidents: Iterable[Incident]) -> list[Noted]:
    """The same words for both sides; nobody else is named in them."""
    return [
        Noted(
            one.at,
            one.kind,
            str(IncidentKind(one.kind).label),
            _words(one),
            TONES.get(IncidentKind(one.kind), "warn"),
            one.detail.get("other"),
        )
        for one in incidents
    ]


def own(attempt: Attempt, *, now: datetime) -> list[Noted]:
    """What the person who sat is told, also what they were given, what two persons decided, and why.

    How alike the wrong answers are says how many were wrong, so it waits for the results.
    """
    found = OF.all(attempt=attempt.pk)
    told_now = attempt.exam.released(now)
    noted = told(one for one in found if told_now or one.kind != IncidentKind.ALIKE)
    given = [
        Noted(one.at, one.kind, str(AllowanceKind(one.kind).label), _("理由：%s") % one.reason)
        for one in GIVEN.all(attempt=attempt.pk)
    ]
    done = [
        Noted(one.decided_at, one.measure, str(Measure(one.measure).label), _("理由：%s") % one.reason)
        for one in agreed(attempt)
        if one.decided_at
    ]
    return sorted([*noted, *given, *done], key=lambda one: one.at)


def closed_early(one: Intervention) -> str:
    """That the room ended it, in the same words on the open page and on the receipt."""
    at = times.clock(one.decided_at) if one.decided_at else ""
    return _("%(at)s 考场提前收卷，收卷前保存的答案照样计分。") % {"at": at}


def _words(one: Incident) -> str:
    match one.kind:
        case IncidentKind.LEFT:
            return _("离开 %(time)s后回来") % {"time": length(int(one.detail.get("seconds", 0)))}
        case IncidentKind.DEVICE:
            if times_more := one.detail.get("times"):
                return _("此后又换了 %(n)d 次设备，不再逐次记录，这里的时间是最后一次") % {"n": times_more}
            return _("换到另一台设备接着作答")
        case IncidentKind.SPEED:
            return _("平均每题用时 %(own)s 秒，全场一半的人每题超过 %(median)s 秒") % one.detail
        case IncidentKind.ALIKE:
            return _("和另一份答卷都答错的 %(wrong)d 题里，有 %(alike)d 题选得一样") % one.detail
    return one.text


def length(seconds: int) -> str:
    """40 秒 / 3 分钟 / 3 分 20 秒"""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return _("%d 秒") % rest
    return _("%(m)d 分 %(s)d 秒") % {"m": minutes, "s": rest} if rest else _("%d 分钟") % minutes

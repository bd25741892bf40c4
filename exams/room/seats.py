"""
Who is in the room of an exam, one line each: how they stand at this moment, when their phone was last heard of, what is noted of them.
Nothing that is sealed is read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exams.models import Answer, Attempt, AttemptState, Incident, Intervention
from lms import times

QUIET = timedelta(minutes=3)  # a phone is heard about once a minute; after three it is cut off


class Mood(TextChoices):
    """How somebody stands in the room."""

    CUT = "cut", gettext_lazy("断线")
    MISSING = "missing", gettext_lazy("未到")
    READY = "ready", gettext_lazy("已就绪")
    SITTING = "sitting", gettext_lazy("作答中")
    HANDED_IN = "handed_in", gettext_lazy("已交卷")
    ABSENT = "absent", gettext_lazy("缺考")
    EXEMPT = "exempt", gettext_lazy("免考")
    VOID = "void", gettext_lazy("作废")


TONES = {
    Mood.CUT: "bo-bad",
    Mood.MISSING: "bo-warn",
    Mood.READY: "",
    Mood.SITTING: "bo-ok",
    Mood.ABSENT: "bo-bad",
    Mood.VOID: "bo-bad",
}


def in_moods(attempts: QuerySet[Attempt], *, now: datetime) -> QuerySet[Attempt]:
    """Each with its `mood`. A phone says that it is there with its beats, a plain form each time it is saved; nothing else is read."""
    since = now - QUIET
    sits = Q(state=AttemptState.SITTING)
    return attempts.annotate(
        mood=Case(
            When(Q(state=AttemptState.DUE, ready_at=None), then=Value(Mood.MISSING)),
            When(Q(state=AttemptState.DUE), then=Value(Mood.READY)),
            When(sits & (Q(presence__seen_at__gt=since) | Q(started_at__gt=since)), then=Value(Mood.SITTING)),
            When(sits, then=Value(Mood.CUT)),
            When(state__in=[AttemptState.HANDED_IN, AttemptState.MARKED], then=Value(Mood.HANDED_IN)),
            default=F("state"),
            output_field=CharField(),
        )
    )


def waits() -> Exists:
    """Whether something is asked for that nobody has decided."""
    return Exists(Intervention.objects.filter(attempt=OuterRef("pk"), agreed=None))


@dataclass
class Person:
    """One attempt of the room as its line says it."""

    attempt: Any  # an Attempt with mood, seen_at, saved_at, unsent, noted, asked
    now: datetime
    with_place: bool = False  # where people of several townships stand in one list

    @property
    def mood(self) -> Mood:
        return Mood(self.attempt.mood)

    @property
    def tone(self) -> str:
        return TONES.get(self.mood, "")

    @property
    def key(self) -> str:
        return str(self.attempt.pk)

    @property
    def name(self) -> str:
        return self.attempt.worker.name

    @property
    def of(self) -> str:
        """By what two of one name are told apart."""
        more = _(" · 第 %d 次") % self.attempt.number if self.attempt.number > 1 else ""
        place = f" · {self.attempt.worker.township.name}" if self.with_place else ""
        return f"{self.attempt.worker.number}{place}{more}"

    @property
    def marks(self) -> list[tuple[str, str]]:
        """What else is to be seen at a glance: (words, tone)."""
        attempt, found = self.attempt, []
        if attempt.granted:
            found.append((_("已加 %d 分钟") % -(-attempt.granted // 60), ""))
        if attempt.noted:
            found.append((_("记录 %d 条") % attempt.noted, "bo-warn"))
        if attempt.asked:
            found.append((_("等人决定"), "bo-bad"))
        return found

    @property
    def since(self) -> datetime | None:
        """When the phone was last heard of."""
        heard = [at for at in (self.attempt.seen_at, self.attempt.saved_at, self.attempt.started_at) if at]
        return max(heard, default=None)

    @property
    def left(self) -> str:
        """Minutes to the deadline, in words, of who sits."""
        if self.attempt.state != AttemptState.SITTING:
            return ""
        seconds = self.attempt.seconds_left(self.now)
        return _("还剩 %d 分钟") % -(-seconds // 60) if seconds else _("时间已到，正在自动交卷")

    @property
    def says(self) -> str:
        """What there is to say beyond the mood."""
        attempt = self.attempt
        match self.mood:
            case Mood.CUT:
                unsent = _("，有 %d 题没送到") % attempt.unsent if attempt.unsent else ""
                return _("%(at)s 以后没有联系%(unsent)s") % {
                    "at": times.clock(self.since) if self.since else "",
                    "unsent": unsent,
                }
            case Mood.HANDED_IN:
                by_clock = _("到时间自动交卷") if attempt.closed_by_clock else _("交卷")
                return f"{times.clock(attempt.finished_at)} {by_clock}"
            case Mood.MISSING | Mood.READY if attempt.opens_at or attempt.closes_at:
                return _("个人时间：%(opens)s 至 %(closes)s") % {
                    "opens": times.in_short(attempt.opens),
                    "closes": times.in_short(attempt.closes),
                }
        return ""


SHOWN = (
    "exam_id",
    "state",
    "number",
    "opens_at",
    "closes_at",
    "granted",
    "ready_at",
    "started_at",
    "deadline",
    "finished_at",
    "closed_by_clock",
    "worker__name",
    "worker__number",
    "worker__township__name",
)


def lines(rows: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """What a line shows, with when the phone was heard of, and how many incidents there are."""
    noted = Incident.objects.filter(attempt=OuterRef("pk")).order_by().values("attempt").annotate(n=Count("pk"))
    saved = Answer.objects.filter(attempt=OuterRef("pk")).order_by().values("attempt").annotate(at=Max("saved_at"))
    quiet = Case(When(mood=Mood.CUT, then=Subquery(saved.values("at"))))
    return (
        rows.annotate(
            seen_at=F("presence__seen_at"),
            unsent=F("presence__unsent"),
            saved_at=quiet,
            noted=Subquery(noted.values("n")),
        )
        .select_related("worker__township")
        .only(*SHOWN)
    )

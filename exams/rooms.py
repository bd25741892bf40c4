"""
The room of an exam as it is at this moment: how many of each place are absent, ready, sitting, cut off, handed in; and who they are.

Made for many who watch at once: one statement counts, one fetches the people of a page, and of the people nothing that is sealed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
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
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exams.models import Answer, Attempt, AttemptState, Exam, Incident, Intervention
from lms import times
from roster import reach
from roster.models import Duty, Level, Territory, User

QUIET = timedelta(minutes=3)  # a phone is heard about once a minute; after three it is cut off
PAGE = 200
ASKED = "asked"  # the filter for those of whom something waits to be decided


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
class Row:
    """One place: how many in each mood."""

    place: Territory | None
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def all(self) -> int:
        return sum(self.counts.values())

    @property
    def cells(self) -> list[int]:
        return [self.counts[mood] for mood in Mood]


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


@dataclass
class Room:
    """One exam as one admin sees it, at one place of those within reach or at all of them."""

    exam: Exam
    user: User
    now: datetime
    asked: int | None = None  # number of the place that is looked at
    mood: str = ""
    name: str = ""
    page: int = 1

    @cached_property
    def reached(self) -> list[Territory]:
        """The townships within reach, with what lies above them."""
        found = reach.territories(self.user, Duty.EXAMS).filter(level=Level.TOWNSHIP)
        return list(found.select_related("parent__parent").order_by("code"))

    @cached_property
    def townships(self) -> list[Territory]:
        """Those of the place that is looked at; 404 for one that is not within reach as a whole."""
        if self.asked is None:
            return self.reached
        here = [one for one in self.reached if self.asked in above(one)]
        if not here or not reach.covers(self.user, self.place, Duty.EXAMS):  # type: ignore[arg-type]
            raise Http404
        return here

    @cached_property
    def place(self) -> Territory | None:
        return (
            next((above(one)[self.asked] for one in self.reached if self.asked in above(one)), None)
            if self.asked
            else None
        )

    @property
    def attempts(self) -> QuerySet[Attempt]:
        """All of this exam at this place."""
        return Attempt.objects.filter(exam=self.exam, worker__township__in=[one.pk for one in self.townships])

    @cached_property
    def counted(self) -> list[tuple[int, str, bool, int]]:
        """(township, mood, whether something waits, how many)"""
        rows = in_moods(self.attempts, now=self.now).annotate(asked=waits())
        return list(rows.values_list("worker__township", "mood", "asked").annotate(n=Count("pk")).order_by())

    @property
    def by_county(self) -> bool:
        return len({one.parent_id for one in self.townships}) > 1

    @cached_property
    def rows(self) -> list[Row]:
        """The places below this one, in the order of their codes; those with nobody due are left out."""
        places = {one.pk: one.parent if self.by_county else one for one in self.townships}
        rows: dict[int, Row] = {}
        for place in sorted({one.pk: one for one in places.values() if one}.values(), key=lambda one: one.code):
            rows[place.pk] = Row(place)
        for township, mood, _asked, n in self.counted:
            if at := places[township]:
                rows[at.pk].counts[mood] += n
        return [row for row in rows.values() if row.all]

    @cached_property
    def total(self) -> Row:
        total = Row(None)
        for _township, mood, _asked, n in self.counted:
            total.counts[mood] += n
        return total

    @property
    def waiting(self) -> int:
        """How many of whom something waits to be decided."""
        return sum(n for _township, _mood, asked, n in self.counted if asked)

    @property
    def filters(self) -> list[tuple[str, str, int, str]]:
        """(value, words, how many, tone): those that there are, and the one that is chosen."""
        found = [(str(mood.value), str(mood.label), self.total.counts[mood], TONES.get(mood, "")) for mood in Mood]
        found = [("", _("全部"), self.total.all, ""), *found, (ASKED, _("等人决定"), self.waiting, "bo-warn")]
        usual = {"", Mood.CUT, Mood.MISSING, Mood.SITTING, Mood.HANDED_IN}
        return [one for one in found if one[2] or one[0] in usual or one[0] == self.mood]

    @property
    def names_people(self) -> bool:
        """Of one township the people are shown, of more only those who are looked for."""
        return len(self.townships) == 1 or bool(self.mood or self.name)

    @cached_property
    def found(self) -> list[Person]:
        """The people of this page, and one more when there is a next."""
        rows = in_moods(self.attempts, now=self.now).annotate(asked=waits())
        if self.mood:
            rows = rows.filter(waits()) if self.mood == ASKED else rows.filter(Q(mood=self.mood))
        if self.name:
            rows = rows.filter(Q(worker__name__contains=self.name) | Q(worker__number__iexact=self.name))
        start = (self.page - 1) * PAGE
        people = list(
            lines(rows).order_by("worker__township__code", "worker__number", "number")[start : start + PAGE + 1]
        )
        for attempt in people:
            attempt.exam = self.exam
        return [Person(attempt, self.now, len(self.townships) > 1) for attempt in people]

    @property
    def people(self) -> list[Person]:
        return self.found[:PAGE] if self.names_people else []

    @property
    def more(self) -> bool:
        return self.names_people and len(self.found) > PAGE


def above(township: Territory) -> dict[int | None, Territory]:
    """A township and all that it lies in, by their numbers."""
    county = township.parent
    places = (township, county, county.parent if county else None)
    return {place.pk: place for place in places if place}


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


def within(user: User) -> QuerySet[Attempt]:
    """The attempts of published exams that this admin may look at and do something about."""
    return Attempt.objects.filter(worker__in=reach.workers(user, Duty.EXAMS), exam__published_at__isnull=False)


def chosen(room: Room, ids: Iterable[int]) -> list[int]:
    """Of these attempts those of the room; of none named all of the place."""
    wanted = list(ids)
    found = room.attempts.filter(pk__in=wanted) if wanted else room.attempts
    return list(found.values_list("pk", flat=True))

"""
The room of an exam as it is at this moment: how many of each place are absent, ready, sitting, cut off, handed in; and who they are.

Made for many who watch at once: one statement counts, one fetches the people of a page, and of the people nothing that is sealed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from exams.models import Attempt, Exam
from exams.room.seats import TONES, Mood, Person, in_moods, lines, waits
from roster import reach
from roster.models import Duty, Level, Territory, User

PAGE = 200
ASKED = "asked"  # the filter for those of whom something waits to be decided


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


def within(user: User) -> QuerySet[Attempt]:
    """The attempts of published exams that this admin may look at and do something about."""
    return Attempt.objects.filter(worker__in=reach.workers(user, Duty.EXAMS), exam__published_at__isnull=False)


def chosen(room: Room, ids: Iterable[int]) -> list[int]:
    """Of these attempts those of the room; of none named all of the place."""
    wanted = list(ids)
    found = room.attempts.filter(pk__in=wanted) if wanted else room.attempts
    return list(found.values_list("pk", flat=True))

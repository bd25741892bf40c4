"""网格覆盖: whether each grid is of the size the city asks for and has somebody in charge, and each township a 小教员.

Every figure is a count of rows that `Grid` and `Territory` lists can show: the figure and the list behind it are one condition.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from roster.models import Grid, Level, Posting, Territory, Worker, WorkerState

# the city's rule: 300–500 户或 1,000 人左右为一个网格，每个网格至少一名网格员
HOUSEHOLDS = (300, 500)
# what is taken for "about 1,000 people": 300 households of two are 600, and a fifth above 1,000 is 1,200
PEOPLE = (600, 1200)

HANDS = {
    "nobody": _("没有人负责"),
    "away": _("只有停职、借调的人"),
    "one": _("一人负责"),
    "several": _("几人负责"),
}
SIZES = {
    "households_off": _("户数不在 300–500"),
    "households_few": _("少于 300 户"),
    "households_many": _("多于 500 户"),
    "households_unknown": _("没有登记户数"),
    "people_off": _("人口不在 600–1,200"),
    "people_few": _("少于 600 人"),
    "people_many": _("多于 1,200 人"),
    "both_off": _("户数、人口都不合"),
}
NO_MENTOR = "no_mentor"

Finder = Callable[[date], QuerySet[Worker]]
_finders: list[Finder] = []


def mentors_by(finder: Finder) -> Finder:
    """The floor that appoints 小教员 says who serves on a day; until one does, the mark in the county's list counts."""
    _finders[:] = [finder]
    return finder


def serving(on: date) -> QuerySet[Worker]:
    if _finders:
        return _finders[0](on)
    return Worker.objects.active().exclude(listed_as_mentor="")


# --- conditions -----------------------------------------------------------------------------------------------------


def size_condition(size: str) -> Q:
    """The grids that a size is said of. What is not registered is neither few nor many."""
    (low, high), (lowest, highest) = HOUSEHOLDS, PEOPLE
    return {
        "households_off": Q(households__lt=low) | Q(households__gt=high),
        "households_few": Q(households__lt=low),
        "households_many": Q(households__gt=high),
        "households_unknown": Q(households=None),
        "people_off": Q(population__lt=lowest) | Q(population__gt=highest),
        "people_few": Q(population__lt=lowest),
        "people_many": Q(population__gt=highest),
        "both_off": (Q(households__lt=low) | Q(households__gt=high))
        & (Q(population__lt=lowest) | Q(population__gt=highest)),
    }[size]


def with_hands(grids: QuerySet[Grid]) -> Any:
    """With `hands`, one of HANDS: by the workers in post who are in charge today, else by those suspended or lent out."""
    held = Posting.objects.current().filter(grid=OuterRef("pk")).order_by()
    active = held.filter(worker__state=WorkerState.ACTIVE).values("grid").annotate(n=Count("pk")).values("n")
    away = held.filter(worker__state__in=[WorkerState.SUSPENDED, WorkerState.LENT])
    said = Case(
        When(active=1, then=Value("one")),
        When(active__gt=1, then=Value("several")),
        When(Exists(away), then=Value("away")),
        default=Value("nobody"),
        output_field=CharField(),
    )
    return grids.annotate(active=Coalesce(Subquery(active), 0)).annotate(hands=said)


def narrowed(grids: QuerySet[Grid], what: str) -> Any:
    """Those of the grids that a figure counts."""
    return with_hands(grids).filter(hands=what) if what in HANDS else grids.filter(size_condition(what))


def without_mentor(townships: QuerySet[Territory], *, on: date) -> QuerySet[Territory]:
    """Townships that have grids and no serving 小教员."""
    grids = Grid.objects.current().filter(community__parent=OuterRef("pk"))
    return townships.filter(~Exists(serving(on).filter(township=OuterRef("pk"))), Exists(grids))


# --- figures --------------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """A place with its counts by name of figure; `all` is every grid."""

    place: Territory
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counter[str]) -> None:
        self.counts.update(other)


@dataclass
class Report:
    total: Row
    rows: list[Row]  # the places right below
    townships: list[Row]  # every township, for the table that goes out


def report(place: Territory, *, on: date) -> Report:
    """The figures of a place and of those below it, in four statements whatever its size."""
    level = "community" if place.level == Level.TOWNSHIP else "community__parent"
    counted = tally(Grid.objects.current().filter(community__path__startswith=place.path), by=level)
    within = Territory.objects.current().filter(path__startswith=place.path).exclude(level=Level.COMMUNITY)
    below = list(within.select_related("parent__parent").order_by("code"))
    townships = [one for one in below if one.level == Level.TOWNSHIP]
    here = Territory.objects.filter(pk__in=[one.pk for one in townships])
    lacking = set(without_mentor(here, on=on).values_list("pk", flat=True))
    if place.level == Level.TOWNSHIP:
        found = place.children.current().select_related("parent__parent").order_by("code")
        rows = [Row(one, counted[one.pk]) for one in found if counted[one.pk]]
        return Report(summed(place, rows, lacking), rows, [summed(place, rows, lacking)])
    leaves = [summed(one, [Row(one, counted[one.pk])], lacking) for one in townships if counted[one.pk]]
    rows = leaves
    if place.level == Level.CITY:
        counties = [one for one in below if one.level == Level.COUNTY]
        rows = [summed(one, [leaf for leaf in leaves if leaf.place.parent_id == one.pk]) for one in counties]
    return Report(summed(place, leaves), [row for row in rows if row.counts["all"]], leaves)


def summed(place: Territory, rows: Iterable[Row], lacking: Iterable[int] = ()) -> Row:
    row = Row(place)
    for one in rows:
        row.add(one.counts)
    row.counts[NO_MENTOR] += place.pk in set(lacking)
    return row


def tally(grids: QuerySet[Grid], *, by: str) -> dict[int, Counter[str]]:
    """{place: figures} in one statement: a row for each kind of grid there is in a place."""
    sizes = {f"is_{size}": Count("pk", filter=size_condition(size)) for size in SIZES}
    grouped = with_hands(grids).order_by().values(at=F(by), said=F("hands")).annotate(all=Count("pk"), **sizes)
    found: dict[int, Counter[str]] = {}
    for row in grouped:
        counts = found.setdefault(row["at"], Counter())
        counts[row["said"]] += row["all"]
        counts["all"] += row["all"]
        counts.update({size: row[f"is_{size}"] for size in SIZES})
    return Tally(found)


class Tally(dict[int, Counter[str]]):
    def __missing__(self, place: int) -> Counter[str]:
        return Counter()

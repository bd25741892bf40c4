"""The division list and the grid register: establish what is new, rename what changed, remove nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from roster import identity
from roster.models import ChangeKind, FormerName, Grid, Level, Territory, TerritoryChange

LEVELS = {"city": Level.CITY, "county": Level.COUNTY, "township": Level.TOWNSHIP, "village": Level.COMMUNITY}


@dataclass(frozen=True)
class Division:
    """One line of the division list; `level` is one of city, county, township, village."""

    level: str
    code: str
    name: str
    parent_code: str
    kind: str


@dataclass(frozen=True)
class GridLine:
    """One line of the grid register, its community already found."""

    community_id: int
    code: str
    name: str
    ordinal: int | None
    kind: str
    households: int | None
    population: int | None


@dataclass(frozen=True)
class Counts:
    new: int = 0
    updated: int = 0
    unchanged: int = 0


@transaction.atomic
def establish(divisions: Iterable[Division], *, on: date) -> Counts:
    """Bring in a division list level by level. A known code keeps its row and takes the new name, the old one is kept; nothing is removed."""
    known = {place.code: place for place in Territory.objects.current().select_for_update()}
    by_level: dict[str, list[Division]] = {}
    for division in divisions:
        by_level.setdefault(division.level, []).append(division)
    new = updated = unchanged = 0
    renamed: list[FormerName] = []
    for level in LEVELS:
        fresh = []
        for division in by_level.get(level, []):
            place = known.get(division.code)
            if place is None:
                fresh.append(_place(division, known.get(division.parent_code), on=on))
            elif (place.name, place.kind) != (division.name, division.kind):
                if place.name != division.name:
                    renamed.append(was_called(place, until=on))
                place.name, place.kind, place.stem = division.name, division.kind, stem_of(place.level, division.name)
                place.save(update_fields=["name", "kind", "stem"])
                updated += 1
            else:
                unchanged += 1
        Territory.objects.bulk_create(fresh)
        for place in fresh:
            place.path = f"{place.parent.path if place.parent else ''}{place.pk}/"
            known[place.code] = place
        Territory.objects.bulk_update(fresh, ["path"], batch_size=500)
        new += len(fresh)
    remember(renamed, on=on)
    return Counts(new, updated, unchanged)


def _place(division: Division, parent: Territory | None, *, on: date) -> Territory:
    level = LEVELS[division.level]
    return Territory(
        level=level,
        code=division.code,
        name=division.name,
        stem=stem_of(level, division.name),
        kind=division.kind,
        parent=parent,
        valid_from=on,
    )


def stem_of(level: str, name: str) -> str:
    """What names of this level are compared by."""
    if level == Level.COMMUNITY:
        return identity.stem(name)[0]
    return identity.township_stem(name) if level == Level.TOWNSHIP else identity.county_stem(name)


def was_called(place: Territory, *, until: date, now: Territory | None = None) -> FormerName:
    """The name and code a place bears until a day, for itself or for the one it becomes; not saved yet."""
    return FormerName(territory=now or place, name=place.name, stem=place.stem, code=place.code, until=until)


def stood_in(place: Territory, township: Territory, *, until: date) -> FormerName:
    """The name and code a community bears in a township until a day, on which it goes to another; not saved yet."""
    return FormerName(territory=place, name=place.name, stem=place.stem, code=place.code, until=until, parent=township)


def remember(renamed: list[FormerName], *, on: date) -> None:
    """The former names that a division list leaves behind, each with the change it came by."""
    FormerName.objects.bulk_create(renamed)
    for former in renamed:
        names = [[former.name, former.code]]
        change = TerritoryChange.objects.create(kind=ChangeKind.RENAME, on=on, detail={"names": names, "list": True})
        change.before.set([former.territory])
        change.after.set([former.territory])


FIELDS = ("community_id", "name", "ordinal", "kind", "households", "population")


@transaction.atomic
def register_grids(lines: Iterable[GridLine], *, on: date | None = None) -> Counts:
    """
    Bring in grids by code, or by a code they had: new ones are added, known ones take the new figures; nothing is removed.

    A retired grid is left as it is. A grid that gets another number keeps the old one in mind, until the day `on`.
    """
    lines = list(lines)
    known = _known([line.code for line in lines])
    fresh, changed = [], []
    for line in lines:
        grid = known.get(line.code)
        if grid is None:
            known[line.code] = grid = Grid(code=line.code, **{name: getattr(line, name) for name in FIELDS})
            fresh.append(grid)
        elif grid.valid_to is None and any(getattr(grid, name) != getattr(line, name) for name in FIELDS):
            if (grid.community_id, grid.ordinal) != (line.community_id, line.ordinal):
                keep_number(grid, until=on or timezone.localdate())
            for name in FIELDS:
                setattr(grid, name, getattr(line, name))
            changed.append(grid)
    Grid.objects.bulk_create(fresh, batch_size=500)
    Grid.objects.bulk_update(changed, [*FIELDS, "former_codes"], batch_size=200)
    return Counts(len(fresh), len(changed), len(lines) - len(fresh) - len(changed))


def _known(codes: list[str]) -> dict[str, Grid]:
    """The grids of these codes; a code that no grid has any more finds the only one that had it."""
    known = {grid.code: grid for grid in Grid.objects.filter(code__in=codes).select_for_update()}
    missing = set(codes) - set(known)
    former: dict[str, list[Grid]] = {}
    for grid in Grid.objects.current().exclude(former_codes=[]).select_for_update() if missing else []:
        for code in {entry[0] for entry in grid.former_codes} & missing:
            former.setdefault(code, []).append(grid)
    return known | {code: grids[0] for code, grids in former.items() if len(grids) == 1}


def keep_number(grid: Grid, *, until: date) -> None:
    """Write down on the grid the code and number it has until a day, and in which community; not saved yet."""
    grid.former_codes = [*grid.former_codes, [grid.code, grid.ordinal, until.isoformat(), grid.community_id]]

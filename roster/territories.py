"""The division list and the grid register: establish what is new, rename what changed, remove nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from roster import identity
from roster.models import Grid, Level, Territory

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
    """Bring in a division list level by level. A known code keeps its row and takes the new name; nothing is removed."""
    known = {place.code: place for place in Territory.objects.current().select_for_update()}
    by_level: dict[str, list[Division]] = {}
    for division in divisions:
        by_level.setdefault(division.level, []).append(division)
    new = updated = unchanged = 0
    for level in LEVELS:
        fresh = []
        for division in by_level.get(level, []):
            place = known.get(division.code)
            if place is None:
                fresh.append(_place(division, known.get(division.parent_code), on=on))
            elif (place.name, place.kind) != (division.name, division.kind):
                place.name, place.kind, place.stem = division.name, division.kind, _stem(division)
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
    return Counts(new, updated, unchanged)


def _place(division: Division, parent: Territory | None, *, on: date) -> Territory:
    return Territory(
        level=LEVELS[division.level],
        code=division.code,
        name=division.name,
        stem=_stem(division),
        kind=division.kind,
        parent=parent,
        valid_from=on,
    )


def _stem(division: Division) -> str:
    if division.level == "village":
        return identity.stem(division.name)[0]
    if division.level == "township":
        return identity.township_stem(division.name)
    return identity.county_stem(division.name)


@transaction.atomic
def register_grids(lines: Iterable[GridLine]) -> Counts:
    """Bring in grids by code: new ones are added, known ones take the new figures; nothing is removed."""
    lines = list(lines)
    known = {
        grid.code: grid for grid in Grid.objects.filter(code__in=[line.code for line in lines]).select_for_update()
    }
    fields = ["community_id", "name", "ordinal", "kind", "households", "population"]
    fresh, changed = [], []
    for line in lines:
        grid = known.get(line.code)
        if grid is None:
            known[line.code] = grid = Grid(code=line.code, **{name: getattr(line, name) for name in fields})
            fresh.append(grid)
        elif any(getattr(grid, name) != getattr(line, name) for name in fields):
            for name in fields:
                setattr(grid, name, getattr(line, name))
            changed.append(grid)
    Grid.objects.bulk_create(fresh, batch_size=500)
    Grid.objects.bulk_update(changed, fields, batch_size=200)
    return Counts(len(fresh), len(changed), len(lines) - len(fresh) - len(changed))

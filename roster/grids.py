"""Grids and who is in charge of them: assigned, relieved, split, renumbered, retired. Each act is a Batch, which `roster.undoing` takes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from roster import employment, numbering, reach
from roster.boundaries import CHANGERS
from roster.models import Batch, Duty, Grid, Posting, Territory, User, Worker, WorkerState
from roster.territories import keep_number

LISTING = "grids"
GONE = (WorkerState.LEFT, WorkerState.REASSIGNED)


@dataclass(frozen=True)
class Piece:
    """One of the grids that a grid is split into; without a name it is named by its number."""

    households: int | None = None
    population: int | None = None
    name: str = ""


def hold(grids: Sequence[Grid], *, by: User, roles: Sequence[str] = (Duty.ROSTER,)) -> dict[int, Grid]:
    """The grids as they stand, alone in changing them until the transaction ends. Refuses what is not current or not this person's."""
    employment.hold_numbers()
    found = Grid.objects.select_related("community__parent").in_bulk([grid.pk for grid in grids])
    for grid in found.values():
        if not reach.covers(by, grid.community, *roles):
            raise Refused(_("%s不归你管理，请联系上一级管理员。") % grid)
        if grid.valid_to:
            raise Refused(_("%s已经停用，不能再办理。") % grid)
    return found


def kept(kind: str, done: dict[str, Any], *, count: int, place: Territory, by: User, now: datetime) -> Batch:
    batch = Batch.objects.create(kind=f"grids.{kind}", listing=LISTING, actor=by, at=now, count=count, done=done)
    audit.note(f"grids.{kind}", now=now, actor=by, subject=batch, territory=place.path, count=count)
    return batch


def in_future(on: date, now: datetime) -> None:
    if on > timezone.localdate(now):
        raise Refused(_("日期还没有到，请到那一天再办理，或改填今天。"), code="on")


@transaction.atomic
def assign(pairs: Sequence[tuple[Worker, Grid]], *, since: date, by: User, now: datetime) -> Batch | None:
    """
    Put workers in charge of grids, beside whoever is already. Pairs that stand are left alone; None where all of them stand.

    Refuses who has left, and a grid of another township than the worker's.
    """
    grids = hold([grid for _worker, grid in pairs], by=by)
    in_future(since, now)
    workers = Worker.objects.select_related("township").in_bulk([worker.pk for worker, _grid in pairs])
    wanted = {(worker.pk, grid.pk) for worker, grid in pairs}
    for worker_id, grid_id in sorted(wanted):
        check_pair(workers[worker_id], grids[grid_id])
    standing = Posting.objects.current().filter(worker__in=workers, grid__in=grids)
    fresh = sorted(wanted - set(standing.values_list("worker_id", "grid_id")))
    if not fresh:
        return None
    opened = Posting.objects.bulk_create(
        [Posting(worker_id=worker, grid_id=grid, since=since) for worker, grid in fresh], batch_size=500
    )
    place: Any = grids[fresh[0][1]].community.parent
    return kept("assign", {"postings": [one.pk for one in opened]}, count=len(opened), place=place, by=by, now=now)


def check_pair(worker: Worker, grid: Grid) -> None:
    if worker.state in GONE:
        words = {"name": worker.name, "state": worker.get_state_display()}
        raise Refused(_("%(name)s%(state)s，不能再负责网格。要重新上岗的，请先办理重新上岗。") % words)
    if worker.township_id != grid.community.parent_id:
        words = {"name": worker.name, "place": worker.township.name, "grid": str(grid)}
        raise Refused(_("%(name)s是%(place)s的网格员，不能负责%(grid)s。要调过来的，请导入新的花名册。") % words)


@transaction.atomic
def unassign(postings: Sequence[Posting], *, on: date, by: User, now: datetime) -> Batch | None:
    """These workers are no longer in charge of these grids from the day on; what is closed already is left alone."""
    employment.hold_numbers()
    open_ones = list(
        Posting.objects.current()
        .filter(pk__in=[posting.pk for posting in postings])
        .select_related("grid__community__parent", "worker")
    )
    if not open_ones:
        return None
    in_future(on, now)
    for posting in open_ones:
        if not reach.covers(by, posting.grid.community, Duty.ROSTER):
            raise Refused(_("%s不归你管理，请联系上一级管理员。") % posting.grid)
        if posting.since and posting.since > on:
            raise Refused(_("%s负责这个网格的开始日期比这一天晚，请核对日期。") % posting.worker.name, code="on")
    ids = [posting.pk for posting in open_ones]
    Posting.objects.filter(pk__in=ids).update(until=on)
    place: Any = open_ones[0].grid.community.parent
    return kept("unassign", {"postings": ids, "on": on.isoformat()}, count=len(ids), place=place, by=by, now=now)


@transaction.atomic
def split_grid(grid: Grid, *, into: Sequence[Piece], on: date, by: User, now: datetime) -> Batch:
    """
    A grid becomes several. It goes on as the first of them, with its number, code and people; the others take the next numbers
    of the community and have nobody yet.
    """
    grid = hold([grid], by=by, roles=CHANGERS)[grid.pk]
    in_future(on, now)
    if len(into) < 2:
        raise Refused(_("至少要拆成两个网格。"))
    before = {"households": grid.households, "population": grid.population}
    fresh = Grid.objects.bulk_create(pieces(grid, into[1:]))
    grid.households, grid.population = into[0].households, into[0].population
    grid.save(update_fields=["households", "population"])
    after = {"households": grid.households, "population": grid.population}
    done = {"grid": grid.pk, "before": before, "after": after, "new": [one.pk for one in fresh], "on": on.isoformat()}
    return kept("split", done, count=len(into), place=grid.community, by=by, now=now)


def pieces(grid: Grid, into: Sequence[Piece]) -> list[Grid]:
    """The grids that come beside one that is split, numbered and coded; not saved yet."""
    community = grid.community
    beside = Grid.objects.filter(community=community)  # retired ones too: their numbers stay theirs
    following = max((one.ordinal or 0 for one in beside), default=0)
    fresh = []
    for number, piece in enumerate(into, following + 1):
        code = numbering.compose(community.code, number)
        if Grid.objects.filter(code=code).exists():
            code = f"{code}-{grid.pk}"
        name = piece.name.strip() or numbering.named(grid.name, community.name, old=grid.ordinal, new=number)
        fresh.append(
            Grid(
                community=community,
                code=code,
                name=name if name != grid.name else f"第{numbering.han(number)}网格",
                ordinal=number,
                kind=grid.kind,
                households=piece.households,
                population=piece.population,
            )
        )
    return fresh


@dataclass(frozen=True)
class Number:
    """A grid of a community with the number, code and name it would have."""

    grid: Grid
    ordinal: int | None
    code: str
    name: str

    @property
    def changed(self) -> bool:
        return (self.ordinal, self.code) != (self.grid.ordinal, self.grid.code)


def plan_numbers(community: Territory, wanted: Mapping[int, tuple[int, str]]) -> list[Number]:
    """
    All current grids of the community as they would be numbered: {grid: (number, code)}, an empty code to follow the number.

    Refuses a number given twice or out of bounds, and a code that another grid has.
    """
    grids = list(
        Grid.objects.current().filter(community=community).select_related("community").order_by("ordinal", "code")
    )
    numbers = {grid.pk: wanted[grid.pk][0] if grid.pk in wanted else grid.ordinal or 0 for grid in grids}
    given = {pk: number for pk, number in numbers.items() if number}
    if twice := numbering.clashes(given):
        raise Refused(_("第 %s 网格写了不止一次，请改成各不相同的编号。") % "、".join(map(str, sorted(twice))))
    if any(not 0 < numbers[pk] <= numbering.LARGEST for pk in wanted if pk in numbers):
        raise Refused(_("编号要在 1 到 %d 之间。") % numbering.LARGEST)
    plan = [_number(grid, numbers[grid.pk] or None, wanted.get(grid.pk, (0, ""))[1], community) for grid in grids]
    codes = [one.code for one in plan]
    others = Grid.objects.filter(code__in=codes).exclude(pk__in=[grid.pk for grid in grids])
    if len(set(codes)) < len(codes) or (taken := others.first()):
        code = next((one for one in codes if codes.count(one) > 1), "") or taken.code  # type: ignore[union-attr]
        raise Refused(_("网格编码 %s 已经用在别的网格上，请换一个。") % code)
    return plan


def _number(grid: Grid, ordinal: int | None, code: str, community: Territory) -> Number:
    follows = numbering.composed(grid.code, community.code, grid.ordinal) and ordinal
    code = code or (numbering.compose(community.code, ordinal or 0) if follows else grid.code)
    return Number(grid, ordinal, code, numbering.named(grid.name, community.name, old=grid.ordinal, new=ordinal))


@transaction.atomic
def renumber(
    community: Territory, wanted: Mapping[int, tuple[int, str]], *, on: date, by: User, now: datetime
) -> Batch | None:
    """Give grids of a community other numbers or codes; they may change places. Old ones are kept and still find their grid."""
    employment.hold_numbers()
    if not reach.covers(by, community, *CHANGERS):
        raise Refused(_("重新编号由县级管理员办理。"))
    in_future(on, now)
    changed = [one for one in plan_numbers(community, wanted) if one.changed]
    if not changed:
        return None
    before = [[one.grid.pk, one.grid.ordinal, one.grid.code, one.grid.name] for one in changed]
    for one in changed:
        keep_number(one.grid, until=on)
    put([(one.grid, one.ordinal, one.code, one.name) for one in changed])
    after = [[one.grid.pk, one.ordinal, one.code, one.name] for one in changed]
    done = {"community": community.pk, "before": before, "after": after}
    return kept("renumber", done, count=len(changed), place=community, by=by, now=now)


def put(numbers: Sequence[tuple[Grid, int | None, str, str]]) -> None:
    """Write numbers, codes and names in two steps, for they may change places."""
    grids = [grid for grid, *_rest in numbers]
    for grid in grids:
        grid.ordinal, grid.code = None, f"~{grid.pk}"
    Grid.objects.bulk_update(grids, ["ordinal", "code"], batch_size=200)
    for grid, ordinal, code, name in numbers:
        grid.ordinal, grid.code, grid.name = ordinal, code, name
    Grid.objects.bulk_update(grids, ["ordinal", "code", "name", "former_codes"], batch_size=200)


@transaction.atomic
def retire(grid: Grid, *, on: date, by: User, now: datetime) -> Batch | None:
    """A grid is no more. Refuses while somebody is in charge of it; retiring it again changes nothing."""
    if Grid.objects.filter(pk=grid.pk).exclude(valid_to=None).exists():
        return None
    grid = hold([grid], by=by, roles=CHANGERS)[grid.pk]
    in_future(on, now)
    held = [posting.worker.name for posting in grid.postings.current().select_related("worker")]
    if held:
        words = {"names": "、".join(held), "grid": str(grid)}
        raise Refused(_("%(names)s还在负责%(grid)s，不能停用。请先结束在岗，或指派到别的网格。") % words)
    Grid.objects.filter(pk=grid.pk).update(valid_to=on)
    return kept("retire", {"grids": [grid.pk], "on": on.isoformat()}, count=1, place=grid.community, by=by, now=now)

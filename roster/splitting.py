"""A community that becomes several: every grid goes into exactly one of them. A township that does is in `roster.townships`."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from lms.refusal import Refused
from roster.boundaries import Act, call, check_name, hand_down_names, hold, note
from roster.merging import Move, Plan, found, gather, grids_of, move_grids
from roster.models import ChangeKind, Level, Territory
from roster.territories import was_called


@dataclass(frozen=True)
class Part:
    """What a community becomes: a name, a code and the ids of its grids. The part that keeps the code is the community itself."""

    name: str
    code: str
    grids: tuple[int, ...]


def plan_split(place: Territory, parts: Sequence[Part]) -> Plan:
    """
    What the split would move: numbers stay, codes that were community and number follow the new community.

    Refuses fewer than two parts, a grid in none or in two of them, and what is no community.
    """
    if place.level != Level.COMMUNITY:
        raise Refused(_("只有村（社区）在这里拆分，乡镇（街道）请在它自己的区划页上拆分。"), code="parts")
    grids = {grid.pk: grid for grid in grids_of([place])}
    chosen = [grid for part in parts for grid in part.grids]
    if len(parts) < 2 or not all(part.grids for part in parts):
        raise Refused(_("至少要拆成两个，每个里面都要有网格。"), code="parts")
    if len({part.code for part in parts}) < len(parts) or len({part.name for part in parts}) < len(parts):
        raise Refused(_("拆出来的名称和区划代码不能重复，请核对。"), code="parts")
    if sorted(chosen) != sorted(grids):
        raise Refused(_("每个网格都要分到一个里，而且只能分到一个里。请核对网格的分法。"), code="parts")
    kept = any(part.code == place.code for part in parts)
    plan = Plan(place if kept else None, [] if kept else [place], [(part.name, part.code) for part in parts])
    for part in parts:
        mine = [grids[pk] for pk in sorted(part.grids, key=lambda pk: (grids[pk].ordinal or 0, pk))]
        if part.code == place.code:
            plan.staying = mine
        else:
            plan.moves += gather([], mine, target=part.code)
    return plan


def lay_out(place: Territory, parts: Sequence[Part]) -> Plan:
    """The plan as a preview shows it; what is certain to be refused is refused now."""
    plan = plan_split(place, parts)
    for part in parts:
        check_name(part.name, part.code, parent=place.parent, instead_of=[place])
    return plan


@transaction.atomic
def split(place: Territory, *, parts: Sequence[Part], act: Act, seen: str = "") -> list[Territory]:
    """A community becomes the parts; it goes on as the one that keeps its code, or else ends. Postings stay with their grids."""
    (place,) = hold([place], by=act.by)
    plan = plan_split(place, parts)
    plan.expect(seen)
    act.check()
    for part in parts:
        check_name(part.name, part.code, parent=place.parent, instead_of=[place])
    names = [[place.name, place.code]]
    if plan.ending:
        Territory.objects.filter(pk=place.pk).update(valid_to=act.on)
    fresh = {part.code: found(part.name, part.code, like=place, act=act) for part in parts if part.code != place.code}
    hand_down_names([place], to=list(fresh.values()), on=act.on)
    moves: list[Move] = plan.moves
    move_grids(moves, fresh, act)
    kept = next((part for part in parts if part.code == place.code), None)
    if kept and kept.name != place.name:
        was_called(place, until=act.on).save()
        call(place, kept.name, kept.code)
    after = [*([place] if kept else []), *fresh.values()]
    note(
        ChangeKind.SPLIT,
        act,
        before=[place],
        after=after,
        detail={"names": names, "grids": [m.as_list() for m in moves]},
    )
    return after

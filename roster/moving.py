"""Communities that go to another township, and the workers whose grids all go with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lms.refusal import Refused
from roster import reach
from roster.boundaries import Act, call, check_name, hold, note
from roster.following import Standing, standing_in
from roster.merging import Move, Previewed, gather, grids_of, move_communities, move_grids, move_workers
from roster.models import ChangeKind, Duty, FormerName, Level, Role, Territory, User
from roster.territories import stood_in


@dataclass
class MovePlan(Previewed):
    """What the move would do."""

    place: Territory  # the township they leave
    to: Territory
    communities: list[Territory]
    codes: dict[int, str] = field(default_factory=dict)  # the new ones, by community
    moves: list[Move] = field(default_factory=list)  # grids whose codes follow a new code
    grids: int = 0
    going: list[Standing] = field(default_factory=list)
    divided: list[Standing] = field(default_factory=list)  # who also hold grids that stay: they stay
    without: list[Standing] = field(default_factory=list)  # who hold none: they stay

    @property
    def elsewhere(self) -> bool:
        """Whether they go to another county."""
        return self.place.parent_id != self.to.parent_id

    def rows(self) -> list[tuple[Territory, str]]:
        """The communities, each with the code it would have."""
        return [(place, self.codes.get(place.pk, place.code)) for place in self.communities]

    def shown(self) -> dict[str, Any]:
        return {
            "from": self.place.pk,
            "to": [self.to.pk, self.to.name],
            "communities": [[place.pk, place.name, code] for place, code in self.rows()],
            "moves": [move.as_list() for move in self.moves],
            "grids": self.grids,
            "workers": [[one.worker.pk for one in some] for some in (self.going, self.divided, self.without)],
        }


def plan_move(
    communities: Sequence[Territory], *, place: Territory, to: Territory, codes: Mapping[int, str] | None = None
) -> MovePlan:
    """
    What moving these communities of a township to another would take along: their grids, and the workers with no grid elsewhere.

    `codes` are the communities' new ones, by their ids. Refuses what is not of this township, and a township that is none or the same.
    """
    chosen = {one.pk for one in communities}
    if not chosen:
        raise Refused(_("请勾选要划走的村（社区）。"), code="communities")
    if place.level != Level.TOWNSHIP or any(one.parent_id != place.pk or one.valid_to for one in communities):
        raise Refused(_("所选的村（社区）有的已经不在这个乡镇（街道），请重新看一看。"), code="communities")
    if to.level != Level.TOWNSHIP or to.pk == place.pk:
        raise Refused(_("请选要划到的另一个乡镇（街道）。"), code="to")
    ordered = sorted(communities, key=lambda one: one.code)
    fresh = {one.pk: code for one in ordered if (code := (codes or {}).get(one.pk, "")) and code != one.code}
    plan = MovePlan(place, to, ordered, fresh)
    grids = grids_of(ordered)
    plan.grids = len(grids)
    for pk, code in fresh.items():
        plan.moves += gather([], [grid for grid in grids if grid.community_id == pk], target=code)
    for one in standing_in(place):
        if one.grids and one.communities <= chosen:
            plan.going.append(one)
        elif one.communities & chosen:
            plan.divided.append(one)
        elif not one.grids and not one.gone:
            plan.without.append(one)
    return plan


def lay_out(
    communities: Sequence[Territory],
    *,
    place: Territory,
    to: Territory,
    by: User,
    codes: Mapping[int, str] | None = None,
) -> MovePlan:
    """The plan as a preview shows it; what is certain to be refused is refused now."""
    plan = plan_move(communities, place=place, to=to, codes=codes)
    if plan.elsewhere and not all(reach.covers(by, one, Role.CITY_ADMIN, Duty.ROSTER) for one in (place, to)):
        raise Refused(_("划到别的县（市、区），请市级管理员办理。"), code="to")
    names = [one.name for one in plan.communities]
    after = [code for _one, code in plan.rows()]
    if len(set(names)) < len(names) or len(set(after)) < len(after):
        raise Refused(_("所选的村（社区）名称或区划代码有重复，请先更名，或者核对代码。"), code="communities")
    for one, code in plan.rows():
        check_name(one.name, code, parent=to, instead_of=[one])
    return plan


@transaction.atomic
def move(
    communities: Sequence[Territory],
    *,
    place: Territory,
    to: Territory,
    codes: Mapping[int, str] | None = None,
    act: Act,
    seen: str = "",
) -> Territory:
    """
    Communities of a township stand in another one from the day on, and so do the workers whose grids are all in them. Postings, names
    and codes stay, but for the codes given in `codes`; lists that write the old township still find them.

    Across counties it is for admins of the city. With `seen` of a plan it refuses when anything would move otherwise than that plan showed.
    """
    held = {one.pk: one for one in hold([place, to, *communities], by=act.by)}
    place, to = held[place.pk], held[to.pk]
    plan = lay_out([held[one.pk] for one in communities], place=place, to=to, by=act.by, codes=codes)
    plan.expect(seen)
    act.check()
    detail: dict[str, Any] = {"names": [[one.name, one.code] for one in plan.communities]}
    detail |= {"from": [place.name, place.code], "grids": [move.as_list() for move in plan.moves]}
    detail |= {"communities": [[one.pk, place.pk, to.pk] for one in plan.communities]}
    detail |= {"workers": [[one.worker.pk, place.pk] for one in plan.going]}
    FormerName.objects.bulk_create([stood_in(one, place, until=act.on) for one in plan.communities])
    recoded = {code: one for one, code in plan.rows() if one.pk in plan.codes}
    for code, one in recoded.items():
        call(one, one.name, code)
    move_grids(plan.moves, recoded, act)
    move_communities(plan.communities, to)
    change = note(ChangeKind.MOVE, act, before=[place, *plan.communities], after=[to], detail=detail)
    move_workers([one.worker for one in plan.going], to, act, change)
    return to

"""A township that becomes several: every community goes into exactly one of them, and the workers with their grids."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lms.refusal import Refused
from roster.boundaries import Act, call, check_name, grants_in, hand_down_names, hold, note
from roster.following import Standing, standing_in
from roster.merging import Previewed, found, move_communities, move_workers
from roster.models import ChangeKind, FormerName, Level, Territory, Worker
from roster.territories import stood_in, was_called


@dataclass(frozen=True)
class Part:
    """
    What a township becomes: a name, a code, the ids of its communities, and of the workers whom an admin puts there because their grids
    do not say it. The part that keeps the code is the township itself.
    """

    name: str
    code: str
    communities: tuple[int, ...]
    people: tuple[int, ...] = ()


@dataclass
class Share:
    """A part with what it would have."""

    name: str
    code: str
    itself: bool  # the township that is split, going on
    communities: list[Territory] = field(default_factory=list)
    following: list[Standing] = field(default_factory=list)  # workers whose grids are all here
    put: list[Standing] = field(default_factory=list)  # those whom an admin puts here
    gone: list[Standing] = field(default_factory=list)  # those who have left the post

    @property
    def workers(self) -> list[Worker]:
        return [one.worker for one in (*self.following, *self.put, *self.gone)]

    @property
    def listed(self) -> int:
        return len(self.following) + len(self.put)


@dataclass
class TownshipPlan(Previewed):
    """What the split of a township would do."""

    place: Territory
    shares: list[Share]
    # whom grids do not place: without any here, or with grids in several parts; and those of them not put anywhere yet
    asked: list[Standing] = field(default_factory=list)
    open: list[Standing] = field(default_factory=list)
    grants: list[Any] = field(default_factory=list)

    @property
    def kept(self) -> Share | None:
        return next((share for share in self.shares if share.itself), None)

    @property
    def ending(self) -> list[Territory]:
        return [] if self.kept else [self.place]

    @property
    def fresh(self) -> list[Share]:
        return [share for share in self.shares if not share.itself]

    @property
    def moved(self) -> int:
        """How many of those on the roster change their township."""
        return sum(share.listed for share in self.fresh)

    def shown(self) -> dict[str, Any]:
        return {
            "place": [self.place.pk, self.place.name],
            "shares": [
                [
                    [share.name, share.code, [place.pk for place in share.communities]],
                    [[one.worker.pk for one in some] for some in (share.following, share.put, share.gone)],
                ]
                for share in self.shares
            ],
            "asked": [one.worker.pk for one in self.asked],
            "grants": [held.pk for held in self.grants],
        }


def plan_split(place: Territory, parts: Sequence[Part]) -> TownshipPlan:
    """
    What the split would move. Workers follow the communities of their grids; those whom these do not place are `asked` about; who has
    left the post stays with the part that keeps the code, or else goes to the first.

    Refuses fewer than two parts, a community in none or in two of them, and what is no township.
    """
    communities = {one.pk: one for one in place.children.current().order_by("code")}
    check_parts(place, parts, communities)
    shares = [Share(part.name, part.code, part.code == place.code) for part in parts]
    for part, share in zip(parts, shares, strict=True):
        share.communities = [one for pk, one in communities.items() if pk in part.communities]
    plan = TownshipPlan(place, shares)
    home = {one.pk: number for number, share in enumerate(shares) for one in share.communities}
    put = {worker: number for number, part in enumerate(parts) for worker in part.people}
    default = next((number for number, share in enumerate(shares) if share.itself), 0)
    for one in standing_in(place):
        where = {home.get(community) for community in one.communities}
        number = where.pop() if len(where) == 1 else None
        if one.gone:
            shares[default].gone.append(one)
        elif number is not None:
            shares[number].following.append(one)
        else:
            plan.asked.append(one)
            if one.worker.pk in put:
                shares[put[one.worker.pk]].put.append(one)
            else:
                plan.open.append(one)
    plan.grants = list(grants_in(plan.ending))
    return plan


def check_parts(place: Territory, parts: Sequence[Part], communities: dict[int, Territory]) -> None:
    if place.level != Level.TOWNSHIP:
        raise Refused(_("这里拆的是乡镇（街道）。村（社区）请在它自己的区划页上拆分。"), code="parts")
    if len(parts) < 2 or not all(part.communities for part in parts):
        raise Refused(_("至少要拆成两个，每个里面都要有村（社区）。"), code="parts")
    if len({part.code for part in parts}) < len(parts) or len({part.name for part in parts}) < len(parts):
        raise Refused(_("拆出来的名称和区划代码不能重复，请核对。"), code="parts")
    if sorted(pk for part in parts for pk in part.communities) != sorted(communities):
        raise Refused(_("每个村（社区）都要分到一个里，而且只能分到一个里。请核对分法。"), code="parts")
    people = [worker for part in parts for worker in part.people]
    if len(people) > len(set(people)):
        raise Refused(_("一个人只能分到一个里，请核对。"), code="parts")


def lay_out(place: Territory, parts: Sequence[Part]) -> TownshipPlan:
    """The plan as a preview shows it; what is certain to be refused is refused now."""
    plan = plan_split(place, parts)
    for part in parts:
        check_name(part.name, part.code, parent=place.parent, instead_of=[place])
    return plan


@transaction.atomic
def split(place: Territory, *, parts: Sequence[Part], act: Act, seen: str = "") -> list[Territory]:
    """
    A township becomes the parts; it goes on as the one that keeps its code, or else ends. Postings stay with their grids. Roles and
    whatever is required in the township stay with it.

    Refuses while somebody is asked about and put nowhere, and when anything would move otherwise than the plan of `seen` showed.
    """
    (place,) = hold([place], by=act.by)
    plan = lay_out(place, parts)
    plan.expect(seen)
    act.check()
    if plan.open:
        names = "、".join(one.worker.name for one in plan.open)
        raise Refused(_("还没有定到哪个乡镇：%s。请先定下来。") % names, code="people")
    names_before = [[place.name, place.code]]
    workers_before = [[worker.pk, place.pk] for share in plan.fresh for worker in share.workers]
    if plan.ending:
        Territory.objects.filter(pk=place.pk).update(valid_to=act.on)
    fresh = [found(share.name, share.code, like=place, act=act) for share in plan.fresh]
    hand_down_names([place], to=fresh, on=act.on)
    going = list(zip(plan.fresh, fresh, strict=True))
    if plan.kept:
        left = [stood_in(one, place, until=act.on) for share in plan.fresh for one in share.communities]
        FormerName.objects.bulk_create(left)
    for share, heir in going:
        move_communities(share.communities, heir)
    if plan.kept and plan.kept.name != place.name:
        was_called(place, until=act.on).save()
        call(place, plan.kept.name, plan.kept.code)
    after = [*([place] if plan.kept else []), *fresh]
    moved = [[one.pk, place.pk, heir.pk] for share, heir in going for one in share.communities]
    detail = {"names": names_before, "communities": moved, "workers": workers_before}
    change = note(ChangeKind.SPLIT, act, before=[place], after=after, detail=detail)
    for share, heir in going:
        move_workers(share.workers, heir, act, change)
    return after

"""Places that become one. What would move is laid out first; the verb does exactly that or nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lms.refusal import Refused
from roster import numbering, roles
from roster.boundaries import Act, call, check_name, grants_in, hand_down_names, hold, note
from roster.models import ChangeKind, Grid, Level, Territory, TerritoryChange, Worker, WorkerChange, WorkerState
from roster.territories import keep_number, stem_of, was_called


@dataclass(frozen=True)
class Move:
    """A grid, and the place, number, code and name it would have."""

    grid: Grid
    target: str  # the code of the place
    ordinal: int | None
    code: str
    name: str

    @property
    def renumbered(self) -> bool:
        return self.ordinal != self.grid.ordinal or self.code != self.grid.code

    def as_list(self) -> list[Any]:
        grid = self.grid
        return [grid.pk, [grid.community_id, grid.code, grid.ordinal], [self.target, self.code, self.ordinal]]


class Previewed:
    """A plan that is shown before it is done; what is confirmed must be what was shown."""

    def shown(self) -> dict[str, Any]:
        """All that would be done, in ids, names and codes."""
        raise NotImplementedError

    @property
    def seen(self) -> str:
        """The same for the same plan."""
        return hashlib.sha256(json.dumps(self.shown(), ensure_ascii=False).encode()).hexdigest()[:32]

    def expect(self, seen: str) -> None:
        if seen and seen != self.seen:
            raise Refused(
                _("预览以后这里的网格或人员变过了，什么也没有动。请再看一遍新的预览，然后确认。"), code="seen"
            )


@dataclass
class Plan(Previewed):
    """What a merge, or the split of a community, would do."""

    keeping: Territory | None
    ending: list[Territory]
    parts: list[tuple[str, str]]  # names and codes of what there will be
    staying: list[Grid] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    communities: list[Territory] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    grants: list[Any] = field(default_factory=list)
    namesakes: list[str] = field(default_factory=list)

    @property
    def renumbered(self) -> int:
        return sum(move.renumbered for move in self.moves)

    @property
    def listed(self) -> int:
        return sum(worker.state not in (WorkerState.LEFT, WorkerState.REASSIGNED) for worker in self.workers)

    @property
    def gone(self) -> int:
        return len(self.workers) - self.listed

    def shown(self) -> dict[str, Any]:
        return {
            "parts": self.parts,
            "ending": [place.pk for place in self.ending],
            "staying": [[grid.pk, grid.code, grid.ordinal] for grid in self.staying],
            "moves": [move.as_list() for move in self.moves],
            "communities": [place.pk for place in self.communities],
            "workers": [worker.pk for worker in self.workers],
            "grants": [held.pk for held in self.grants],
        }


def plan_merge(places: Sequence[Territory], *, into: Territory | None, name: str, code: str) -> Plan:
    """
    What merging these places would move. `into` is the one that goes on; without it all end and a new one begins.

    Refuses fewer than two, those of different levels or parents, and what is neither township nor community.
    """
    check_together(places, into)
    ending = [place for place in places if into is None or place.pk != into.pk]
    plan = Plan(into, ending, [(name, code)])
    if places[0].level == Level.COMMUNITY:
        plan.staying = grids_of([into]) if into else []
        plan.moves = gather(plan.staying, grids_of(ending), target=code)
        return plan
    plan.communities = list(Territory.objects.current().filter(parent__in=ending).order_by("code"))
    plan.workers = list(Worker.objects.filter(township__in=ending).order_by("pk"))
    plan.grants = list(grants_in(ending))
    together = [*plan.communities, *(into.children.current() if into else [])]
    names = [place.name for place in together]
    plan.namesakes = sorted({name for name in names if names.count(name) > 1})
    return plan


def check_together(places: Sequence[Territory], into: Territory | None) -> None:
    if len(places) < 2:
        raise Refused(_("请选两个以上要合并的。"), code="places")
    if {place.level for place in places} not in ({Level.COMMUNITY}, {Level.TOWNSHIP}):
        raise Refused(_("只能村（社区）和村（社区）合并，或者乡镇（街道）和乡镇（街道）合并。"), code="places")
    if len({place.parent_id for place in places}) > 1:
        raise Refused(_("要合并的不在同一个上级区划里，不能合并。请先核对区划。"), code="places")
    if into and into.pk not in {place.pk for place in places}:
        raise Refused(_("保留的那一个要在所选的里面，请重新选。"), code="into")


def grids_of(places: Sequence[Territory]) -> list[Grid]:
    """The current grids of these communities, in the order of the communities' codes and their own numbers."""
    found = Grid.objects.current().filter(community__in=places).select_related("community")
    return sorted(found, key=lambda grid: (grid.community.code, grid.ordinal or numbering.LARGEST, grid.code))


def gather(staying: Sequence[Grid], coming: Sequence[Grid], *, target: str) -> list[Move]:
    """Number those that come beside those that stay; a code that was community and number becomes the new ones, where it is free."""
    numbers = numbering.join((grid.ordinal for grid in staying), [(grid.pk, grid.ordinal) for grid in coming])
    wanted = {
        grid.pk: numbering.compose(target, numbers[grid.pk] or 0)
        for grid in coming
        if numbering.composed(grid.code, grid.community.code, grid.ordinal)
    }
    taken = set(Grid.objects.filter(code__in=wanted.values()).exclude(pk__in=wanted).values_list("code", flat=True))
    moves = []
    for grid in coming:
        number, code = numbers[grid.pk], wanted.get(grid.pk, grid.code)
        name = numbering.named(grid.name, grid.community.name, old=grid.ordinal, new=number)
        moves.append(Move(grid, target, number, grid.code if code in taken else code, name))
    return moves


def lay_out(places: Sequence[Territory], *, into: Territory | None, name: str, code: str) -> Plan:
    """The plan as a preview shows it: with the names filled in, and what is certain to be refused refused now."""
    name, code = (name or (into.name if into else "")).strip(), (code or (into.code if into else "")).strip()
    plan = plan_merge(places, into=into, name=name, code=code)
    check_name(name, code, parent=places[0].parent, instead_of=places)
    return plan


@transaction.atomic
def merge(
    places: Sequence[Territory],
    *,
    into: Territory | None = None,
    name: str = "",
    code: str = "",
    act: Act,
    seen: str = "",
    hand_over: bool = False,
) -> Territory:
    """
    Several places of one parent become one: `into` with its name and code, or a new one with those given.

    The others end on the day; their grids (or, of townships, their communities and workers) go where the plan says. Postings stay as
    they are. With `seen` of a plan it refuses when anything would move otherwise than that plan showed. With `hand_over` the roles
    held in townships that end are given in the heir instead, from the day of the act and as long as they would have been.
    """
    held = hold(places, by=act.by)
    kept = next((place for place in held if into and place.pk == into.pk), into)
    name, code = (name or (kept.name if kept else "")).strip(), (code or (kept.code if kept else "")).strip()
    plan = plan_merge(held, into=kept, name=name, code=code)
    plan.expect(seen)
    act.check()
    check_name(name, code, parent=held[0].parent, instead_of=held)
    names = [[place.name, place.code] for place in held]
    Territory.objects.filter(pk__in=[place.pk for place in plan.ending]).update(valid_to=act.on)
    heir = _heir(kept, held, name, code, act)
    hand_down_names(held, to=[heir], on=act.on)
    move_grids(plan.moves, {code: heir}, act)
    move_communities(plan.communities, heir)
    detail = {"names": names, "grids": [move.as_list() for move in plan.moves]}
    detail |= {"communities": [[place.pk, place.parent_id] for place in plan.communities]}
    detail |= {"workers": [[worker.pk, worker.township_id] for worker in plan.workers]}
    change = note(ChangeKind.MERGE, act, before=held, after=[heir], detail=detail)
    move_workers(plan.workers, heir, act, change)
    if hand_over:
        for grant in plan.grants:
            roles.hand_over(grant, to=heir, by=act.by, now=act.now, reason=act.document.strip() or act.reason.strip())
    return heir


def _heir(kept: Territory | None, held: Sequence[Territory], name: str, code: str, act: Act) -> Territory:
    if kept is None:
        return found(name, code, like=held[0], act=act)
    if (kept.name, kept.code) != (name, code):
        was_called(kept, until=act.on).save()
        call(kept, name, code)
    return kept


def found(name: str, code: str, *, like: Territory, act: Act) -> Territory:
    """A new place beside another: of the same level and kind, under the same parent."""
    place = Territory.objects.create(
        level=like.level,
        code=code,
        name=name,
        stem=stem_of(like.level, name),
        kind=like.kind,
        parent=like.parent,
        valid_from=act.on,
    )
    place.path = f"{like.parent.path if like.parent else ''}{place.pk}/"
    place.save(update_fields=["path"])
    return place


def move_grids(moves: Sequence[Move], heirs: dict[str, Territory], act: Act) -> None:
    """In two steps, for numbers and codes may change places; each grid keeps in mind what it was, and where."""
    going = [move for move in moves if move.renumbered or move.grid.community_id != heirs[move.target].pk]
    grids = [move.grid for move in going]
    for move in going:
        keep_number(move.grid, until=act.on)
        move.grid.ordinal, move.grid.code = None, f"~{move.grid.pk}"
    Grid.objects.bulk_update(grids, ["ordinal", "code"], batch_size=200)
    for move in going:
        grid = move.grid
        grid.community, grid.ordinal, grid.code, grid.name = heirs[move.target], move.ordinal, move.code, move.name
    Grid.objects.bulk_update(grids, ["community", "ordinal", "code", "name", "former_codes"], batch_size=200)


def move_communities(communities: Sequence[Territory], heir: Territory) -> None:
    moved = [Territory(pk=place.pk, parent=heir, path=f"{heir.path}{place.pk}/") for place in communities]
    Territory.objects.bulk_update(moved, ["parent", "path"], batch_size=200)


def move_workers(workers: Sequence[Worker], heir: Territory, act: Act, change: TerritoryChange) -> None:
    """The workers stand in another township, and their files say since when and by which act."""
    reason = act.document or act.reason
    changes = [
        WorkerChange(
            worker=worker,
            at=act.now,
            by=act.by,
            source=f"roster.territorychange:{change.pk}",
            reason=reason,
            fields=[["township_id", worker.township_id, heir.pk]],
        )
        for worker in workers
    ]
    Worker.objects.filter(pk__in=[worker.pk for worker in workers]).update(township=heir)
    WorkerChange.objects.bulk_create(changes, batch_size=500)

"""Taking back an act on grids as a whole, unless later facts stand on it: then it says which."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from roster import employment, reach
from roster.boundaries import CHANGERS
from roster.grids import GONE, LISTING, put
from roster.models import Batch, Duty, Grid, Posting, Role, Territory, User

NAMED = 5  # of those in the way, so many are told by name


def batches(user: User) -> Any:
    """The acts on grids that this person may see: their own, and all for the admins of the city."""
    found = Batch.objects.filter(listing=LISTING, kind__in=UNDO).select_related("actor", "undone_by")
    return found if reach.has(user, Role.CITY_ADMIN, Duty.ROSTER) else found.filter(actor=user)


@transaction.atomic
def undo(batch: Batch, *, by: User, now: datetime) -> Batch:
    """Everything is as it was before the act; undoing it again changes nothing. Refuses, naming them, where later facts stand on it."""
    employment.hold_numbers()
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.undone_at:
        return batch
    UNDO[batch.kind](batch.done or {}, by)
    batch.undone_at, batch.undone_by = now, by
    batch.save(update_fields=["undone_at", "undone_by"])
    audit.note("grids.undone", now=now, actor=by, subject=batch, kind=batch.kind, count=batch.count)
    return batch


def stop(names: list[str]) -> None:
    """Refuse for what is in the way, if anything is."""
    if not names:
        return
    told = "、".join(names[:NAMED]) + (_("等 %d 处") % len(names) if len(names) > NAMED else "")
    raise Refused(_("不能撤回：%s后来又变过。请先处理这些，或者直接按现在的样子再改。") % told)


def permit(by: User, places: list[Territory], *roles: str) -> None:
    if not all(reach.covers(by, place, Duty.ROSTER, *roles) for place in places):
        raise Refused(_("有的网格已经不归你管理，不能撤回。请联系上一级管理员。"))


def _postings(done: dict[str, Any], by: User) -> dict[int, Posting]:
    found = Posting.objects.select_related("worker", "grid__community").in_bulk(done["postings"])
    permit(by, [posting.grid.community for posting in found.values()])
    return found


def _assign(done: dict[str, Any], by: User) -> None:
    found = _postings(done, by)
    stop([f"{one.worker.name}（{one.grid}）" for one in found.values() if one.until])
    Posting.objects.filter(pk__in=found).delete()


def _unassign(done: dict[str, Any], by: User) -> None:
    found = _postings(done, by)
    again = set(
        Posting.objects.current()
        .filter(worker__in=[one.worker_id for one in found.values()])
        .values_list("worker_id", "grid_id")
    )
    stop(
        [
            f"{one.worker.name}（{one.grid}）"
            for one in found.values()
            if one.worker.state in GONE
            or one.grid.valid_to
            or (one.worker_id, one.grid_id) in again
            or not one.until
            or one.until.isoformat() != done["on"]
        ]
    )
    Posting.objects.filter(pk__in=found).update(until=None)


def _split(done: dict[str, Any], by: User) -> None:
    grid = Grid.objects.select_related("community").get(pk=done["grid"])
    fresh = list(Grid.objects.select_related("community").filter(pk__in=done["new"]).prefetch_related("postings"))
    permit(by, [grid.community], *CHANGERS)
    figures = {"households": grid.households, "population": grid.population}
    stop(
        [str(one) for one in fresh if one.postings.all() or one.valid_to or one.former_codes]
        + ([str(grid)] if grid.valid_to or figures != done["after"] else [])
    )
    Grid.objects.filter(pk__in=[one.pk for one in fresh]).delete()
    Grid.objects.filter(pk=grid.pk).update(**done["before"])


def _renumber(done: dict[str, Any], by: User) -> None:
    grids = Grid.objects.select_related("community").in_bulk([row[0] for row in done["after"]])
    permit(by, [grid.community for grid in grids.values()], *CHANGERS)
    stop(
        [
            str(grids[pk])
            for pk, ordinal, code, _name in done["after"]
            if (grids[pk].ordinal, grids[pk].code, grids[pk].community_id) != (ordinal, code, done["community"])
            or grids[pk].valid_to
        ]
    )
    taken = {number for _pk, number, _code, _name in done["before"]}
    others = Grid.objects.current().filter(community=done["community"], ordinal__in=taken).exclude(pk__in=grids)
    stop([str(grid) for grid in others.select_related("community")])
    for grid in grids.values():
        grid.former_codes = grid.former_codes[:-1]
    put([(grids[pk], ordinal, code, name) for pk, ordinal, code, name in done["before"]])


def _retire(done: dict[str, Any], by: User) -> None:
    grids = list(Grid.objects.select_related("community").filter(pk__in=done["grids"]))
    permit(by, [grid.community for grid in grids], *CHANGERS)
    held = {
        (one.community_id, one.ordinal)
        for one in Grid.objects.current().filter(community__in=[grid.community_id for grid in grids], ordinal__gt=0)
    }
    stop(
        [
            str(grid)
            for grid in grids
            if grid.community.valid_to or not grid.valid_to or (grid.community_id, grid.ordinal) in held
        ]
    )
    Grid.objects.filter(pk__in=done["grids"]).update(valid_to=None)


UNDO: dict[str, Callable[[dict[str, Any], User], None]] = {
    "grids.assign": _assign,
    "grids.unassign": _unassign,
    "grids.split": _split,
    "grids.renumber": _renumber,
    "grids.retire": _retire,
}

"""Lines of the division list and the grid register: what each did, and the way back as long as nothing stands on it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from roster.models import FormerName, Grid, Territory

Done = dict[str, Any]  # {"run", "pk", "created", "changed": {column: [old, new]}}


def done(before: Any, after: Any, names: Iterable[str], *, run_id: int | None) -> Done:
    """What one line did to one row; `before` is None for a new one."""
    changed = {
        name: [getattr(before, name), getattr(after, name)]
        for name in names
        if before is not None and getattr(before, name) != getattr(after, name)
    }
    return {"run": run_id, "pk": after.pk, "created": before is None, "changed": changed}


def standing(model: type[models.Model], acts: Sequence[Done], *, along: Collection[int] = ()) -> dict[int, str]:
    """Index → sentence for each act on which something stands; rows of the same model that go `along` do not count."""
    rows = model._base_manager.in_bulk([act["pk"] for act in acts])
    held = referred(model, {act["pk"] for act in acts if act["created"]}, along=along)
    found = {}
    for index, act in enumerate(acts):
        row = rows.get(act["pk"])
        if row is None:
            found[index] = _("这一条已经不在了。")
        elif act["created"] and act["pk"] in held:
            found[index] = held[act["pk"]]
        elif any(getattr(row, name) != new for name, (_old, new) in act["changed"].items()):
            found[index] = _("后来又改过，撤不回来。")
    return found


def numbers_taken(acts: Sequence[Done]) -> dict[int, str]:
    """Index → sentence for each change of a grid whose old number has been given to another since, or whose old community has ended."""
    moved = {index: act for index, act in enumerate(acts) if {"community_id", "ordinal"} & set(act["changed"])}
    grids = Grid.objects.in_bulk([act["pk"] for act in moved.values()])
    before = {
        index: tuple(act["changed"].get(name, [getattr(grid, name)])[0] for name in ("community_id", "ordinal"))
        for index, act in moved.items()
        if (grid := grids.get(act["pk"]))
    }
    communities = {community for community, _ordinal in before.values()}
    held = {
        (community, ordinal): pk
        for pk, community, ordinal in Grid.objects.current()
        .filter(community__in=communities, ordinal__isnull=False)
        .values_list("pk", "community", "ordinal")
    }
    ended = set(Territory.objects.exclude(valid_to=None).filter(pk__in=communities).values_list("pk", flat=True))
    found = {}
    for index, (community, ordinal) in before.items():
        if community in ended:
            found[index] = _("原来的村（社区）后来合并或者撤销了，撤不回来。")
        elif held.get((community, ordinal), acts[index]["pk"]) != acts[index]["pk"]:
            found[index] = _("原来的编号后来给了别的网格，撤不回来。")
    return found


def referred(model: type[models.Model], ids: set[int], *, along: Collection[int]) -> dict[int, str]:
    """What refers to new rows by now, on whatever floor."""
    found: dict[int, str] = {}
    for relation in model._meta.related_objects if ids else []:
        other, name = relation.related_model, relation.field.name
        referring = other._base_manager.filter(**{f"{name}__in": ids})
        if other is model:
            referring = referring.exclude(pk__in=along)
        for pk in set(referring.values_list(name, flat=True)):
            found.setdefault(pk, _("后来已有%s，撤不回来。") % named(other))
    return found


def named(model: Any) -> str:
    """What a model is called here; upper floors' models without a Chinese name are other records."""
    name = str(model._meta.verbose_name)
    return _("别的记录") if name.isascii() else f"“{name}”"


@transaction.atomic
def take_back(model: type[models.Model], acts: Sequence[Done]) -> None:
    """Give changed rows their old values and remove new ones, in the order given. The caller has made sure that nothing stands on them."""
    for act in acts:
        old = {name: pair[0] for name, pair in act["changed"].items()}
        if old:
            model._base_manager.filter(pk=act["pk"]).update(**old)
        if model is Territory and "name" in old:
            names = FormerName.objects.filter(territory=act["pk"], name=old["name"], parent=None)
            names.filter(
                pk=names.order_by("-pk").values("pk")[:1]
            ).delete()  # of an earlier time it was called so as well
    for act in acts:
        if act["created"]:
            model._base_manager.filter(pk=act["pk"]).delete()

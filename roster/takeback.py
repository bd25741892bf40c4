"""Whether lines of a roster can be taken back: nothing that came later may stand on what they did."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from roster import arrivals, employment, known, registers, service
from roster.models import Posting, Step, Territory, User, Worker, WorkerChange, WorkerState

Done = dict[str, Any]
OWN = (Posting, Step, WorkerChange)  # what an import writes itself


def standing(done: Sequence[Done]) -> dict[int, str]:
    """Index → sentence for each line on which something later stands. A fixed number of queries, however many lines."""
    workers = Worker.objects.in_bulk({one["worker"] for one in done})
    created = {one["worker"] for one in done if one["created"]}
    later = others(created) | own_floor(done, created, workers)
    ids = {pk for one in done for pk in [one["opened"], *one["closed"]] if pk}
    postings = Posting.objects.select_related("grid").in_bulk(ids)
    ended = set(
        Territory.objects.exclude(valid_to=None).filter(pk__in=townships_before(done)).values_list("pk", flat=True)
    )
    newest = {step.worker_id: step.pk for step in steps_of(done)}
    current = set(Posting.objects.current().filter(worker__in=workers).values_list("worker_id", "grid_id"))
    found = {}
    for index, one in enumerate(done):
        worker = workers.get(one["worker"])
        sentence = (
            _("这个人已经不在名册里。")
            if worker is None
            else (one["created"] and later.get(worker.pk, ""))
            or values(worker, one, ended)
            or moves(one, postings, current)
            or returned(worker, one, newest)
        )
        if sentence:
            found[index] = sentence
    return found


def others(created: set[int]) -> dict[int, str]:
    """
    What other floors and verbs keep of people who came in by these lines: whatever refers to them, by its own name. What a floor calls
    `untouched`, since it laid it out by itself and nobody has begun it, stands on nothing.
    """
    found: dict[int, str] = {}
    for relation in Worker._meta.related_objects:
        if relation.related_model in OWN or not created:
            continue
        name = relation.field.name
        referring = relation.related_model._base_manager.filter(**{f"{name}__in": created})
        if untouched := getattr(relation.related_model, "untouched", None):
            referring = referring.exclude(untouched())
        for worker in set(referring.values_list(name, flat=True)):
            found.setdefault(worker, _("后来已有%s，撤不回来。") % registers.named(relation.related_model))
    return found


def own_floor(done: Sequence[Done], created: set[int], workers: dict[int, Worker]) -> dict[int, str]:
    """What the roster itself wrote later of people who came in by these lines: an account, a posting, a step, a change of the file."""
    mine = [pk for one in done for pk in [one["opened"], one["rehired"]] if pk]
    runs = {one["run"] for one in done}
    sources = {arrivals.source_of(run) for run in runs}
    found = {worker.pk: _("后来已经开了账号，撤不回来。") for worker in workers.values() if worker.user_id}
    later = [
        (Posting.objects.exclude(pk__in=mine), _("后来又安排了网格，撤不回来。")),
        (Step.objects.exclude(import_run__in=runs), _("后来办过任职手续，撤不回来。")),
        (WorkerChange.objects.exclude(source__in=sources), _("后来改过资料，撤不回来。")),
    ]
    for rows, sentence in later:
        for worker in rows.filter(worker__in=created).values_list("worker_id", flat=True):
            found.setdefault(worker, sentence)
    return found


def townships_before(done: Sequence[Done]) -> set[int]:
    return {one["changed"]["township_id"][0] for one in done if "township_id" in one["changed"]}


def steps_of(done: Sequence[Done]) -> QuerySet[Step]:
    """The steps of those whom a line brought back, the newest last."""
    back = {one["worker"] for one in done if one["rehired"]}
    return service.standing_steps().filter(worker__in=back).order_by("at", "pk")


def values(worker: Worker, one: Done, ended: Collection[int]) -> str:
    """Whether a column that the line changed has been changed again, or cannot be as it was."""
    if one["changed"].get("township_id", [None])[0] in ended:
        return _("原来的乡镇（街道）后来合并或者撤销了，撤不回来。")
    for name, (_old, new) in one["changed"].items():
        if known.value(worker, name) != new:
            return _("“%s”后来又改过，撤不回来。") % (known.COMPARED.get(name) or arrivals.COLUMNS[name].verbose_name)
    return ""


def moves(one: Done, postings: dict[int, Posting], current: Iterable[tuple[int, int]]) -> str:
    """Whether a posting that the line opened has ended, or one that it closed stands again."""
    opened = postings.get(one["opened"])
    if one["opened"] and (opened is None or opened.until is not None):
        return _("后来又调了网格，撤不回来。")
    for pk in one["closed"]:
        closed = postings.get(pk)
        if closed is None or str(closed.until) != one["on"] or (closed.worker_id, closed.grid_id) in current:
            return _("原来的网格后来又有变动，撤不回来。")
        if closed.grid.valid_to:
            return _("原来的网格后来停用了，撤不回来。")
    return ""


def returned(worker: Worker, one: Done, newest: Mapping[int, int]) -> str:
    """Whether something was done later with somebody whom the line brought back into service."""
    if one["rehired"] and (newest.get(worker.pk) != one["rehired"] or worker.state != WorkerState.ACTIVE):
        return _("重新上岗以后又办过任职手续，撤不回来。")
    return ""


def undo(done: Sequence[Done], *, run_id: int, by: User, now: Any) -> dict[int, str]:
    """Take the lines back, but for those on which something stands; returns the sentences of these. Alone with the roster while it lasts."""
    employment.hold_numbers()
    employment.hold_people(one["worker"] for one in done)
    stays = standing(done)
    kept = {done[index]["worker"] for index in stays}
    back = [one for one in done if one["worker"] not in kept]
    source = arrivals.source_of(run_id)
    arrivals.take_back(back, source=source, reason=_("撤回导入"), by_id=by.pk, now=now)
    sentence = _("同一个人的别的行后来有变动，一起留着。")
    return {index: stays.get(index, sentence) for index, one in enumerate(done) if one["worker"] in kept}

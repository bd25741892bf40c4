"""Lines of a roster going in: who is new is taken up, what differs is changed, postings are closed and opened; and the way back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from roster import employment
from roster.employment import Person
from roster.models import Grid, Posting, Step, StepKind, User, Worker, WorkerChange, WorkerState

# columns that are changed together with another one
BESIDE = {
    "id_number": ("id_hash",),
    "mobile": ("mobile_hash", "mobile_tail_hash"),
    "joined_on": ("joined_precision",),
    "name": ("pinyin", "initials"),
    "position": ("identity",),
    "recruited_by": ("channel",),
    "certificate": ("certificate_level",),
}


@dataclass(frozen=True)
class Arrival:
    """A roster line about to go in: the person as listed, who that is already (None for nobody), and what is to be done."""

    key: str  # equal for all lines of one person
    person: Person
    worker: Worker | None
    grid_id: int
    ending: tuple[int, ...] = ()  # postings that this line closes
    changes: tuple[str, ...] = ()  # columns of the known worker that this line changes
    rehire: bool = False


@dataclass
class Done:
    """What one line did, with the values kept before it: enough to take it back. Everything in it is JSON."""

    run: int | None = None
    worker: int = 0
    created: bool = False
    opened: int | None = None
    closed: list[int] = field(default_factory=list)
    on: str = ""  # the day on which postings were closed
    changed: dict[str, list[Any]] = field(default_factory=dict)  # column → [old, new]
    rehired: int | None = None  # the step that brought back who had left


def source_of(import_run_id: int | None) -> str:
    return f"lms.importrun:{import_run_id}" if import_run_id else "lms.import"


@transaction.atomic
def bring_in(arrivals: Sequence[Arrival], *, import_run_id: int | None, by_id: int | None, now: datetime) -> list[Done]:
    """Apply a chunk of roster lines; repeating it changes nothing. Returns what each line did, in their order."""
    today = timezone.localdate(now)
    taken_up = newcomers(arrivals, now=now)
    done = [Done(import_run_id, on=today.isoformat()) for _arrival in arrivals]
    changed = renew(arrivals, source=source_of(import_run_id), by_id=by_id, now=now)
    rehired = rehire(arrivals, import_run_id=import_run_id, by_id=by_id, now=now)
    ended = close({posting for arrival in arrivals for posting in arrival.ending}, on=today)
    grids = Grid.objects.in_bulk({arrival.grid_id for arrival in arrivals})
    who = [arrival.worker or taken_up[arrival.key] for arrival in arrivals]
    pairs = [(worker, grids[arrival.grid_id]) for worker, arrival in zip(who, arrivals, strict=True)]
    opened = {
        (posting.worker_id, posting.grid_id): posting.pk
        for posting in employment.post(pairs, since=None, import_run_id=import_run_id)
    }
    counted: set[str] = set()
    for one, arrival, worker in zip(done, arrivals, who, strict=True):
        one.worker = worker.pk
        one.created = arrival.key in taken_up and arrival.key not in counted
        counted.add(arrival.key)
        one.opened = opened.pop((worker.pk, arrival.grid_id), None)
        one.closed = [posting for posting in arrival.ending if posting in ended]
        if arrival.changes:
            one.changed = changed.get(worker.pk, {})
        one.rehired = rehired.pop(worker.pk, None) if arrival.rehire else None
    return done


def newcomers(arrivals: Sequence[Arrival], *, now: datetime) -> dict[str, Worker]:
    people: dict[str, Person] = {}
    for arrival in arrivals:
        if arrival.worker is None:
            people.setdefault(arrival.key, arrival.person)
    return dict(zip(people, employment.take_up(list(people.values()), now=now), strict=True)) if people else {}


def close(postings: set[int], *, on: date) -> set[int]:
    """End postings that still hold; returns those that did."""
    if not postings:
        return set()
    held = set(Posting.objects.current().filter(pk__in=postings).values_list("pk", flat=True))
    Posting.objects.filter(pk__in=held).update(until=on)
    return held


def plain(value: Any) -> Any:
    """A column's value as JSON keeps it."""
    return value.isoformat() if isinstance(value, date) else value


def renew(
    arrivals: Sequence[Arrival], *, source: str, by_id: int | None, now: datetime
) -> dict[int, dict[str, list[Any]]]:
    """Take over the named columns of known people from a list, and write down what they were; returns worker → column → [old, new]."""
    changed: dict[int, Worker] = {}
    told: dict[int, dict[str, list[Any]]] = {}
    touched: set[str] = set()
    for arrival in arrivals:
        worker = arrival.worker
        if worker is None or not arrival.changes:
            continue
        fields = employment.fields_of(arrival.person)
        names = [name for column in arrival.changes for name in (column, *BESIDE.get(column, ())) if name in fields]
        kept = {name: [plain(getattr(worker, name)), plain(fields[name])] for name in names}
        told.setdefault(worker.pk, {}).update({name: pair for name, pair in kept.items() if pair[0] != pair[1]})
        for name in names:
            setattr(worker, name, fields[name])
        changed[worker.pk] = worker
        touched |= set(names)
    save(list(changed.values()), touched)
    write_changes(told, source=source, by_id=by_id, now=now)
    return told


def save(workers: list[Worker], touched: Iterable[str]) -> None:
    """The workers' rows, and with them what their accounts sign in by."""
    if not workers:
        return
    Worker.objects.bulk_update(workers, sorted(touched), batch_size=100)
    users = [
        User(pk=worker.user_id, name=worker.name, mobile_hash=worker.mobile_hash)
        for worker in workers
        if worker.user_id
    ]
    User.objects.bulk_update(users, ["name", "mobile_hash"], batch_size=200)


COLUMNS: dict[str, Any] = {field.attname: field for field in Worker._meta.concrete_fields}
SILENT = {"id_hash", "mobile_hash", "mobile_tail_hash", "pinyin", "initials", "joined_precision"}


def write_changes(
    told: dict[int, dict[str, list[Any]]], *, source: str, by_id: int | None, now: datetime, reason: str = ""
) -> None:
    """For the file of each worker: what changed, from what to what, and where it came from."""
    rows = []
    for worker, columns in told.items():
        fields = [[name, *pair] for name, pair in columns.items() if name not in SILENT]
        if fields:
            rows.append(
                WorkerChange(worker_id=worker, at=now, by_id=by_id, source=source, reason=reason, fields=fields)
            )
    WorkerChange.objects.bulk_create(rows, batch_size=500)


def rehire(
    arrivals: Sequence[Arrival], *, import_run_id: int | None, by_id: int | None, now: datetime
) -> dict[int, int]:
    """Take back into service who had left and stands on a list again, where an admin has said so; returns worker → step."""
    back = {arrival.worker.pk: arrival.worker for arrival in arrivals if arrival.worker and arrival.rehire}
    steps = [
        Step(
            worker=worker,
            kind=StepKind.REHIRE,
            state_before=worker.state,
            state_after=WorkerState.ACTIVE,
            on=timezone.localdate(now),
            operator_id=by_id,
            at=now,
            import_run_id=import_run_id,
        )
        for worker in back.values()
        if worker.state != WorkerState.ACTIVE
    ]
    Step.objects.bulk_create(steps)
    ids = [step.worker_id for step in steps]
    Worker.objects.filter(pk__in=ids).update(state=WorkerState.ACTIVE)
    User.objects.filter(worker__in=ids, suspended_at=None).update(is_active=True)
    return {step.worker_id: step.pk for step in steps}


# --- the way back ---------------------------------------------------------------------------------------------------


def by_worker(done: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in done:
        found[one["worker"]].append(one)
    return found


@transaction.atomic
def take_back(done: Sequence[dict[str, Any]], *, source: str, reason: str, by_id: int | None, now: datetime) -> None:
    """
    Undo what lines did, newest first: postings they opened go, those they closed hold again, columns get their old values, and who
    came in by them is gone. The caller has made sure, under the lock of the roster, that no later fact stands on any of it.
    """
    Posting.objects.filter(pk__in=[one["opened"] for one in done if one["opened"]]).delete()
    Posting.objects.filter(pk__in=[posting for one in done for posting in one["closed"]]).update(until=None)
    restore(done, source=source, reason=reason, by_id=by_id, now=now)
    unhire([one for one in done if one["rehired"]], by_id=by_id, now=now)
    gone = [one["worker"] for one in done if one["created"]]
    WorkerChange.objects.filter(worker__in=gone).delete()
    for relation in Worker._meta.related_objects:
        if untouched := getattr(relation.related_model, "untouched", None):
            mine = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": gone})
            mine.filter(untouched()).delete()
    Worker.objects.filter(pk__in=gone).delete()


def restore(done: Sequence[dict[str, Any]], *, source: str, reason: str, by_id: int | None, now: datetime) -> None:
    changed = [one for one in done if one["changed"]]
    workers = Worker.objects.in_bulk({one["worker"] for one in changed})
    told: dict[int, dict[str, list[Any]]] = {}
    touched: set[str] = set()
    for one in changed:
        worker = workers[one["worker"]]
        for name, (old, new) in one["changed"].items():
            setattr(worker, name, COLUMNS[name].to_python(old))
            told.setdefault(worker.pk, {})[name] = [new, old]
            touched.add(name)
    save(list(workers.values()), touched)
    write_changes(told, source=source, by_id=by_id, now=now, reason=reason)


def unhire(done: Sequence[dict[str, Any]], *, by_id: int | None, now: datetime) -> None:
    """Who had left before the list has left again: the step is taken back by a new one."""
    for step in Step.objects.filter(pk__in=[one["rehired"] for one in done]).select_related("worker"):
        Step.objects.create(
            worker=step.worker,
            kind=StepKind.TAKE_BACK,
            state_before=step.state_after,
            state_after=step.state_before,
            on=timezone.localdate(now),
            operator_id=by_id,
            at=now,
            takes_back=step,
            import_run_id=step.import_run_id,
        )
        Worker.objects.filter(pk=step.worker_id).update(state=step.state_before)
        User.objects.filter(worker=step.worker_id).update(is_active=False)

"""Everything that happened to a worker, newest first: steps, changes of the file, grids taken and given up, each with where it came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import ImportRun
from roster import fields, files, reach, steps
from roster.models import Duty, Posting, Step, StepKind, User, Worker, WorkerChange

LONGEST = 200


@dataclass(frozen=True)
class Source:
    """Where something came from, in words; `run` is the number of an import that the reader may open."""

    text: str = ""
    run: int | None = None


@dataclass(frozen=True)
class Event:
    """One entry. `on` is the day it counts from, None where nobody wrote it down; `lines` are [name, old, new]."""

    title: str
    on: date | None
    at: datetime | None = None
    tone: str = ""
    facts: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    why: str = ""
    source: Source = Source()
    who: str = ""
    scan: int | None = None  # the step whose document can be opened
    undone: bool = False


@dataclass(frozen=True)
class Life:
    """What is written down of a worker, fetched once for all who read it on a page."""

    worker: Worker
    taken: list[Step]
    changes: list[WorkerChange]
    postings: list[Posting]

    @classmethod
    def of(cls, worker: Worker) -> "Life":
        order = F("until").desc(nulls_first=True), F("since").desc(nulls_last=True)
        taken = worker.steps.select_related("operator", "takes_back", "taken_back_by", "import_run")
        postings = worker.postings.select_related("grid__community", "import_run").order_by(*order)
        return cls(worker, list(taken), list(worker.changes.select_related("by")), list(postings))

    @property
    def newest(self) -> Step | None:
        """The newest standing step."""
        standing = (s for s in self.taken if s.kind != StepKind.TAKE_BACK and not hasattr(s, "taken_back_by"))
        return next(standing, None)

    def events(self, *, reader: User | None) -> list[Event]:
        """Everything as this reader may see it; None reads for the worker, who is told no operator and opens no import."""
        told = {pk for step in self.taken for pk in step.closed.get("postings", ())}
        events = [
            *(step_event(step, self.postings, reader) for step in self.taken),
            *change_events(self.changes, runs_of(self.changes), reader),
            *(
                event
                for posting in self.postings
                for event in posting_events(posting, reader, closed_by_step=posting.pk in told)
            ),
            *beginning(self.worker, self.taken, self.postings, reader),
        ]
        return sorted(events, key=order, reverse=True)[:LONGEST]


def order(event: Event) -> tuple[bool, date, float]:
    return event.on is not None, event.on or date.min, event.at.timestamp() if event.at else 0.0


def step_event(step: Step, postings: list[Posting], reader: User | None) -> Event:
    back = step.takes_back
    closed = [str(posting.grid) for posting in postings if posting.pk in step.closed.get("postings", ())]
    facts = [
        _("不再负责%(grids)s") % {"grids": "、".join(closed)} if closed else "",
        {"closed": _("账号停用"), "opened": _("账号重新启用")}.get(step.closed.get("account", ""), ""),
        _("处理：%s") % steps.words(step.outcome, steps.OUTCOMES) if step.outcome else "",
        _("决定单位：%s") % step.decided_by if step.decided_by else "",
        _("文号：%s") % step.document if step.document else "",
    ]
    title = _("撤回“%s”") % back.get_kind_display() if back else str(step.get_kind_display())
    reason = steps.words(step.reason) if step.reason else ""
    return Event(
        title=title,
        on=step.on or timezone.localdate(step.at),
        at=step.at,
        tone={StepKind.LEAVE: "bad", StepKind.REASSIGN: "bad", StepKind.SUSPEND: "warn"}.get(step.kind, ""),  # type: ignore[call-overload]
        facts=[fact for fact in facts if fact],
        why="，".join(part for part in (reason, step.note) if part),
        source=_import(step.import_run, reader) if step.import_run else Source(),
        who=step.operator.name if step.operator and reader else "",
        scan=step.pk if step.scan and reader else None,
        undone=hasattr(step, "taken_back_by"),
    )


def change_events(changes: list[WorkerChange], runs: dict[str, ImportRun], reader: User | None) -> Iterable[Event]:
    names = files.names_of((name, v) for change in changes for name, *pair in change.fields for v in pair)
    for change in changes:
        yield Event(
            title=_("资料变更"),
            on=timezone.localdate(change.at),
            at=change.at,
            lines=[said for name, old, new in change.fields if (said := line(name, old, new, names))],
            why=change.reason,
            source=source_of(change.source, runs, reader),
            who=change.by.name if change.by and reader else "",
        )


# what only goes along with another field
BESIDE = frozenset({"joined_precision", "id_hash", "mobile_hash", "mobile_tail_hash", "pinyin", "initials"})


def line(name: str, old: Any, new: Any, names: Mapping[tuple[str, Any], str]) -> list[str]:
    """[name, old, new] in words; empty for what only goes along with another field."""
    if name in BESIDE:
        return []
    return [fields.label(name), fields.shown(name, old, names), fields.shown(name, new, names)]


def posting_events(posting: Posting, reader: User | None, *, closed_by_step: bool) -> Iterable[Event]:
    source = _import(posting.import_run, reader) if posting.import_run else Source()
    yield Event(title=_("开始负责%s") % posting.grid, on=posting.since, tone="ok", source=source)
    if posting.until and not closed_by_step:
        yield Event(title=_("不再负责%s") % posting.grid, on=posting.until)


def beginning(worker: Worker, taken: list[Step], postings: list[Posting], reader: User | None) -> Iterable[Event]:
    """How the worker came into the roster, where no step says it: by a list that had them in post already."""
    if any(step.kind == StepKind.PROPOSE for step in taken):
        return
    runs = [posting.import_run for posting in postings if posting.import_run]
    first = min(runs, key=lambda run: run.pk) if runs else None
    yield Event(
        title=_("名册导入时已在岗"),
        on=timezone.localdate(worker.created_at),
        at=worker.created_at,
        facts=[_("名册上的上岗时间：%s") % worker.joined] if worker.joined_on else [],
        source=_import(first, reader) if first else Source(),
    )


# --- sources ----------------------------------------------------------------------------------------------------------


def runs_of(changes: Iterable[WorkerChange]) -> dict[str, ImportRun]:
    """The imports that changes came from, by the words of their source."""
    named = [change.source for change in changes if change.source.startswith("lms.importrun:")]
    pks = [source.partition(":")[2] for source in named]
    found = ImportRun.objects.in_bulk([int(pk) for pk in pks if pk.isdecimal()])
    return {f"lms.importrun:{pk}": run for pk, run in found.items()}


def source_of(source: str, runs: dict[str, ImportRun], reader: User | None) -> Source:
    if run := runs.get(source):
        return _import(run, reader)
    kind = source.partition(":")[0]
    words = {"roster.correction": _("本人申请更正"), "roster.batch": _("批量办理"), "file": _("手工更改")}
    words["roster.territorychange"] = _("区划变动")
    return Source(words.get(kind, _("导入") if kind == "lms.importrun" else _("其他")))


def _import(run: ImportRun, reader: User | None) -> Source:
    text = _("导入：%s") % run.file_name if reader else _("名单导入")
    mine = reader is not None and (
        run.actor_id == reader.pk
        or (run.place and any(run.place.startswith(path) for path in reach.paths(reader, Duty.ROSTER)))
    )
    return Source(text, run.pk if mine else None)

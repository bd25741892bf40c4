"""
Acts on many workers at once: a step of service for each, or one field of their files.

An act is what stands in the menu of the list: how it is called, what it asks (`form`), whom it can reach (`outlook`), what it does
to a few people (`carry_out`) and how that is taken back (`undo`). `roster.batches` runs acts in chunks and keeps the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from lms.refusal import Refused
from roster import act_forms, fields, files, service, steps
from roster.models import Batch, StepKind, User, Worker, WorkerChange, WorkerState

Passed = list[tuple[Worker, str]]  # who was passed over, and why


@dataclass(frozen=True)
class Outlook:
    """What an act would do: to how many it can be done, and to how many not, by the words that say why."""

    can: int
    cannot: list[tuple[str, int]] = field(default_factory=list)


class Act:
    code: str
    label: Any
    form: Any

    def outlook(self, people: QuerySet[Worker]) -> Outlook:
        return Outlook(people.count())

    def carry_out(
        self, workers: Sequence[Worker], values: Mapping[str, Any], *, batch: Batch, by: User, now: datetime
    ) -> Passed:
        """Do it to a few people in the caller's transaction. Refuses what is wrong for all of them."""
        raise NotImplementedError

    def reached(self, batch: Batch) -> QuerySet[Worker]:
        """Those it was done to."""
        raise NotImplementedError

    def undo(self, batch: Batch, *, by: User, now: datetime) -> int:
        """Take it back for all of them or refuse, naming those on whom later facts stand."""
        raise NotImplementedError

    def told(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What was asked for, in words."""
        raise NotImplementedError


class StepAct(Act):
    def __init__(self, kind: StepKind) -> None:
        self.kind, self.code, self.label = kind, f"step.{kind}", kind.label
        self.form = act_forms.step_form(kind)

    def outlook(self, people: QuerySet[Worker]) -> Outlook:
        counts = dict(people.order_by().values_list("state").annotate(n=Count("pk")))
        can = sum(n for state, n in counts.items() if steps.after(self.kind, state) is not None)
        cannot = [
            (_("现在是“%(state)s”") % {"state": WorkerState(state).label}, n)
            for state, n in counts.items()
            if steps.after(self.kind, state) is None
        ]
        return Outlook(can, cannot)

    def carry_out(
        self, workers: Sequence[Worker], values: Mapping[str, Any], *, batch: Batch, by: User, now: datetime
    ) -> Passed:
        asked = {**values, "on": date.fromisoformat(values["on"])}
        done = service.take_step_many(workers, self.kind, by=by, now=now, batch=batch, **asked)
        return done.refused

    def reached(self, batch: Batch) -> QuerySet[Worker]:
        return Worker.objects.filter(steps__batch=batch)

    def undo(self, batch: Batch, *, by: User, now: datetime) -> int:
        return service.undo_batch(batch, by=by, now=now)

    def told(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        words = {**values, "on": date_format(date.fromisoformat(values["on"]))}
        if words.get("reason"):
            words["reason"] = steps.words(words["reason"])
        if words.get("outcome"):
            words["outcome"] = steps.words(words["outcome"], steps.OUTCOMES)
        return [(str(act_forms.LABELS[name]), str(value)) for name, value in words.items() if value]


class FileAct(Act):
    def __init__(self, name: str) -> None:
        self.name, self.code = name, f"file.{name}"
        self.label = _("改%(field)s") % {"field": fields.label(name)}
        self.form = act_forms.file_form(name)

    def carry_out(
        self, workers: Sequence[Worker], values: Mapping[str, Any], *, batch: Batch, by: User, now: datetime
    ) -> Passed:
        passed: Passed = []
        for worker in workers:
            try:
                files.change(
                    worker,
                    {self.name: values["value"]},
                    reason=values["reason"],
                    source=source_of(batch),
                    by=by,
                    now=now,
                )
            except Refused as refusal:
                passed.append((worker, _("%(name)s：%(why)s") % {"name": worker.name, "why": refusal.sentence}))
        return passed

    def reached(self, batch: Batch) -> QuerySet[Worker]:
        return Worker.objects.filter(changes__source=source_of(batch))

    def undo(self, batch: Batch, *, by: User, now: datetime) -> int:
        """In short transactions; stopped half-way and begun again, it goes over nobody twice."""
        back = f"undo:{batch.pk}"
        done = set(WorkerChange.objects.filter(source=back).values_list("worker", flat=True))
        changes = WorkerChange.objects.filter(source=source_of(batch)).select_related("worker").order_by("pk")
        left = [change for change in changes if change.worker_id not in done]
        later = [change.worker.name for change in left if self._changed_since(change)]
        if later:
            said = {"names": "、".join(later[:5]), "n": len(later), "field": fields.label(self.name)}
            raise Refused(_("%(names)s等 %(n)d 人的%(field)s后来又改过，所以一个也没有撤。请逐个核对档案。") % said)
        for change in left:
            (_name, old, _new) = change.fields[0]
            was = {self.name: fields.text_of(self.name, old)}
            files.change(change.worker, was, reason=_("撤回批量更改"), source=back, by=by, now=now)
        return len(changes)

    def _changed_since(self, change: WorkerChange) -> bool:
        return bool(fields.value_of(change.worker, self.name) != change.fields[0][2])

    def told(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        new = fields.read(self.name, values["value"])
        names = files.names_of([(self.name, new)])
        return [
            (_("改成"), fields.shown(self.name, new, names) if new else _("清空")),
            (str(act_forms.LABELS["reason"]), values["reason"]),
        ]


def source_of(batch: Batch) -> str:
    return f"roster.batch:{batch.pk}"


K = StepKind
IN_SERVICE = [StepAct(kind) for kind in (K.SUSPEND, K.RETURN, K.LEND, K.TRAIN, K.START, K.REASSIGN, K.LEAVE, K.REHIRE)]
IN_FILES = [FileAct(name) for name in ("managed_by", "employer", "channel", "post")]
ACTS: dict[str, Act] = {act.code: act for act in (*IN_SERVICE, *IN_FILES)}
MENU = [
    (_("任职"), [(act.code, act.label) for act in IN_SERVICE]),
    (_("档案"), [(act.code, act.label) for act in IN_FILES]),
]
# where what is done to many is kept, and what is done to many by a screen of its own
LINKS = [("batches", _("批量操作记录")), ("password_sheets", _("发首次密码"))]

"""Who has read or changed a worker's file, as the worker is told it: by office and role, not by name.

The office answers for what its people do, and who held the role that day stands in the audit log, where the auditor finds it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import exported
from lms.models import AuditEntry
from roster import fields, unmasking
from roster.models import RoleGrant, Worker, WorkerChange
from roster.timeline import BESIDE, source_of

PAGE = 20
EXPORTS = ("personal.exported",)
DID: dict[str, Any] = {
    unmasking.READ: lazy("看了我的档案"),
    unmasking.UNMASKED: lazy("看了我的完整号码"),
    "scan.opened": lazy("看了我的文件扫描件"),
    "personal.exported": lazy("导出了可能有我的名单"),
}


@dataclass(frozen=True)
class Look:
    """One line: who, when, what, which fields, and why where a reason was asked."""

    who: str
    at: datetime
    what: str
    fields: list[str] = field(default_factory=list)
    why: str = ""
    changed: bool = False


def page(worker: Worker, number: Any) -> Page[Any]:
    """The lines of one page, the newest first. A fixed number of queries."""
    keys = sorted(
        [
            *((at, "look", pk) for at, pk in entries(worker).values_list("at", "pk")),
            *((at, "change", pk) for at, pk in worker.changes.values_list("at", "pk")),
        ],
        reverse=True,
    )
    found = Paginator(keys, PAGE).get_page(number)
    wanted = {kind: [pk for _at, had, pk in found if had == kind] for kind in ("look", "change")}
    looks = AuditEntry.objects.in_bulk(wanted["look"])
    changes = WorkerChange.objects.in_bulk(wanted["change"])
    actors = {row.actor_id for row in looks.values()} | {row.by_id for row in changes.values()}
    offices = Offices({actor for actor in actors if actor}, worker)
    lines: Any = [
        look(looks[pk], offices) if kind == "look" else change(changes[pk], offices) for _at, kind, pk in found
    ]
    found.object_list = lines
    return found


def entries(worker: Worker) -> QuerySet[AuditEntry]:
    """The only place that reads the audit log for this page: what names the worker, and exports that hold them."""
    steps = [f"roster.step:{pk}" for pk in worker.steps.exclude(scan="").values_list("pk", flat=True)]
    named = Q(subject=f"roster.worker:{worker.pk}", action__in=[unmasking.READ, unmasking.UNMASKED, *EXPORTS])
    if steps:
        named |= Q(subject__in=steps, action="scan.opened")
    # an admin's own file given back holds what they brought themselves
    lists = Q(action__in=EXPORTS) & ~Q(subject__startswith="lms.importrun:")
    rows = AuditEntry.objects.filter(named | (lists & covering(worker)))
    return rows.exclude(actor=worker.user_id) if worker.user_id else rows


def covering(worker: Worker) -> Q:
    """Exports of a place that the worker's township lies in; of those without a place, the ones by whoever could reach it."""
    path = worker.township.path
    above = [path[: end + 1] for end, sign in enumerate(path) if sign == "/"]
    able = RoleGrant.objects.filter(territory__path__in=above).values("user")
    return Q(at__gte=worker.created_at) & (Q(territory__in=above) | Q(territory="", actor__in=able))


class Offices:
    """What the people are called who did something: their role and its territory on that day."""

    def __init__(self, actors: Iterable[int], worker: Worker) -> None:
        self.worker = worker
        self.grants: dict[int, list[RoleGrant]] = {}
        for grant in RoleGrant.objects.filter(user__in=list(actors)).select_related("territory").order_by("-since"):
            self.grants.setdefault(grant.user_id, []).append(grant)

    def of(self, actor: int | None, at: datetime) -> str:
        if actor is None:
            return _("系统")
        if actor == self.worker.user_id:
            return _("我自己")
        held = [grant for grant in self.grants.get(actor, ()) if holds(grant, timezone.localdate(at))]
        # of several roles the one that reaches this worker, the nearest first
        near = [grant for grant in held if self.worker.township.path.startswith(grant.territory.path)]
        if not near and not held:
            return _("工作人员")
        grant = max(near or held, key=lambda grant: len(grant.territory.path))
        return f"{grant.territory.name} · {grant.get_role_display()}"


def holds(grant: RoleGrant, day: date) -> bool:
    return grant.since <= day and (grant.until is None or day < grant.until)


def look(entry: AuditEntry, offices: Offices) -> Look:
    detail = entry.detail
    shown = [fields.label(detail["field"])] if detail.get("field") in fields.FIELDS else []
    reason = str(detail.get("reason", ""))
    table: Mapping[str, Any] = unmasking.REASONS if entry.action == unmasking.UNMASKED else exported.REASONS
    facts = [_("含完整号码")] if detail.get("form") == "full" else []
    return Look(
        who=offices.of(entry.actor_id, entry.at),
        at=entry.at,
        what=_("导出了有我的花名册") if detail.get("kind") == "roster" else str(DID[entry.action]),
        fields=shown + facts,
        why=str(table.get(reason, "")),
    )


def change(row: WorkerChange, offices: Offices) -> Look:
    """What was changed and why; the values stand in the file itself."""
    kept: Any = row.fields
    names = [fields.label(name) for name, *_values in kept if name not in BESIDE]
    source = source_of(row.source, {}, None).text
    return Look(
        who=offices.of(row.by_id, row.at),
        at=row.at,
        what=_("改了我的资料（%s）") % source,
        fields=names,
        why=row.reason,
        changed=True,
    )

"""Deleting what is held of somebody who has left (删除权): what goes and what stays is what the models declare; sums stay as they were.

Ledger, marks and grades stay, tied to a number that leads to nobody; the name, the numbers, the account, scans, and what lists brought
in go. It cannot be taken back, so it is shown before it is done, and refused while anything still stands on who the person was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.files.storage import storages
from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from lms import audit
from lms.personal import Gone, Personal, about_workers, files_of
from lms.refusal import Refused
from roster import reach, traces
from roster.models import CorrectionState, Duty, Role, User, Worker, WorkerState
from roster.steps import CLOSING

FORGOTTEN = "已删除人员"
DONE = "personal.forgotten"


@dataclass(frozen=True)
class Fate:
    """What becomes of one kind of data of this person, in words."""

    about: str
    count: int
    goes: bool
    what: str


@dataclass(frozen=True)
class Preview:
    fates: list[Fate]
    refusal: str

    @property
    def going(self) -> list[Fate]:
        return [fate for fate in self.fates if fate.goes]

    @property
    def staying(self) -> list[Fate]:
        return [fate for fate in self.fates if not fate.goes]


def called(worker: Worker) -> str:
    """What somebody forgotten is called."""
    return f"{FORGOTTEN}{worker.number}"


def is_forgotten(worker: Worker) -> bool:
    return worker.name == called(worker)


def may(by: User, worker: Worker) -> bool:
    return worker.user_id != by.pk and reach.covers(by, worker.township, Role.CITY_ADMIN, Duty.ROSTER)


def may_offer(by: User, worker: Worker) -> bool:
    """Whether the way to it is shown beside a file."""
    return worker.state in {WorkerState.LEFT, WorkerState.REASSIGNED} and not is_forgotten(worker) and may(by, worker)


# --- before it is done ------------------------------------------------------------------------------------------------


def preview(worker: Worker, *, now: datetime) -> Preview:
    """What goes, what stays and why, and what is in the way. Writes nothing."""
    fates = [fate for one in about_workers() for fate in fates_of(one, worker)]
    found = traces.of(worker)
    for about, count in ((_("导入名单里的行"), len(found.rows)), (_("含有本人的原表"), len(found.runs))):
        if count:
            fates.append(Fate(about, count, goes=True, what=_("清空内容，行数和经办人保留")))
    try:
        check(worker, found, now=now)
    except Refused as refusal:
        return Preview(fates, refusal.sentence)
    return Preview(fates, "")


def fates_of(one: Personal, worker: Worker) -> Iterator[Fate]:
    count = one.rows_of(worker).distinct().count()
    if not count:
        return
    if one.gone == Gone.DELETED:
        yield Fate(one.about, count, goes=True, what=_("整行删除"))
        return
    if one.gone == Gone.EMPTIED:
        named = [one.holds[name] for name in (*one.renames, *one.mentions, *one.empties)]
        yield Fate(one.about, count, goes=True, what="、".join(named))
    gone = {*one.renames, *one.empties, *one.mentions}
    kept = [what for name, what in one.holds.items() if name not in gone]
    if kept:
        why = _("%(what)s。只连着编号；留着是为了%(why)s") % {"what": "、".join(dict.fromkeys(kept)), "why": one.why}
        yield Fate(one.about, count, goes=False, what=why)


def check(worker: Worker, found: traces.Traces, *, now: datetime) -> None:
    """Refuse while the person is in post, within the years that the law wants, or while something of theirs is still to be decided."""
    today = timezone.localdate(now)
    if worker.state not in {WorkerState.LEFT, WorkerState.REASSIGNED} or worker.postings.current().exists():
        raise Refused(_("这个人还在岗，不能删除。离开岗位、过了保存年限以后再办。"))
    if worker.user and worker.user.role_grants.holding(on=today).exists():
        raise Refused(_("这个人还有管理角色，请先终止角色。"))
    until = left_on(worker) + timedelta(days=settings.LEFT_WORKER_DAYS)
    if today < until:
        said = {"day": date_format(until)}
        raise Refused(_("还在规定的保存年限里，%(day)s起才可以删除。") % said)
    if worker.corrections.filter(state=CorrectionState.WAITING).exists():
        raise Refused(_("这个人还有更正申请没有处理，请先处理完。"))
    if unsettled(worker):
        raise Refused(_("这个人还有考试没有出分，或者有申诉没有处理完，请等它完成。"))
    if found.open:
        raise Refused(_("最近一次导入里有这个人，还在可以撤回的 30 天里，请过了以后再办。"))


def left_on(worker: Worker) -> date:
    """The day somebody left, as exactly as it is known: the newest step out, else the last day in a grid, else when the file was made."""
    steps = worker.steps.filter(kind__in=CLOSING).exclude(taken_back_by__isnull=False)
    if step := steps.order_by("-at", "-pk").first():
        day: date = step.on or timezone.localdate(step.at)
        return day
    ended = worker.postings.exclude(until=None).order_by("-until").values_list("until", flat=True).first()
    return ended or timezone.localdate(worker.created_at)


def unsettled(worker: Worker) -> bool:
    """Whether a floor above is not done with this person: it says so by an `unsettled()` on what refers to a worker."""
    open_ones = (
        relation.related_model._base_manager.filter(relation.related_model.unsettled(), **{relation.field.name: worker})
        for relation in Worker._meta.related_objects
        if hasattr(relation.related_model, "unsettled")
    )
    return any(rows.exists() for rows in open_ones)


# --- doing it ---------------------------------------------------------------------------------------------------------


def forget(worker: Worker, *, reason: str, by: User | None, now: datetime) -> dict[str, int]:
    """Delete what is held of a worker for good; returns how many rows of what. A second time changes nothing.

    Refuses without a reason, anybody but the city's admin, and whatever `check` refuses. `by` is None on the command line alone.
    """
    if by is not None and not may(by, worker):
        raise Refused(_("删除个人信息由市级管理员办理，不能删自己的。"))
    if not reason.strip():
        raise Refused(_("请写明删除的原因，例如本人申请。"), code="reason")
    found = traces.of(worker)  # everything sealed is looked through, which takes a while: before anything is locked
    with transaction.atomic():
        worker = Worker.objects.select_for_update(of=("self",)).select_related("township", "user").get(pk=worker.pk)
        if is_forgotten(worker):
            return {}
        check(worker, found, now=now)
        counts = {
            "rows": traces.wipe(found),
            "slips": traces.out_of_sheets(worker),
            "batches": traces.out_of_batches(worker),
        }
        let_go(files_of(worker))
        close_account(worker.user)
        for one in about_workers():
            if count := retire(one, worker):
                counts[one.model] = count
        path = worker.township.path
        audit.note(DONE, now=now, actor=by, subject=worker, territory=path, why=reason_code(reason), counts=counts)
    return counts


def reason_code(reason: str) -> str:
    """The log holds no text that somebody wrote: whether the person asked, or the years are over."""
    return "asked" if "申请" in reason or "要求" in reason else "expired"


def retire(one: Personal, worker: Worker) -> int:
    """Do to the rows of one model what is declared of them; returns how many there were."""
    rows = one.made._base_manager.filter(pk__in=list(one.rows_of(worker).values_list("pk", flat=True)))
    if one.gone == Gone.DELETED:
        return rows.delete()[0]
    if one.gone != Gone.EMPTIED:
        return 0
    for name in one.empties:
        if isinstance(one.made._meta.get_field(name), models.FileField):
            let_go(list(rows.exclude(**{name: ""}).values_list(name, flat=True)))
    for row in rows.exclude(**dict.fromkeys(one.mentions, "")) if one.mentions else ():
        for name in one.mentions:
            setattr(row, name, getattr(row, name).replace(worker.name, called(worker)))
        row.save(update_fields=one.mentions)
    values = {name: empty(one.made._meta.get_field(name)) for name in one.empties}
    return rows.update(**values, **dict.fromkeys(one.renames, called(worker)))


def empty(column: Any) -> Any:
    """What stands in a column of which nothing is kept."""
    if column.name == "password":
        return make_password(None)
    if column.null:
        return None
    return column.get_default() if isinstance(column, models.JSONField) else ""


def close_account(user: User | None) -> None:
    if user is None:
        return
    User.objects.filter(pk=user.pk).update(is_active=False)
    sessions = user.usersession_set.values_list("session_key", flat=True)  # type: ignore[attr-defined]
    Session.objects.filter(session_key__in=list(sessions)).delete()


def let_go(names: list[str]) -> None:
    """Delete files of private storage when the transaction is through."""
    for name in names:
        transaction.on_commit(lambda name=name: storages["private"].delete(name))  # type: ignore[misc]


def due(*, now: datetime) -> models.QuerySet[Worker]:
    """Those whose years are over, for a person to decide on; nobody is forgotten by the clock."""
    before = timezone.localdate(now) - timedelta(days=settings.LEFT_WORKER_DAYS)
    gone = Worker.objects.filter(state__in=[WorkerState.LEFT, WorkerState.REASSIGNED]).exclude(
        name__startswith=FORGOTTEN
    )
    late = [worker.pk for worker in gone.prefetch_related("steps", "postings") if left_on(worker) <= before]
    return Worker.objects.filter(pk__in=late).select_related("township__parent").order_by("number")

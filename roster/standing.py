"""What stands in the way of a step, or of taking one back: each question answered in the sentence that a verb refuses with, "" for none."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from lms.refusal import Refused
from roster import reach, steps
from roster.models import Duty, Posting, Role, RoleGrant, Step, StepKind, User, Worker

# the day a step takes effect is the first on which things are so: whoever works today for the last time leaves tomorrow
AHEAD = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to be done, equal for all whom it concerns."""

    kind: str
    on: date
    reason: str = ""
    outcome: str = ""
    decided_by: str = ""
    document: str = ""
    note: str = ""


@dataclass
class Standing:
    """A worker under lock, with what a step has to know of them."""

    worker: Worker
    newest: Step | None = None
    held: list[Posting] = field(default_factory=list)
    grants: list[RoleGrant] = field(default_factory=list)


def check(asked: Decision, *, now: datetime) -> None:
    """Refuse what is wrong whomever it concerns; the code names the field."""
    if asked.on > timezone.localdate(now) + AHEAD:
        raise Refused(_("日期最晚是明天。还没有到的事，到了那天再办理。"), code="on")
    reasons = steps.REASONS_OF.get(asked.kind, ())
    if asked.reason and asked.reason not in reasons:
        raise Refused(_("办理“%(kind)s”没有这个原因，请重新选。") % {"kind": name_of(asked.kind)}, code="reason")
    if asked.kind in steps.MUST_HAVE_REASON and not asked.reason:
        raise Refused(_("请选%(kind)s的原因。") % {"kind": name_of(asked.kind)}, code="reason")
    outcomes = steps.outcomes(asked.kind, asked.reason)
    if outcomes and asked.outcome not in outcomes:
        said = "、".join(steps.words(code, steps.OUTCOMES) for code in outcomes)
        raise Refused(_("因为这个原因的，要选处理：%(outcomes)s。") % {"outcomes": said}, code="outcome")
    if asked.outcome and not outcomes:
        raise Refused(_("这个原因不用选处理，请把“处理”那一栏清空。"), code="outcome")
    if outcomes and not asked.decided_by.strip():
        raise Refused(_("请写明是哪个单位作的决定。"), code="decided_by")
    if (asked.kind in steps.MUST_HAVE_NOTE or asked.reason == "other") and not asked.note.strip():
        raise Refused(_("请在“说明”里写明情况。"), code="note")


def under_lock(workers: Iterable[Worker], *, today: date) -> list[Standing]:
    """The workers as they are now, locked in one order, with their newest standing step, their grids and their roles."""
    locked = Worker.objects.select_for_update(of=("self",)).filter(pk__in=[worker.pk for worker in workers])
    found = {worker.pk: Standing(worker) for worker in locked.select_related("township", "user").order_by("pk")}
    for step in standing_steps().filter(worker__in=found).order_by("at", "pk"):
        found[step.worker_id].newest = step
    for posting in Posting.objects.current().filter(worker__in=found).select_related("grid__community"):
        found[posting.worker_id].held.append(posting)
    grants = RoleGrant.objects.holding(on=today).filter(user__worker__in=found)
    for grant in grants.select_related("territory", "user__worker"):
        found[grant.user.worker.pk].grants.append(grant)
    return list(found.values())


def standing_steps() -> QuerySet[Step]:
    """Steps that have not been taken back."""
    return Step.objects.filter(taken_back_by=None).exclude(kind=StepKind.TAKE_BACK)


def newest_step(worker: Worker) -> Step | None:
    return standing_steps().filter(worker=worker).order_by("-at", "-pk").first()


def same(step: Step, asked: Decision) -> bool:
    """Whether what is asked has been done already: a form sent twice."""
    return (step.kind, step.on, step.reason, step.outcome) == (asked.kind, asked.on, asked.reason, asked.outcome)


def may_take(by: User | None, kind: str, worker: Worker) -> bool:
    """Whether this person may take this step here; nobody asks the command line."""
    return by is None or reach.covers(by, worker.township, Duty.ROSTER, *steps.TAKERS.get(kind, ()))


def against(standing: Standing, asked: Decision, *, by: User | None, seen: int | None) -> str:
    """Why this worker may not take the step, "" where they may."""
    worker, newest = standing.worker, standing.newest
    said = {"name": worker.name, "state": worker.get_state_display(), "kind": name_of(asked.kind)}
    if by is not None and worker.user_id == by.pk:
        return _("不能给自己办理，请上一级管理员办理。")
    if not may_take(by, asked.kind, worker):
        return _("%(name)s的“%(kind)s”不归你办理，请上一级管理员办理。") % said
    if seen is not None and seen != (newest.pk if newest else 0):
        return _("你打开这一页以后，%(name)s又有了新的办理，现在是“%(state)s”。请看过档案再办。") % said
    if steps.after(asked.kind, worker.state) is None:
        others = "、".join(f"“{name_of(kind)}”" for kind in steps.possible(worker.state))
        said["others"] = others
        return _("%(name)s现在是“%(state)s”，不能办理“%(kind)s”；可以办理的有%(others)s。") % said
    if sentence := too_early(standing, asked):
        return sentence
    if asked.kind in steps.CLOSING and standing.grants:
        grant = standing.grants[0]
        said |= {"place": grant.territory.name, "role": str(Role(grant.role).label)}
        return _("%(name)s还是%(place)s的%(role)s。请先在“人员与角色”里终止角色，再办理“%(kind)s”。") % said
    return ""


def too_early(standing: Standing, asked: Decision) -> str:
    worker, newest = standing.worker, standing.newest
    said = {"name": worker.name}
    if newest and newest.on and asked.on < newest.on:
        said |= {"day": date_format(newest.on), "kind": newest.get_kind_display()}
        return _("%(name)s在%(day)s办理过“%(kind)s”，这一步的日期不能早于那一天。") % said
    if worker.state in steps.SERVING and worker.joined_on and asked.on < worker.joined_on:
        return _("%(name)s是%(day)s上岗的，日期不能早于那一天。") % {**said, "day": worker.joined}
    if asked.kind in steps.CLOSING:
        for posting in standing.held:
            if posting.since and asked.on < posting.since:
                said |= {"day": date_format(posting.since), "grid": str(posting.grid)}
                return _("%(name)s从%(day)s起负责%(grid)s，日期不能早于那一天。") % said
    return ""


def standing_on(step: Step, standing: Standing, ended: list[Posting], *, by: User, today: date) -> str:
    """Why the step cannot be taken back: what has been built on it since; "" where nothing has."""
    worker, newest = standing.worker, standing.newest
    said = {"name": worker.name, "kind": step.get_kind_display(), "state": worker.get_state_display()}
    if not may_take(by, step.kind, worker):
        return _("%(name)s的“%(kind)s”不归你撤回，请上一级管理员办理。") % said
    if newest is None or newest.pk != step.pk:
        said["newest"] = newest.get_kind_display() if newest else ""
        return _("%(name)s后来又办理了“%(newest)s”。只能从最近的一步撤起。") % said
    if not step.state_before:
        return _("“拟聘”是%(name)s档案的第一步，不能撤回。人不来了的，请办理“退出”；登记错了的，请更改资料。") % said
    if worker.state != step.state_after:
        return _("%(name)s现在是“%(state)s”，和这一步办完时不一样了，不能撤回。") % said
    holding = {posting.grid_id: posting for posting in standing.held}
    for posting in ended:
        said["grid"] = str(posting.grid)
        if posting.grid_id in holding or posting.until != step.on:
            return _("%(name)s在%(grid)s的在岗记录后来又改过，不能撤回。") % said
        if not posting.grid.stands_on(today):
            return _("%(grid)s后来撤销了，%(name)s不能再回到那里，不能撤回。") % said
    fresh = [posting for posting in standing.held if posting.pk not in step.closed.get("held", [posting.pk])]
    if fresh:
        said["grid"] = "、".join(str(posting.grid) for posting in fresh)
        return _("%(name)s后来又负责了%(grid)s。请先结束这些在岗记录，再撤回。") % said
    return ""


def name_of(kind: str) -> str:
    return str(StepKind(kind).label)

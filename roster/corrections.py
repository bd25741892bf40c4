"""What workers say is wrong in their own file: asked, taken back, decided with a reason."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from roster import fields, files, reach
from roster.models import Correction, CorrectionState, Duty, User, Worker

WAITING = CorrectionState.WAITING


def visible_to(user: User) -> QuerySet[Correction]:
    """Those of the workers within an admin's reach."""
    return Correction.objects.filter(worker__in=reach.workers(user, Duty.ROSTER)).select_related(
        "worker__township", "decided_by"
    )


@transaction.atomic
def ask(worker: Worker, field: str, *, proposed: str, note: str, now: datetime) -> Correction:
    """A worker asks for one field to be put right; asking the same again changes nothing.

    Refuses what the field cannot hold, what it holds already, and a second request while one waits.
    """
    worker = Worker.objects.select_for_update(of=("self",)).select_related("township").get(pk=worker.pk)
    value, held = fields.read(field, proposed), fields.value_of(worker, field)
    if value == held:
        raise Refused(_("现在登记的就是这样，不用更正。"), code="proposed")
    if value in ("", None):
        raise Refused(_("请填应该是什么。要去掉这一项的，请在说明里写清，并告诉乡镇（街道）管理员。"), code="proposed")
    text = fields.text_of(field, value)
    waiting = Correction.objects.filter(worker=worker, field=field, state=WAITING).first()
    if waiting and waiting.proposed == text:
        return waiting
    if waiting:
        raise Refused(_("这一项已经有一份申请在等处理。要改申请的，请先撤回那一份。"))
    asked = Correction.objects.create(
        worker=worker,
        field=field,
        held=fields.text_of(field, held),
        proposed=text,
        note=note.strip(),
        asked_at=now,
    )
    path = worker.township.path
    audit.note("correction.asked", now=now, actor=worker.user, subject=asked, territory=path, field=field)
    return asked


@transaction.atomic
def withdraw(correction: Correction, *, now: datetime) -> None:
    """The worker takes the request back; a second time changes nothing. Refuses one that has been decided."""
    correction = locked(correction)
    if correction.state == CorrectionState.WITHDRAWN:
        return
    if correction.state != WAITING:
        raise Refused(_("这份申请已经处理过了，不能再撤回。"))
    close(correction, CorrectionState.WITHDRAWN, by=None, reason="", now=now)
    audit.note("correction.withdrawn", now=now, actor=correction.worker.user, subject=correction)


@transaction.atomic
def accept(correction: Correction, *, reason: str, by: User, now: datetime) -> None:
    """Put the file right as it was asked. A second time changes nothing.

    Refuses a request that has been closed otherwise, a field that has changed since it was asked, and whatever `files.change` does.
    """
    correction = locked(correction)
    if correction.state == CorrectionState.ACCEPTED:
        return
    check_open(correction, reason=reason, by=by)
    worker, field = correction.worker, correction.field
    held = fields.text_of(field, fields.value_of(worker, field))
    if held not in (correction.held, correction.proposed):
        raise Refused(_("申请以后这一项又改过，和本人当时看到的不一样了。请和本人核对，不采纳后请本人重新申请。"))
    close(correction, CorrectionState.ACCEPTED, by=by, reason=reason, now=now)
    source = f"roster.correction:{correction.pk}"
    files.change(worker, {field: correction.proposed}, reason=reason, source=source, by=by, now=now)
    path = worker.township.path
    audit.note("correction.accepted", now=now, actor=by, subject=correction, territory=path, field=field)


@transaction.atomic
def refuse(correction: Correction, *, reason: str, by: User, now: datetime) -> None:
    """Leave the file as it is, with the reason that the worker reads. A second time changes nothing."""
    correction = locked(correction)
    if correction.state == CorrectionState.REFUSED:
        return
    check_open(correction, reason=reason, by=by)
    close(correction, CorrectionState.REFUSED, by=by, reason=reason, now=now)
    path, field = correction.worker.township.path, correction.field
    audit.note("correction.refused", now=now, actor=by, subject=correction, territory=path, field=field)


def locked(correction: Correction) -> Correction:
    rows = Correction.objects.select_for_update(of=("self",)).select_related("worker__township", "worker__user")
    return rows.get(pk=correction.pk)


def may_decide(by: User, correction: Correction) -> bool:
    """Names and ID numbers are the county's to decide (see `files.RESERVED`); nobody decides their own."""
    return correction.worker.user_id != by.pk and files.may_change(by, correction.worker, correction.field)


def check_open(correction: Correction, *, reason: str, by: User) -> None:
    if not may_decide(by, correction):
        raise Refused(_("这份申请由县级以上管理员处理，请上一级管理员办理。"))
    if correction.state != WAITING:
        said = {"state": correction.get_state_display()}
        raise Refused(_("这份申请已有结果（%(state)s），不用再处理。") % said)
    if not reason.strip():
        raise Refused(_("请写明理由，本人会看到。"), code="reason")


def close(correction: Correction, state: str, *, by: User | None, reason: str, now: datetime) -> None:
    correction.state, correction.decided_by, correction.decided_at = state, by, now
    correction.reason = reason.strip()
    correction.save(update_fields=["state", "decided_by", "decided_at", "reason"])

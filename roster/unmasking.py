"""Seeing a worker's number in full: whose duty it is, for which reason, how often; and the note that somebody opened a file."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import audit
from lms.models import AuditEntry
from lms.refusal import Refused
from roster import reach
from roster.models import Duty, Role, User, Worker

READ, UNMASKED = "personal.read", "personal.unmasked"
HOUR = timedelta(hours=1)

# Which numbers, and whose duty needs them. A township calls its people; who somebody is by their ID number is the county's to settle.
DUTIES: Mapping[str, tuple[str, ...]] = {
    "mobile": (Duty.ROSTER,),
    "id_number": (Role.COUNTY_ADMIN, Role.CITY_ADMIN, Duty.ROSTER),
}
REASONS: Mapping[str, Any] = {
    "contact": lazy("联系本人"),
    "verify": lazy("和证件核对身份"),
    "twins": lazy("分清是不是同一个人"),
    "insure": lazy("办理保险、补贴发放"),
    "return": lazy("上级要求报送"),
}


def may_see(by: User, worker: Worker, field: str) -> bool:
    """Whether this person's duty covers this number of this worker."""
    return field in DUTIES and reach.covers(by, worker.township, *DUTIES[field])


def open_to(by: User, worker: Worker) -> list[str]:
    """The numbers of this worker that this person may ask for and that are there."""
    return [field for field in DUTIES if getattr(worker, field) and may_see(by, worker, field)]


@transaction.atomic
def reveal(worker: Worker, field: str, *, reason: str, by: User, now: datetime) -> str:
    """The number in full, for this once; noted with its reason, for the worker to read.

    Refuses without the duty or a reason from the list, and beyond so many an hour.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two clicks at once are counted one after the other
    if not may_see(by, worker, field):
        raise Refused(_("看这个号码不在你的职责范围，请上一级管理员办理。"))
    if reason not in REASONS:
        raise Refused(_("请先选为什么要看。"), code="reason")
    number: str = getattr(worker, field)
    if not number:
        raise Refused(_("这个号码没有登记。"), code="field")
    if seen_lately(by, now=now) >= settings.UNMASK_PER_HOUR:
        said = {"n": settings.UNMASK_PER_HOUR}
        raise Refused(_("一小时里已经看了 %(n)d 个完整号码，请过一会儿再看。要成批使用的，请按用途导出花名册。") % said)
    path = worker.township.path
    audit.note(UNMASKED, now=now, actor=by, subject=worker, territory=path, field=field, reason=reason)
    return number


def seen_lately(by: User, *, now: datetime) -> int:
    return AuditEntry.objects.filter(at__gt=now - HOUR, action=UNMASKED, actor=by).count()


def opened(worker: Worker, *, by: User, now: datetime) -> None:
    """Note that somebody else opened the file, once an hour each: more would drown what matters."""
    if worker.user_id == by.pk:
        return
    noted = AuditEntry.objects.filter(
        subject=f"roster.worker:{worker.pk}", at__gt=now - HOUR, at__lte=now, actor=by, action__in=[READ, UNMASKED]
    )
    if not noted.exists():
        audit.note(READ, now=now, actor=by, subject=worker, territory=worker.township.path)

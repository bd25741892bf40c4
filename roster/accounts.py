"""What the security administrator does with an account: suspend it, open it again, end all its sessions. No data of the roster is seen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import audit
from lms.refusal import Refused
from roster import reach, roles, steps
from roster.models import Role, User

# why it is done: codes, since the audit log keeps no text that someone wrote
SUSPENDING: Mapping[str, Any] = {
    "suspected": lazy("怀疑被别人用过"),
    "misused": lazy("违规使用账号"),
    "inquiry": lazy("配合调查"),
    "off_duty": lazy("已调离，或不再承担这项工作"),
    "unused": lazy("长期不用"),
}
REOPENING: Mapping[str, Any] = {
    "cleared": lazy("已查清，没有问题"),
    "on_duty": lazy("重新承担这项工作"),
    "mistaken": lazy("停用错了"),
}
ENDING: Mapping[str, Any] = {
    "lost": lazy("手机丢了"),
    "suspected": lazy("怀疑被别人用过"),
    "left_open": lazy("在公用电脑上忘记退出"),
    "off_duty": lazy("已调离，或不再承担这项工作"),
}


def within(by: User) -> QuerySet[User]:
    """The accounts this person may do it to: of the security administrator all that are nobody's keeper's; of anyone else none."""
    return roles.ordinary().exclude(pk=by.pk) if reach.has(by, Role.SECURITY_ADMIN) else User.objects.none()


def held(user: User, *, by: User, reason: str, of: Mapping[str, Any]) -> User:
    """The account, locked. Refuses whoever may not, and an act without one of its reasons."""
    found = within(by).select_for_update(of=("self",)).filter(pk=user.pk).first()
    if found is None:
        raise Refused(_("这个账号不归你管。系统、安全、审计管理员的账号只能在服务器上办理。"))
    if reason not in of:
        raise Refused(_("请选一个原因。"))
    return found


@transaction.atomic
def suspend(user: User, *, by: User, now: datetime, reason: str) -> None:
    """Nobody gets in with this account until it is opened again, and whoever is in is out at the next request. Again changes nothing."""
    found = held(user, by=by, reason=reason, of=SUSPENDING)
    if found.suspended_at:
        return
    found.suspended_at, found.is_active = now, False
    found.sessions_ended = F("sessions_ended") + 1
    found.save(update_fields=["suspended_at", "is_active", "sessions_ended"])
    audit.note("account.suspended", now=now, actor=by, subject=found, reason=reason)


@transaction.atomic
def reopen(user: User, *, by: User, now: datetime, reason: str) -> None:
    """Let a suspended account in again. One that the roster closed, since the person has left, is the roster's to open."""
    found = held(user, by=by, reason=reason, of=REOPENING)
    if not found.suspended_at:
        return
    worker = getattr(found, "worker", None)
    found.suspended_at, found.is_active = None, worker is None or worker.state not in steps.GONE
    found.save(update_fields=["suspended_at", "is_active"])
    audit.note("account.reopened", now=now, actor=by, subject=found, reason=reason)


@transaction.atomic
def end_sessions(user: User, *, by: User, now: datetime, reason: str) -> None:
    """Whoever is in with this account has to sign in anew, on every device."""
    found = held(user, by=by, reason=reason, of=ENDING)
    found.sessions_ended = F("sessions_ended") + 1
    found.save(update_fields=["sessions_ended"])
    audit.note("sessions.ended", now=now, actor=by, subject=found, reason=reason)

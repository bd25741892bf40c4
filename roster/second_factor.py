"""The second factor: a code from a phone (TOTP) or one of ten recovery codes, required of whoever holds a role."""

import hmac
from datetime import datetime

from allauth.account.authentication import get_authentication_records
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms import audit, sealing
from lms.compiled import Compiled, Given
from lms.refusal import Refused
from roster import devices, reach
from roster.models import Role, RoleGrant, User


class Reason(models.TextChoices):
    """Why somebody's second factor is taken away; a code, since the audit log keeps no text that someone wrote."""

    LOST = "lost", gettext_lazy("手机丢了")
    BROKEN = "broken", gettext_lazy("手机坏了")
    CHANGED = "changed", gettext_lazy("换了手机，旧手机上的没有移过来")
    LOCKED_OUT = "locked_out", gettext_lazy("验证程序删掉了，恢复码也用完了")
    SUSPECTED = "suspected", gettext_lazy("怀疑被别人用过")
    SIGN_ON = "sign_on", gettext_lazy("统一登录绑错了人，或换了账号")


KEY, CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
KINDS = Compiled(lambda: Authenticator.objects.filter(user=Given("user")).only("type"))


def required_of(user: User) -> bool:
    """Whether this person's roles are worth nothing without a second factor."""
    return settings.REQUIRE_SECOND_FACTOR and bool(reach.roles(user))


def has(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type=KEY).exists()


def passed(request: HttpRequest) -> bool:
    """Whether this session has passed a second factor; told by the session alone, without a query."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def lay_down_roles(user: User) -> None:
    """For the length of this request the person holds no role."""
    user._grants = []  # type: ignore[attr-defined]


def draw() -> str:
    """A new key, as it is typed into a phone: 32 letters and figures."""
    return generate_totp_secret()


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """The half minute whose code this is, now or one before or after; None when it is none of theirs."""
    current = int(now.timestamp()) // app_settings.TOTP_PERIOD
    for step in range(current - app_settings.TOTP_TOLERANCE, current + app_settings.TOTP_TOLERANCE + 1):
        if hmac.compare_digest(format_hotp_value(hotp_value(secret, step)).encode(), code.encode()):
            return step
    return None


@transaction.atomic
def check(user: User, code: str, *, now: datetime) -> str:
    """Which of a person's authenticators this code is of, `totp` or `recovery_codes`; "" when of none. Each code is taken once.

    The half minute of the last code is kept with the key: an older code, or the same one again, is refused for as long as a
    phone's clock is forgiven. Reading and writing it is one step, so that of two at the same moment one is refused.
    """
    rows = {row.type: row for row in Authenticator.objects.select_for_update().filter(user=user, type__in=[KEY, CODES])}
    key, codes = rows.get(KEY), rows.get(CODES)
    if key is None:
        return ""
    step = step_of(sealing.unseal(key.data["secret"]), code, now=now)
    if step is not None and step > key.data.get("last_step", 0):
        key.data["last_step"], key.last_used_at = step, now
        key.save(update_fields=["data", "last_used_at"])
        return str(KEY)
    if codes is not None and RecoveryCodes(codes).validate_code(code):
        left = len(RecoveryCodes(Authenticator.objects.get(pk=codes.pk)).get_unused_codes())
        audit.note("second_factor.recovery_code_used", now=now, actor=user, subject=user, left=left)
        return str(CODES)
    audit.note("second_factor.wrong_code", now=now, actor=user, subject=user)
    return ""


@transaction.atomic
def set_up(user: User, *, secret: str, code: str, now: datetime, session: str) -> bool:
    """Take this key, in place of an older one, with new recovery codes; every other session of theirs ends. False for a wrong code."""
    User.objects.select_for_update().get(pk=user.pk)
    step = step_of(secret, code, now=now)
    if step is None:
        return False
    replaced = Authenticator.objects.filter(user=user).delete()[0]
    key = TOTP.activate(user, secret).instance
    # the code that proves the phone is not good for a sign-in as well
    key.data["last_step"] = step
    key.save(update_fields=["data"])
    RecoveryCodes.activate(user)
    devices.end_all(user, but=session)
    audit.note("second_factor.replaced" if replaced else "second_factor.set_up", now=now, actor=user, subject=user)
    return True


@transaction.atomic
def renew_codes(user: User, *, now: datetime, session: str) -> None:
    """Ten new recovery codes; the old ones are good no more, and every other session ends."""
    User.objects.select_for_update().get(pk=user.pk)
    if not has(user):
        raise Refused(_("还没有开启第二重验证，请先开启。"))
    Authenticator.objects.filter(user=user, type=CODES).delete()
    RecoveryCodes.activate(user)
    devices.end_all(user, but=session)
    audit.note("second_factor.codes_renewed", now=now, actor=user, subject=user)


@transaction.atomic
def codes_once(user: User, *, now: datetime) -> list[str]:
    """The recovery codes, the one time they are shown; none ever after."""
    row = Authenticator.objects.select_for_update().filter(user=user, type=CODES).first()
    if row is None or RecoveryCodes(row).did_view:
        return []
    codes = RecoveryCodes(row)
    codes.mark_as_viewed()
    audit.note("second_factor.codes_shown", now=now, actor=user, subject=user)
    return codes.get_unused_codes()


def codes_left(user: User) -> int:
    row = Authenticator.objects.filter(user=user, type=CODES).first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


@transaction.atomic
def switch_off(user: User, *, now: datetime, session: str) -> None:
    """Do without; every other session ends. Refuses whoever holds a role: they may replace it, not be without."""
    User.objects.select_for_update().get(pk=user.pk)
    if required_of(user):
        raise Refused(_("有管理角色的账号不能关闭第二重验证；换了手机的，请用“换一部手机”。"))
    if Authenticator.objects.filter(user=user).delete()[0]:
        devices.end_all(user, but=session)
        audit.note("second_factor.switched_off", now=now, actor=user, subject=user)


def holders(by: User) -> QuerySet[User]:
    """Whose second factor this security administrator looks after: holders of a role in their territory, and workers who have one."""
    places = reach.territories(by, Role.SECURITY_ADMIN)
    held = RoleGrant.objects.holding(on=timezone.localdate()).filter(territory__in=places).values("user")
    chosen = Authenticator.objects.filter(type=KEY, user__worker__in=reach.workers(by, Role.SECURITY_ADMIN)).values(
        "user"
    )
    return User.objects.filter(Q(pk__in=held) | Q(pk__in=chosen), is_active=True)


@transaction.atomic
def reset(user: User, *, by: User | None, reason: str, now: datetime) -> None:
    """Take away the second factor of someone who lost their phone, and the tie to the city's sign-on; all their sessions end.

    Refuses one's own, a person out of reach, and a reset without a reason. `by` is None on the command line alone.
    Doing it again changes nothing.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if by is not None and by.pk == user.pk:
        raise Refused(_("不能重置自己的第二重验证，请另一位安全管理员办理。"))
    if by is not None and not holders(by).filter(pk=user.pk).exists():
        raise Refused(_("这个人的第二重验证不归你重置。"))
    if by is not None and reason not in Reason.values:
        raise Refused(_("请选一个重置的原因。"))
    factors = Authenticator.objects.filter(user=user).delete()[0]
    ties = SocialAccount.objects.filter(user=user).delete()[0]
    if factors or ties:
        devices.end_all(user)
        audit.note("second_factor.reset", now=now, actor=by, subject=user, factors=factors, ties=ties, reason=reason)

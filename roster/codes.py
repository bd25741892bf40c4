"""One-time codes: six digits that say a telephone or a mailbox is somebody's, and the channels that carry them.

A code is good once, for ten minutes, for one account and one purpose, and only in the browser that asked for it: whoever asks for
another's code neither uses it nor spoils one that its owner asked for. What is answered, and how long it takes, does not depend on
whether the number is known: a job looks it up later.
"""

import secrets
import sys
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from lms import audit, jobs, sealing
from lms.refusal import Refused
from roster import guesses, identity, reach, signin
from roster.identity.cleaning import plain
from roster.models import OneTimeCode, Purpose, User

log = structlog.get_logger(__name__)
GOOD_FOR = timedelta(minutes=10)
TRIES = 5  # of one asking
ASKINGS, ASKINGS_HERE = 6, 20  # an hour: for one name (messages cost, and annoy), and from one address
HOUR = timedelta(hours=1)


class Channel(Protocol):
    """A way for a code to reach someone. A gateway for text messages is one class with these two methods."""

    name: str

    def reaches(self, user: User) -> bool:
        """Whether this person can be sent a code this way."""
        ...

    def send(self, user: User, text: str) -> None:
        """Send, or raise; a job sends again what failed."""
        ...


class Console:
    """For development: writes the message where the worker's output goes."""

    name = "console"

    def __init__(self) -> None:
        if not settings.DEBUG:
            raise ImproperlyConfigured("CODE_CHANNELS: roster.codes.Console would print codes; it is for DEBUG alone.")

    def reaches(self, user: User) -> bool:
        return True

    def send(self, user: User, text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # never the log: its lines are kept


class Mail:
    """E-mail by SMTP, for holders of roles who have left an address."""

    name = "email"

    def reaches(self, user: User) -> bool:
        return bool(user.email) and bool(user.is_superuser or reach.roles(user))

    def send(self, user: User, text: str) -> None:
        send_mail(_("%(site)s验证码") % {"site": settings.SITE_NAME}, text, None, [user.email])


def channels() -> list[Channel]:
    return [import_string(name)() for name in settings.CODE_CHANNELS]


@checks.register(checks.Tags.security)
def channels_can_be_made(**_kw: Any) -> list[checks.CheckMessage]:
    """A wrong name is found by `manage.py check`, not by the first person who forgets a password."""
    try:
        channels()
    except (ImportError, ImproperlyConfigured) as error:
        return [checks.Error(f"CODE_CHANNELS: {error}", id="roster.E001")]
    return []


# --- asking -------------------------------------------------------------------------------------------------------


def ask(typed: str, *, address: str, now: datetime) -> str:
    """Have codes sent to whoever this number is of, if anyone; returns what the asking browser keeps, to be shown with the code.

    Refuses an address that asks very often. A number that was asked for often gets no further message, without a word of it.
    """
    name, here = guesses.key("asked", guesses.same(typed)), guesses.key("asked here", address)
    counted = guesses.count({name: now + HOUR, here: now + HOUR}, now=now)
    if counted[here] > ASKINGS_HERE:
        raise Refused(_("从这个网络要验证码的次数太多了，请过一小时再试，或者找乡镇（街道）管理员当面办理。"))
    asking = secrets.token_urlsafe(24)
    with transaction.atomic():
        jobs.enqueue(
            "roster.send_codes",
            typed=sealing.seal(typed),
            asked=hashed(asking),
            until=(now + GOOD_FOR).isoformat(),
            silent=counted[name] > ASKINGS,
        )
    return asking


@jobs.work("roster.send_codes")
def send_codes(handle: jobs.Handle) -> None:
    """A code for everyone of the number who can be reached. Run again, it sends to those only whom it has not sent to."""
    until, now = datetime.fromisoformat(handle.args["until"]), timezone.now()
    if handle.args["silent"] or now >= until:
        return
    for user in signin.candidates_for(sealing.unseal(handle.args["typed"])):
        channel = next((one for one in channels() if one.reaches(user)), None)
        if user.is_active and channel is not None:
            send(user, Purpose.FORGOTTEN, channel, asked=handle.args["asked"], until=until, now=now)


def send(user: User, purpose: str, channel: Channel, *, asked: str, until: datetime, now: datetime) -> None:
    code = f"{secrets.randbelow(10**6):06}"
    made, new = OneTimeCode.objects.get_or_create(
        user=user,
        purpose=purpose,
        asked=asked,
        defaults={
            "code": hashed(purpose, str(user.pk), code),
            "channel": channel.name,
            "made_at": now,
            "expires_at": until,
        },
    )
    if not new:
        return
    try:
        channel.send(user, message(user, code, purpose))
    except Exception:
        made.delete()  # so that the job's next try makes another
        raise
    audit.note("code.sent", now=now, subject=user, purpose=purpose, channel=channel.name)


def message(user: User, code: str, purpose: str) -> str:
    return _(
        "【%(site)s】%(name)s：验证码 %(code)s，10 分钟内有效，用于%(what)s。不是本人操作请不要理会，更不要告诉别人。"
    ) % {
        "site": settings.SITE_NAME,
        "name": identity.mask_name(user.name),
        "code": code,
        "what": Purpose(purpose).label,
    }


# --- redeeming ----------------------------------------------------------------------------------------------------


def redeem(asking: str, typed: str, *, purpose: str, now: datetime) -> User | None:
    """The person whose code this is, and the code is used up; None when it is wrong, used, run out or another's.

    Refuses when this asking has had its tries. Tries are counted alike whether anything was sent or not.
    """
    tries = guesses.key("code", asking)
    if guesses.count({tries: now + GOOD_FOR}, now=now)[tries] > TRIES:
        raise Refused(_("验证码错了太多次，请重新要一个。"), code="tries")
    code = "".join(plain(typed).split())
    sent = OneTimeCode.objects.filter(asked=hashed(asking), purpose=purpose, used_at=None, expires_at__gt=now)
    for one in sent.select_related("user__worker"):
        if constant_time_compare(one.code, hashed(purpose, str(one.user_id), code)) and one.user.is_active:
            return one.user if use(one, now=now) else None
    return None


def use(one: OneTimeCode, *, now: datetime) -> bool:
    """Of two who bring the same code at the same moment one is let through."""
    return bool(OneTimeCode.objects.filter(pk=one.pk, used_at=None).update(used_at=now))


# --- a mailbox of one's own ---------------------------------------------------------------------------------------


def by_mail() -> bool:
    """Whether codes go by e-mail here at all."""
    return any(isinstance(one, Mail) for one in channels())


def ask_email(user: User, email: str, *, now: datetime) -> str:
    """Have a code sent to the address somebody wants to leave, so that a slip of the pen does not hand their account away."""
    asking = secrets.token_urlsafe(24)
    name = guesses.key("asked email", str(user.pk))
    if guesses.count({name: now + HOUR}, now=now)[name] > ASKINGS:
        raise Refused(_("要验证码的次数太多了，请过一小时再试。"))
    with transaction.atomic():
        jobs.enqueue(
            "roster.send_email_code",
            owner=user,
            user=user.pk,
            email=sealing.seal(email),
            asked=hashed(asking),
            until=(now + GOOD_FOR).isoformat(),
        )
    return asking


@jobs.work("roster.send_email_code")
def send_email_code(handle: jobs.Handle) -> None:
    until, now = datetime.fromisoformat(handle.args["until"]), timezone.now()
    user = User.objects.filter(pk=handle.args["user"], is_active=True).first()
    if user is None or now >= until:
        return
    user.email = sealing.unseal(handle.args["email"])  # not saved: it is not theirs yet
    send(user, Purpose.EMAIL, Mail(), asked=handle.args["asked"], until=until, now=now)


@transaction.atomic
def set_email(user: User, email: str, *, now: datetime) -> None:
    """The address that codes go to from now on; "" takes it away."""
    user.email = email
    user.save(update_fields=["email"])
    audit.note("email.set" if email else "email.removed", now=now, actor=user, subject=user)


def hashed(*parts: str) -> str:
    return sealing.lookup("\n".join(parts), purpose="one-time code")


def forget(*, now: datetime) -> int:
    """Drop codes a day after they ran out; the log keeps that they were sent."""
    return OneTimeCode.objects.filter(expires_at__lte=now - timedelta(days=1)).delete()[0]

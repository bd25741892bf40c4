"""Signing in: by mobile number or roster number, at a password cost the whole city can pay at one bell."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from roster import identity, reach, roles
from roster.models import User, mobile_lookup

log = structlog.get_logger(__name__)
ATTEMPTS, PENALTY_SECONDS = 5, 15 * 60
SHARING = 5  # how many people may share a telephone and still sign in with it


class Argon2idHasher(Argon2PasswordHasher):
    """argon2id, t=2, 19 MiB, p=1: 21 ms a sign-in, so that 7,280 people fit into ten minutes on two cores."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


class Backend(ModelBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_kw: Any
    ) -> User | None:
        """The one user whose mobile or roster number this is and whose password fits; none when it could be two."""
        fitting = matching(username, password) if username and password is not None else []
        return fitting[0] if len(fitting) == 1 else None

    def get_user(self, user_id: int) -> User | None:
        """With the worker, whom nearly every screen asks for: one query less on each of them."""
        user = User.objects.select_related("worker").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """What the roles held today allow, beside what was given by hand: a role that ends takes its permissions along."""
        allowed = set(super().get_user_permissions(user_obj, obj))
        if obj is None and user_obj.is_active:
            for role in reach.roles(user_obj):
                allowed |= roles.PERMISSIONS.get(role, frozenset())
        return allowed


def matching(typed: str, password: str) -> list[User]:
    """Everyone whose mobile or roster number was typed and whose password fits.

    Two people may share a telephone: their passwords tell them apart, and when even these are the same both are returned.
    A password is hashed even when nobody is found, so that the time of the answer does not tell which numbers exist.
    """
    candidates = [user for user in candidates_for(typed) if user.is_active]
    if not candidates:
        User().set_password(password)
    return [user for user in candidates if user.check_password(password)]


def candidates_for(typed: str) -> list[User]:
    mobile = identity.mobile(typed).first
    if mobile:
        return list(User.objects.filter(mobile_hash=mobile_lookup(mobile)).order_by("pk")[:SHARING])
    return list(User.objects.filter(username__iexact=typed.strip())[:1])


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; behind a proxy the last address it added, since the ones before are the visitor's own words."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")


def guess(typed: str, address: str) -> bool:
    """Count a guess for this name from this address, before it is tried; False when there were too many lately.

    Counted by both, so that a colleague elsewhere is not locked out. The quarter of an hour begins anew with each that is taken.
    Counting and asking are one step, or guesses sent at the same moment would all find the count as it was.
    """
    key = _counter(typed, address)
    try:
        return _counted(key)
    except (RedisError, OSError):
        # the whole city signs in at one bell: with the counter out of reach people come in uncounted rather than not at all
        log.warning("signin_not_counted")
        return True


def _counted(key: str) -> bool:
    with transaction.atomic():  # SQLite lets one in at a time; Redis counts in one step by itself
        if cache.add(key, 1, PENALTY_SECONDS):
            return True
        if cache.get(key, 0) >= ATTEMPTS:
            return False
        count = cache.incr(key)
        cache.touch(key, PENALTY_SECONDS)
    return count <= ATTEMPTS


def succeeded(typed: str, address: str) -> None:
    with suppress(RedisError, OSError):
        cache.delete(_counter(typed, address))


def _counter(typed: str, address: str) -> str:
    # one person however the number is written: 139 0715 0001, +86 13907150001, w0001
    same = identity.mobile(typed).first or typed.strip().lower()
    return f"signin:{mobile_lookup(same)[:32]}:{address}"


class NotAboutYouValidator:
    """The name, the roster number and the telephone are the first things a stranger would try."""

    def validate(self, password: str, user: User | None = None) -> None:
        worker = getattr(user, "worker", None) if user and user.pk else None
        own = [user.username, user.name] if user else []
        if worker:
            own += [worker.mobile, worker.mobile[-6:], worker.id_number[-6:], worker.id_number[6:14]]
        if any(part and len(part) >= 2 and part.lower() in password.lower() for part in own):
            raise ValidationError(_("密码里不要带自己的姓名、手机号、身份证号或登录号。"), code="password_about_you")

    def get_help_text(self) -> str:
        return _("不要带自己的姓名、手机号、身份证号或登录号。")


def run_out(user: User, *, now: datetime) -> bool:
    """Whether this is a first password whose days are over."""
    expires = user.first_password_expires_at
    return bool(user.must_change_password and expires and expires <= now)

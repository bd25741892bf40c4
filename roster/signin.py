"""Signing in: by mobile number or roster number, at a password cost the whole city can pay at one bell."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from lms.compiled import Compiled, Given, run
from lms.prepared import stored
from roster import guesses, identity, known_devices, reach, roles
from roster.guesses import Step, Try
from roster.models import User, mobile_lookup

SHARING = 5  # how many people may share a telephone and still sign in with it
# keys of the session (see roster.idle): when its person last did something, and that this is a worker who holds a role
SEEN, HOLDS = "seen", "holds"
# of the worker no more than that there is one: their sealed numbers need not be opened at the door
CANDIDATES = User.objects.select_related("worker").only(
    *(one.name for one in User._meta.concrete_fields), "worker__user"
)
BY_MOBILE = Compiled(lambda: CANDIDATES.filter(mobile_hash=Given("hash")).order_by("pk")[:SHARING])
ENTERED = "UPDATE roster_user SET last_login = %s WHERE id = %s"
BY_KEY = Compiled(lambda: User.objects.select_related("worker").filter(pk=Given("user")))


class Argon2idHasher(Argon2PasswordHasher):
    """
    argon2id, t=5, 7 MiB, p=1: one of the five that OWASP's cheat sheet on storing passwords names as equal (19 MiB with t=2 is another). Of
    these it lies in a processor's cache, so that sign-ins side by side do not wait for memory: docs/decisions/0014-signing-in.md.
    """

    time_cost = 5
    memory_cost = 7 * 1024
    parallelism = 1


class Backend(ModelBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_kw: Any
    ) -> User | None:
        """The one user whose mobile or roster number this is and whose password fits; none when it could be two.

        Whoever asks by way of Django or allauth is counted like the sign-in page; one's own password while signed in has its own count.
        """
        if not username or password is None:
            return None
        if request is not None and getattr(request, "user", None) and request.user.is_authenticated:
            own = request.user.get_username().lower() == username.strip().lower()
            fits = own and own_password_fits(request.user, password, now=moment(request))
            return request.user if fits else None
        fitting = Trial(request, username).run(password) if request is not None else matching(username, password)
        return fitting[0] if fitting and len(fitting) == 1 else None

    def get_user(self, user_id: int) -> User | None:
        """With the worker, whom nearly every screen asks for: one query less on each of them."""
        user = BY_KEY.first(user=user_id)
        return user if user and self.user_can_authenticate(user) else None

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """What the roles held today allow, beside what was given by hand: a role that ends takes its permissions along."""
        allowed = set(super().get_user_permissions(user_obj, obj))
        if obj is None and user_obj.is_active:
            for role in reach.roles(user_obj):
                allowed |= roles.PERMISSIONS.get(role, frozenset())
        return allowed


class Trial:
    """One try of a password at the door: counted first, then looked at."""

    def __init__(self, request: HttpRequest, typed: str) -> None:
        self.now = moment(request)
        self.candidates = [user for user in candidates_for(typed) if user.is_active]
        self.one = Try(typed, address_of(request), known_devices.recognised(request, self.candidates))

    def allowed(self, *, answered: bool = False) -> guesses.Verdict:
        return guesses.take(self.one, now=self.now, answered=answered)

    def fitting(self, password: str) -> list[User]:
        """Everyone of that number whose password fits. Whoever lets them in, or tells them that it fits, calls `fitted` as well."""
        return fitting(self.candidates, password)

    def fitted(self) -> None:
        """The password fitted: this try and those mistyped before it here count no longer."""
        guesses.fitted(self.one, now=self.now)

    def run(self, password: str) -> list[User]:
        found = self.fitting(password) if self.allowed().step == Step.TRY else []
        if found:
            self.fitted()
        return found


def matching(typed: str, password: str) -> list[User]:
    """Everyone whose mobile or roster number was typed and whose password fits.

    Two people may share a telephone: their passwords tell them apart, and when even these are the same both are returned.
    """
    return fitting([user for user in candidates_for(typed) if user.is_active], password)


def fitting(candidates: list[User], password: str) -> list[User]:
    """A password is hashed even when there is nobody, so that the time of the answer does not tell which numbers exist."""
    if not candidates:
        User().set_password(password)
    return [user for user in candidates if user.check_password(password)]


def candidates_for(typed: str) -> list[User]:
    mobile = identity.mobile(typed).first
    if mobile:
        return BY_MOBILE.all(hash=mobile_lookup(mobile))
    return list(CANDIDATES.filter(username__iexact=typed.strip())[:1])


def own_password_fits(user: User, password: str, *, now: datetime) -> bool | None:
    """Whether somebody signed in typed their own password; None when it was tried too often and not looked at."""
    if not guesses.take_own(user.pk, now=now):
        return None
    if not user.check_password(password):
        return False
    guesses.fitted_own(user.pk)
    return True


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; behind a proxy the last address it added, since the ones before are the visitor's own words."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")


def moment(request: HttpRequest) -> datetime:
    """The request's one clock; a request that came by no middleware has none."""
    return getattr(request, "now", None) or timezone.now()


def fitting_still(user: User, session_hash: str) -> bool:
    """Whether this is still the account, with the password, that something was once proved of."""
    return user.is_active and constant_time_compare(user.get_session_auth_hash(), session_hash)


def run_out(user: User, *, now: datetime) -> bool:
    """Whether this is a first password whose days are over."""
    expires = user.first_password_expires_at
    return bool(user.must_change_password and expires and expires <= now)


@receiver(user_logged_in, dispatch_uid="update_last_login")
def entered(sender: Any, request: HttpRequest, user: User, **_kw: Any) -> None:
    """In the place of Django's own, whose name it has: that one goes by a clock of its own, and costs twice as much."""
    user.last_login = moment(request)
    run(ENTERED, [stored(user.last_login), user.pk])


@receiver(user_logged_in)
def begun(sender: Any, request: HttpRequest, user: User, **_kw: Any) -> None:
    """Someone is in, after every factor: the clock of their session starts, and the answer leaves a note on the device."""
    request.session[SEEN] = int(moment(request).timestamp())
    if hasattr(user, "worker") and reach.roles(user):
        request.session[HOLDS] = True
    request.entered = user  # type: ignore[attr-defined]

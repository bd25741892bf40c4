"""What allauth asks of the house when somebody signs in, and the one way in for everybody."""

import ipaddress
from collections.abc import Callable
from datetime import datetime
from functools import cache, wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import perform_password_login, record_authentication
from allauth.account.models import Login
from allauth.account.utils import get_login_redirect_url
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from lms import audit, departing, floors, sealing
from roster import devices, reach, second_factor, signin
from roster.models import User

TYPED = "password"


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from the roster and from roles alone."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """An address that a column of addresses takes, whatever a proxy wrote."""
        try:
            return str(ipaddress.ip_address(signin.address_of(request)))
        except ValueError:
            return "0.0.0.0"  # noqa: S104 - no address at all, and nothing is bound to it

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return landing(request.user, now=request.now)  # type: ignore[arg-type, attr-defined]

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The screens say themselves what has happened."""

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        devices.enlist(request, address=self.get_client_ip(request), now=request.now)  # type: ignore[attr-defined]
        audit.note("signed_in", now=request.now, actor=user)  # type: ignore[attr-defined]
        # written within the transaction of the sign-in, where there is one; the middleware finds nothing left to write
        request.session.save()

    def post_login(
        self, request: HttpRequest, user: Any, *, redirect_url: str | None, signup: bool, **kwargs: Any
    ) -> HttpResponse:
        """Where every way in ends. Without allauth's signal: for it the list of sessions would be gone through, three queries for each that is on it."""
        response = redirect(get_login_redirect_url(request, redirect_url, signup=signup))
        departing.clear(request, response)  # on a shared phone the last one may have gone without signing out
        return response

    def get_login_stages(self) -> list[str]:
        """After the password the second factor, and nothing else."""
        return ["roster.entrance.SecondFactorStage"]

    def get_reauthentication_methods(self, user: Any) -> list[dict]:
        """The password alone: a code would let whoever holds the phone change what guards it."""
        return [{"id": "reauthenticate", "description": "", "url": reverse("account_reauthenticate")}]


class SecondFactorAdapter(DefaultMFAAdapter):
    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        kinds = {one.type for one in second_factor.KINDS.all(user=user.pk)}
        return bool(kinds if types is None else kinds.intersection(types))

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)


class SecondFactorStage(AuthenticateStage):
    """Asks whoever has a second factor for it, unless the city's sign-on has just done so (`roster.sign_on`)."""

    def handle(self) -> tuple[Any, bool]:
        if getattr(self.request, "second_factor_elsewhere", False):
            record_authentication(self.request, self.login.user, "mfa", type="sign_on")
            return None, True
        return super().handle()


def landing(user: User, *, now: datetime) -> str:
    """Where somebody goes who came in for nothing in particular: to what awaits them at this hour, else to where their work is.

    The floors above say themselves what cannot wait: `awaited.where(worker, now=…)`.
    """
    worker = getattr(user, "worker", None)
    waits = (module.where(worker, now=now) for module in awaiting()) if worker else ()
    return next(filter(None, waits), "") or reach.landing_url(user)


@cache
def awaiting() -> list[Any]:
    """Looked for once: to find that a floor has no such module takes as long as a query."""
    return list(floors.modules("awaited"))


def enter(request: HttpRequest, user: User, *, then: str) -> HttpResponse:
    """Let in somebody whose password fits: at once, or after the second factor where they have one."""
    then = then or landing(user, now=request.now)  # type: ignore[attr-defined]
    login = Login(user=user, redirect_url=first(user, then))
    return perform_password_login(request, {"username": user.username}, login)


def first(user: User, then: str) -> str:
    """Where sign-in leads: a holder of a role who has no second factor yet sets one up before anything else."""
    if user.must_change_password or not second_factor.required_of(user) or second_factor.has(user):
        return then
    return f"{reverse('mfa_activate_totp')}?{urlencode({'next': then})}"


def typed_lately(request: HttpRequest) -> bool:
    """Whether this session's person has typed their password within the last five minutes, at sign-in or again since."""
    oldest = request.now.timestamp() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT  # type: ignore[attr-defined]
    records = get_authentication_records(request, request.user)
    return any(record["method"] == TYPED and record["at"] > oldest for record in records)


def typed(request: HttpRequest) -> None:
    """Remember that the password was typed right just now."""
    record_authentication(request, request.user, TYPED, reauthenticated=True)


def proved(request: HttpRequest, *, by: str) -> None:
    """Remember that this session passed the second factor; it goes on under a new key, since it may do more from now on."""
    request.session.cycle_key()
    record_authentication(request, request.user, "mfa", type=by)


def guarded(*, back: str = "") -> Callable[[Any], Any]:
    """A view that a session left open, or stolen, must not reach: the second factor passed and the password typed lately.

    What was sent is not kept: after the password the person is led to the page (`back` for addresses that only take what is
    sent) and sends it again, with a token of their own.
    """

    def decorate(view: Any) -> Any:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            here = reverse(back) if back else request.get_full_path()
            if not second_factor.passed(request) and second_factor.has(request.user):  # type: ignore[arg-type]
                return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': here})}")
            if not typed_lately(request):
                return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': here})}")
            return view(request, *args, **kwargs)

        return asked

    return decorate

"""What allauth asks of the house when somebody signs in, and the one way in for everybody."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest, HttpResponse

from lms import audit, sealing
from roster import reach, signin
from roster.models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from the roster and from roles alone."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return signin.address_of(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return str(reach.landing_url(request.user))  # type: ignore[arg-type]

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The screens say themselves what has happened."""

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        audit.note("signed_in", now=request.now, actor=user)  # type: ignore[attr-defined]


class SecondFactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)


def enter(request: HttpRequest, user: User, *, then: str) -> HttpResponse:
    """Let in somebody whose password fits: at once, or after the second factor where they have one."""
    login = Login(user=user, redirect_url=then)
    return perform_password_login(request, {"username": user.username}, login)

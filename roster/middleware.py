from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from lms.policy import BACK_OFFICE
from roster import agreements, devices, notices, reach, second_factor
from roster.models import User

# addresses that answer before sign-in; everything else asks for it
OPEN: tuple[str, ...] = ("/sign-in/", "/static/", "/healthz", "/readyz", "/check/", "/display/", "/design/")
# those between a password and its code, and of a city's own sign-on
OPEN += ("/account/code/", "/account/sign-on/", "/account/inactive/")
# and those that a signed-in person needs before the first things are done
FIRST = ("/sign-out/", "/password/")
PAPERS = ("/agreement/", "/notice/")
# those by which people guard their own account
ACCOUNT = "/account/"
# those that exist for roles: of somebody who is a worker as well, the others stay open without a second factor
ROLES = (BACK_OFFICE, "/bulletin")


def first_things_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Sign-in first; a password of one's own; of holders of a role a second factor; of workers the agreement (准入); the notice of what is kept."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path, user = request.path, request.user
        if path.startswith(OPEN):
            return get_response(request)
        if not user.is_authenticated:
            return redirect(reverse("sign_in") + way_back(request))
        devices.seen(request, now=request.now)  # type: ignore[attr-defined]
        if first := what_comes_first(request):
            return first
        if path.startswith(BACK_OFFICE) and not user.has_perm("wagtailadmin.access_admin"):
            raise Http404  # for those who have no work there it does not exist
        key = request.session.session_key
        response = get_response(request)
        devices.follow(request, key)
        return response

    return middleware


def what_comes_first(request: HttpRequest) -> HttpResponse | None:
    """Where somebody signed in is led instead of the page they asked for; None when they may have it."""
    path = request.path
    user: User = request.user  # type: ignore[assignment]
    if path.startswith(FIRST):
        return None
    if user.must_change_password:
        return redirect("password")
    if path.startswith(ACCOUNT):
        return None
    if unproved(request):
        asked = "mfa_reauthenticate" if second_factor.has(user) else "mfa_activate_totp"
        return redirect(reverse(asked) + way_back(request))
    if path.startswith(PAPERS):
        return None
    if paper := notices.to_do_first(request, unsigned=agreements.unsigned(request)):
        return redirect(paper)
    if path == "/" and not hasattr(user, "worker"):
        return redirect(reach.landing(user))
    return None


def unproved(request: HttpRequest) -> bool:
    """Whether a second factor must come before this page: a role is in force only in a session that passed one.

    Asked of the session at every request, so a role given at 10:00 does not bring an open session along. A worker's own pages
    stay open; there the roles they hold besides are as if they were not.
    """
    user: User = request.user  # type: ignore[assignment]
    if not settings.REQUIRE_SECOND_FACTOR or second_factor.passed(request):
        return False
    if hasattr(user, "worker") and not user.is_superuser and not request.path.startswith(ROLES):
        second_factor.lay_down_roles(user)
        return False
    return second_factor.required_of(user)


def way_back(request: HttpRequest) -> str:
    """The query that brings a visitor back to the page they asked for; a form that was sent cannot be sent again by that."""
    if request.path == "/" or request.method not in {"GET", "HEAD"}:
        return ""
    return "?" + urlencode({"next": request.get_full_path()})

"""Who is away for long is signed out, told why, and led back to where they were; and nothing stays behind on a shared phone.

Half an hour for those who work in the back office, two weeks (the age of the session) for workers on a phone of their own. Whatever the
open page asks of the server by itself counts as being there, so a lesson that beats is never cut; what Wagtail's editor asks in the
background does not. An exam that is being sat needs no session: it has a pass of its own (`exams.day.passes`).
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from lms.policy import BACK_OFFICE
from roster import known_devices
from roster.middleware import OPEN
from roster.signin import HOLDS, SEEN, moment

BRIEF = "brief"  # key of the session: that it has been in the back office
OFFICE, OWN_PHONE = 30 * 60, settings.SESSION_COOKIE_AGE
# the session is written no more often than this; a worker's need not be written every minute
MINUTE, HALF_A_DAY = 60, 12 * 3600
BY_ITSELF = ("/cms/editing-sessions/", "/cms/jsi18n/", "/cms/sprite/")
IDLE, ENDED = "idle", "ended"


def not_left_alone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(OPEN):
            away = gone(request)
            if away:
                return redirect(f"{reverse('sign_in')}?{urlencode({'why': away, **back_to(request)})}")
        response = get_response(request)
        entered = getattr(request, "entered", None)
        if entered is not None and response.status_code < 400:
            known_devices.remember(request, response, entered)
        if not request.path.startswith(OPEN) and not response.has_header("Cache-Control"):
            # the back button shows nothing after signing out; pictures and films say themselves how long they keep
            add_never_cache_headers(response)
        return response

    return middleware


def gone(request: HttpRequest) -> str:
    """Why this session has come to its end, if it has. One that goes on is noted, now and then."""
    if not request.user.is_authenticated:
        # the browser brings a session that is no more: password changed elsewhere, signed out from afar, too old
        brought = bool(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        return ENDED if brought and request.session.is_empty() else ""
    if rested_too_long(request):
        logout(request)
        return IDLE
    return ""


def rested_too_long(request: HttpRequest) -> bool:
    """Whether this session has come to its limit. One that has not is written down as used, now and then."""
    session, now = request.session, int(moment(request).timestamp())
    works, office = hasattr(request.user, "worker"), request.path.startswith(BACK_OFFICE)
    # a worker with a role works on the phone as a worker; in the back office, and after it, as an admin
    brief = not works or session.get(BRIEF, False)
    watched = brief or session.get(HOLDS, False)
    rested = now - session.get(SEEN, now)
    if rested > (OFFICE if brief or (office and watched) else OWN_PHONE):
        return True
    if not request.path.startswith(BY_ITSELF):
        if office and not brief:
            session[BRIEF], session[SEEN] = True, now
        if SEEN not in session or rested >= (MINUTE if watched else HALF_A_DAY):
            session[SEEN] = now
    return False


def back_to(request: HttpRequest) -> dict[str, Any]:
    """The page that was open: the one asked for, or, where a form was sent or a script asked, the one it was sent from."""
    if request.method in {"GET", "HEAD"} and request.headers.get("X-Requested-With") is None:
        target = request.get_full_path()
    else:
        came = urlsplit(request.headers.get("Referer", ""))
        here = came.netloc == request.get_host()
        target = f"{came.path}?{came.query}" if here and came.query else came.path if here else ""
    return {"next": target} if target not in {"", "/"} else {}

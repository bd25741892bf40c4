from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

Respond = Callable[[HttpRequest], HttpResponse]

BACK_OFFICE = "/cms/"
COMMON = "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
FRONT_POLICY = (
    f"{COMMON}; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'"
)
# Wagtail's editor needs inline scripts and styles; it is allowed them on its own path and nowhere else
BACK_POLICY = (
    f"{COMMON}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
)


def security_headers(get_response: Respond) -> Respond:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = BACK_POLICY if request.path.startswith(BACK_OFFICE) else FRONT_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        return response

    return middleware


def one_clock(get_response: Respond) -> Respond:
    """One `now` for all that a request decides, so that two lines of it never stand on two sides of a deadline."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.now = timezone.now()  # type: ignore[attr-defined]
        return get_response(request)

    return middleware

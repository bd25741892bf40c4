from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from lms import numbers

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


def plain_addresses(get_response: Respond) -> Respond:
    """
    What no database can look up is unknown, not an error: a NUL, or a number longer than any row's. And outside the back office
    no file is sent, so that nobody fills the disk from the sign-in page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if any(map(unreal, request.path_info.split("/"))):
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest
        size = numbers.row(request.META.get("CONTENT_LENGTH") or "0")
        form = request.content_type == "multipart/form-data" and not request.path.startswith(BACK_OFFICE)
        if form and (size is None or size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE):
            raise RequestDataTooBig
        return get_response(request)

    return middleware


def unreal(part: str) -> bool:
    return "\0" in part or (part.isdecimal() and numbers.row(part) is None)


def one_clock(get_response: Respond) -> Respond:
    """One `now` for all that a request decides, so that two lines of it never stand on two sides of a deadline."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.now = timezone.now()  # type: ignore[attr-defined]
        return get_response(request)

    return middleware

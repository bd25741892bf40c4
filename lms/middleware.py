from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from lms import numbers, policy, violations

Respond = Callable[[HttpRequest], HttpResponse]


def security_headers(get_response: Respond) -> Respond:
    """Outermost, so that what is answered without a view (a static file, a redirect, an error) is dressed too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = violations.answer(request) if request.path == policy.REPORT else get_response(request)
        policy.dress(request, response)
        return response

    return middleware


def plain_addresses(get_response: Respond) -> Respond:
    """
    What no database can look up is unknown, not an error: a NUL, or a number longer than any row's. And nobody sends more than the
    place takes, so that the disk is not filled from the sign-in page; what Wagtail would write into a table without a guard against
    formulas does not exist.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if any(map(unreal, request.path_info.split("/"))):
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest
        size = numbers.row(request.META.get("CONTENT_LENGTH") or "0")
        if size is None or size > largest(request.path, files=request.content_type == "multipart/form-data"):
            raise RequestDataTooBig
        return get_response(request)

    return middleware


def largest(path: str, *, files: bool) -> int:
    """How much may be sent to an address; a little too much without files goes on to the view, which says so in its own way."""
    size = next(size for start, size in settings.LARGEST_BODIES.items() if path.startswith(start))
    return size if files else 2 * size


def unreal(part: str) -> bool:
    return "\0" in part or (part.isdecimal() and numbers.row(part) is None)


def one_clock(get_response: Respond) -> Respond:
    """One `now` for all that a request decides, so that two lines of it never stand on two sides of a deadline."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.now = timezone.now()  # type: ignore[attr-defined]
        return get_response(request)

    return middleware

"""Who asks for what is out of reach sees nothing, and it is noted: who, which address, which ids; never what else stood in it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve, reverse
from redis.exceptions import RedisError

from lms import audit
from lms.policy import BACK_OFFICE

Respond = Callable[[HttpRequest], HttpResponse]
# so many in so many seconds are noted of one person; one more says that there were others
MOST, SECONDS = 20, 600
# addresses made of words, which people mistype
WORDS = {"wagtail_serve", "course", "lesson", "media", "cms_sign_in", "cms_account"}
# what the numbers in addresses are of, where the auditor can look for it
SUBJECTS = {"worker": "roster.worker", "grant": "roster.rolegrant", "workers:inspect": "roster.worker"}


def noted(get_response: Respond) -> Respond:
    """
    Note what was refused to someone signed in. Whether the thing exists is not asked: the answer would then take longer for what there is
    than for what there is not. The auditor's screen says it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if refused(request, response) and request.user.is_authenticated:
            match = matched(request)
            if match and match.view_name not in WORDS:
                note(request, match, status=response.status_code)
        return response

    return middleware


def refused(request: HttpRequest, response: HttpResponse) -> bool:
    if response.status_code in {403, 404}:
        return True
    # Wagtail sends those whom it refuses to its dashboard
    dashboard = response.status_code == 302 and response["Location"] == reverse("wagtailadmin_home")
    return dashboard and request.path.startswith(BACK_OFFICE)


def matched(request: HttpRequest) -> ResolverMatch | None:
    """Which address of ours it was; None for what is no address at all."""
    if request.resolver_match:
        return request.resolver_match
    with suppress(Http404):
        return resolve(request.path_info)
    return None


def note(request: Any, match: ResolverMatch, *, status: int) -> None:
    ids = {name: value for name, value in match.kwargs.items() if isinstance(value, int | UUID)}
    write(
        request.user.pk,
        url=match.view_name,
        ids=ids,
        subject=subject(match, ids),
        status=status,
        method=request.method,
        now=request.now,
    )


def write(
    user: int, *, url: str | None, ids: dict[str, Any], subject: str, status: int, method: str | None, now: datetime
) -> None:
    """The note itself, as long as this person has not been noted too often already."""
    count = counted(user, now)
    if count > MOST:
        return
    detail = {"url": url, "ids": ids, "status": status, "method": method}
    if count == MOST:
        detail["more"] = True
    audit.write("access.refused", now=now, actor=user, subject=subject, detail=detail)


def subject(match: ResolverMatch, ids: dict[str, Any]) -> str:
    for name, value in ids.items():
        if label := SUBJECTS.get(name) or SUBJECTS.get(match.view_name):
            return f"{label}:{value}"
    return ""


def counted(user: int, now: datetime) -> int:
    """How many this is within the time. With the counter out of reach everything is noted."""
    key = f"refused:{user}:{int(now.timestamp()) // SECONDS}"
    try:
        return 1 if cache.add(key, 1, SECONDS) else int(cache.incr(key))
    except (RedisError, OSError, ValueError):
        return 1

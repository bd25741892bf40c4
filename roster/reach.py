"""Whom and what a user may see. The only place that says it; unknown and out of reach are the same 404."""

from functools import wraps
from itertools import takewhile
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from roster.models import Role, RoleGrant, Territory, TerritoryQuerySet, User, Worker, WorkerQuerySet

ADMINS = {Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.TOWNSHIP_ADMIN}
KEEPERS = {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR}
BACK_OFFICE = ADMINS | KEEPERS | {Role.EDITOR}


def grants(user: User) -> list[RoleGrant]:
    """The roles held today, read once a request and never kept longer: a role lost at 10:00 is gone at 10:00."""
    if not user.is_authenticated or not user.is_active:
        return []
    if not hasattr(user, "_grants"):
        held = user.role_grants.holding(on=timezone.localdate())
        user._grants = list(held.select_related("territory"))  # type: ignore[attr-defined]
    return user._grants  # type: ignore[attr-defined]


def roles(user: User) -> set[str]:
    """The roles held today; the superuser, made on the command line to begin with, counts as city admin."""
    held = {str(grant.role) for grant in grants(user)}
    return held | {Role.CITY_ADMIN} if user.is_superuser and user.is_active else held


def has(user: User, *wanted: str) -> bool:
    return bool(roles(user) & set(wanted))


def paths(user: User, *wanted: str) -> list[str]:
    """Paths of the territories in which the user holds one of the roles (any admin role when none is named)."""
    chosen = set(wanted) or ADMINS
    if user.is_superuser and user.is_active and Role.CITY_ADMIN in chosen:
        return [""]
    return [grant.territory.path for grant in grants(user) if grant.role in chosen]


def home_path(user: User) -> str:
    """The path of the lowest territory that holds all in which the user is an admin: whoever reaches it reaches all of them."""
    reached = paths(user)
    shared = takewhile(
        lambda steps: len(set(steps)) == 1, zip(*(path.split("/")[:-1] for path in reached), strict=False)
    )
    return "".join(f"{steps[0]}/" for steps in shared)


def within_paths(field: str, reached: list[str]) -> Q:
    """Rows whose path in `field` lies at or below one of those reached; none for none."""
    found = Q(pk__in=[])
    for path in reached:
        found |= Q(**{f"{field}__startswith": path})
    return found


def territories(user: User, *wanted: str) -> TerritoryQuerySet:
    return Territory.objects.within(paths(user, *wanted))


def workers(user: User, *wanted: str) -> WorkerQuerySet:
    """The workers an admin (or the named roles) may see: those of the townships below the role's territory."""
    return Worker.objects.within(paths(user, *wanted))


def covers(user: User, territory: Territory, *wanted: str) -> bool:
    return any(territory.path.startswith(path) for path in paths(user, *wanted))


def worker_of(request: HttpRequest) -> Worker:
    """The worker who is asking; 404 for users who are nobody's worker."""
    worker = getattr(request.user, "worker", None)
    if worker is None:
        raise Http404
    return worker


def only(*wanted: str) -> Any:
    """A view for holders of one of these roles: others get 403 when they are in the back office at all, else 404."""

    def decorate(view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not has(request.user, *wanted):  # type: ignore[arg-type]
                if roles(request.user):  # type: ignore[arg-type]
                    raise PermissionDenied
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def landing(user: User) -> str:
    """The name of the page where a person's work is: workers at home, leaders at the bulletin, the others in the back office."""
    if hasattr(user, "worker"):
        return "home"
    if has(user, *BACK_OFFICE) or user.is_superuser:
        return "wagtailadmin_home"
    return "bulletin" if has(user, Role.LEADER) else "me"


def landing_url(user: User) -> str:
    return reverse(landing(user))

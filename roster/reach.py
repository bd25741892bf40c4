"""
Whom and what a user may see. The only place that says it; unknown and out of reach are the same 404.

What is wanted is said by roles and duties, in any order: `(Role.CITY_ADMIN, Duty.EXAMS)`. No role stands for every admin role, no duty
for every duty. A duty narrows what admins see; leaders, editors and the three keepers have none. A screen says its duty once, in `only`
or by its viewset: from there on everything asked for the same user in the same request is narrowed to it, unless another is named.
"""

from collections.abc import Collection, Iterator
from functools import wraps
from itertools import takewhile
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from lms.compiled import Compiled, Given
from roster.models import KEEPERS, Duty, Role, RoleGrant, Territory, TerritoryQuerySet, User, Worker, WorkerQuerySet

ADMINS = frozenset({Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.TOWNSHIP_ADMIN})
BACK_OFFICE = ADMINS | KEEPERS | {Role.EDITOR}
DUTIES = frozenset(Duty.values)
BLOCKS = 64  # of a file on its way out, between two looks at whether it may still go

HELD = Compiled(
    lambda: RoleGrant.objects.holding(on=Given("today")).filter(user=Given("user")).select_related("territory")
)


def grants(user: User) -> list[RoleGrant]:
    """
    The roles held today, read once a request and never kept longer: a role lost at 10:00 is gone at 10:00. The account made on the
    command line to begin with is none of the three keepers, whatever has been written down for it.
    """
    if not user.is_authenticated or not user.is_active:
        return []
    if not hasattr(user, "_grants"):
        held = HELD.all(user=user.pk, today=timezone.localdate())
        user._grants = [grant for grant in held if not (user.is_superuser and grant.role in KEEPERS)]  # type: ignore[attr-defined]
    return user._grants  # type: ignore[attr-defined]


def roles(user: User) -> set[str]:
    """The roles held today; the superuser, made on the command line to begin with, counts as city admin."""
    held = {str(grant.role) for grant in grants(user)}
    return held | {Role.CITY_ADMIN} if user.is_superuser and user.is_active else held


def stand_at(user: User, duty: str) -> None:
    """From here on this user asks about this part of the work."""
    user._duty = duty  # type: ignore[attr-defined]


def apart(user: User, wanted: Collection[str]) -> tuple[set[str], set[str]]:
    """The roles and the duties among what is wanted; without a duty, that of the screen."""
    duties = set(wanted) & DUTIES
    if not duties and hasattr(user, "_duty"):
        duties = {user._duty}
    return set(wanted) - DUTIES, duties


def serving(user: User, *wanted: str) -> list[RoleGrant]:
    """The grants held today of one of the roles (any admin role when none is named) and, of an admin, with one of the duties."""
    chosen, duties = apart(user, wanted)
    chosen = chosen or set(ADMINS)
    return [
        grant for grant in grants(user) if grant.role in chosen and (grant.role not in ADMINS or grant.does(duties))
    ]


def rules_all(user: User, *wanted: str) -> bool:
    """The superuser counts as a city admin with every duty."""
    chosen = set(wanted) - DUTIES
    return bool(user.is_superuser and user.is_active and (not chosen or Role.CITY_ADMIN in chosen))


def has(user: User, *wanted: str) -> bool:
    return bool(serving(user, *wanted)) or rules_all(user, *wanted)


def paths(user: User, *wanted: str) -> list[str]:
    """Paths of the territories in which the user holds one of the roles (any admin role when none is named) with one of the duties."""
    return [""] if rules_all(user, *wanted) else [grant.territory.path for grant in serving(user, *wanted)]


def home_path(user: User, *wanted: str) -> str:
    """The path of the lowest territory that holds all in which the user is an admin: whoever reaches it reaches all of them."""
    reached = paths(user, *wanted)
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
    """
    A view for holders of one of these roles, for one of these duties: others get 403 when they are in the back office at all, else 404.
    With one duty the whole view stands at it. What the view sends piece by piece stops when the role is lost on the way.
    """

    def decorate(view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            user: Any = request.user
            if not has(user, *wanted):
                if roles(user):
                    raise PermissionDenied
                raise Http404
            if len(duties) == 1:
                stand_at(user, *duties)
            return while_held(view(request, *args, **kwargs), user, *wanted)

        guarded.wanted = wanted  # type: ignore[attr-defined]
        return guarded

    duties = DUTIES & set(wanted)
    return decorate


def while_held(response: Any, user: User, *wanted: str) -> Any:
    """An answer that is sent piece by piece breaks off when whom it is for no longer holds what let them ask for it."""
    if not response.streaming:
        return response

    def guarded(pieces: Any) -> Iterator[bytes]:
        for number, piece in enumerate(pieces):
            if number % BLOCKS == 0 and not has(User.objects.get(pk=user.pk), *wanted):
                raise PermissionDenied
            yield piece

    response.streaming_content = guarded(response.streaming_content)
    return response


def landing(user: User) -> str:
    """The name of the page where a person's work is: workers at home, leaders at the bulletin, the others in the back office."""
    if hasattr(user, "worker"):
        return "home"
    if roles(user) & BACK_OFFICE:
        return "wagtailadmin_home"
    return "bulletin" if Role.LEADER in roles(user) else "me"


def landing_url(user: User) -> str:
    return reverse(landing(user))

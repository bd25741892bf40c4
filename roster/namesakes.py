"""Two people share a telephone, and the password fits both: the sign-in asks which of them it is.

The question stands in the session of the browser that typed the right password, for five minutes; nobody else can answer it, and no one
else can be chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from roster import identity
from roster.models import Posting, User
from roster.signin import fitting_still, run_out

KEY, GOOD_FOR = "namesakes", timedelta(minutes=5)


@dataclass(frozen=True)
class Choice:
    """One of those it may be: enough to know oneself by, too little to learn who else uses the telephone."""

    place: int
    name: str
    hint: str


def ask(request: HttpRequest, users: Sequence[User], *, then: str, now: datetime) -> None:
    """Keep the question in a session with a new key; what the visitor's session held before does not come along."""
    request.session.flush()
    people = [[user.pk, user.get_session_auth_hash()] for user in users]
    request.session[KEY] = {"people": people, "then": then, "until": (now + GOOD_FOR).timestamp()}


def asked(request: HttpRequest, *, now: datetime) -> dict[int, User]:
    """Those it may be, by their places in the question; none when nothing was asked, or too long ago."""
    kept: Any = request.session.get(KEY)
    if not kept or kept["until"] <= now.timestamp():
        request.session.pop(KEY, None)
        return {}
    users = User.objects.select_related("worker__township").in_bulk([pk for pk, _hash in kept["people"]])
    # a password that was changed meanwhile is not the one that was typed
    return {
        place: users[pk]
        for place, (pk, then) in enumerate(kept["people"])
        if pk in users and fitting_still(users[pk], then) and not run_out(users[pk], now=now)
    }


def chosen(request: HttpRequest, place: int, *, now: datetime) -> tuple[User, str] | None:
    """The one chosen and where they were going; the question is used up."""
    user = asked(request, now=now).get(place)
    return (user, request.session.pop(KEY)["then"]) if user else None


def choices(users: dict[int, User]) -> list[Choice]:
    """王*兰 · 双鹤社区; where two would look alike, the end of the roster number beside it."""
    postings = Posting.objects.current().filter(worker__user__in=users.values())
    places = {
        posting.worker.user_id: posting.grid.community.name
        for posting in postings.select_related("grid__community", "worker").order_by("-pk")
    }
    shown = {at: (identity.mask_name(user.name), places.get(user.pk) or township(user)) for at, user in users.items()}
    seen = list(shown.values())
    return [
        Choice(at, name, hint if seen.count((name, hint)) == 1 else f"{hint} {ending(users[at])}".strip())
        for at, (name, hint) in shown.items()
    ]


def township(user: User) -> str:
    worker = getattr(user, "worker", None)
    return worker.township.name if worker else ""


def ending(user: User) -> str:
    return _("登录号尾号 %(end)s") % {"end": user.username[-3:]}

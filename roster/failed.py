"""Sign-ins that failed are noted without the name that was typed, and no flood of them fills the log."""

import ipaddress
from datetime import timedelta
from typing import Any

from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from lms import audit, sealing
from roster import guesses, signin

# so many an hour are noted of one address; the last of them says that there were others
MOST, HOUR = 60, timedelta(hours=1)
ACTIONS = {"locked": "sign_in.locked"}


@receiver(user_login_failed, dispatch_uid="failed sign-ins")
def noted(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, reason: str = "wrong", **_kw: Any
) -> None:
    """
    By Django's own signal, which every way in sends. The name may be a telephone number: keyed hashes tell only that it was the same
    one, and from the same place. Counted in the database, since an address may try a million names, each of them new.
    """
    now = signin.moment(request) if request is not None else timezone.now()
    place = network(signin.address_of(request)) if request is not None else ""
    key = guesses.key("noted", place)
    count = guesses.count({key: now + HOUR}, now=now)[key]
    if count > MOST:
        return
    typed = guesses.same(str(credentials.get("username", "")))
    said: dict[str, Any] = {"typed": mark(typed, "typed"), "origin": mark(place, "origin")}
    if count == MOST:
        said["more"] = True
    audit.note(ACTIONS.get(reason, "sign_in.failed"), now=now, **said)


def mark(text: str, purpose: str) -> str:
    return sealing.lookup(text, purpose=purpose)[:16]


def network(address: str) -> str:
    """An address, or of the long ones the network that one subscriber has to choose from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found if found.version == 4 else ipaddress.ip_network((found, 64), strict=False))

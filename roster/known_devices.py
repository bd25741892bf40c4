"""A device that somebody has signed in on keeps a signed note of it, so that guesses from elsewhere never hold its people up.

The note opens nothing: a password is asked for as anywhere, and tries on the device have a limit of their own.
"""

import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from lms import sealing
from roster.models import User

COOKIE, SALT = "device", "roster.known_devices"
YEAR = 365 * 24 * 3600
PEOPLE = 8  # of a telephone in common the last ones are kept


def recognised(request: HttpRequest, users: Iterable[User]) -> str:
    """The device's own number where one of these users has signed in on it before; else ""."""
    number, people = read(request)
    return number if any(mark(user) in people for user in users) else ""


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Write down on the device that this user has signed in on it."""
    number, people = read(request)
    people = [one for one in people if one != mark(user)][: PEOPLE - 1]
    note: Any = [number or secrets.token_hex(8), [mark(user), *people]]
    response.set_cookie(
        COOKIE,
        signing.dumps(note, salt=SALT),
        max_age=YEAR,
        httponly=True,
        secure=settings.HTTPS,
        samesite="Lax",
    )


def read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        number, people = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR)
    except (signing.BadSignature, ValueError):
        return "", []
    return number, people


def mark(user: User) -> str:
    """What stands for a user on a device: tells no one else who it is, and changes with nothing."""
    return sealing.lookup(str(user.pk), purpose="device")[:16]

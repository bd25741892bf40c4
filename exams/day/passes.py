"""
The pass to one attempt: a signed cookie that the entry page gives after ordinary sign-in, and that the fast addresses read instead of
session, user and worker. It names the device; the database says whether that device still holds the attempt.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from exams.models import Attempt
from lms.departing import GOES_WITH_SIGN_IN
from lms.prepared import Call
from roster.models import User

COOKIE = f"{GOES_WITH_SIGN_IN}sit-"
DEVICE = ("__Host-" if settings.HTTPS else "") + "exam-device"
DEVICE_AGE = 400 * 24 * 3600  # as long as browsers keep a cookie
ACCOUNT = "SELECT password, sessions_ended FROM roster_user WHERE id = %s AND is_active"
AFTERWARDS = timedelta(hours=12)  # a phone that comes back late is still heard, and told what is true


class Pass(NamedTuple):
    attempt: int
    exam: int
    worker: int
    user: int
    device: str
    expires: int  # seconds since 1970
    standing: str = ""  # how the account stood when it was given (`standing`)


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"exam pass").derive(secret.encode())


def _sign(text: str) -> str:
    digest = hmac.digest(_key(settings.SECRET_KEY), text.encode(), "sha256")
    return urlsafe_b64encode(digest[:18]).decode()


def write(one: Pass) -> str:
    text = ".".join(map(str, one))
    return f"{text}.{_sign(text)}"


def read(text: str, *, now: datetime) -> Pass | None:
    """The pass, if it is ours and has not expired."""
    said, _dot, signature = text.rpartition(".")
    parts = said.split(".")
    if not text.isascii() or len(parts) != len(Pass._fields) or not hmac.compare_digest(_sign(said), signature):
        return None
    attempt, exam, worker, user, device, expires, standing = parts
    one = Pass(int(attempt), int(exam), int(worker), int(user), device, int(expires), standing)
    return one if one.expires > now.timestamp() else None


def account(one: Pass) -> Call:
    """What `stands` must know."""
    return ACCOUNT, [one.user]


def stands(one: Pass, told: Any) -> bool:
    """
    Whether its account is still open, with the password it had, and nobody has ended all its sessions since: asked where an attempt begins
    and where the paper is opened, hours after the pass was given perhaps. Saves do not ask; who must stop somebody who sits has the
    attempt closed, and who lost the phone takes it over with another.
    """
    row = told.fetchone()
    return row is not None and hmac.compare_digest(one.standing, standing(User(password=row[0], sessions_ended=row[1])))


def standing(user: User) -> str:
    """What every session of this person is held against, in short."""
    return _sign(user.get_session_auth_hash())[:12]


def device_of(request: HttpRequest) -> str:
    """Which browser this is, "" when it has been here for no exam yet."""
    said = request.COOKIES.get(DEVICE, "")
    return said if len(said) == 22 and said.isascii() and said.replace("-", "").replace("_", "").isalnum() else ""


def give(response: HttpResponse, attempt: Attempt, *, user: User, device: str, now: datetime) -> HttpResponse:
    """Set the pass for this attempt, and which device this is. Until some hours after the attempt can last at most."""
    until = max(attempt.deadline or attempt.closes, now) + timedelta(seconds=attempt.granted) + AFTERWARDS
    expires = int(until.timestamp())
    one = Pass(attempt.pk, attempt.exam_id, attempt.worker_id, user.pk, device, expires, standing(user))
    lasts = int((until - now).total_seconds())
    for name, value, age in ((cookie(attempt.pk), write(one), lasts), (DEVICE, device, DEVICE_AGE)):
        response.set_cookie(name, value, max_age=age, secure=settings.HTTPS, httponly=True, samesite="Lax")
    return response


def cookie(attempt_id: int) -> str:
    return f"{COOKIE}{attempt_id}"


def new_device() -> str:
    return secrets.token_urlsafe(16)

"""A phone with a key on it, and people who sign in with one."""

import hashlib
import hmac
import re
import struct
from base64 import b32decode
from datetime import datetime
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.models import User

SETTING_UP, ASKED, CODE = "/account/second-factor/set-up/", "/account/second-factor/ask/", "/account/code/"
WRONG = "验证码不对，或者已经用过。请等手机上换出新的一组再填。"


def code_at(secret: str, moment: datetime) -> str:
    """What a phone shows (RFC 6238: SHA-1, six figures, half a minute)."""
    step = struct.pack(">Q", int(moment.timestamp()) // 30)
    digest = hmac.digest(b32decode(secret), step, hashlib.sha1)
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def sign_in(client: Client, username: str, password: str, **extra: Any) -> Any:
    return client.post(reverse("sign_in"), {"username": username, "password": password}, **extra)


def key_on(page: Any) -> str:
    """The key as it is typed from the page into a phone that cannot scan."""
    (typed,) = re.findall(r'<p class="typed-key".*?</p>', page.content.decode())
    return "".join(re.findall(r"<code>(\w{4})</code>", typed))


def set_up(client: Client, moment: datetime) -> str:
    """Set up the phone in a session whose password was typed lately; returns the key."""
    secret = key_on(client.get(SETTING_UP))
    reply = client.post(SETTING_UP, {"code": code_at(secret, moment)})
    assert (reply.status_code, reply.url.partition("?")[0]) == (302, "/account/second-factor/codes/")
    return secret


def codes_on(page: Any) -> list[str]:
    return re.findall(r"<li><code>([\d ]+)</code></li>", page.content.decode())


def errors(reply: Any) -> list[str]:
    return [str(error) for messages in reply.context["form"].errors.values() for error in messages]


def enter(user: User, password: str, code: str, **extra: Any) -> tuple[Client, Any]:
    """Sign in with a code, in a browser of its own; returns it with the reply to the code."""
    client = Client()
    assert sign_in(client, user.username, password, **extra).url == CODE
    return client, client.post(CODE, {"code": code}, **extra)


def counted(client: Client, address: str) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)

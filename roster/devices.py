"""Where somebody is signed in: their sessions, told in plain words, and ending them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.core.internal.httpkit import HTTP_USER_AGENT_MAX_LENGTH
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy

from lms import audit
from lms.compiled import run
from lms.prepared import stored
from roster.models import User

SEEN = "seen_at"
COARSE = timedelta(hours=1)
ENLIST = """
INSERT INTO usersessions_usersession (user_id, session_key, ip, user_agent, created_at, last_seen_at, data)
VALUES (%s, %s, %s, %s, %s, %s, '{}')
"""

# the first that a browser names itself with wins: most of them also call themselves Chrome or Safari
BROWSERS = {
    "wxwork": gettext_lazy("企业微信"),
    "MicroMessenger": gettext_lazy("微信"),
    "MMWEBSDK": gettext_lazy("微信"),  # of a long name the end, where MicroMessenger stands, is cut off
    "DingTalk": gettext_lazy("钉钉"),
    "AlipayClient": gettext_lazy("支付宝"),
    "HuaweiBrowser": gettext_lazy("华为浏览器"),
    "ArkWeb": gettext_lazy("华为浏览器"),
    "MiuiBrowser": gettext_lazy("小米浏览器"),
    "HeyTapBrowser": gettext_lazy("OPPO 浏览器"),
    "VivoBrowser": gettext_lazy("vivo 浏览器"),
    "QQBrowser": gettext_lazy("QQ 浏览器"),
    "Quark": gettext_lazy("夸克"),
    "UCBrowser": gettext_lazy("UC 浏览器"),
    "baidubox": gettext_lazy("百度"),
    "360SE": gettext_lazy("360 浏览器"),
    "QihooBrowser": gettext_lazy("360 浏览器"),
    "MetaSr": gettext_lazy("搜狗浏览器"),
    "Edg": gettext_lazy("Edge 浏览器"),
    "Firefox": gettext_lazy("火狐浏览器"),
    "Chrome": gettext_lazy("Chrome 浏览器"),
    "Safari": gettext_lazy("Safari 浏览器"),
}
MACHINES = {
    "iPhone": gettext_lazy("苹果手机"),
    "iPad": gettext_lazy("苹果平板"),
    "OpenHarmony": gettext_lazy("鸿蒙手机"),
    "HarmonyOS": gettext_lazy("鸿蒙手机"),
    "Android": gettext_lazy("安卓手机"),
    "Windows": gettext_lazy("Windows 电脑"),
    "Macintosh": gettext_lazy("苹果电脑"),
    "Linux": gettext_lazy("Linux 电脑"),
}


@dataclass(frozen=True)
class Device:
    pk: int
    name: str
    phone: bool
    signed_in_at: datetime
    seen_at: datetime
    this: bool


def told(agent: str) -> str:
    """A user agent in plain words: 安卓手机 · 微信."""
    machine = next((words for sign, words in MACHINES.items() if sign in agent), gettext_lazy("其他设备"))
    browser = next((words for sign, words in BROWSERS.items() if sign.lower() in agent.lower()), None)
    return f"{machine} · {browser}" if browser else str(machine)


def enlist(request: HttpRequest, *, address: str, now: datetime) -> None:
    """
    Put the session that a sign-in has begun on its person's list. Those on it that are over are left to `mine` and to what is kept no
    longer (`lms.retention`): at a bell nobody waits for that.
    """
    agent = request.META.get("HTTP_USER_AGENT", "")[:HTTP_USER_AGENT_MAX_LENGTH]
    run(ENLIST, [request.user.pk, request.session.session_key, address, agent, stored(now), stored(now)])
    mark(request, now=now)


def mark(request: HttpRequest, *, now: datetime) -> None:
    """Begin to keep when this session was last seen; only sessions that came in through sign-in are kept so."""
    request.session[SEEN] = int(now.timestamp())


def follow(request: HttpRequest, key: str | None) -> None:
    """Keep the list right when a session goes on under a new key, as after a change of password."""
    new = request.session.session_key
    if key and new and new != key:
        UserSession.objects.filter(session_key=key, user=request.user.pk).update(session_key=new)


def seen(request: HttpRequest, *, now: datetime) -> None:
    """Write down that this session is alive, once an hour and not oftener: the list is for people, and a write is dear at a bell."""
    then = request.session.get(SEEN)
    if then is not None and now.timestamp() - then >= COARSE.total_seconds():
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=now)
        mark(request, now=now)


def mine(request: HttpRequest, *, now: datetime) -> list[Device]:
    """The sessions in which this person is still signed in, this one first; rows of sessions that are over are cleared away."""
    key = request.session.session_key
    if not UserSession.objects.filter(session_key=key).exists():
        UserSession.objects.create_from_request(
            request
        )  # after a change of password the session goes on under a new key
    rows = list(UserSession.objects.filter(user=request.user).order_by("-last_seen_at", "-pk"))
    alive = standing(request.user, [row.session_key for row in rows], now=now)  # type: ignore[arg-type]
    UserSession.objects.filter(pk__in=[row.pk for row in rows if row.session_key not in alive]).delete()
    found = [
        Device(
            row.pk,
            told(row.user_agent),
            "Mobile" in row.user_agent,
            row.created_at,
            now if row.session_key == key else row.last_seen_at,
            row.session_key == key,
        )
        for row in rows
        if row.session_key in alive
    ]
    return sorted(found, key=lambda device: not device.this)


def standing(user: User, keys: list[str], *, now: datetime) -> set[str]:
    """Those of the sessions that are not over and still fit the password."""
    alive = set()
    for session in Session.objects.filter(session_key__in=keys, expire_date__gt=now):
        held = session.get_decoded()
        fits = constant_time_compare(held.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
        if held.get(SESSION_KEY) == str(user.pk) and fits:
            alive.add(session.session_key)
    return alive


def other(user: User, device: int, *, session: str) -> UserSession | None:
    """One of a person's sessions beside this one."""
    return UserSession.objects.filter(user=user, pk=device).exclude(session_key=session).first()


@transaction.atomic
def end(user: User, device: int, *, session: str, now: datetime) -> None:
    """End one of a person's other sessions; it is refused at its next request. One that is over already stays so."""
    if row := other(user, device, session=session):
        row.end()
        audit.note("session.ended", now=now, actor=user, subject=user)


@transaction.atomic
def end_others(user: User, *, session: str, now: datetime) -> int:
    """End every session of a person but this one."""
    ended = end_all(user, but=session)
    audit.note("session.others_ended", now=now, actor=user, subject=user, ended=ended)
    return ended


def end_all(user: User, *, but: str = "") -> int:
    """End a person's sessions inside the caller's transaction."""
    rows = UserSession.objects.filter(user=user).exclude(session_key=but)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)

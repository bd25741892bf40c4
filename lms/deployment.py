"""What `manage.py check --deploy` asks beside Django's own questions: that this installation keeps what it promises."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connection

from lms import strength


@register(Tags.security, deploy=True)
def installation(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    return [
        Error(sentence, id=f"lms.E{number:03}") for number, question in QUESTIONS.items() for sentence in question()
    ]


def address() -> Iterable[str]:
    if urlsplit(settings.SITE_URL).scheme != "https":
        yield "SITE_URL 要以 https:// 开头：身份证号和密码不能明文传输。"


def hosts() -> Iterable[str]:
    if any(host == "*" or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        yield "ALLOWED_HOSTS 里不能有 * 或者以点开头的域名，请一个一个写出来。"
    if urlsplit(settings.SITE_URL).hostname not in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS 里没有 SITE_URL 的域名，从那个地址打不开。"


def proxy() -> Iterable[str]:
    if settings.HTTPS and not settings.BEHIND_PROXY:
        yield "用 https 要有反向代理，请设 BEHIND_PROXY=1，代理要传 X-Forwarded-Proto。"


def secrets() -> Iterable[str]:
    names = ("SECRET_KEY", "LOOKUP_KEY")
    given = {name: [getattr(settings, name)] for name in names}
    return strength.weaknesses({**given, "PERSONAL_DATA_KEYS": settings.PERSONAL_DATA_KEYS})


def queue() -> Iterable[str]:
    if set(settings.CELERY_ACCEPT_CONTENT) != {"json"} or settings.CELERY_TASK_SERIALIZER != "json":
        yield "后台任务的消息只能是 JSON。"


def durability() -> Iterable[str]:
    """Whether the database says that a write it has acknowledged outlives a power cut."""
    try:
        yield from (unsafe_sqlite if connection.vendor == "sqlite" else unsafe_postgresql)()
    except DatabaseError:
        yield "连不上数据库，看不出它断电以后会不会丢数据。"


def unsafe_sqlite() -> Iterable[str]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        if int(cursor.fetchone()[0]) < 2:
            yield "SQLite 的 synchronous 要是 FULL，否则断电会丢掉刚交的答案。"


def unsafe_postgresql() -> Iterable[str]:
    with connection.cursor() as cursor:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone()[0] == "off":
                yield f"PostgreSQL 的 {name} 要打开，否则断电会丢掉刚交的答案。"


QUESTIONS: dict[int, Callable[[], Iterable[str]]] = {
    1: address,
    2: hosts,
    3: proxy,
    4: secrets,
    5: queue,
    6: durability,
}

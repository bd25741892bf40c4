"""Bring an installation up to date before it serves: folders, tables, static files and, into an empty database, the demo city."""

import hashlib
import io
import json
import os
import pkgutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

Say = Callable[[str], None]
LOGINS = settings.VAR_DIR / "logins.txt"
UNFINISHED = settings.VAR_DIR / "demo-unfinished"


def bring_up_to_date(*, demo_scale: float, say: Say) -> None:
    """Do what is missing and nothing else, so that a second start is quick."""
    for folder in ("media", "private", "static", "queue/messages", "queue/control"):
        (settings.VAR_DIR / folder).mkdir(parents=True, exist_ok=True)
    drop_unfinished_demo(say=say)
    if migrations_missing():
        say("正在建立数据表")
        call_command("migrate", verbosity=0, interactive=False)
    if not settings.REDIS_URL:
        call_command("createcachetable", verbosity=0)
    if not settings.DEBUG:
        collect_static(say=say)
    if demo_scale and empty():
        build_demo(demo_scale, say=say)


def migrations_missing() -> bool:
    """Compare names only: loading the whole graph of Wagtail's migrations takes longer than all the rest of a start."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    return any(
        (app.label, module.name) not in applied
        for app in apps.get_app_configs()
        for module in pkgutil.iter_modules([str(Path(app.path) / "migrations")])
    )


def collect_static(*, say: Say) -> None:
    """Collect when the packages or our own files have changed since the last time."""
    files = [settings.BASE_DIR / "requirements.txt"]
    for floor in settings.INSTALLED_APPS[:6]:
        files += (settings.BASE_DIR / floor / "static").rglob("*")
    digest = hashlib.sha256()
    for file in sorted(file for file in files if file.is_file()):
        digest.update(str(file.relative_to(settings.BASE_DIR)).encode() + file.read_bytes())
    stamp = settings.STATIC_ROOT / ".digest"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    say("正在准备样式和脚本")
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(digest.hexdigest())


def empty() -> bool:
    return not any(apps.get_model("roster", name).objects.exists() for name in ("Territory", "User"))


def build_demo(scale: float, *, say: Say) -> None:
    say(f"数据库是空的，正在建立演示城市（实际规模的 {scale:g} 倍），不想要请用 DEMO_SCALE=0")
    UNFINISHED.touch()
    out = io.StringIO()
    call_command("demo", scale=scale, json=True, stdout=out)
    keep_logins(json.loads(out.getvalue().splitlines()[-1]))
    UNFINISHED.unlink()


def drop_unfinished_demo(*, say: Say) -> None:
    """A demo city that was broken off half built is of no use, and nobody has worked in it yet."""
    if not UNFINISHED.exists():
        return
    if not settings.SQLITE:
        raise CommandError("演示城市上次没有建完。请清空数据库，删除 VAR_DIR 下的 demo-unfinished，再启动一次。")
    say("演示城市上次没有建完，重新建立")
    connection.close()
    for file in settings.VAR_DIR.glob(f"{Path(connection.settings_dict['NAME']).name}*"):
        file.unlink()
    UNFINISHED.unlink()


def keep_logins(logins: list[dict[str, str]]) -> None:
    """Kept for the next start, readable by the owner alone."""
    columns = [("角色", "登录名", "密码", "说明")]
    columns += [(login["role"], login["username"], login["password"], login["note"]) for login in logins]
    widths = [max(width(row[number]) for row in columns) for number in range(4)]
    lines = [
        "  ".join(cell + " " * (widths[n] - width(cell)) for n, cell in enumerate(row)).rstrip() for row in columns
    ]
    descriptor = os.open(LOGINS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def width(text: str) -> int:
    """Columns on a terminal: a Han character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

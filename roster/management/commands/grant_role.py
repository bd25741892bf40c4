from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms.refusal import Refused
from roster import passwords, roles
from roster.models import Duty, Role, Territory, User


class Command(BaseCommand):
    help = """Give a role in a territory. The only way to make the three keepers (system_admin, security_admin, auditor), the first of whom
    then give the others their roles in the browser. With --new an account is made for it and its first password printed once."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="sign-in name, or the roster number of a worker")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("territory_code", help="code of the city, county or township, e.g. 421202")
        parser.add_argument("--new", metavar="NAME", default="", help="open an account for somebody of this name")
        parser.add_argument("--since", type=date.fromisoformat, help="first day, e.g. 2026-09-01; today when left out")
        parser.add_argument("--last-day", type=date.fromisoformat, help="last day, included; open when left out")
        parser.add_argument("--line", default="", help="the office that manages through them, e.g. 政法委")
        parser.add_argument("--duties", nargs="*", choices=Duty.values, default=[], help="all when left out")
        parser.add_argument("--reason", default="命令行办理")

    def handle(
        self, *args: Any, username: str, role: str, territory_code: str, since: date | None, new: str, **options: Any
    ) -> None:
        now = timezone.now()
        territory = Territory.objects.current().filter(code=territory_code).first()
        if territory is None:
            raise CommandError(f"没有这个区划代码：{territory_code}")
        last = options["last_day"]
        given = {name: options[name] for name in ("line", "duties", "reason")}
        given |= {"since": since or timezone.localdate(now), "until": last + timedelta(days=1) if last else None}
        password = passwords.draw() if new else ""
        try:
            if new:
                expires = passwords.expiry(now)
                given |= {"name": new, "password": password, "expires": expires}
                held = roles.open_account(username, role=role, territory=territory, by=None, now=now, **given)
            else:
                held = roles.grant(known(username), role, territory, by=None, now=now, **given)
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{held.user} {held}")
        if new:
            self.stdout.write(f"登录名 {held.user.username}，首次密码 {password}，只显示这一次，登录后要改成自己的。")


def known(username: str) -> User:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise CommandError(f"没有这个登录名：{username}")
    return user

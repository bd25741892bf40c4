from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms.refusal import Refused
from roster import roles
from roster.models import Role, Territory, User


class Command(BaseCommand):
    help = "Give a role in a territory to someone with an account; the only way to make a city admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="sign-in name, or the roster number of a worker")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("territory_code", help="code of the city, county or township, e.g. 421202")

    def handle(self, *args: Any, username: str, role: str, territory_code: str, **options: Any) -> None:
        now = timezone.now()
        user = User.objects.filter(username__iexact=username).first()
        territory = Territory.objects.current().filter(code=territory_code).first()
        if user is None or territory is None:
            raise CommandError(f"没有这个登录名：{username}" if user is None else f"没有这个区划代码：{territory_code}")
        try:
            held = roles.grant(
                user, role, territory, since=timezone.localdate(now), by=None, now=now, reason="命令行办理"
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{user} {held}")

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from roster import second_factor
from roster.models import User


class Command(BaseCommand):
    help = "Take away the second factor of someone whom no security administrator can help: the first account, or the only such administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="sign-in name")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username__iexact=username).first()
        if user is None:
            raise CommandError(f"没有这个登录名：{username}")
        second_factor.reset(user, by=None, reason="command_line", now=timezone.now())
        self.stdout.write(f"{user}的第二重验证已重置，各处的登录都已退出。")

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms.refusal import Refused
from roster import roles
from roster.models import Role, RoleGrant


class Command(BaseCommand):
    help = "End a role that somebody holds or is to hold; the only way for the three keepers (system_admin, security_admin, auditor)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("reason", help="why, in one sentence")

    def handle(self, *args: Any, username: str, role: str, reason: str, **options: Any) -> None:
        now = timezone.now()
        today = timezone.localdate(now)
        found = RoleGrant.objects.overlapping(today, None).filter(user__username__iexact=username, role=role)
        if not found:
            raise CommandError(f"{username} 没有这个角色：{Role(role).label}")
        try:
            for held in found:
                roles.revoke(held, by=None, now=now, on=today, reason=reason)
                self.stdout.write(f"{held.user} {held}，已终止")
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal

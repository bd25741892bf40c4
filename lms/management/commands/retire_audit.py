import getpass
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms import audit_archive
from lms.refusal import Refused


class Command(BaseCommand):
    help = "Archive and remove the audit entries older than AUDIT_DAYS, the oldest first, as a whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        if dry_run:
            self.stdout.write(f"{audit_archive.due(now=now)} 条早于 {settings.AUDIT_DAYS} 天，可以存档。")
            return
        try:
            while anchor := audit_archive.retire(now=now, by=getpass.getuser()):
                self.stdout.write(f"{anchor.entries} 条已存档：{anchor.file.name}，到第 {anchor.position} 环")
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write("没有更早的了。")

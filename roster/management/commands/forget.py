from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms.refusal import Refused
from roster import forgetting
from roster.models import Worker


class Command(BaseCommand):
    help = "Delete for good what is held of a worker who has left. With --dry-run only say what would go and what would stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="roster number (登录号)")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--reason", default="", help="why, e.g. 本人申请")

    def handle(self, *args: Any, number: str, dry_run: bool, reason: str, **options: Any) -> None:
        now = timezone.now()
        worker = Worker.objects.filter(number__iexact=number).first()
        if worker is None:
            raise CommandError(f"没有这个登录号：{number}")
        shown = forgetting.preview(worker, now=now)
        for title, fates in (("删掉", shown.going), ("留下", shown.staying)):
            for fate in fates:
                self.stdout.write(f"{title}\t{fate.about}\t{fate.count}\t{fate.what}")
        if shown.refusal:
            raise CommandError(shown.refusal)
        if dry_run:
            self.stdout.write("以上只是看一看，什么都没有删。")
            return
        try:
            counts = forgetting.forget(worker, reason=reason, by=None, now=now)
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{worker.number} 删除好了：{sum(counts.values())} 行。" if counts else "早就删除过了。")

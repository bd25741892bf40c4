from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from lms import retention
from roster import forgetting


class Command(BaseCommand):
    help = "Let go of what is kept no longer, as beat does each hour; list those who may be forgotten. --dry-run only counts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        found = retention.run(now=now, dry=dry_run)
        for one in retention.rules():
            self.stdout.write(f"{one.title}\t{found.get(one.code, '出错，见日志')}")
        for worker in forgetting.due(now=now):
            self.stdout.write(f"保存年限已满，可以删除（manage.py forget {worker.number}）\t{worker.township}")
        if dry_run:
            self.stdout.write("以上只是数一数，什么都没有动。")

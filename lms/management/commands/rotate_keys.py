from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms import audit, keys

ROUNDS = 3  # what processes with the old keys wrote meanwhile is met in the next round


class Command(BaseCommand):
    help = "Seal everything anew with the first of PERSONAL_DATA_KEYS, while people work. Stopped, it is started again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; count what still needs an old key")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if len(settings.PERSONAL_DATA_KEYS) < 2 and not check:
            raise CommandError("PERSONAL_DATA_KEYS 里只有一个密钥。请把新密钥写在最前，旧的留在后面，重启服务后再来。")
        done = 0
        if not check:
            for _round in range(ROUNDS):
                changed = sum(tally.done for tally in keys.rotate(write=True, say=self.tell))
                done += changed
                if not changed:
                    break
            audit.note("keys.rotated", now=timezone.now(), resealed=done)
        tallies = keys.rotate(write=False, say=self.tell if check else lambda tally: None)
        left, lost = sum(tally.left for tally in tallies), sum(tally.lost for tally in tallies)
        self.stdout.write(f"封存的共 {sum(tally.sealed for tally in tallies)} 处，这次换了 {done} 处。")
        if lost:
            self.stdout.write(f"有 {lost} 处哪个密钥都打不开，请找回更早的密钥，写在最后。")
        if left:
            raise CommandError(f"还有 {left} 处要靠旧密钥，旧密钥不能去掉。请确认服务都已重启，再运行一次。")
        self.stdout.write(
            "没有一处要靠旧密钥了。所有服务都用新密钥重启过以后，旧密钥可以去掉；备份要留着旧密钥才打得开。"
        )

    def tell(self, tally: keys.Tally) -> None:
        self.stdout.write(f"{tally.place}\t封存 {tally.sealed}\t换好 {tally.done}\t要靠旧密钥 {tally.left}")
        self.stdout.flush()

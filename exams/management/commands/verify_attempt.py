from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exams.day import verifying
from exams.models import Attempt, AttemptState
from roster import forgetting


class Command(BaseCommand):
    help = "Replay an attempt from its journal to its mark and compare with what is stored. Ends with 1 when anything differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("attempt", nargs="?", default="", help="id of the attempt, or the number of its receipt")
        parser.add_argument("--exam", type=int, help="all attempts of this exam that were begun")

    def handle(self, *args: Any, attempt: str, exam: int | None, **options: Any) -> None:
        seen = wrong = gone = 0
        for one in self.wanted(attempt, exam):
            if forgetting.is_forgotten(one.worker):
                gone += 1
                self.stdout.write(
                    f"{one.receipt or one.pk}\tforgotten\t本人的个人信息已按申请清除，作答内容不在了，不能再重算。"
                )
                continue
            found = verifying.verify(one)
            seen, wrong = seen + 1, wrong + bool(found)
            for finding in found:
                self.stdout.write(f"{one.receipt or one.pk}\t{finding.code}\t{finding.sentence}")
        if not seen and not gone:
            raise CommandError(f"没有这份答卷：{attempt}" if attempt else "没有可以核对的答卷。")
        if wrong:
            raise CommandError(f"核对了 {seen} 份，{wrong} 份对不上。")
        if seen:
            self.stdout.write(f"核对了 {seen} 份，都对得上。")

    def wanted(self, text: str, exam: int | None) -> Iterator[Attempt]:
        rows = Attempt.objects.select_related("exam", "worker").order_by("pk")
        if exam is not None:
            return rows.filter(exam=exam).exclude(state=AttemptState.DUE).iterator(chunk_size=200)
        if not text:
            raise CommandError("请写答卷编号或回执号，或者用 --exam 核对整场考试。")
        by_pk = rows.filter(pk=int(text)) if text.isdecimal() and len(text) <= 18 else rows.none()
        return (by_pk or rows.filter(receipt=text.strip().upper())).iterator()

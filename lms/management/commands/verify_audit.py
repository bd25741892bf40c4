import re
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms import audit_archive, audit_chain, audit_verify
from lms.audit_chain import Head
from lms.audit_verify import Report
from lms.models import AuditAnchor


class Command(BaseCommand):
    help = "Prove that the audit log is whole, or name the first broken link. Exits with 1 when it is not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", default="", help="a head printed or logged earlier, POSITION:HASH")
        parser.add_argument("--archives", action="store_true", help="check the archived files too")

    def handle(self, *args: Any, head: str, archives: bool, **options: Any) -> None:
        given = Head(int(head.partition(":")[0]), head.partition(":")[2]) if well_formed(head) else None
        if head and given is None:
            raise CommandError("--head 应是“位置:哈希”，例如 audit_head 打印的那样。")
        begun, now = time.monotonic(), timezone.now()
        audit_chain.link(now=now, everywhere=True)
        report, _kept = audit_verify.check(now=now, given=given)
        seconds = max(time.monotonic() - begun, 0.001)
        self.stdout.write(
            f"从第 {report.start.position + 1} 环到第 {report.head.position} 环，核对了 {report.links} 环，"
            f"每秒 {report.links / seconds:.0f} 环；还没有连上的 {report.unlinked} 条。链头 {report.head}"
        )
        bad = not self.said(report)
        for anchor in AuditAnchor.objects.order_by("position") if archives else []:
            self.stdout.write(f"存档 {anchor.file.name}：{anchor.entries} 条")
            bad |= not self.said(audit_archive.verify_file(anchor))
        if bad:
            raise CommandError("审计记录不完整。", returncode=1)

    def said(self, report: Report) -> bool:
        if report.first is None:
            self.stdout.write("完整。")
            return True
        counts = "，".join(f"{kind} {count}" for kind, count in report.faults.items())
        self.stdout.write(f"不完整，共 {report.faults.total()} 处（{counts}）。第一处：{report.first}")
        return False


def well_formed(head: str) -> bool:
    return bool(re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", head))

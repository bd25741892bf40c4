from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from lms import audit, audit_chain


class Command(BaseCommand):
    help = "Print the head of the audit log's chain, to be kept elsewhere: POSITION:HASH."

    def handle(self, *args: Any, **options: Any) -> None:
        audit_chain.link(now=timezone.now())
        self.stdout.write(str(audit_chain.head()))
        self.stderr.write(f"密钥印记 {audit.print_of_key()}", style_func=str)

"""What the roster lets go of by the clock."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from lms import retention
from roster.models import PasswordSheet


def old_sheets(now: datetime) -> QuerySet[Any]:
    """Sheets of first passwords that have run out without being printed."""
    return (
        PasswordSheet.objects.filter(expires_at__lte=now, printed_at=None).exclude(slips__isnull=True).exclude(count=0)
    )


def empty_sheets(sheets: QuerySet[Any]) -> None:
    sheets.update(slips=[], count=0)


retention.rule("password_slips", "过期没有打印的首次密码", due=old_sheets, act=empty_sheets)

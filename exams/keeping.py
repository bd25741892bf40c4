"""What the exams let go of by the clock."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from exams.models import Attempt, JournalEntry, Presence
from lms import retention

A_MONTH = timedelta(days=30)


def old_journals(now: datetime) -> QuerySet[Any]:
    """Attempts whose journal proves nothing any more: the result is long out, or there is none to come."""
    before = now - timedelta(days=settings.EXAM_JOURNAL_DAYS)
    unrecorded = Q(posted_at=None, finished_at__lt=before, exam__kind__in=["mock", "practice"])
    over = Attempt.objects.filter(Q(posted_at__lt=before) | unrecorded)
    return over.filter(Exists(JournalEntry.objects.filter(attempt=OuterRef("pk"))))


def drop_journals(attempts: QuerySet[Any]) -> None:
    JournalEntry.objects.filter(attempt__in=list(attempts.values_list("pk", flat=True))).delete()


def old_presence(now: datetime) -> QuerySet[Any]:
    return Presence.objects.filter(seen_at__lt=now - A_MONTH)


retention.rule("exam_journals", "早已公布成绩的考试的作答流水", due=old_journals, act=drop_journals)
retention.rule("exam_presence", "一个月以前考试时的在线情况", due=old_presence, act=retention.delete)

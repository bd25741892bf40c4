"""What the exams let go of by the clock."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from exams.models import TRYOUT, Attempt, AttemptState, Incident, JournalEntry, Picture, Presence
from lms import retention

A_WEEK, A_MONTH = timedelta(days=7), timedelta(days=30)


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


def old_tryouts(now: datetime) -> QuerySet[Any]:
    """Papers on which somebody only tried the screen, a week after they were handed in."""
    ended = [AttemptState.HANDED_IN, AttemptState.MARKED]
    return Attempt.objects.filter(exam__seed=TRYOUT, state__in=ended, finished_at__lte=now - A_WEEK)


def forget_tryouts(attempts: QuerySet[Any]) -> None:
    rows = list(attempts.values_list("pk", flat=True))
    Incident.objects.filter(attempt__in=rows).delete()
    Attempt.objects.filter(pk__in=rows).delete()


retention.rule("exam_tryouts", "考前试做的答卷", due=old_tryouts, act=forget_tryouts)


def old_pictures(now: datetime) -> QuerySet[Any]:
    """Pictures that no question and no paper needs, a month after a question let go of them."""
    return Picture.objects.filter(questions=None, items=None, touched_at__lt=now - A_MONTH)


def drop_pictures(pictures: QuerySet[Any]) -> None:
    for one in list(pictures.select_for_update(of=("self",))):
        transaction.on_commit(lambda file=one.file: file.storage.delete(file.name))  # type: ignore[misc]
        one.delete()


retention.rule("exam_pictures", "换下来的、没有一份试卷用到的题目图片", due=old_pictures, act=drop_pictures)

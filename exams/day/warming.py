"""
Ready before the bell: what a process would otherwise build with the first paper asked of it, while everybody waits behind it. The sheets of
exams that are open or open soon, with their pages cut to pieces: built when a process starts, and of an exam that was made since, with the
page of the first who waits for its bell. Never stands in the way of either: what goes wrong is one line in the log.
"""

import logging
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import translation

from exams.day import sheets
from exams.models import Exam

SOON = timedelta(hours=1)
MOST = 8  # of many exams at once the first to open; the others are built when they are asked for

log = logging.getLogger(__name__)
_building = threading.Lock()


def warm(*, now: datetime) -> int:
    """Build the sheets of exams open now or within the hour. Returns how many."""
    built = 0
    try:
        with translation.override(settings.LANGUAGE_CODE):
            soon = (
                Exam.objects.published().filter(opens_at__lte=now + SOON, closes_at__gt=now).order_by("opens_at", "pk")
            )
            for pk in soon.values_list("pk", flat=True)[:MOST]:
                _build(pk)
                built += 1
    except Exception:
        log.warning("exam_sheets_not_warm", exc_info=True)
    if not connection.in_atomic_block:
        connection.close()  # made at the start and not needed again in this thread
    return built


def ahead(exam_id: int, *, opens: datetime, now: datetime) -> None:
    """Somebody waits for this bell, or is about to begin. Built by one at a time; the others need not wait for it yet."""
    if opens - now > SOON or sheets.ready(exam_id) or not _building.acquire(blocking=False):
        return
    try:
        with translation.override(settings.LANGUAGE_CODE):
            _build(exam_id)
    except Exception:
        log.warning("exam_sheets_not_warm", exc_info=True)
    finally:
        _building.release()


def _build(exam_id: int) -> None:
    _ = sheets.of(exam_id).parts, sheets.of(exam_id).pictures

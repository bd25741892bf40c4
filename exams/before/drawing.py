"""Papers for the people of an exam, hours before the bell: each in an order of its own, by seed."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from exams.before import candidates, papers
from exams.models import Attempt, Exam, PaperItem
from lms import audit
from lms.jobs import Progress
from lms.refusal import Refused

CHUNK = 1000


def draw(exam: Exam, *, now: datetime, progress: Progress | None = None) -> int:
    """Papers for everyone who is due and has none, by seed, a transaction for each thousand. Repeatable; returns how many were new."""
    if not exam.published_at:
        raise Refused(_("这场考试还没有发布，不能发卷。"))
    items = list(exam.items.order_by("pk"))
    missing = candidates.of(exam).exclude(attempts__exam=exam).order_by("pk")
    workers = list(missing.values_list("pk", flat=True))
    for start_ in range(0, len(workers), CHUNK):
        _draw_chunk(exam, items, workers[start_ : start_ + CHUNK])
        if progress:
            progress(min(start_ + CHUNK, len(workers)), len(workers))
    if workers:
        audit.note("exam.drawn", now=now, subject=exam, territory=exam.territory.path, papers=len(workers))
    return len(workers)


@transaction.atomic
def _draw_chunk(exam: Exam, items: list[PaperItem], workers: list[int]) -> None:
    drawn = [Attempt(exam=exam, worker_id=pk, paper=papers.order(exam, items, worker_id=pk)) for pk in workers]
    # the constraint lets two draws at once end with one paper each
    Attempt.objects.bulk_create(drawn, ignore_conflicts=True)

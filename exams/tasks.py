from contextlib import suppress
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from exams.before import drawing
from exams.day import attempts
from exams.marks import marking
from exams.models import Exam
from exams.room import evidence
from lms import jobs
from lms.refusal import Refused


@shared_task
def close_overdue() -> None:
    """Everything the clock brings: closes, absences, results that may now be shown, papers for people who came after the draw."""
    now = timezone.now()
    while attempts.close_overdue(now=now):
        pass
    for exam in Exam.objects.to_finish(now=now):
        marking.finish_absent(exam, now=now)
    for exam in Exam.objects.to_post(now=now):
        marking.post_results(exam, now=now)
    for exam in Exam.objects.published().ordinary().filter(closes_at__gt=now).select_related("territory"):
        drawing.draw(exam, now=now)


@jobs.work("exams.draw")
def draw(handle: jobs.Handle) -> None:
    exam = Exam.objects.select_related("territory").get(pk=handle.args["exam"])
    drawing.draw(exam, now=timezone.now(), progress=handle.progress)


@shared_task
def weigh_closed() -> None:
    """What is odd in the answers of exams that closed within a day; what is known already is not noted again."""
    now = timezone.now()
    for exam in Exam.objects.published().filter(closes_at__range=(now - timedelta(hours=26), now)):
        with suppress(Refused):  # somebody with a window of their own still sits: an hour later
            evidence.weigh(exam, now=now)


@jobs.work("exams.weigh")
def weigh(handle: jobs.Handle) -> None:
    evidence.weigh(Exam.objects.get(pk=handle.args["exam"]), now=timezone.now())

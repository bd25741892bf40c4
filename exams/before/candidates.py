"""Who sits an exam: everybody of a territory, those on a list, who has not passed an entry test yet, who failed the exam of a resit."""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from exams.models import Attempt, AttemptQuerySet, AttemptState, Exam, ExamKind, ExamQuerySet
from lms import times
from roster.models import Worker, WorkerQuerySet, WorkerState


def states(exam: Exam) -> list[str]:
    """In which states of their service people sit it: on duty; an entry test also those who train for the post."""
    return [WorkerState.ACTIVE, WorkerState.TRAINING] if exam.kind == ExamKind.ENTRY else [WorkerState.ACTIVE]


def of(exam: Exam) -> WorkerQuerySet:
    """Workers on duty within the exam's territory, of its employment when it names one; of those by its kind and its list."""
    workers = Worker.objects.filter(state__in=states(exam)).within([exam.territory.path])
    if exam.employment:
        workers = workers.filter(employment=exam.employment)
    if exam.by_list:
        workers = workers.filter(pk__in=exam.listed.values("worker"))
    if exam.kind == ExamKind.ENTRY:
        workers = workers.filter(~Exists(_passed().filter(worker=OuterRef("pk"), exam__kind=ExamKind.ENTRY)))
    if exam.kind == ExamKind.RESIT:
        workers = _who_needs_a_resit(workers, exam)
    return workers


def family(exam: Exam) -> ExamQuerySet:
    """The exam of a resit with all its resits; of any other exam it and its own."""
    first = exam.resit_of_id or exam.pk
    return Exam.objects.filter(Q(pk=first) | Q(resit_of=first))


def _passed() -> AttemptQuerySet:
    """Passed, and out: what is not shown yet must not be guessed from who gets a paper."""
    return Attempt.objects.filter(state=AttemptState.MARKED, marks__gte=F("exam__pass_marks"), posted_at__isnull=False)


def _who_needs_a_resit(workers: WorkerQuerySet, exam: Exam) -> WorkerQuerySet:
    """Failed, absent or void in the first exam, and not passed in a resit since. Who was exempt owes nothing."""
    first = Attempt.objects.newest().filter(exam=exam.resit_of_id, worker=OuterRef("pk"))
    failed = Q(state=AttemptState.MARKED, marks__lt=F("exam__pass_marks"))
    failed |= Q(state__in=[AttemptState.ABSENT, AttemptState.VOID])
    since = _passed().filter(worker=OuterRef("pk"), exam__resit_of=exam.resit_of_id)
    return workers.filter(Exists(first.filter(failed)), ~Exists(since))


def objections(exam: Exam, *, now: datetime) -> list[str]:
    """Why nobody can be called yet, in whole sentences; [] when they can."""
    found = []
    if exam.by_list and not exam.listed.exists():
        found.append(_("这场考试只按名单参加，名单上还没有人，请先填名单。"))
    if exam.kind == ExamKind.RESIT:
        found += _unfinished(exam, now=now)
    return found


def _unfinished(exam: Exam, *, now: datetime) -> list[str]:
    """A resit needs the results of what was sat before it: only then it is known who has to come."""
    said = []
    for before in family(exam).published().exclude(pk=exam.pk):
        open_ = Attempt.objects.unsettled().filter(exam=before).count()
        if not before.released(now):
            at = times.in_short(before.shows_results_at)
            said.append(_("“%(title)s”%(at)s 才公布成绩，公布以后才能发布补考。") % {"title": before.title, "at": at})
        elif open_:
            said.append(
                _("“%(title)s”还有 %(n)d 份答卷没有出成绩，都出来以后才能发布补考。")
                % {"title": before.title, "n": open_}
            )
    return said

"""The list of an exam that only those on its list sit: people come in by their roster numbers, one a line, each line judged."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from exams.before import candidates
from exams.before.drafts import SETTERS
from exams.models import Exam, Listed
from lms import audit
from lms.refusal import Refused
from roster import reach
from roster.models import Employment, User, Worker

MOST = 10_000
WIDEST = 40  # characters of a line that are said back
# of a worker; opening sealed numbers for nothing takes longer than the rest
NEEDED = ["number", "name", "state", "employment", "township__path"]


@dataclass
class Outcome:
    """What became of a list: who is new on it, who was on it before, and a sentence for each line that did not go in."""

    added: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)


@transaction.atomic
def add(exam: Exam, lines: Iterable[str], *, by: User, now: datetime) -> Outcome:
    """Put the people of these roster numbers on the list; what is wrong with a line is said, the others go in.

    Also after publication: who comes in then gets a paper with the next draw. Refuses an exam without a list, one out of
    reach, and one that has closed.
    """
    exam = Exam.objects.select_for_update(of=("self",)).select_related("territory").get(pk=exam.pk)
    _open(exam, by=by, now=now)
    numbers = [line.strip() for line in lines if line.strip()]
    if len(numbers) > MOST:
        raise Refused(_("一次最多 %d 行，请分几次填。") % MOST, code="many")
    outcome, fresh = Outcome(), {}
    listed = set(exam.listed.values_list("worker", flat=True))
    within = reach.workers(by, *SETTERS).filter(number__in=numbers).select_related("township").only(*NEEDED)
    found = {worker.number: worker for worker in within}
    for place, number in enumerate(numbers, 1):
        worker = found.get(number)
        if sentence := _wrong(exam, worker):
            outcome.problems.append(_line(place, number, sentence))
        elif worker and worker.pk not in listed and worker.pk not in fresh:
            fresh[worker.pk] = Listed(exam=exam, worker=worker)
        else:
            outcome.known += 1
    Listed.objects.bulk_create(fresh.values(), ignore_conflicts=True)
    outcome.added = len(fresh)
    if fresh:
        audit.note("exam.listed", now=now, actor=by, subject=exam, territory=exam.territory.path, people=len(fresh))
    return outcome


@transaction.atomic
def remove(exam: Exam, worker: Worker, *, by: User, now: datetime) -> None:
    """Take somebody off the list. Only before publication: afterwards they have a paper, and are let off instead."""
    exam = Exam.objects.select_for_update(of=("self",)).select_related("territory").get(pk=exam.pk)
    _open(exam, by=by, now=now)
    if exam.published_at:
        raise Refused(_("考试已经发布，名单上的人已有试卷，不能移出。不用参加的，请办免考。"), code="published")
    gone, _each = exam.listed.filter(worker=worker).delete()
    if gone:
        audit.note("exam.unlisted", now=now, actor=by, subject=exam, territory=exam.territory.path, worker=worker.pk)


def _open(exam: Exam, *, by: User, now: datetime) -> None:
    if not exam.by_list:
        raise Refused(_("这场考试不按名单参加。"), code="no_list")
    if not reach.covers(by, exam.territory, *SETTERS):
        raise Refused(_("参加范围不在你的管辖内，不能改名单。"), code="reach")
    if exam.published_at and now >= exam.closes_at:
        raise Refused(_("考试已经截止，不能再加人。"), code="closed")


def _wrong(exam: Exam, worker: Worker | None) -> str:
    """Why this person cannot be on the list, with what to do; "" when they can."""
    if worker is None:
        return _("你管辖的名册里没有这个登录号，请核对。")
    if worker.state not in candidates.states(exam):
        return _("%(name)s现在%(state)s，不能参加。") % {"name": worker.name, "state": worker.get_state_display()}
    if not worker.township.path.startswith(exam.territory.path):
        return _("%(name)s不在“%(place)s”，请核对，或者改参加范围。") % {
            "name": worker.name,
            "place": exam.territory.name,
        }
    if exam.employment and worker.employment != exam.employment:
        return _("%(name)s是%(kind)s网格员，这场考试只要%(wanted)s的。") % {
            "name": worker.name,
            "kind": worker.get_employment_display(),
            "wanted": Employment(exam.employment).label,
        }
    return ""


def _line(place: int, number: str, sentence: str) -> str:
    return _("第 %(n)d 行“%(said)s”：%(sentence)s") % {"n": place, "said": number[:WIDEST], "sentence": sentence}

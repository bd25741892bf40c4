"""From answers to a result that stands: what a machine marks, what a person marks, and what is posted to the ledger and when."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import DecimalField, Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from exams.before import candidates
from exams.marks import resits, scoring, tries
from exams.models import Answer, Attempt, AttemptState, Award, Exam, ExamKind, PaperItem, QuestionKind
from lms import audit, numbers
from lms.refusal import Refused
from records import certificates, ledger
from records.models import Kind, Result
from roster.models import User

BATCH = 1000
ENTRY_FIELDS = ["exam_id", "worker_id", "state", "marks", "finished_at", "closes_at"]


def waiting(exam: Exam | None = None) -> QuerySet[Answer]:
    """Case answers that were handed in and that no person has marked yet, the oldest first."""
    answers = Answer.objects.filter(waits=True, attempt__state=AttemptState.HANDED_IN).order_by(
        "attempt__finished_at", "attempt_id", "item_id"
    )
    return answers.filter(attempt__exam=exam) if exam else answers


@transaction.atomic
def award(
    attempt: Attempt | Answer,
    item: PaperItem,
    *,
    marker: User,
    points: list[int],
    remark: str = "",
    now: datetime,
) -> Award:
    """Give one case answer the marks of the ticked points; settles the attempt when it was the last one waiting.

    A later award supersedes the earlier and both are kept, until the result is out: from then on it refuses.
    """
    pk = attempt.attempt_id if isinstance(attempt, Answer) else attempt.pk
    attempt = Attempt.objects.select_for_update(of=("self",)).select_related("exam", "worker").get(pk=pk)
    _judge(attempt, item, points, now=now)
    if attempt.state == AttemptState.MARKED:  # nobody has seen the sum yet: `settle` makes it anew
        Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.HANDED_IN)
    Award.objects.filter(attempt=attempt, item=item, superseded=False).update(superseded=True)
    given = Award.objects.create(
        attempt=attempt, item=item, marker=marker, remark=remark.strip(), awarded_at=now, **_worth(item, points)
    )
    attempt.answers.filter(item=item).update(marks=given.marks, waits=False)
    audit.note("exam.awarded", now=now, actor=marker, subject=attempt, item=item.pk, marks=str(given.marks))
    settle(attempt, now=now)
    return given


def changeable(attempt: Attempt, *, now: datetime) -> bool:
    """Whether a case answer of this attempt may still be marked, or marked again: handed in, and its result not out."""
    unseen = attempt.posted_at is None and not attempt.exam.released(now)
    return attempt.state == AttemptState.HANDED_IN or (attempt.state == AttemptState.MARKED and unseen)


def _judge(attempt: Attempt, item: PaperItem, points: list[int], *, now: datetime) -> None:
    if attempt.state == AttemptState.MARKED and not changeable(attempt, now=now):
        raise Refused(_("这份答卷已经出分，不能再改，请联系管理员。"), code="settled")
    if attempt.state == AttemptState.VOID:
        raise Refused(_("这份答卷已经作废，不用再评。"), code="void")
    if not changeable(attempt, now=now):
        raise Refused(_("这份答卷还没有交，不能评分。"), code="not_handed_in")
    if item.kind != QuestionKind.CASE or item.exam_id != attempt.exam_id:
        raise Refused(_("这道题不用人工评分。"), code="machine")
    if not all(0 <= point < len(item.content["points"]) for point in points):
        raise Refused(_("评分要点和试卷对不上，请刷新页面后再评。"), code="unfit")


def _worth(item: PaperItem, points: list[int]) -> dict:
    rubric = item.content["points"]
    ticked = [{"point": point, "marks": rubric[point]["marks"]} for point in sorted(set(points))]
    return {"points": ticked, "marks": scoring.ticked(rubric, points, marks=item.marks)}


@dataclass(frozen=True)
class Given:
    """One mark to be brought in bulk, as a marker gave it."""

    attempt_id: int
    item_id: int
    marker_id: int
    points: list[int]
    remark: str
    awarded_at: datetime


@transaction.atomic
def award_many(given: Sequence[Given], *, now: datetime) -> int:
    """Bring in many first marks by the rule of `award`; what no longer waits is left alone. Returns how many counted."""
    items = PaperItem.objects.in_bulk({one.item_id for one in given})
    open_ = waiting().filter(attempt_id__in={one.attempt_id for one in given}).values_list("attempt_id", "item_id")
    wanted = set(open_.order_by())
    fresh = [one for one in given if (one.attempt_id, one.item_id) in wanted]
    awards = [
        Award(
            attempt_id=one.attempt_id,
            item_id=one.item_id,
            marker_id=one.marker_id,
            remark=one.remark,
            awarded_at=one.awarded_at,
            **_worth(items[one.item_id], one.points),
        )
        for one in fresh
    ]
    Award.objects.bulk_create(awards)
    groups: dict[tuple[int, Decimal], list[int]] = defaultdict(list)
    for award_ in awards:
        groups[award_.item_id, award_.marks].append(award_.attempt_id)
    for (item_id, marks), attempt_ids in groups.items():
        Answer.objects.filter(item_id=item_id, attempt_id__in=attempt_ids).update(marks=marks, waits=False)
    audit.note("exam.awarded_many", now=now, given=len(given), counted=len(awards))
    settle_ready(attempts=[one.attempt_id for one in fresh], now=now)
    return len(awards)


@transaction.atomic
def settle(attempt: Attempt, *, now: datetime) -> Attempt:
    """Add up the marks once nothing is left for a person, and post the result if the exam already shows results.

    Twice is once. While an answer waits, and once the result is posted, nothing happens. What is not shown yet is posted
    later by `post_results`.
    """
    attempt = Attempt.objects.select_for_update(of=("self",)).select_related("exam", "worker").get(pk=attempt.pk)
    answers = attempt.answers
    if not attempt.finished or attempt.posted_at or answers.filter(waits=True).exists():
        return attempt
    by_persons = answers.aggregate(total=Sum("marks"))["total"] or scoring.ZERO
    attempt.marks = (attempt.machine_marks or scoring.ZERO) + by_persons
    attempt.state = AttemptState.MARKED
    attempt.save(update_fields=["marks", "state"])
    exam = attempt.exam
    if exam.recorded and exam.released(now) and tries.final(exam, now=now).filter(pk=attempt.pk).exists():
        _post([attempt], exam, now=now)
        attempt.posted_at = now
    return attempt


@transaction.atomic
def settle_ready(*, attempts: Iterable[int], now: datetime) -> int:
    """`settle` for many attempts in one statement; their results are posted by `post_results`. Returns how many got their marks."""
    unmarked = Answer.objects.filter(attempt=OuterRef("pk"), waits=True)
    given = Answer.objects.filter(attempt=OuterRef("pk")).values("attempt").annotate(total=Sum("marks")).values("total")
    ready = Attempt.objects.filter(pk__in=list(attempts), state=AttemptState.HANDED_IN).filter(~Exists(unmarked))
    total = F("machine_marks") + Coalesce(Subquery(given), scoring.ZERO, output_field=DecimalField())
    return ready.update(state=AttemptState.MARKED, marks=total)


def entry(attempt: Attempt) -> ledger.Entry:
    """The line of the ledger that this attempt becomes: its marks, or its absence on the closing day."""
    exam, absent = attempt.exam, attempt.state == AttemptState.ABSENT
    result = Result.ABSENT if absent else Result.PASSED if attempt.passed else Result.FAILED
    return ledger.Entry(
        worker_id=attempt.worker_id,
        kind=Kind.EXAM,
        source=f"exams.exam:{exam.pk}",
        title=exam.title,
        amount=resits.amount(attempt),
        out_of=exam.full_marks,
        result=result,
        occurred_at=attempt.finished_at or attempt.closes,
        link=f"/exams/attempt/{attempt.pk}/result/",
    )


def certificate(attempt: Attempt) -> certificates.Award:
    exam, holder = attempt.exam, attempt.worker.name
    sentence = _("%(name)s同志参加“%(title)s”，得%(marks)s分（满分%(full)s分，%(need)s分及格），考核合格。") % {
        "name": holder,
        "title": exam.title,
        "marks": numbers.plain(resits.amount(attempt)),
        "full": numbers.plain(exam.full_marks),
        "need": numbers.plain(exam.pass_marks),
    }
    return certificates.Award(attempt.worker_id, holder, f"exams.attempt:{attempt.pk}", exam.title, sentence)


def _post(batch: Sequence[Attempt], exam: Exam, *, now: datetime) -> None:
    """These results to the ledger, certificates for those who passed; of an exam and its resit one result is left standing."""
    ledger.post_many([entry(attempt) for attempt in batch], now=now)
    certificates.issue_many([certificate(attempt) for attempt in batch if attempt.passed], now=now)
    workers = [attempt.worker_id for attempt in batch]
    if exam.kind == ExamKind.RESIT:
        resits.decide(exam, workers, now=now)
    # the tries before the one that counts are settled with it
    exam.attempts.settled().filter(worker__in=workers, posted_at=None).update(posted_at=now)


def post_results(exam: Exam, *, now: datetime) -> int:
    """Post what is settled and not yet in the ledger, once the exam shows its results; certificates for those who passed.

    Safe to repeat and to run twice at once: a transaction for each thousand, and ledger and certificates count once per source.
    """
    if not exam.recorded or not exam.released(now):
        return 0
    posted = 0
    while count := _post_batch(exam, now=now):
        posted += count
    return posted


@transaction.atomic
def _post_batch(exam: Exam, *, now: datetime) -> int:
    unposted = tries.final(exam, now=now).order_by("finished_at", "pk")
    # of the worker only the name: opening sealed numbers for nothing takes longer than the rest
    unposted = unposted.select_related("worker").only(*ENTRY_FIELDS, "worker__name")
    batch = list(unposted.select_for_update(of=("self",))[:BATCH])
    for attempt in batch:
        attempt.exam = exam
    if batch:
        _post(batch, exam, now=now)
    return len(batch)


@transaction.atomic
def finish_absent(exam: Exam, *, now: datetime) -> int:
    """After the close: those who never began are absent, with a record of it; who has a later window of their own is waited for.

    Papers of people no longer on duty are withdrawn, and further tries that nobody began: what was sat before them stands.
    Before the close nothing happens; twice is once. Returns how many were absent.
    """
    missed = Attempt.objects.filter(exam=exam, pk__in=Attempt.objects.missed(now=now).filter(exam=exam).values("pk"))
    withdrawn = missed.exclude(worker__state__in=candidates.states(exam), number=1)
    withdrawn.filter(Attempt.untouched()).delete()
    withdrawn.update(state=AttemptState.EXEMPT)  # what was given or noted is kept with its paper
    absent = missed.update(state=AttemptState.ABSENT)
    if absent:
        audit.note("exam.absent", now=now, subject=exam, absent=absent)
    return absent

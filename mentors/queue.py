"""The marking queue: the next case answer into one mentor's hands, for half an hour, and never into two.

Question by question, in an order that has nothing to do with who answered: marking in the order of the roster is known to
bias marks, and so is jumping between questions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, QuerySet, Value, When
from django.db.models.functions import Mod
from django.utils.translation import gettext as _

from exams.marks import marking
from exams.models import Answer, AttemptState, Award, Exam, PaperItem, QuestionKind
from lms.refusal import Refused
from mentors.models import Claim, Mentor, opaque_key
from records import ledger
from records.models import Kind

LEASE = timedelta(minutes=30)
HOURS_EACH: Final = Decimal("0.05")  # three minutes of service for an answer marked
TURNS = 20  # how often another mentor may be quicker before we say there is nothing


def within(mentor: Mentor, answers: QuerySet[Answer]) -> QuerySet[Answer]:
    """Those this mentor may mark: the city's for county level, the own county's for township level; never of the own
    township and never the mentor's own."""
    home = mentor.worker.township
    answers = answers.exclude(attempt__worker=mentor.worker_id)
    answers = answers.exclude(attempt__worker__township__in={home.pk, mentor.territory_id})
    if mentor.level == Mentor.TOWNSHIP:
        answers = answers.filter(attempt__worker__township__parent=home.parent_id)
    return answers


def fair(mentor: Mentor, *, worker_id: int, township_id: int, county_id: int | None) -> bool:
    """The rule of `within` for one answer whose writer is at hand."""
    home = mentor.worker.township
    own = worker_id == mentor.worker_id or township_id in {home.pk, mentor.territory_id}
    return not own and (mentor.level == Mentor.COUNTY or county_id == home.parent_id)


def waiting(mentor: Mentor, *, now: datetime) -> QuerySet[Answer]:
    """What this mentor could be given now: unmarked, in nobody's hands, and of no exam the mentor has yet to sit: the rubric
    is its key."""
    held = Claim.objects.filter(
        attempt=OuterRef("attempt_id"), item=OuterRef("item_id"), done_at=None, expires_at__gt=now
    )
    # naming the questions spares a look at every other answer of each paper
    cases = PaperItem.objects.filter(kind=QuestionKind.CASE)
    answers = within(mentor, marking.waiting()).exclude(attempt__exam__in=to_sit(mentor, now=now))
    return answers.filter(item__in=cases).exclude(Exists(held))


def to_sit(mentor: Mentor, *, now: datetime) -> QuerySet[Exam]:
    """The exams this mentor may still sit: until the hand-in nothing of them is given to be marked."""
    due = [AttemptState.DUE, AttemptState.SITTING]
    return Exam.objects.filter(attempts__worker=mentor.worker_id, attempts__state__in=due, closes_at__gt=now)


def claim(mentor: Mentor, *, now: datetime) -> Claim | None:
    """Hand out the next answer for half an hour; None when nothing waits for this mentor.

    What the mentor still holds is given again instead of a second one. A lease that ran out is handed on, with a new key.
    Refuses when the term has ended.
    """
    lost: list[int] = []
    for _turn in range(TURNS):
        with transaction.atomic():
            # the mentor's own row: a double click waits here and gets what the first click got
            locked = Mentor.objects.select_for_update(of=("self",)).select_related("worker__township").get(pk=mentor.pk)
            if not Mentor.objects.serving(now=now).filter(pk=locked.pk).exists():
                raise Refused(_("你的小教员聘期已结束，不能再领取答卷。有疑问请联系县级管理员。"))
            held = _held(locked, now=now)
            if held:
                return held
            answer = _next(locked, lost=lost, now=now)
            if answer is None:
                return None
            taken = _take(locked, answer, now=now)
            if taken:
                return taken
            lost.append(answer.attempt_id)
    return None


def _held(mentor: Mentor, *, now: datetime) -> Claim | None:
    """What is in this mentor's hands. An answer that was marked from elsewhere meanwhile is let go."""
    unmarked = marking.waiting().filter(attempt=OuterRef("attempt_id"), item=OuterRef("item_id"))
    mine = mentor.claims.filter(done_at=None, expires_at__gt=now).annotate(unmarked=Exists(unmarked))
    for held in mine.order_by("taken_at"):
        if held.unmarked:
            return held
        held.delete()
    return None


def _next(mentor: Mentor, *, lost: Sequence[int], now: datetime) -> Answer | None:
    last = mentor.claims.order_by("-taken_at").values_list("item_id", flat=True).first()
    same_question = Case(When(item=last, then=Value(0)), default=Value(1), output_field=IntegerField())
    # a step that shares no factor with the modulus spreads neighbours far apart, and stays the same from call to call
    shuffled = Mod(F("attempt_id") * Value(40503), Value(65521))
    return (
        waiting(mentor, now=now)
        .exclude(attempt__in=lost)
        .order_by(same_question, "item__exam__closes_at", "item_id", shuffled, "attempt_id")
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )


def _take(mentor: Mentor, answer: Answer, *, now: datetime) -> Claim | None:
    """Write the claim down; None when another mentor was quicker."""
    values = {"mentor": mentor, "key": opaque_key(), "taken_at": now, "expires_at": now + LEASE, "done_at": None}
    old = Claim.objects.filter(attempt=answer.attempt_id, item=answer.item_id)
    # skip_locked: whoever holds the old claim's row is marking it this moment
    standing = old.select_for_update(skip_locked=True).first()
    if standing and (standing.done_at or standing.expires_at <= now):
        for name, value in values.items():
            setattr(standing, name, value)
        standing.save(update_fields=list(values))
        return standing
    try:
        with transaction.atomic():
            return Claim.objects.create(attempt_id=answer.attempt_id, item_id=answer.item_id, **values)
    except IntegrityError:
        return None


@transaction.atomic
def award(claim: Claim, *, points: Sequence[int], remark: str, now: datetime) -> Award:
    """Mark the answer by the ticked points, and post the mentor's service. The same mark a second time changes nothing.

    Marking again what is done replaces the mark as long as the result is not out. Refuses when the answer has been handed on.
    A lease that ran out but was not handed on is still good: nobody's work is thrown away.
    """
    held = Claim.objects.select_for_update(of=("self",)).select_related("mentor__worker__user", "item__exam", "attempt")
    row = held.filter(pk=claim.pk, mentor=claim.mentor_id, key=claim.key).first()
    if row is None:
        raise Refused(
            _("这份答卷放得太久，已经交给别的小教员评了，你这次的评分没有记入。请领取下一份。"), code="handed_on"
        )
    standing = (
        Award.objects.filter(attempt=row.attempt, item=row.item, superseded=False).first() if row.done_at else None
    )
    if standing and _same(standing, points, remark):
        return standing
    marker = row.mentor.worker.user
    assert marker is not None  # who marks has signed in
    given = marking.award(row.attempt, row.item, marker=marker, points=list(points), remark=remark.strip(), now=now)
    if row.done_at is None:
        row.done_at = now
        row.save(update_fields=["done_at"])
        ledger.post(service(row), now=now)
    return given


def _same(standing: Award, points: Sequence[int], remark: str) -> bool:
    return [entry["point"] for entry in standing.points] == sorted(set(points)) and standing.remark == remark.strip()


def service(claim: Claim) -> ledger.Entry:
    """The mentor's service for one answer marked."""
    assert claim.done_at is not None
    return ledger.Entry(
        worker_id=claim.mentor.worker_id,
        kind=Kind.SERVICE,
        source=f"mentors.claim:{claim.pk}",
        title=_("评案例答卷：%(exam)s") % {"exam": claim.item.exam.title},
        amount=HOURS_EACH,
        occurred_at=claim.done_at,
    )


@transaction.atomic
def give_back(claim: Claim) -> None:
    """Put an unmarked answer back into the queue; what is marked or already handed on stays as it is."""
    Claim.objects.filter(pk=claim.pk, mentor=claim.mentor_id, key=claim.key, done_at=None).delete()

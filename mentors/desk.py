"""What a mentor's desk shows: what waits, question by question, what is in hand, and what was marked last."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from exams.models import Attempt, AttemptState, PaperItem
from mentors import queue, script
from mentors.models import Claim, Mentor

RECENT = 8


@dataclass(frozen=True)
class Pile:
    """One question: how many answers I have marked, how many still wait for me."""

    exam: str
    stem: str
    mine: int
    left: int

    @property
    def total(self) -> int:
        return self.mine + self.left


@dataclass(frozen=True)
class Done:
    claim: Any
    label: str
    changeable: bool


def piles(mentor: Mentor, *, now: datetime) -> list[Pile]:
    """The questions with answers for this mentor, in the order in which they are handed out."""
    counted = queue.waiting(mentor, now=now).order_by().values_list("item_id").annotate(Count("attempt_id"))
    left = dict(counted)
    done = Claim.objects.filter(mentor=mentor, item__in=left, done_at__isnull=False)
    mine = dict(done.values_list("item_id").annotate(Count("pk")))
    items = PaperItem.objects.filter(pk__in=left).select_related("exam").order_by("exam__closes_at", "pk")
    return [Pile(item.exam.title, item.content["stem"], mine.get(item.pk, 0), left[item.pk]) for item in items]


def after_my_own(mentor: Mentor, *, now: datetime) -> list[str]:
    """Titles of exams with answers to mark that this mentor has yet to sit: they come after one's own hand-in."""
    handed_in = Attempt.objects.filter(exam=OuterRef("pk"), state=AttemptState.HANDED_IN)
    exams = queue.to_sit(mentor, now=now).filter(Exists(handed_in))
    return list(exams.order_by("closes_at").values_list("title", flat=True))


def recent(mentor: Mentor, *, now: datetime) -> list[Done]:
    claims = script.of(mentor).filter(done_at__isnull=False).order_by("-done_at")[:RECENT]
    return [Done(claim, script.label(claim.key), script.changeable(claim, now=now)) for claim in claims]


def done_this_year(mentor: Mentor, *, now: datetime) -> int:
    return mentor.claims.filter(done_at__year=timezone.localtime(now).year).count()

"""Many marks at once, as mentors brought them: the rules of the queue without its hand-outs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from exams.marks import marking
from exams.models import PaperItem
from mentors import queue
from mentors.models import Claim, Mentor
from records import ledger

Pair = tuple[int, int]


@dataclass(frozen=True)
class Marked:
    """One answer as a mentor marked it."""

    mentor: Mentor
    attempt_id: int
    item_id: int
    points: list[int]
    remark: str
    taken_at: datetime
    done_at: datetime

    @property
    def pair(self) -> Pair:
        return (self.attempt_id, self.item_id)


@transaction.atomic
def take_in(marked: Sequence[Marked], *, now: datetime) -> int:
    """Take in marks by the rules of `queue.claim` and `queue.award`, in one transaction; returns how many counted.

    Left alone is what no longer waits, what is in someone's hands or was, and what that mentor may not mark.
    Posts the service of each mentor; results are settled but posted by `exams.marks.marking.post_results`.
    """
    counted = _counted(marked)
    claims = Claim.objects.bulk_create([_claim(one) for one in counted], batch_size=500)
    marking.award_many([_given(one) for one in counted], now=now)
    items = PaperItem.objects.select_related("exam").in_bulk({claim.item_id for claim in claims})
    for claim in claims:
        claim.item = items[claim.item_id]
    ledger.post_many([queue.service(claim) for claim in claims], now=now)
    return len(counted)


def _counted(marked: Sequence[Marked]) -> list[Marked]:
    attempts = {one.attempt_id for one in marked}
    seen: set[Pair] = set(Claim.objects.filter(attempt__in=attempts).values_list("attempt_id", "item_id"))
    waiting = marking.waiting().filter(attempt__in=attempts).order_by()
    whose = waiting.annotate(
        worker=F("attempt__worker"),
        township=F("attempt__worker__township"),
        county=F("attempt__worker__township__parent"),
    )
    rows = {
        (row.attempt_id, row.item_id): {"worker_id": row.worker, "township_id": row.township, "county_id": row.county}
        for row in whose.only("attempt_id", "item_id")
    }
    counted = []
    for one in marked:
        if one.pair in rows and one.pair not in seen and queue.fair(one.mentor, **rows[one.pair]):
            seen.add(one.pair)
            counted.append(one)
    return counted


def _claim(one: Marked) -> Claim:
    return Claim(
        mentor=one.mentor,
        attempt_id=one.attempt_id,
        item_id=one.item_id,
        taken_at=one.taken_at,
        expires_at=one.taken_at + queue.LEASE,
        done_at=one.done_at,
    )


def _given(one: Marked) -> marking.Given:
    marker = one.mentor.worker.user_id
    assert marker is not None  # who marks has an account
    return marking.Given(one.attempt_id, one.item_id, marker, one.points, one.remark, one.done_at)

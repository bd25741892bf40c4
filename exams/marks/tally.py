"""How an exam stands, place by place, for one who may see those places."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, QuerySet

from exams.models import Attempt, AttemptQuerySet, AttemptState, Exam
from lms import numbers
from roster import reach
from roster.models import Duty, Level, Territory, User

STATES = [
    AttemptState.DUE,
    AttemptState.SITTING,
    AttemptState.HANDED_IN,
    AttemptState.MARKED,
    AttemptState.ABSENT,
    AttemptState.EXEMPT,
    AttemptState.VOID,
]
# came and began; what was void afterwards was begun all the same
SAT = (AttemptState.SITTING, AttemptState.HANDED_IN, AttemptState.MARKED, AttemptState.VOID)


@dataclass
class Row:
    """One place: how many in each state, and what follows from it."""

    name: str
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def all(self) -> int:
        """Who is to sit it: all but those who were let off."""
        return sum(self.counts.values()) - self.counts.get(AttemptState.EXEMPT, 0)

    @property
    def sat(self) -> int:
        return sum(self.counts[state] for state in SAT)

    @property
    def cells(self) -> list[int]:
        return [self.counts[state] for state in STATES]

    @property
    def turnout(self) -> str:
        share = numbers.rate(self.sat, self.all)
        return "—" if share is None else f"{share}%"


def attempts_within(user: User, exam: Exam | None = None) -> AttemptQuerySet:
    """Attempts of this admin's people; of several tries all of them."""
    attempts = Attempt.objects.filter(worker__in=reach.workers(user, Duty.EXAMS))
    return attempts.filter(exam=exam) if exam else attempts


def people(user: User, exams: Sequence[Exam]) -> QuerySet[Attempt]:
    """For each person of each exam the newest attempt: counts of it are counts of people."""
    attempts = attempts_within(user).filter(exam__in=[exam.pk for exam in exams])
    return attempts.newest() if any(exam.tries > 1 for exam in exams) else attempts


def by_place(user: User, exam: Exam) -> tuple[list[Row], Row]:
    """Rows by county for one who sees several, by township otherwise; and their total. Three queries at most."""
    several = reach.territories(user, Duty.EXAMS).counties().count() > 1
    place = "worker__township__parent" if several else "worker__township"
    counted = people(user, [exam]).values_list(place, "state").annotate(n=Count("pk"))
    rows: dict[int, Row] = {}
    names = dict(Territory.objects.filter(level=Level.COUNTY if several else Level.TOWNSHIP).values_list("pk", "name"))
    total = Row("")
    for pk, state, n in counted.order_by(f"{place}__code"):
        rows.setdefault(pk, Row(names[pk])).counts[state] += n
        total.counts[state] += n
    return list(rows.values()), total


def totals(user: User, exams: list[Exam]) -> dict[int, Row]:
    """One row for each exam of a list, in one query."""
    rows = {exam.pk: Row(exam.title) for exam in exams}
    counted = people(user, exams).values_list("exam", "state").annotate(n=Count("pk"))
    for pk, state, n in counted.order_by():
        rows[pk].counts[state] += n
    return rows


def labels() -> list[Any]:
    return [state.label for state in STATES]

"""What a worker reads of their own record: skills against what the post asks, hours, exams. Read-only, few queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from records import schemes
from records.models import Kind, Skill, SkillRecord, Subject
from records.scheme import cents
from roster.models import Worker


@dataclass(frozen=True)
class SkillState:
    """One skill and the first record that reached it; `needed` says whether the post asks for it."""

    skill: Skill
    record: SkillRecord | None
    needed: bool


@dataclass(frozen=True)
class SubjectState:
    label: str
    skills: list[SkillState]

    @property
    def needed(self) -> int:
        return sum(state.needed for state in self.skills)

    @property
    def reached(self) -> int:
        return sum(state.needed and state.record is not None for state in self.skills)

    @property
    def missing(self) -> int:
        return self.needed - self.reached


@dataclass(frozen=True)
class Hours:
    """Hours of a year: altogether, by the way they were earned, against the target."""

    year: int
    online: Decimal
    onsite: Decimal
    target: Decimal
    # of past trainings whose list does not say how they were held
    unsaid: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.online + self.onsite + self.unsaid

    @property
    def missing(self) -> Decimal:
        return max(Decimal(0), self.target - self.total)


def standing(worker: Worker, *, year: int) -> list[SkillRecord]:
    """Everything the overview page needs, in one query: all skills and exams, the hours and work results of the year."""
    wanted = Q(kind__in=[Kind.SKILL, Kind.EXAM]) | Q(kind__in=[Kind.HOURS, Kind.WORK], year=year)
    return list(SkillRecord.objects.standing().filter(wanted, worker=worker).order_by("occurred_at", "pk"))


def subjects(worker: Worker, records: Iterable[SkillRecord]) -> list[SubjectState]:
    """Skills by subject: those the post asks for, and any other that was reached all the same."""
    reached: dict[int | None, SkillRecord] = {}
    for record in records:
        if record.kind == Kind.SKILL:
            reached.setdefault(record.skill_id, record)
    states: dict[str, list[SkillState]] = {subject: [] for subject in Subject.values}
    for skill in Skill.objects.all():
        state = SkillState(skill, reached.get(skill.pk), worker.employment in skill.required_of)
        if state.needed or state.record:
            states[skill.subject].append(state)
    # what is missing comes first: it is what there is to do
    ordered = {code: sorted(held, key=lambda state: state.record is not None) for code, held in states.items()}
    return [SubjectState(str(Subject(code).label), held) for code, held in ordered.items() if held]


def hours(worker: Worker, records: Iterable[SkillRecord], *, year: int) -> Hours:
    summed = dict.fromkeys(("online", "onsite", ""), Decimal(0))
    for record in records:
        if record.kind == Kind.HOURS and record.year == year:
            summed[record.mode] += record.amount
    target = schemes.target_hours(year)[year][worker.employment]
    return Hours(year, summed["online"], summed["onsite"], target, summed[""])


def every(worker: Worker, kind: str, *, year: int) -> list[SkillRecord]:
    """Every record of a kind in the year, the newest first, those reversed among them with their reversal."""
    records = SkillRecord.objects.originals().filter(worker=worker, kind=kind, year=year)
    return list(records.select_related("reversal").order_by("-occurred_at", "-pk"))


def years_with(worker: Worker, kind: str, *, now_year: int) -> list[int]:
    found = SkillRecord.objects.filter(worker=worker, kind=kind).values_list("year", flat=True).distinct()
    return sorted({*found, now_year}, reverse=True)


def mean(records: Iterable[SkillRecord]) -> Decimal | None:
    """The mean of work results as an assessment takes it; None when there are none."""
    amounts = [record.amount for record in records]
    return cents(sum(amounts, Decimal(0)) / len(amounts)) if amounts else None

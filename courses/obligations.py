"""What is required of a worker, why, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses import standing
from courses.models import CoursePage, Requirement
from courses.standing import Standing
from lms import audit
from roster.models import Territory, User, Worker


@dataclass(frozen=True)
class Obligation:
    """One course that is required of a worker; of several rules for a course the one with the nearest date."""

    requirement: Requirement
    standing: Standing
    today: date

    @property
    def days_left(self) -> int:
        return (self.requirement.due_on - self.today).days

    @property
    def when(self) -> str:
        """The date as the reader's own distance from it."""
        left = self.days_left
        if left < 0:
            return _("已过期 %(n)s 天") % {"n": -left}
        if left == 0:
            return _("今天到期")
        if left <= 14:
            return _("还剩 %(n)s 天") % {"n": left}
        return _("%(month)s月%(day)s日前") % {
            "month": self.requirement.due_on.month,
            "day": self.requirement.due_on.day,
        }

    @property
    def tone(self) -> str:
        return "bad" if self.days_left < 0 else "warn" if self.days_left <= 14 else "brand"


@transaction.atomic
def require(
    course: CoursePage,
    *,
    territory: Territory,
    employment: str,
    due_on: date,
    reason: str,
    by: User | None,
    now: datetime,
) -> Requirement:
    """Make a course due for the workers of a territory; the same rule a second time gives back the first."""
    rule, made = Requirement.objects.get_or_create(
        course=course,
        territory=territory,
        employment=employment,
        due_on=due_on,
        defaults={"reason": reason, "created_by": by},
    )
    if made:
        audit.note("courses.required", now=now, actor=by, subject=rule, territory=territory.path, course=course.pk)
    return rule


@transaction.atomic
def withdraw(requirement: Requirement, *, by: User | None, now: datetime) -> None:
    """Take a rule back; what was studied because of it stays. A second call changes nothing."""
    withdrawn, _each = Requirement.objects.filter(pk=requirement.pk).delete()
    if withdrawn:
        territory, course = requirement.territory.path, requirement.course_id
        audit.note(
            "courses.requirement_withdrawn", now=now, actor=by, subject=requirement, territory=territory, course=course
        )


def due(worker: Worker, *, now: datetime) -> list[Obligation]:
    """What the worker has yet to finish, the nearest date first. Rules of past years are over, whatever came of them."""
    return [obligation for obligation in all_of(worker, now=now) if not obligation.standing.finished]


def all_of(worker: Worker, *, now: datetime) -> list[Obligation]:
    """Every course required of the worker this year or later, finished or not. Three queries."""
    rules = _rules(worker, now)
    return _joined(rules, standing.of(worker, [rule.course for rule in rules.values()]), now)


def of_standings(worker: Worker, standings: Iterable[Standing], *, now: datetime) -> list[Obligation]:
    """The same for courses whose standing has been read already; one query."""
    return _joined(_rules(worker, now), standings, now)


def _rules(worker: Worker, now: datetime) -> dict[int, Requirement]:
    """By course the rule with the nearest date."""
    today = timezone.localdate(now)
    rules = Requirement.objects.of(worker).filter(due_on__year__gte=today.year, course__live=True)
    nearest = dict[int, Requirement]()
    for rule in rules.select_related("course").order_by("due_on", "pk"):
        nearest.setdefault(rule.course_id, rule)
    return nearest


def _joined(rules: dict[int, Requirement], standings: Iterable[Standing], now: datetime) -> list[Obligation]:
    """What is still to be done comes first, then by date."""
    today = timezone.localdate(now)
    required = [
        Obligation(rules[stands.course.pk], stands, today)
        for stands in standings
        if stands.course.pk in rules and stands.total
    ]
    return sorted(required, key=lambda obligation: (obligation.standing.finished, obligation.requirement.due_on))

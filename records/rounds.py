"""Questions about rounds of assessment: which an admin may see, and what stands in them. Read-only."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, F, Max, Q, QuerySet
from django.utils.translation import gettext as _

from lms import exported, times, workbooks
from records.models import Assessment, Round, Scheme
from records.scheme import UNGRADED, cents
from roster import reach
from roster.models import Duty, Employment, Territory, TerritoryQuerySet, User


def counties(user: User) -> TerritoryQuerySet:
    """Counties within reach, and the county above an admin whose reach is a township."""
    own = Q()
    for path in reach.paths(user, Duty.ASSESSMENT):
        own |= Q(path__startswith=path) | Q(pk__in=[int(part) for part in path.split("/") if part])
    return Territory.objects.counties().filter(own) if own else Territory.objects.none()


def visible_to(user: User) -> QuerySet[Round]:
    return Round.objects.filter(county__in=counties(user)).select_related(
        "scheme", "county", "settled_by", "drafted_by"
    )


def people(user: User, held: Round) -> QuerySet[Assessment]:
    """The assessed of a round within reach, the best first; those without a score come last."""
    found = Assessment.objects.filter(round=held, township__in=reach.territories(user, Duty.ASSESSMENT))
    return found.select_related("worker", "township").order_by(F("score").desc(nulls_last=True), "worker__number")


@dataclass(frozen=True)
class County:
    """One county's round of one scheme on the overview: the newest version, and how its grades fall."""

    county: Territory
    scheme: Scheme
    newest: Round | None
    count: int
    mean: Decimal | None
    grades: list[tuple[str, int]]


def overview(user: User, *, year: int) -> list[County]:
    """For every county in sight and each employment: the newest round by the newest scheme, with its figures."""
    newest_schemes = {scheme.employment: scheme for scheme in Scheme.objects.filter(year=year).order_by("version")}
    held = {
        (one.county_id, one.scheme_id): one
        for one in visible_to(user).filter(scheme__in=newest_schemes.values()).order_by("version")
    }
    figures = _figures(user, list(held.values()))
    rows = []
    for county in counties(user):
        for scheme in (newest_schemes[e] for e in Employment.values if e in newest_schemes):
            newest = held.get((county.pk, scheme.pk))
            count, mean, grades = figures[newest.pk] if newest else (0, None, [])
            rows.append(County(county, scheme, newest, count, mean, grades))
    return rows


Summary = tuple[int, Decimal | None, list[tuple[str, int]]]


def _figures(user: User, held: list[Round]) -> dict[int, Summary]:
    mine = Assessment.objects.filter(round__in=held, township__in=reach.territories(user, Duty.ASSESSMENT)).order_by()
    grades: dict[int, dict[str, int]] = defaultdict(dict)
    for pk, grade, count in mine.values_list("round", "grade").annotate(n=Count("pk")):
        grades[pk][grade] = count
    means = dict(mine.values_list("round").annotate(mean=Avg("score")))
    return {
        one.pk: (
            sum(grades[one.pk].values()),
            None if means.get(one.pk) is None else cents(Decimal(means[one.pk])),
            [(grade, grades[one.pk][grade]) for grade in grades_of(one) if grade in grades[one.pk]],
        )
        for one in held
    }


def grades_of(held: Round) -> list[str]:
    return [band["grade"] for band in held.scheme.bands] + [UNGRADED]


def townships(found: QuerySet[Assessment]) -> TerritoryQuerySet:
    return Territory.objects.filter(pk__in=found.order_by().values("township")).order_by("code")


def is_newest(held: Round) -> bool:
    same = Round.objects.filter(scheme=held.scheme_id, county=held.county_id)
    return held.version == same.aggregate(last=Max("version"))["last"]


def standing(assessment: Assessment) -> int | None:
    """The rank by score within the round; equal scores share it."""
    if assessment.score is None:
        return None
    return Assessment.objects.filter(round=assessment.round_id, score__gt=assessment.score).count() + 1


def versions_of(assessment: Assessment) -> QuerySet[Assessment]:
    """The same worker in every version of the round, so that what changed between two drafts can be seen."""
    same = {"round__scheme": assessment.round.scheme_id, "round__county": assessment.round.county_id}
    found = Assessment.objects.filter(worker=assessment.worker_id, **same)
    return found.select_related("round").order_by("-round__version")


def workbook(held: Round, found: QuerySet[Assessment], *, mark: exported.Mark) -> bytes:
    """The round as a worksheet: one line a worker with every indicator's points, and how it was made."""
    indicators = [row.name for row in held.scheme.indicators.all()]
    state = _("已审定") if held.state == Round.SETTLED else _("初评，未审定")
    return workbooks.book(
        _("考核"),
        title=f"{held.county.name}{held.scheme.name}",
        notes=[
            _("第 %(version)s 版，%(state)s。数据截至 %(at)s。")
            % {"version": held.version, "state": state, "at": times.in_full(held.data_as_of)},
        ],
        columns=[
            (_("登录号"), ""),
            (_("姓名"), ""),
            (_("乡镇（街道）"), ""),
            *((name, workbooks.TWO) for name in indicators),
            (_("得分"), workbooks.TWO),
            (_("等次"), ""),
            (_("说明"), ""),
        ],
        rows=(cells(one, len(indicators)) for one in found.iterator(chunk_size=500)),
        mark=mark,
    )


def cells(one: Assessment, indicators: int) -> list[Any]:
    points = [Decimal(line["points"]) for line in one.lines]
    points += [None] * (indicators - len(points))  # type: ignore[list-item]
    return [one.worker.number, one.worker.name, one.township.name, *points, one.score, one.grade, one.reason]

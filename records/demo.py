"""The records of the demo city: skills and which post asks for them, schemes, and the monthly results of the work."""

import calendar
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from lms.demo import City
from records import assessments, ground, ledger, schemes
from records.models import Kind, Round
from roster.models import Role, RoleGrant, Territory, User, Worker

Gauss = Callable[[float, float], float]


def build(city: City) -> None:
    """Skills, the schemes of last year and this one, and monthly results of the work."""
    year = timezone.localtime(city.now).year
    ground.lay(now=city.now)
    schemes.default_schemes(year - 1)
    city.say("登记每月业务实绩")
    posted = sum(ledger.post_many(months, now=end) for end, months in monthly_results(city))
    city.say(f"业务实绩 {posted} 条")


def monthly_results(city: City) -> Iterator[tuple[datetime, list[ledger.Entry]]]:
    """For each month that is over: when it ended, and what each worker then in post had to show."""
    chance = city.chance("work")
    workers = list(Worker.objects.active().order_by("pk").values_list("pk", "joined_on"))
    # whoever is good stays good: a level of one's own, and the months scatter round it
    level = {pk: chance.triangular(80, 100, 95) for pk, _joined in workers}
    for year, month in months_over(city.now):
        end = timezone.make_aware(datetime(year, month, calendar.monthrange(year, month)[1], 18))
        there = [pk for pk, joined in workers if joined is None or joined < date(year, month, 1)]
        yield end, [month_of_work(pk, year, month, level[pk], chance.gauss, end) for pk in there]


def months_over(now: datetime) -> list[tuple[int, int]]:
    """The twelve months of last year and the last three that are over of this one."""
    today = timezone.localdate(now)
    this_year = [(today.year, month) for month in range(1, today.month)]
    return [(today.year - 1, month) for month in range(1, 13)] + this_year[-3:]


def month_of_work(worker: int, year: int, month: int, level: float, gauss: Gauss, end: datetime) -> ledger.Entry:
    closed = share(gauss(level + 2, 2.5))
    visited = share(gauss(level - 2, 3.5))
    return ledger.Entry(
        worker_id=worker,
        kind=Kind.WORK,
        source=f"records.work:{year}-{month:02d}",
        title=f"{year}年{month}月业务实绩：按时办结率 {closed}%，走访率 {visited}%",
        amount=Decimal(closed + visited) / 2,
        out_of=Decimal(100),
        occurred_at=end,
    )


def share(value: float) -> int:
    return max(0, min(100, round(value)))


def assess_last_year(city: City) -> None:
    """Draft and settle last year in every county, once exams and service are in the ledger; called by the top floor."""
    year = timezone.localtime(city.now).year - 1
    drafted_at = timezone.make_aware(datetime(year + 1, 1, 8, 9, 30))
    settled_at = timezone.make_aware(datetime(year + 1, 1, 15, 16, 0))
    if settled_at >= city.now:
        drafted_at = settled_at = city.now
    city.say(f"{year} 年度考核")
    for county in Territory.objects.counties():
        admin = admin_of(county)
        for scheme in schemes.default_schemes(year):
            drafted = assessments.draft(scheme, county, by=admin, now=drafted_at)
            if admin:
                assessments.settle(drafted, by=admin, now=settled_at)
    city.say(f"{year} 年度考核审定 {Round.objects.filter(state=Round.SETTLED).count()} 个")


def admin_of(county: Territory) -> User | None:
    """The county's admin, or the city's where the county has none."""
    places = {county.pk, county.parent_id}
    grants = RoleGrant.objects.filter(territory__in=places, role__in=[Role.COUNTY_ADMIN, Role.CITY_ADMIN], until=None)
    grant = grants.select_related("user").order_by("-territory__level").first()
    return grant.user if grant else None

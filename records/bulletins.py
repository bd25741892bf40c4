"""The figures a leader reads: coverage, hours and exams by place, this year beside the last. Read-only, a handful of queries.

What counts is said once, here and on the page: workers now in post (在岗); standing records of the year; a rate whose base is empty
is None, never 0.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext

from lms import exported, times, workbooks
from lms.numbers import rate
from records import schemes
from records.models import Kind, Result, SkillRecord, SkillRecordQuerySet
from roster.models import Level, Territory, User, Worker, WorkerQuerySet, WorkerState


@dataclass
class Figures:
    """Counts of one place and year; every rate is made from them, so that a total is the sum of its rows."""

    active: int = 0
    covered: int = 0
    hours: Decimal = Decimal(0)
    target: Decimal = Decimal(0)
    due: int = 0
    sat: int = 0
    passed: int = 0
    marks: Decimal = Decimal(0)

    def add(self, other: "Figures") -> None:
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def coverage(self) -> Decimal | None:
        return rate(self.covered, self.active)

    @property
    def mean_hours(self) -> Decimal | None:
        return rate(self.hours, self.active, of=1)

    @property
    def mean_target(self) -> Decimal | None:
        return rate(self.target, self.active, of=1)

    @property
    def turnout(self) -> Decimal | None:
        return rate(self.sat, self.due)

    @property
    def uncovered(self) -> int:
        return self.active - self.covered

    @property
    def absent(self) -> int:
        return self.due - self.sat

    @property
    def pass_rate(self) -> Decimal | None:
        return rate(self.passed, self.sat)

    @property
    def average(self) -> Decimal | None:
        return rate(self.marks, self.sat, of=1)


@dataclass
class Row:
    """A place with its figures of the year and of the year before."""

    place: Territory
    now: Figures = field(default_factory=Figures)
    before: Figures = field(default_factory=Figures)


@dataclass
class Bulletin:
    """A whole page: the place it is about, its rows (the places below), their total, and when the data were read."""

    scope: Territory
    year: int
    as_of: datetime
    rows: list[Row]
    total: Row
    whole_year: bool  # False: the year is not over, and last year is counted up to the same day

    @property
    def before_name(self) -> str:
        return gettext("上年") if self.whole_year else gettext("上年同期")


PerTownship = dict[tuple[int, int], Figures]  # (year, township) → figures


@dataclass(frozen=True)
class Period:
    """A year and the one before it, both up to the same day while the year still runs."""

    year: int
    before_until: datetime | None

    @classmethod
    def of(cls, year: int, *, now: datetime) -> "Period":
        running = timezone.localtime(now).year == year
        return cls(year, now - timedelta(days=365) if running else None)

    @property
    def years(self) -> tuple[int, int]:
        return (self.year, self.year - 1)

    def condition(self) -> Q:
        before = Q(year=self.year - 1)
        if self.before_until:
            before &= Q(occurred_at__lte=self.before_until)
        return Q(year=self.year) | before


def draw_up(scope: Territory, *, year: int, now: datetime) -> Bulletin:
    """Add up the ledger for a place and the places just below it."""
    period = Period.of(year, now=now)
    figures = per_township(scope, period)
    rows = {place.pk: Row(place) for place in below(scope)}
    total = Row(scope)
    paths = dict(Territory.objects.within([scope.path]).filter(level=Level.TOWNSHIP).values_list("pk", "path"))
    for (each, township), held in figures.items():
        row = next((row for row in rows.values() if paths[township].startswith(row.place.path)), None)
        for target in filter(None, (row, total)):
            (target.now if each == year else target.before).add(held)
    return Bulletin(scope, year, now, list(rows.values()), total, whole_year=period.before_until is None)


def below(scope: Territory) -> list[Territory]:
    """Counties of the city, townships of a county that have workers; a township stands for itself."""
    if scope.level == Level.TOWNSHIP:
        return [scope]
    places = Territory.objects.filter(parent=scope).order_by("code")
    return list(places.current() if scope.level == Level.CITY else places.filter(workers__isnull=False).distinct())


def per_township(scope: Territory, period: Period) -> PerTownship:
    figures: PerTownship = defaultdict(Figures)
    _count_workers(figures, scope, period)
    _count_hours(figures, scope, period)
    _count_exams(figures, scope, period)
    return figures


def _records(scope: Territory, kind: str) -> SkillRecordQuerySet:
    workers = {"worker__state": WorkerState.ACTIVE, "worker__township__path__startswith": scope.path}
    return SkillRecord.objects.standing().filter(kind=kind, **workers)


def _count_workers(figures: PerTownship, scope: Territory, period: Period) -> None:
    targets = schemes.target_hours(*period.years)
    active = Worker.objects.active().filter(township__path__startswith=scope.path)
    for row in active.order_by().values("township", "employment").annotate(n=Count("pk")):
        for year in period.years:
            target = targets[year][row["employment"]] * row["n"]
            figures[year, row["township"]].add(Figures(active=row["n"], target=target))


def _count_hours(figures: PerTownship, scope: Territory, period: Period) -> None:
    records = _records(scope, Kind.HOURS).filter(period.condition(), year__in=period.years).order_by()
    grouped = records.values("year", "worker__township")
    for row in grouped.annotate(n=Count("worker", distinct=True), total=Sum("amount")):
        figures[row["year"], row["worker__township"]].add(Figures(covered=row["n"], hours=row["total"]))


def _count_exams(figures: PerTownship, scope: Territory, period: Period) -> None:
    records = _records(scope, Kind.EXAM).filter(period.condition(), year__in=period.years).order_by()
    grouped = records.values("year", "worker__township", "result", "out_of")
    for row in grouped.annotate(n=Count("pk"), total=Sum("amount")):
        held = Figures(due=row["n"])
        if row["result"] != Result.ABSENT:
            held.sat, held.passed = row["n"], row["n"] if row["result"] == Result.PASSED else 0
            held.marks = Decimal(row["total"]) * 100 / (row["out_of"] or 100)
        figures[row["year"], row["worker__township"]].add(held)


def without_hours(township: Territory, *, year: int) -> WorkerQuerySet:
    """Workers in post who have no standing hours in the year."""
    covered = SkillRecord.objects.standing().filter(kind=Kind.HOURS, year=year).values("worker")
    return Worker.objects.active().filter(township=township).exclude(pk__in=covered).order_by("number")


def absentees(township: Territory, *, year: int) -> SkillRecordQuerySet:
    """The absences of workers in post, exam by exam."""
    records = _records(township, Kind.EXAM).filter(year=year, result=Result.ABSENT)
    return records.select_related("worker").order_by("-occurred_at", "worker__number")


def columns(bulletin: Bulletin) -> list[workbooks.Column]:
    """The headings in the order of `cells`, with how their numbers are written."""
    before = bulletin.before_name
    return [
        (gettext("地区"), ""),
        (gettext("在岗人数"), workbooks.WHOLE),
        (gettext("有学时的人数"), workbooks.WHOLE),
        (gettext("培训覆盖率"), workbooks.PERCENT),
        (before + gettext("覆盖率"), workbooks.PERCENT),
        (gettext("学时合计"), workbooks.TWO),
        (gettext("人均学时"), workbooks.ONE),
        (gettext("人均要求学时"), workbooks.ONE),
        (before + gettext("人均学时"), workbooks.ONE),
        (gettext("应考人次"), workbooks.WHOLE),
        (gettext("实考人次"), workbooks.WHOLE),
        (gettext("缺考人次"), workbooks.WHOLE),
        (gettext("参考率"), workbooks.PERCENT),
        (before + gettext("参考率"), workbooks.PERCENT),
        (gettext("及格人次"), workbooks.WHOLE),
        (gettext("及格率"), workbooks.PERCENT),
        (before + gettext("及格率"), workbooks.PERCENT),
        (gettext("平均分"), workbooks.ONE),
        (before + gettext("平均分"), workbooks.ONE),
    ]


def workbook(bulletin: Bulletin, *, by: User, now: datetime) -> bytes:
    """The figures of the page as a worksheet: the same numbers, with who made it, when, and what counts."""
    at = times.in_full(bulletin.as_of)
    return workbooks.book(
        gettext("通报"),
        title=gettext("%(place)s%(year)s年网格员培训和考试通报")
        % {"place": bulletin.scope.name, "year": bulletin.year},
        notes=[
            gettext("数据截至 %(at)s。") % {"at": at},
            gettext("统计口径：现在在岗的网格员；学时和考试只计没有冲销的记录；考试只计已出成绩的和缺考的。"),
        ],
        columns=columns(bulletin),
        rows=[cells(row) for row in [*bulletin.rows, bulletin.total]],
        mark=exported.mark(by, now=now, place=bulletin.scope.name),
    )


def cells(row: Row) -> list[workbooks.Value]:
    now, before = row.now, row.before
    return [
        row.place.name,
        *(now.active, now.covered, now.coverage, before.coverage),
        *(now.hours, now.mean_hours, now.mean_target, before.mean_hours),
        *(now.due, now.sat, now.absent, now.turnout, before.turnout),
        *(now.passed, now.pass_rate, before.pass_rate, now.average, before.average),
    ]

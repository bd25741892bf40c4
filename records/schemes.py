"""Schemes as rows: reading one into pure rules, checking it, and the two a new city starts with."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lms import numbers
from records import scheme as arithmetic
from records.models import Formula, Indicator, Scheme, Skill
from roster.models import Employment

BANDS = [
    {"grade": "优秀", "from": "90"},
    {"grade": "合格", "from": "70"},
    {"grade": "基本合格", "from": "60"},
    {"grade": "不合格", "from": "0"},
]
# a part-time worker is asked for half the hours; both have the same weights, so that the two lists can be read side by side
TARGET_HOURS = {Employment.FULL_TIME: Decimal(24), Employment.PART_TIME: Decimal(12)}


def _indicators(employment: str) -> list[Indicator]:
    return [
        Indicator(name=_("学时"), formula=Formula.HOURS, weight=25, target=TARGET_HOURS[Employment(employment)]),
        Indicator(name=_("业务考试"), formula=Formula.EXAM_BEST, weight=35),
        Indicator(name=_("技能达标"), formula=Formula.SKILLS, weight=25),
        Indicator(name=_("业务实绩"), formula=Formula.WORK, weight=15),
        Indicator(name=_("带教加分"), formula=Formula.SERVICE, weight=3, target=Decimal(10)),
    ]


@transaction.atomic
def default_schemes(year: int) -> list[Scheme]:
    """The schemes of a year for 专职 and 兼职; those already there are left as they are."""
    return [_default(year, employment) for employment in Employment.values]


def _default(year: int, employment: str) -> Scheme:
    standing = current(year, employment)
    if standing:
        return standing
    name = _("%(year)s年%(employment)s网格员考核") % {"year": year, "employment": Employment(employment).label}
    scheme = Scheme.objects.create(year=year, employment=employment, name=name, bands=BANDS)
    for order, indicator in enumerate(_indicators(employment)):
        indicator.scheme, indicator.order = scheme, order
        indicator.save()
    rules(scheme)
    return scheme


def current(year: int, employment: str) -> Scheme | None:
    """The newest version of the scheme for a year and an employment."""
    return Scheme.objects.filter(year=year, employment=employment).order_by("-version").first()


def target_hours(*years: int) -> dict[int, dict[str, Decimal]]:
    """The hours each year asks for, by employment, from the newest schemes; the defaults where there is none yet."""
    targets = {year: {str(key): value for key, value in TARGET_HOURS.items()} for year in years}
    rows = Indicator.objects.filter(scheme__year__in=years, formula=Formula.HOURS, target__isnull=False)
    columns = ("scheme__year", "scheme__employment", "target")
    for year, employment, target in rows.order_by("scheme__version").values_list(*columns):
        targets[year][employment] = target
    return targets


def required_skills(employment: str) -> list[Skill]:
    """The skills the post asks for; the few rows are sifted here because SQLite cannot look inside a JSON list."""
    return [skill for skill in Skill.objects.all() if employment in skill.required_of]


def rules(scheme: Scheme) -> arithmetic.Rules:
    """The scheme as pure rules. Refuses bands with gaps or overlaps and weights that do not come to 100."""
    measures = tuple(
        arithmetic.Measure(row.name, row.formula, Decimal(row.weight), row.target) for row in scheme.indicators.all()
    )
    arithmetic.check_measures(measures)
    return arithmetic.Rules(
        year=scheme.year,
        bands=arithmetic.read_bands(scheme.bands),
        measures=measures,
        min_days=scheme.min_days_in_post,
        required={skill.pk: skill.name for skill in required_skills(scheme.employment)},
    )


def described(scheme: Scheme) -> dict[str, Any]:
    """The scheme as a reader sees it: indicators with points, bands with where each begins."""
    measures = list(scheme.indicators.all())
    return {
        "scheme": scheme,
        "indicators": measures,
        "bands": arithmetic.read_bands(scheme.bands),
        "share": numbers.plain(scheme.excellent_share * 100),
    }

"""How a year becomes a score: pure arithmetic over the records of one worker. No database, no clock, Decimal throughout.

Points are rounded half up to 0.01 line by line, as the printed assessment adds them up; the score is the sum of what is printed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from lms.numbers import plain
from lms.refusal import Refused

CENT = Decimal("0.01")
FULL = Decimal(100)
UNGRADED = "不定等次"


@dataclass(frozen=True)
class Fact:
    """What a formula reads of one standing record."""

    id: int
    kind: str
    amount: Decimal
    out_of: Decimal | None = None
    result: str = ""
    skill_id: int | None = None


@dataclass(frozen=True)
class Band:
    grade: str
    floor: Decimal


@dataclass(frozen=True)
class Measure:
    """One indicator: a formula, the points it gives at most, and the amount that earns them all."""

    name: str
    formula: str
    weight: Decimal
    target: Decimal | None = None


@dataclass(frozen=True)
class Rules:
    year: int
    bands: tuple[Band, ...]
    measures: tuple[Measure, ...]
    min_days: int = 183
    required: Mapping[int, str] = field(default_factory=dict)  # skills the post asks for: id → name


@dataclass(frozen=True)
class Line:
    """One line of an assessment as it is frozen and shown: `how` is the formula with the numbers, `records` the evidence."""

    indicator: str
    formula: str
    weight: Decimal
    raw: str
    how: str
    points: Decimal
    records: tuple[int, ...] = ()
    extra: bool = False

    def frozen(self) -> dict[str, Any]:
        return {
            "indicator": self.indicator,
            "formula": self.formula,
            "weight": str(self.weight),
            "raw": self.raw,
            "how": self.how,
            "points": str(self.points),
            "records": list(self.records),
            "extra": self.extra,
        }


@dataclass(frozen=True)
class Judgement:
    lines: tuple[Line, ...]
    score: Decimal | None
    grade: str
    reason: str = ""


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def read_bands(rows: Sequence[Mapping[str, Any]]) -> tuple[Band, ...]:
    """The bands of a scheme, from the highest down; refuses a gap, an overlap, a doubled name or an end that is not 0.

    A row is {"grade", "from"} and may say "to" (not included), which must then be where the band above begins.
    """
    if not rows:
        raise Refused(_("请至少写一个等次和它的分数线。"))
    bands = tuple(Band(str(row["grade"]).strip(), Decimal(str(row["from"]))) for row in rows)
    if len({band.grade for band in bands}) < len(bands):
        raise Refused(_("等次名称有重复，请改成各不相同的名称。"))
    for upper, lower, row in zip(bands, bands[1:], rows[1:], strict=False):
        _check_border(upper, lower, Decimal(str(row["to"])) if row.get("to") not in (None, "") else upper.floor)
    if bands[-1].floor > 0:
        raise Refused(
            _("0 到 %(floor)s 分之间没有等次，请给最低一档补上分数线 0。") % {"floor": plain(bands[-1].floor)}
        )
    if bands[-1].floor < 0:
        raise Refused(_("分数线不能低于 0 分，请改正“%(grade)s”的分数线。") % {"grade": bands[-1].grade})
    return bands


def _check_border(upper: Band, lower: Band, end: Decimal) -> None:
    said = {"upper": upper.grade, "lower": lower.grade, "from": plain(upper.floor), "to": plain(end)}
    if end < upper.floor:
        raise Refused(
            _("“%(lower)s”到 %(to)s 分为止，“%(upper)s”从 %(from)s 分开始，中间的分数没有等次，请补上。") % said
        )
    if end > upper.floor or lower.floor >= upper.floor:
        raise Refused(_("“%(upper)s”和“%(lower)s”的分数段有重叠，请从高到低重新填写分数线。") % said)


def check_measures(measures: Sequence[Measure]) -> None:
    """Refuses indicators whose points do not come to 100 (what is only added on top stands apart) or that lack a target."""
    total = sum((m.weight for m in measures if m.formula != "service"), Decimal(0))
    if total != FULL:
        raise Refused(_("各项指标满分合计 %(total)s 分，应当正好 100 分，请调整。") % {"total": plain(total)})
    for measure in measures:
        if measure.formula in {"hours", "service"} and not measure.target:
            raise Refused(_("指标“%(name)s”没有目标值，请填写大于 0 的数。") % {"name": measure.name})


def judge(rules: Rules, facts: Iterable[Fact], *, joined_on: date | None) -> Judgement:
    """Judge one worker's year before the quota: every line, their sum, and the band it falls into.

    A worker in post for fewer days than the scheme asks gets the lines but no score and no grade (不定等次).
    """
    by_kind: dict[str, list[Fact]] = {}
    for fact in facts:
        by_kind.setdefault(fact.kind, []).append(fact)
    lines = tuple(FORMULAS[measure.formula](measure, by_kind, rules) for measure in rules.measures)
    too_short = short_of_days(rules, joined_on)
    if too_short:
        return Judgement(lines, None, UNGRADED, too_short)
    score = sum((line.points for line in lines), Decimal(0))
    return Judgement(lines, score, grade_of(score, rules.bands))


def grade_of(score: Decimal, bands: Sequence[Band]) -> str:
    return next(band.grade for band in bands if score >= band.floor)


def short_of_days(rules: Rules, joined_on: date | None) -> str:
    """Why a worker is not graded, as a sentence; "" when in post long enough or when the day of joining is not known."""
    days = days_in_post(rules.year, joined_on)
    if days >= rules.min_days or joined_on is None:
        return ""
    said = {"year": rules.year, "days": days, "least": rules.min_days, "on": f"{joined_on.year}年{joined_on.month}月"}
    if days == 0:
        return _("%(on)s上岗，%(year)s年不在岗，不定等次。") % said
    return _("%(on)s上岗，%(year)s年在岗 %(days)s 天，不满 %(least)s 天，不定等次。") % said


def days_in_post(year: int, joined_on: date | None) -> int:
    """Days in post from joining to the end of the year, both included."""
    begin = max(joined_on or date(year, 1, 1), date(year, 1, 1))
    return max(0, (date(year, 12, 31) - begin).days + 1)


Facts = Mapping[str, Sequence[Fact]]


def hours(measure: Measure, facts: Facts, rules: Rules) -> Line:
    """学时达标: hours ÷ target × points, at most all of them."""
    total, target = _total(facts.get("hours", ())), measure.target or FULL
    points = cents(min(total / target, Decimal(1)) * measure.weight)
    said = {"total": plain(total), "target": plain(target), "weight": plain(measure.weight), "points": points}
    if not facts.get("hours"):
        how = _("没有学时记录，按 0 分计")
    elif total >= target:
        how = _("累计 %(total)s 学时，达到目标 %(target)s 学时，得满分 %(weight)s 分") % said
    else:
        how = _("累计 %(total)s 学时 ÷ 目标 %(target)s 学时 × %(weight)s = %(points)s 分") % said
    return _line(measure, f"{plain(total)} / {plain(target)}", how, points, facts.get("hours", ()))


def exam_best(measure: Measure, facts: Facts, rules: Rules) -> Line:
    """考试取最高: the best share of full marks among the exams sat × points."""
    exams = facts.get("exam", ())
    sat = [fact for fact in exams if fact.result != "absent" and fact.out_of]
    if not sat:
        how = _("缺考 %(n)s 次，没有成绩，按 0 分计") % {"n": len(exams)} if exams else _("没有考试记录，按 0 分计")
        return _line(measure, _("缺考") if exams else "—", how, Decimal(0), exams)
    best = max(sat, key=lambda fact: fact.amount / (fact.out_of or FULL))
    full = best.out_of or FULL
    points = cents(best.amount / full * measure.weight)
    sum_text = f"{plain(best.amount)} ÷ {plain(full)} × {plain(measure.weight)} = {points} 分"
    how = sum_text if len(sat) == 1 else _("%(n)s 次考试取最高：%(sum)s") % {"n": len(sat), "sum": sum_text}
    return _line(measure, plain(best.amount), how, points, exams)


def skills(measure: Measure, facts: Facts, rules: Rules) -> Line:
    """技能达标: skills reached ÷ skills the post requires × points; names what is missing."""
    got = [fact for fact in facts.get("skill", ()) if fact.skill_id in rules.required]
    missing = [name for skill, name in rules.required.items() if skill not in {fact.skill_id for fact in got}]
    need = len(rules.required)
    have = need - len(missing)
    points = cents(Decimal(have) / need * measure.weight) if need else measure.weight
    said = {"have": have, "need": need, "weight": plain(measure.weight), "points": points}
    how = (
        _("岗位要求 %(need)s 项，已达标 %(have)s 项：%(have)s ÷ %(need)s × %(weight)s = %(points)s 分") % said
        if need
        else _("岗位没有要求的技能，得满分")
    )
    if missing:
        how += _("；还缺：%(names)s") % {"names": "、".join(missing)}
    return _line(measure, f"{have} / {need}", how, points, got)


def work(measure: Measure, facts: Facts, rules: Rules) -> Line:
    """业务实绩平均: the mean of the year's results (of 100; a month, a quarter or an indicator each) × points."""
    results = facts.get("work", ())
    if not results:
        return _line(measure, "—", _("没有业务实绩记录，按 0 分计"), Decimal(0), ())
    mean = cents(_total(results) / len(results))
    points = cents(mean / FULL * measure.weight)
    how = _("%(n)s 条记录平均 %(mean)s 分 ÷ 100 × %(weight)s = %(points)s 分") % {
        "n": len(results),
        "mean": plain(mean),
        "weight": plain(measure.weight),
        "points": points,
    }
    return _line(measure, plain(mean), how, points, results)


def service(measure: Measure, facts: Facts, rules: Rules) -> Line:
    """带教服务加分: hours of service ÷ target × points on top, at most all of them."""
    served, target = _total(facts.get("service", ())), measure.target or FULL
    points = cents(min(served / target, Decimal(1)) * measure.weight)
    how = _("没有带教服务记录，不加分")
    if served:
        how = _("带教 %(served)s 小时 ÷ %(target)s 小时 × %(weight)s = %(points)s 分，加分最多 %(weight)s 分") % {
            "served": plain(served),
            "target": plain(target),
            "weight": plain(measure.weight),
            "points": points,
        }
    return _line(measure, plain(served), how, points, facts.get("service", ()), extra=True)


FORMULAS = {"hours": hours, "exam_best": exam_best, "skills": skills, "work": work, "service": service}


def _total(facts: Iterable[Fact]) -> Decimal:
    return sum((fact.amount for fact in facts), Decimal(0))


def _line(measure: Measure, raw: str, how: str, points: Decimal, facts: Iterable[Fact], *, extra: bool = False) -> Line:
    ids = tuple(fact.id for fact in facts)
    return Line(measure.name, measure.formula, measure.weight, raw, how, cents(points), ids, extra)

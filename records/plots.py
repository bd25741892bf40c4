"""Bars for the bulletin: what each bar is called, how long it is and what it says. Pure; the template draws them as SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from records.bulletins import Bulletin, Figures, Row

Measure = Callable[[Figures], Decimal | None]


@dataclass(frozen=True)
class Bar:
    """One place: the length of this year's bar, of last year's and of the need in percent of the plot, and the words."""

    row: Row
    now: str
    before: str
    need: str
    text: str
    words: str


@dataclass(frozen=True)
class Plot:
    key: str
    title: str
    bars: list[Bar]
    has_need: bool = False


def plots(bulletin: Bulletin) -> list[Plot]:
    return [
        _plot("coverage", _("培训覆盖率"), bulletin.rows, lambda f: f.coverage, "%"),
        _plot("hours", _("人均学时"), bulletin.rows, lambda f: f.mean_hours, "", need=lambda f: f.mean_target),
        _plot("turnout", _("考试参考率"), bulletin.rows, lambda f: f.turnout, "%"),
        _plot("passed", _("考试及格率"), bulletin.rows, lambda f: f.pass_rate, "%"),
    ]


def _plot(
    key: str, title: str, rows: Sequence[Row], measure: Measure, unit: str, *, need: Measure | None = None
) -> Plot:
    shown = [
        value for row in rows for value in (measure(row.now), measure(row.before), need and need(row.now)) if value
    ]
    full = Decimal(100) if unit else max(shown, default=Decimal(1))
    return Plot(key, title, [_bar(row, measure, need, full, unit) for row in rows], need is not None)


def _bar(row: Row, measure: Measure, need: Measure | None, full: Decimal, unit: str) -> Bar:
    now, before = measure(row.now), measure(row.before)
    words = _("本年 %(now)s，上年 %(before)s") % {"now": said(now, unit), "before": said(before, unit)}
    wanted = need(row.now) if need else None
    return Bar(row, _length(now, full), _length(before, full), _length(wanted, full), said(now, unit), words)


def said(value: Decimal | None, unit: str = "") -> str:
    return _("没有") if value is None else f"{value}{unit}"


def _length(value: Decimal | None, full: Decimal) -> str:
    return "" if value is None else f"{min(Decimal(100), value * 100 / full):.1f}%"

"""Cells that hold a figure or one of a few words, in the lists that post to the ledger: Decimal throughout, a fault or a remark in words."""

import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from lms import numbers
from lms.resources import Judge
from lms.sheets import Cell, text
from roster.identity.cleaning import numeric, plain

CENT = Decimal("0.01")
MOST_HOURS = Decimal(200)  # of one training
FULL = Decimal(100)


def figure(cell: Cell, *units: str) -> Decimal | None:
    """The number in a cell, with one of the units behind it; None where there is none. 0 is a number here, not an empty cell."""
    written = "".join(unicodedata.normalize("NFKC", text(cell)).split()).lstrip("'")
    unit = next((unit for unit in units if written.endswith(unit)), "")
    try:
        found = Decimal(written.removesuffix(unit))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


class HoursJudge(Judge):
    """8, 7.5, 16学时; more than 0, at most 200, two places. Days and hours of the clock are not hours of training."""

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> Decimal | None:
        hours = figure(value, "个学时", "个课时", "学时", "课时")
        if hours is None:
            row.fault("hours_format", _("学时要写成数字，例如 8 或 7.5。写天数、小时的请先折成学时。"), name)
        elif not 0 < hours <= MOST_HOURS:
            row.fault("hours_range", _("学时要大于 0，一次培训最多 %s 学时。") % MOST_HOURS, name)
        elif hours != round(hours, 2):
            row.fault("hours_places", _("学时最多两位小数。"), name)
        else:
            return hours.quantize(CENT)
        return None


class PointsJudge(Judge):
    """Points of 100, two places."""

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> Decimal | None:
        points = figure(value, "分")
        if points is None:
            row.fault("points_format", _("没有得分，或者得分不是数字。请填 0 到 100 的数。"), name)
        elif not 0 <= points <= FULL:
            row.fault("points_range", _("得分要在 0 到 100 之间。满分不是 100 分的，请先折成百分制。"), name)
        elif points != round(points, 2):
            row.fault("points_places", _("得分最多两位小数。"), name)
        else:
            return points.quantize(CENT)
        return None


class CountJudge(Judge):
    """How many times, as it is shown; "" for none."""

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        count = figure(value, "件", "次", "户", "户次", "人次")
        if count is not None and count >= 0 and count == int(count):
            return str(int(count))
        if plain(value):
            row.remark("figure_format", _("这个数看不懂，先不记。"), name)
        return ""


class RateJudge(Judge):
    """A share as per cent. A spreadsheet keeps 93.5% as the number 0.935, so a number up to 1 is a share of 1."""

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        rate = figure(value, "%")
        if rate is not None and numeric(value) and rate <= 1:
            rate *= 100
        if rate is not None and 0 <= rate <= FULL:
            return f"{numbers.plain(round(rate, 2))}%"
        if plain(value):
            row.remark("figure_format", _("这个数看不懂，先不记。"), name)
        return ""


class WordJudge(Judge):
    """One of a few words, by what stands in it; what is not known is left open with a remark."""

    def __init__(self, words: Iterable[tuple[str, str]], code: str, sentence: Any) -> None:
        super().__init__()
        self.words, self.code, self.sentence = tuple(words), code, sentence

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        written = plain(value)
        found = next((known for word, known in self.words if word in written), "")
        if written and not found:
            row.remark(self.code, self.sentence, name)
        return found

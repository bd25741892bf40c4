"""Days and periods as they are written in lists of trainings and of work results. Pure; what could be read in two ways is not read."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.utils.translation import gettext as _

from lms.sheets import Cell
from roster.identity import PartialDate, when
from roster.identity.cleaning import plain

HALF_DAY = re.compile(r"(?:上午|下午|全天|晚上|[(（].*[)）])$")
BETWEEN = re.compile(r"\s*(?:至|到|[-—–~～]+)\s*")
# 2024.3-4 is a day in March to some and March to April to others
MIXED = re.compile(r"\d{4}[./]\d{1,2}[-—–~]\d{1,2}")
TWO_MONTHS = (1, 10)  # what a spreadsheet makes 2024.1 of


@dataclass(frozen=True, slots=True)
class Span:
    """A training's first day as exactly as it is known, and its last where one is written."""

    begin: PartialDate
    end: date | None = None

    @property
    def last(self) -> date | None:
        """The last day on which it can have been."""
        if self.end or not self.begin.date:
            return self.end
        return {"month": month_end, "year": lambda day: date(day.year, 12, 31)}.get(
            self.begin.precision, lambda day: day
        )(self.begin.date)


def span(cell: Cell) -> Span:
    """2024.3.4, 2024年3月, 2024.3.4-3.6, 2024年3月4日至6日; `begin.codes` says what cannot be read."""
    return written_span(plain(cell)) if isinstance(cell, str) else Span(when(cell))


@lru_cache(maxsize=1024)
def written_span(written: str) -> Span:
    """The rows of a list name the same few days again and again."""
    while (shorter := HALF_DAY.sub("", written).strip()) != written:
        written = shorter
    if MIXED.fullmatch(written):
        return Span(PartialDate(codes=("date_format",), original=written))
    whole = when(written)
    if not whole.codes:
        return Span(whole)
    found = set(ranges(written))
    return found.pop() if len(found) == 1 else Span(whole)


def month_span(year: int, month: int) -> Span:
    return Span(PartialDate(date(year, month, 1), "month"))


def ranges(written: str) -> Iterator[Span]:
    """Every way to read it as from one day (or month) to another."""
    for mark in BETWEEN.finditer(written):
        begin, rest = when(written[: mark.start()]), written[mark.end() :]
        if not begin.date or begin.precision == "year":
            continue
        for front in ("", f"{begin.date.year}-", f"{begin.date.year}-{begin.date.month}-"):
            end = when(front + rest)
            if end.date and end.precision == begin.precision and end.date >= begin.date:
                last = month_end(end.date) if end.precision == "month" else end.date
                yield Span(begin, last)


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


# --- periods of appraisal -------------------------------------------------------------------------------------------

QUARTER = re.compile(r"(?P<y>\d{4})年?度?[-./]?(?:第?(?P<n>[1-4一二三四])季度?|[Qq](?P<q>[1-4]))")
HALF = re.compile(r"(?P<y>\d{4})年?度?[-./]?(?P<n>上|下)半年")
YEAR = re.compile(r"(?P<y>\d{4})(?:年度?)?(?:全年|年终|考核)?")
MONTH_ALONE = re.compile(r"(\d{1,2})月?份?")
HAN = "一二三四"
# a period in the title over the table or in the sheet's name; a day in it is when it was written, not what it is of
IN_TITLE = re.compile(
    r"\d{4}年(?:度?(?:第?[1-4一二三四]季度|[上下]半年)|\d{1,2}月份?(?!\d{1,2}[日号])|度)|\d{4}[Qq][1-4](?!\d)"
)


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter, half or year: its code, first and last day."""

    code: str
    begin: date
    end: date

    @property
    def label(self) -> str:
        year, _dash, part = self.code.partition("-")
        if not part:
            return _("%s年度") % year
        if part[0] == "Q":
            return _("%(year)s年第%(n)s季度") % {"year": year, "n": HAN[int(part[1]) - 1]}
        if part[0] == "H":
            return (_("%s年上半年") if part[1] == "1" else _("%s年下半年")) % year
        return _("%(year)s年%(month)s月") % {"year": year, "month": int(part)}


def months(code: str, year: int, begin: int, end: int) -> Period:
    return Period(code, date(year, begin, 1), month_end(date(year, end, 1)))


def month_of(year: int, month: int) -> Period:
    return months(f"{year}-{month:02d}", year, month, month)


def of_code(code: str) -> Period | None:
    """The period that a code names, as it stands in a source."""
    year, _dash, part = code.partition("-")
    if not year.isdecimal():
        return None
    if part[:1] == "Q":
        return months(code, int(year), int(part[1]) * 3 - 2, int(part[1]) * 3)
    if part[:1] == "H":
        return months(code, int(year), int(part[1]) * 6 - 5, int(part[1]) * 6)
    return month_of(int(year), int(part)) if part else months(code, int(year), 1, 12)


def periods(cell: Cell, year: Cell = None) -> list[Period]:
    """The periods a cell can mean, with the year of a column beside it: none is unreadable, two (1月 or 10月) are to be asked."""
    written, beside = "".join(plain(cell).split()), plain(year).rstrip("年度")
    if not written and not beside:
        return []
    if MONTH_ALONE.fullmatch(written) and beside:
        written = f"{beside}-{written}"
    elif beside and not re.match(r"\d{4}", written):
        written = f"{beside}年{written}"
    if found := QUARTER.fullmatch(written):
        number = int(found["q"] or str(found["n"]).translate(str.maketrans(HAN, "1234")))
        return [months(f"{found['y']}-Q{number}", int(found["y"]), number * 3 - 2, number * 3)]
    if found := HALF.fullmatch(written):
        begin = 1 if found["n"] == "上" else 7
        return [months(f"{found['y']}-H{1 if begin == 1 else 2}", int(found["y"]), begin, begin + 5)]
    if found := YEAR.fullmatch(written):
        return [months(found["y"], int(found["y"]), 1, 12)]
    return by_month(cell if not isinstance(cell, str) and not beside else written)


def by_month(cell: Cell) -> list[Period]:
    """A month; a whole day only where it is the month's first or last, as spreadsheets make of 2026年3月."""
    found = when(cell)
    if found.codes == ("date_ambiguous",) and found.date:
        return [month_of(found.date.year, month) for month in TWO_MONTHS]
    if found.date is None or found.precision == "year":
        return []
    if found.precision == "day" and found.date not in {found.date.replace(day=1), month_end(found.date)}:
        return []
    return [month_of(found.date.year, found.date.month)]


def in_titles(titles: list[str]) -> Period | None:
    """The one period that the titles over a table speak of."""
    found = {one for title in titles for text in IN_TITLE.findall("".join(title.split())) for one in periods(text)}
    return found.pop() if len(found) == 1 else None

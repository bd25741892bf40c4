"""Dates as they are written in rosters, with the precision that they really have."""

import datetime as dt
import re
from dataclasses import dataclass

from lms.sheets import Cell, Formatted

from .cleaning import numeric, plain

EPOCH = dt.date(1899, 12, 30)  # day 0 of spreadsheets that count from 1900
SERIALS = range(30_000, 60_001)  # 1982 to 2064
YEARS = range(1940, 2101)
HAN_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
FORMS = (
    r"(?P<y>\d{4}|\d{2})[./\-年、。,](?P<m>\d{1,2})[./\-月、。,](?P<d>\d{1,2})[日号]?",
    r"(?P<y>\d{4}|\d{2})[./\-年、。,](?P<m>\d{1,2})月?份?",
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    r"(?P<y>\d{4})(?P<m>\d{2})",
    r"(?P<y>\d{4})年?",
)
# 2024.7-至今 has one date in it; 2019.3-2022.5 has two and is not chosen between
TAIL = re.compile(
    r"(?:至今|到今|现在|今|目前|起|以来|开始|入职|上岗|(?:\s+|(?<=\d)T)\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)$"
)
OPEN = ".-/—–―~至到"  # what is left of a span without its end


@dataclass(frozen=True, slots=True)
class PartialDate:
    """
    A date known to the day, the month or the year; `date` is the first day of what is known and `precision` says how much is.

    `codes`: date_ambiguous (2024.1 as a number is January or October; only the year is kept), date_format.
    """

    date: dt.date | None = None
    precision: str = ""
    codes: tuple[str, ...] = ()
    original: str = ""


def when(cell: Cell) -> PartialDate:
    """Read a date cell: a real date, a number of days, or any written form; what cannot be read says date_format."""
    if isinstance(cell, dt.datetime):
        return PartialDate(cell.date(), "day", original=cell.date().isoformat())
    if isinstance(cell, dt.date):
        return PartialDate(cell, "day", original=cell.isoformat())
    if isinstance(cell, Formatted):
        return _from_text(cell.shown)  # as a person sees it: 2024.10 is October
    if numeric(cell):
        return _from_number(float(cell))
    return _from_text(plain(cell))


def _from_number(number: float) -> PartialDate:
    if number == 0:
        return PartialDate()
    if int(number) in SERIALS:
        date = EPOCH + dt.timedelta(days=int(number))
        return PartialDate(date, "day", original=date.isoformat())
    shown = f"{number:.0f}" if number.is_integer() else repr(number)
    whole, _, fraction = shown.partition(".")
    if fraction == "1" and (year := _year(whole)) in YEARS:
        return PartialDate(dt.date(year, 1, 1), "year", ("date_ambiguous",), shown)
    if len(fraction) > 2:
        return PartialDate(codes=("date_format",), original=shown)
    return _from_text(shown)


def _from_text(original: str) -> PartialDate:
    if not original:
        return PartialDate()
    value = _arabic(original)
    while (shorter := TAIL.sub("", value).strip().rstrip(OPEN)) != value:
        value = shorter
    value = re.sub(r"\s+", "", value).rstrip(OPEN)
    if re.fullmatch(r"\d{5}", value) and int(value) in SERIALS:
        return PartialDate(EPOCH + dt.timedelta(days=int(value)), "day", original=original)
    for form in FORMS:
        if found := re.fullmatch(form, value):
            return _built(found.groupdict(), original)
    return PartialDate(codes=("date_format",), original=original)


def _built(parts: dict[str, str | None], original: str) -> PartialDate:
    year, month, day = _year(parts["y"] or ""), parts.get("m"), parts.get("d")
    try:
        date = dt.date(year, int(month or 1), int(day or 1))
    except ValueError:
        return PartialDate(codes=("date_format",), original=original)
    if year not in YEARS:
        return PartialDate(codes=("date_format",), original=original)
    return PartialDate(date, "day" if day else "month" if month else "year", original=original)


def _year(digits: str) -> int:
    """The year of four digits, or of two: 24 → 2024, 98 → 1998."""
    number = int(digits) if digits.isdecimal() else 0
    return number if len(digits) == 4 else number + (2000 if number < 50 else 1900) if len(digits) == 2 else 0


def _arabic(value: str) -> str:
    """二〇二四年七月 in figures; 十 only as it is used for months and days."""
    value = re.sub(r"([一二三])?十([一二三四五六七八九])?", lambda m: (m[1] or "一") + (m[2] or "〇"), value)
    return value.translate(HAN_DIGITS)

"""Resident identity numbers (GB 11643): cleaned, checked, never repaired. The first six digits are not judged: 4223xx is right for most."""

import datetime as dt
import re
from dataclasses import dataclass

from lms.sheets import Cell

from .cleaning import numeric, plain

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"  # GB 11643-1999, by the weighted sum modulo 11
SCIENTIFIC = re.compile(r"(\d(?:\.\d+)?)[Ee]\+?\d{2}")
LOOKALIKES = str.maketrans("×\u0425\u03a7", "XXX")  # the sign for times, the Cyrillic and the Greek letter
OLDEST = 1900


@dataclass(frozen=True, slots=True)
class IdNumber:
    """
    What an ID cell says. `value` is the whole number of 18 places, "" where it cannot be relied on.

    `codes`: id_number_truncated (a spreadsheet made a number of it), id_check_digit, id_birth_date, id_format.
    `notes`: id_converted (it had 15 places; `original` keeps them), id_age (outside 16 to 80).
    `head` holds what survives of a truncated number, at most 15 digits, to look for the person by name and head.
    """

    value: str = ""
    codes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    original: str = ""
    head: str = ""
    birth: dt.date | None = None
    sex: str = ""  # "male" or "female", by the sequence number

    @property
    def missing(self) -> bool:
        """Nothing was written at all; whether that is a fault is for the caller to say."""
        return not self.original


def check_digit(first: str) -> str:
    """The last place for 17 digits."""
    return CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first, strict=True)) % 11]


def id_number(cell: Cell, *, today: dt.date | None = None) -> IdNumber:
    """Judge an ID cell by its type first and its text second; with `today`, births in the future and odd ages as well."""
    if numeric(cell):
        return _from_number(float(cell), today)
    original = plain(cell)
    value = re.sub(r"[\s\-·.,'`_]", "", original).upper().translate(LOOKALIKES)
    if not value:
        return IdNumber()
    if scientific := SCIENTIFIC.fullmatch(original.replace(" ", "")):
        return _truncated(original, scientific[1].replace(".", ""))
    return _judge(value, original, today)


def _from_number(number: float, today: dt.date | None) -> IdNumber:
    digits = f"{number:.0f}"
    if number == 0:
        return IdNumber()
    # A spreadsheet keeps 15 digits: what is longer has lost its end, even where the check digit happens to fit.
    if len(digits) >= 16:
        head = f"{number:.14e}".partition("e")[0].replace(".", "").lstrip("-")
        return _truncated(head.ljust(len(digits), "0"), head)
    return _judge(digits, digits, today)


def _truncated(original: str, digits: str) -> IdNumber:
    return IdNumber(codes=("id_number_truncated",), original=original, head=digits[:15])


def _judge(value: str, original: str, today: dt.date | None) -> IdNumber:
    notes: tuple[str, ...] = ()
    if re.fullmatch(r"[0-9]{15}", value):
        value = f"{value[:6]}19{value[6:]}"
        value += check_digit(value)
        notes = ("id_converted",)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", value):
        return IdNumber(codes=("id_format",), original=original)
    birth = _birth(value)
    impossible = birth is None or birth.year < OLDEST or (today is not None and birth > today)
    faults = [("id_birth_date", impossible), ("id_check_digit", check_digit(value[:17]) != value[17])]
    codes = tuple(code for code, wrong in faults if wrong)
    if birth and today and not codes and not 16 <= _age(birth, today) <= 80:
        notes += ("id_age",)
    sex = "male" if int(value[16]) % 2 else "female"
    return IdNumber("" if codes else value, codes, notes, original, birth=None if impossible else birth, sex=sex)


def _birth(value: str) -> dt.date | None:
    try:
        return dt.date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return None


def _age(birth: dt.date, today: dt.date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def mask_id(value: str) -> str:
    """4212**********1234: the first and the last four; all stars where it is too short to hide anything."""
    return f"{value[:4]}{'*' * (len(value) - 8)}{value[-4:]}" if len(value) >= 12 else "*" * len(value)


def starred(value: str) -> bool:
    """Whether a number is written as `mask_id` or `mask_mobile` show it: figures, stars, figures."""
    return bool(re.fullmatch(r"\d{3,4}\*{4,}[\dXx]{4}", value.strip()))

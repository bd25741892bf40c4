"""Numbers as people write and read them. Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal

TENTH = Decimal("0.1")
LONGEST = 18  # figures: what a row's number may have in either database


# an ID number or a mobile number, in whichever cell somebody has put it; grids and places have codes of 6, 9, 12 and 15 figures
PERSONAL = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|1[3-9]\d{9})(?!\d)")


def covered_up(text: str) -> str:
    """The text with the numbers of people in it masked."""
    return PERSONAL.sub(lambda found: f"{found[0][:3]}****{found[0][-2:]}", text)


def row(text: str) -> int | None:
    """The number of a row that the text names; None for what can be the number of none."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else None


def plain(value: Decimal | str) -> str:
    """Without needless zeros: 24.00 → 24, 18.50 → 18.5, 0.25 → 0.25."""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate(part: int | Decimal, whole: int | Decimal, *, of: int = 100) -> Decimal | None:
    """part ÷ whole × of, rounded half up to 0.1; None when there is nothing to divide by."""
    return (Decimal(part) * of / Decimal(whole)).quantize(TENTH, rounding=ROUND_HALF_UP) if whole else None

"""Numbers as people write and read them. Pure."""

from decimal import Decimal

LONGEST = 18  # figures: what a row's number may have in either database


def row(text: str) -> int | None:
    """The number of a row that the text names; None for what can be the number of none."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else None


def plain(value: Decimal | str) -> str:
    """Without needless zeros: 24.00 → 24, 18.50 → 18.5, 0.25 → 0.25."""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

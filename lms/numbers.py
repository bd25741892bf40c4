"""Numbers that come from outside as text. Pure."""

LONGEST = 18  # figures: what a row's number may have in either database


def row(text: str) -> int | None:
    """The number of a row that the text names; None for what can be the number of none."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else None

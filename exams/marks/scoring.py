"""Marks of one answer. Pure: Decimal in, Decimal out, no database, no clock.

The rule for 多项选择题 is that of the national exam for social workers, which the learners know: a wrong option gives nothing;
with options missing each right one that was chosen gives 0.5, never more than the question's full marks.
"""

from collections.abc import Collection
from decimal import Decimal

ZERO = Decimal(0)
HALF = Decimal("0.5")


def score(kind: str, *, key: Collection[int], value: Collection[int] | str | None, marks: Decimal) -> Decimal | None:
    """The marks a machine can give; None means that a person must mark. Never negative, never above `marks`.

    `key` and `value` are indexes into the frozen options; for a case `value` is what was written. No answer is 0 for every kind.
    """
    if blank(value):
        return ZERO
    if kind == "case":
        return None
    chosen, right = set(value or ()), set(key)
    if chosen == right:
        return marks
    if kind == "multiple" and chosen < right:
        return min(HALF * len(chosen), marks)
    return ZERO


def blank(value: Collection[int] | str | None) -> bool:
    return not (value.strip() if isinstance(value, str) else value)


def ticked(points: list[dict], chosen: Collection[int], *, marks: Decimal) -> Decimal:
    """The sum of the ticked points of a rubric, at most the question's full marks."""
    return min(sum((Decimal(points[index]["marks"]) for index in set(chosen)), ZERO), marks)

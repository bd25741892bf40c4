"""
What the journal keeps of an answer. A choice is kept whole; of a text that grows while it is typed only what changed, so that a page
of typing costs a few thousand bytes and not a few hundred thousand. Pure: text in, text out.
"""

from collections.abc import Iterable
from typing import NamedTuple

# shorter texts are kept whole: the figures of a change would be longer
SHORT = 24


class Kept(NamedTuple):
    """`value` whole when `base` is None, else a change of the counted entry with that sequence."""

    base: int | None
    value: str


def keep(value: str, *, before: str, base: int | None) -> Kept:
    """How to keep `value` when the counted entry `base` reads `before`: "3,10:…" is the first 3 signs, then …, then the last 10."""
    if base is None or len(value) <= SHORT:
        return Kept(None, value)
    most = min(len(value), len(before))
    head = next((n for n in range(most) if value[n] != before[n]), most)
    most -= head
    tail = next((n for n in range(most) if value[-1 - n] != before[-1 - n]), most)
    change = f"{head},{tail}:{value[head : len(value) - tail]}"
    return Kept(base, change) if len(change) < len(value) else Kept(None, value)


def read(kept: Kept, *, before: str) -> str:
    """The whole answer again."""
    if kept.base is None:
        return kept.value
    figures, _colon, middle = kept.value.partition(":")
    head, tail = map(int, figures.split(","))
    return before[:head] + middle + before[len(before) - tail :]


def unfold(entries: Iterable[tuple[int, bool, Kept]]) -> list[tuple[int, bool, str]]:
    """
    (seq, counted, kept) of one question, in any order → (seq, counted, whole answer) in the same. KeyError when a base is missing.

    Times of arrival are no order: a request may be overtaken by a later one, and then change what that one wrote. Each change is of a
    counted entry, and of counted entries the sequence only rises.
    """
    rows = list(entries)
    counted: dict[int, str] = {}
    told: dict[int, str] = {}
    for place in sorted(range(len(rows)), key=lambda place: (not rows[place][1], rows[place][0])):
        seq, counts, kept = rows[place]
        told[place] = read(kept, before=counted[kept.base] if kept.base is not None else "")
        if counts:
            counted[seq] = told[place]
    return [(seq, counts, told[place]) for place, (seq, counts, _kept) in enumerate(rows)]

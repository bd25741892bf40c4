"""The numbers of grids inside a community: who keeps theirs when grids come together, and how name and code follow a number. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence

from roster import identity

DIGITS = "〇一二三四五六七八九"
NUMERAL = re.compile(r"第?0*(?:\d+|[零〇一二两三四五六七八九十百]+)(?=号?网格)")
LARGEST = 999


def join(staying: Iterable[int | None], coming: Sequence[tuple[int, int | None]]) -> dict[int, int | None]:
    """
    {grid: number} of the grids that come to those staying: a number that is free is kept, in the order given; the others get
    the next ones after the highest. Gaps are not filled: a gap was somebody's number once, and lists still say it.
    """
    taken = {number for number in staying if number}
    numbers: dict[int, int | None] = {}
    clashing = []
    for grid, number in coming:
        if number and number in taken:
            clashing.append(grid)
            continue
        numbers[grid] = number
        taken |= {number} if number else set()
    following = max(taken, default=0)
    for grid in clashing:
        following += 1
        numbers[grid] = following
    return numbers


def clashes(numbers: Mapping[int, int]) -> set[int]:
    """The numbers that are given more than once."""
    given = list(numbers.values())
    return {number for number in given if given.count(number) > 1}


def han(number: int) -> str:
    """1 → 一, 12 → 十二, 20 → 二十, 105 → 一百〇五."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += f"{'' if tens == 1 and not hundreds else DIGITS[tens]}十"
    elif hundreds and ones:
        text += "〇"
    return text + (DIGITS[ones] if ones else "")


def named(name: str, community: str, *, old: int | None, new: int | None) -> str:
    """The name with its number changed, in the way it was written (第一网格 → 第四网格, 01网格 → 04网格); one without that number is kept."""
    if not old or not new or old == new or identity.grid_ordinal(name, community) != old:
        return name
    found = NUMERAL.search(name)
    if found is None:
        return f"第{han(new)}网格"
    written = found[0].removeprefix("第")
    number = f"{new:0{len(written)}d}" if written.isdecimal() else han(new)
    return f"{name[: found.start()]}{'第' if found[0].startswith('第') else ''}{number}{name[found.end() :]}"


def composed(code: str, community_code: str, ordinal: int | None) -> bool:
    """Whether a grid's code is nothing but its community's code and its number."""
    return bool(ordinal) and code == compose(community_code, ordinal or 0)


def compose(community_code: str, ordinal: int) -> str:
    return f"{community_code}{ordinal:03d}"

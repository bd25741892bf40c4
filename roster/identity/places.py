"""Names of counties, townships, communities and grids in all the forms they are written in; compared on stems, inside what contains them."""

import re
from collections.abc import Iterable
from functools import lru_cache

from lms.sheets import Cell

from .cleaning import plain

COMMUNITY = re.compile(r"(?:社区居民委员会|社区居委会|社区居委|居民委员会|居委会|居委|社区)$")
VILLAGE = re.compile(r"(?:村民委员会|村委会|村委|村)$")
TOWNSHIP = re.compile(r"(?:街道办事处|办事处|街道办|街办|街道|镇人民政府|乡人民政府|镇政府|乡政府|镇|乡)$")
COUNTY = re.compile(r"[县市区]$")
DIGITS = {mark: value for value, mark in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
NUMBER = r"(?P<number>[0-9]{1,3}|[零〇一二三四五六七八九十百两]{1,5})"
GRID = re.compile(rf"第?\(?{NUMBER}\)?(?:号|#)?(?:网格|格)?(?:区|片区)?")
CODED = re.compile(rf"[0-9A-Za-z\-]{{5,}}第{NUMBER}(?:号)?网格")


def stem(name: Cell) -> tuple[str, str]:
    """
    The stem of a community's or village's name, and its kind: "community", "village" or "" where the name does not say.

    北街社区居委会 → (北街, community); 龙背村村委会, 龙背村村 and 龙背村 → (龙背, village).
    """
    value = _squeezed(name)
    short = COMMUNITY.sub("", value)
    if short and short != value:
        return short, "community"
    short = value
    while (shorter := VILLAGE.sub("", short)) and shorter != short:
        short = shorter
    return (short, "village") if short != value else (value, "")


def match_place(name: Cell, names: Iterable[str], *, township: str = "") -> list[str]:
    """
    Those of the official `names` (all inside one township) that `name` can mean: none is unknown, several must be asked.

    The name itself wins; then stem and kind; then the stem alone, where the name or the official one does not say its kind.
    A `township` in front of either counts for nothing: 潘家湾镇头墩社区 is 头墩社区.
    """
    value = _squeezed(name).removeprefix(township)
    if not value:
        return []
    bare = {official: _squeezed(official).removeprefix(township) for official in names}
    exact = [official for official, inner in bare.items() if inner == value]
    short, kind = stem(value)
    stems = [(official, *stem(inner)) for official, inner in bare.items()]
    same = [official for official, other, other_kind in stems if other == short and other_kind == kind]
    loose = [official for official, other, other_kind in stems if other == short and "" in (kind, other_kind)]
    return exact or same or loose


def township_stem(name: Cell) -> str:
    """温泉街道, 温泉街办, 温泉办事处 and 温泉街道办事处 → 温泉; 马桥镇 → 马桥."""
    value = _squeezed(name)
    return TOWNSHIP.sub("", value) or value


def county_stem(name: Cell) -> str:
    """咸安, 咸安区 and 咸宁市咸安区 → 咸安."""
    value = _squeezed(name)
    value = re.sub(r"^(?:湖北省)?(?:咸宁市)?(?=.{2})", "", value)
    return COUNTY.sub("", value) if len(value) > 2 else value


def grid_ordinal(name: Cell, community_name: str = "") -> int | None:
    """
    The number of a grid: 第三网格, 3网格, 03网格, ③, 三 and 北街社区居委会第三网格 → 3; None where it has none.

    A community's name may stand in front in any of its forms; another community's than `community_name` gives None.
    """
    value = _squeezed(name)
    found = GRID.fullmatch(value) or CODED.fullmatch(value)
    if not found and community_name:
        short, _kind = stem(community_name)
        for front in sorted({_squeezed(community_name), *_forms(short)}, key=len, reverse=True):
            if value.startswith(front) and (found := GRID.fullmatch(value[len(front) :])):
                break
    elif not found:
        found = re.fullmatch(rf".*?(?:第|社区|村|居委会|委员会|村委会){NUMBER}号?网格", value)
    number = figure(found["number"]) if found else None
    return number or None


def _forms(short: str) -> list[str]:
    endings = (
        "",
        "社区",
        "社区居委会",
        "社区居民委员会",
        "居委会",
        "居民委员会",
        "村",
        "村村",
        "村委会",
        "村民委员会",
        "村村委会",
        "村村民委员会",
    )
    return [short + ending for ending in endings]


def figure(number: str) -> int:
    """The value of a figure in digits or in Han numerals up to 999."""
    if number.isdecimal():
        return int(number)
    total, digit = 0, None
    for mark in number:
        if mark in "十百":
            total += (1 if digit is None else digit) * (10 if mark == "十" else 100)
            digit = None
        elif digit is None or digit == 0:
            digit = DIGITS[mark]
        else:  # 二三 is 23
            digit = digit * 10 + DIGITS[mark]
    return total + (digit or 0)


def _squeezed(name: Cell) -> str:
    return _again(name) if type(name) is str else "".join(plain(name).split())


@lru_cache(maxsize=10_000)
def _again(name: str) -> str:
    """The names of places come again with every row of a list."""
    return "".join(plain(name).split())

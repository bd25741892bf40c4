"""Where somebody stands on the ladder of posts (岗位等级), as lists write it: a step, a post, or both in one cell."""

import re
from dataclasses import dataclass

from lms.sheets import Cell

from .cleaning import plain
from .places import figure

STEPS = range(1, 19)
NOT_YET = frozenset({"未定", "未定级", "未评", "未评级", "未套级", "待定", "无级"})
NUMBER = r"(?P<number>\d{1,2}|[一二三四五六七八九十]{1,3})"
STEP = re.compile(rf"第?(?<!\d){NUMBER}级别?")
LAST = re.compile(r"(?P<post>.*[㐀-鿿)])[/、,:\-—]?(?P<number>\d{1,2})")
EDGE = " /\\、,，;；:：-—|+（()）[]【】"


@dataclass(frozen=True, slots=True)
class Standing:
    """The words of a post and a step of 1 to 18; `unread` where something is written that is neither."""

    post: str = ""
    step: int | None = None
    unread: bool = False


def standing(cell: Cell) -> Standing:
    """3, 3级, 十二级; 副职; 专职网格员三级, 网格长/5级, 七级（副职）. Two steps in one cell are not chosen between."""
    value = "".join(plain(cell).split())
    if not value or value in NOT_YET:
        return Standing()
    found = list(STEP.finditer(value))
    if len(found) > 1:
        return Standing(unread=True)
    if found:
        return _built(value[: found[0].start()] + " " + value[found[0].end() :], found[0]["number"])
    if value.isdecimal() or re.fullmatch(NUMBER, value):
        return _built("", value)
    if last := LAST.fullmatch(value):
        return _built(last["post"], last["number"])
    return Standing(unread=True) if re.search(r"\d", value) else Standing(value.strip(EDGE))


def _built(post: str, number: str) -> Standing:
    step = int(number) if number.isdecimal() else figure(number)
    post = post.strip(EDGE) if not _whole(post.strip()) else post.strip()
    fits = step in STEPS and not re.search(r"\d", post)
    return Standing("".join(post.split()), step) if fits else Standing(unread=True)


def _whole(post: str) -> bool:
    """Whether a bracket in it belongs to the name: 正职(书记、主任)."""
    return post.endswith(")") and post.find("(") > 0

"""Telling the rows of people from totals, signatures, hints, repeated headers and blank lines; none of it is guessed from what is missing."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from .book import Cell, blank, text
from .headers import LONG_NUMBER, keys

TOTAL = re.compile(
    r"(?:本页|本表|本乡|本镇|本村|本组|全乡|全镇|全县|全市|全区|全村)?(?:合计|小计|总计|共计|累计|总人数|总数)(?=\W|\d|共|人|$)"
)
PART = re.compile(r"本页|小计")
COUNT = re.compile(r"(\d+)\s*(?:人|名)")
NUMBER = re.compile(r"(\d+)\s*(?:户|个|$)")
SIGNATURE = re.compile(
    r"(?:制表|填表|填报|审核|审批|复核|经办|报送|统计|校对|主管|主要负责|分管|负责|联系)(?:人|单位|领导|日期|时间|电话|负责人|部门)?"
    r"(?:签字|签名|签章|盖章)?(?=[\s:(]|$)|(?:单位|部门|领导)?(?:签字|签名|签章|盖章|公章)|(?:单位|日期|年\s*月\s*日)(?=[\s:(]|$)"
)
NOTE = re.compile(r"(?:注|备注|说明|附注|填表说明|填报说明)\s*\d*\s*[:：]|以下(?:空白|无|为空)|此(?:页|表)")
# a row under the header that tells how to fill in, or shows it by an example
DELETE_ME = re.compile(
    r"删除(?:此|本|该|这)(?:说明|示例|提示)?行|(?:此|本|该|这)行(?:为|是|仅)?.{0,4}(?:示例|样例|说明|勿删|请删|删除)"
)
EXAMPLE = re.compile(r"[(\[【]?(?:示例|样例|范例|例子|举例|例)[)\]】:]?\d*|.{1,10}[(\[【](?:示例|样例|例)[)\]】]")
HINT = re.compile(r"必填|选填|必须填|请填|请输入|请选择|下拉|填写|不超过|例如|^[(]?如:|格式|\d+位|文本型")


def reason_of(
    raw: Sequence[Cell], content: Mapping[str, int], heads: Sequence[dict[int, str]], above: Sequence[dict[int, str]]
) -> str:
    """Why a row is no data ("blank", "header", "total", "signature", "note"), "" where it is."""
    shown = [(index, unicodedata.normalize("NFKC", text(cell))) for index, cell in enumerate(raw) if not blank(cell)]
    if not shown:
        return "blank"
    places = set(content.values())
    filled = [value for index, value in shown if index in places]
    if not filled and all(value.isdecimal() for _index, value in shown):
        return "blank"  # a number run down the column, and nobody beside it
    if _repeats(raw, heads) or (len(shown) <= 2 and keys(raw) in above):
        return "header"
    if any(LONG_NUMBER.search(value) for value in filled):
        return ""
    squeezed = ["".join(value.split()) for _index, value in shown]
    if any(TOTAL.match(value) for value in squeezed[:2]):
        return "total"
    if SIGNATURE.match(squeezed[0]) and sum(map(bool, map(SIGNATURE.match, squeezed))) * 2 >= len(shown):
        return "signature"
    if NOTE.match(squeezed[0]) or (not filled and len(shown) == 1):
        return "note"
    return ""


def is_hint(raw: Sequence[Cell]) -> bool:
    """Whether a row right under the header says how to fill in (必填, 请选择), is an example to be deleted, or numbers the columns."""
    shown = ["".join(unicodedata.normalize("NFKC", text(cell)).split()) for cell in raw if not blank(cell)]
    if any(map(DELETE_ME.search, shown)) or any(map(EXAMPLE.fullmatch, shown[:2])):
        return True
    if any(map(LONG_NUMBER.search, shown)):
        return False
    if len(shown) > 2 and [value for value in shown if value.isdecimal()] == [str(n + 1) for n in range(len(shown))]:
        return True
    asked = sum(bool(HINT.search(value)) for value in shown)
    return asked > 1 and asked * 3 >= len(shown)


def declared(raw: Sequence[Cell]) -> tuple[int | None, bool]:
    """The number of people that a total row names (合计 1531人), and whether it speaks of a part only (小计, 本页)."""
    shown = [(cell, "".join(unicodedata.normalize("NFKC", text(cell)).split())) for cell in raw if not blank(cell)]
    start = next(at for at, (_cell, value) in enumerate(shown) if TOTAL.match(value))
    part = bool(PART.match(shown[start][1]))
    for _cell, value in shown[start:]:
        total = TOTAL.match(value)
        if found := COUNT.search(value, total.end() if total else 0):
            return int(found[1]), part
    for cell, value in shown[start:]:
        if isinstance(cell, float):
            if cell.is_integer():
                return int(cell), part
        elif found := NUMBER.search(value):
            return int(found[1]), part
    return None, part


def _repeats(raw: Sequence[Cell], heads: Sequence[dict[int, str]]) -> bool:
    """Whether a row says again what the header says: at least two cells, and more than half of all it has."""
    found = keys(raw)
    return any(
        (same := sum(head.get(index) == key for index, key in found.items())) >= 2 and same * 2 > len(found)
        for head in heads
    )

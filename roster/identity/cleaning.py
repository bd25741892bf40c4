"""The first step of every judgement: the text of a cell without what spreadsheets, keyboards and copying leave in it."""

import re
import unicodedata
from typing import TypeGuard

from lms.sheets import Cell, text

INVISIBLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u00ad\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
NOTHING = frozenset(
    {"无", "暂无", "暂缺", "缺", "没有", "不详", "未知", "未办理", "空", "/", "\\", "-", "--", "—", "——", "…", "0"}
    | {"null", "none", "n/a", "#n/a"}
)


def plain(cell: Cell) -> str:
    """NFKC text without invisible characters, an apostrophe or a tab in front, or a full stop behind; "" for 无 and its like."""
    value = INVISIBLE.sub("", unicodedata.normalize("NFKC", text(cell)))
    value = value.strip().lstrip("'`‘’“”\"").rstrip("。;；,，'’”\"").strip()
    return "" if value.lower() in NOTHING else value


def numeric(cell: Cell) -> TypeGuard[float]:
    """Whether the spreadsheet keeps the cell as a number."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)

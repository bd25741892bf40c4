"""Names of people: layout spaces out, look-alike dots made one, rare characters left as they are."""

import re
import unicodedata
from dataclasses import dataclass

from lms.sheets import Cell, blank, text

from .cleaning import INVISIBLE, NOTHING

DOT = "\u00b7"
# No NFKC here: it would change rare characters of names that are encoded as compatibility forms.
HAN = r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U000323af\U000f0000-\U000ffffd]"
DOTS = "\u00b7\u2022\u2027\u30fb\uff0e\u002e\uff65\ufe52\u2219\u22c5\u0387\u16eb\u2024\u25cf\u2981"
BETWEEN = re.compile(rf"(?<={HAN})\s*[{DOTS}]\s*(?={HAN})")
RADICALS = re.compile(
    "[\u2f00-\u2fd5]"
)  # signs of the dictionary that stand for characters in what is copied from a PDF
REMARK = re.compile(r"[(（\[【]([^)）\]】]*)[)）\]】]\s*$")
PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd]")
SURNAMES = (
    "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐夏侯司徒司空长孙宇文端木南宫百里轩辕闻人澹台公冶宗政濮阳淳于单于太叔申屠"
)
DOUBLE_SURNAMES = frozenset(SURNAMES[at : at + 2] for at in range(0, len(SURNAMES), 2))
LONGEST = 100


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name, the remark that stood behind it in brackets, and `codes`: name_missing, name_format; notes: name_rare."""

    value: str = ""
    remark: str = ""
    codes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def person_name(cell: Cell) -> PersonName:
    """Clean a name cell. Spaces go where they are layout (张 三, 欧阳 三丰); elsewhere one is kept."""
    shown = RADICALS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), INVISIBLE.sub("", text(cell)))
    value = "" if blank(cell) else " ".join(shown.split()).strip("'`‘’“”\"，,、。;；*＊#★☆▲△ ")
    remark = REMARK.search(value)
    if remark:
        value = value[: remark.start()].strip()
    if not value or value.lower() in NOTHING:
        return PersonName(codes=("name_missing",))
    value = _close(BETWEEN.sub(DOT, value))
    wrong = len(value) > LONGEST or not re.search(rf"{HAN}|[A-Za-z]", value) or bool(re.search(r"[0-9０-９]", value))
    return PersonName(
        value,
        remark[1].strip() if remark else "",
        ("name_format",) if wrong else (),
        ("name_rare",) if PRIVATE.search(value) else (),
    )


def _close(value: str) -> str:
    """Take the layout spaces out of a name of two or three Han characters, or behind a surname of two."""
    pieces = value.split(" ")
    whole = "".join(pieces)
    short = re.fullmatch(rf"{HAN}{{2,3}}", whole)
    double = pieces[0] in DOUBLE_SURNAMES and re.fullmatch(rf"{HAN}{{3,4}}", whole)
    single = all(len(piece) == 1 for piece in pieces) and re.fullmatch(rf"{HAN}{{4}}", whole)
    return whole if short or double or single else value


def mask_name(value: str) -> str:
    """张*三, 张*; of a longer name the first and the last character."""
    if len(value) <= 1:
        return "*" * len(value)
    return f"{value[0]}*" if len(value) == 2 else f"{value[0]}{'*' * (len(value) - 2)}{value[-1]}"

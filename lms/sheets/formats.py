"""
What a person sees of a number that could be a month: 2024.10 is kept as 2024.1, and only the cell's format tells them apart.

Formats are looked up for such cells alone, in one more walk over the part; a file without any pays nothing.
"""

import re
from collections.abc import Iterable
from typing import Any
from zipfile import ZipFile

from . import parts
from .book import Formatted, Limits, Sheet

YEARS = range(1940, 2101)
SHORT_YEARS = range(10, 100)
NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
TWO_PLACES = re.compile(r"[#,0]*0?\.00")
BUILT_IN = {2: "0.00", 4: "#,##0.00", 39: "#,##0.00", 40: "#,##0.00"}
Places = set[tuple[int, int]]  # row and column from 1


def doubtful(sheet: Sheet) -> Places:
    """Where numbers like 2024.1 or 24.1 stand."""
    found: Places = set()
    for number, row in enumerate(sheet.rows, 1):
        for column, value in enumerate(row, 1):
            if type(value) is float and 10 <= value < 2_101 and _is_doubtful(value):
                found.add((number, column))
    return found


def _is_doubtful(value: float) -> bool:
    return (int(value) in YEARS or int(value) in SHORT_YEARS) and repr(value).endswith(".1")


def show(sheet: Sheet, place: tuple[int, int], code: str) -> None:
    """Let a cell remember that its format shows two places behind the point."""
    if TWO_PLACES.fullmatch(NOT_SHOWN.sub("", code.split(";")[0]).strip()):
        row = sheet.rows[place[0] - 1]
        value = row[place[1] - 1]
        if isinstance(value, float):
            row[place[1] - 1] = Formatted(value, f"{value:.2f}")


def of_xlsx(archive: ZipFile, sheets: Iterable[Sheet], places: dict[str, str], limits: Limits) -> None:
    wanted = {sheet.name: found for sheet in sheets if (found := doubtful(sheet))}
    if not wanted:
        return
    styles = _Styles()
    part = next((name for name in archive.namelist() if name.lower().endswith("styles.xml")), "")
    if part:
        parts.walk(archive, part, styles.start, limits)
    for sheet in sheets:
        if sheet.name in wanted:
            cells = _Cells(wanted[sheet.name])
            parts.walk(archive, places[sheet.name], cells.start, limits)
            for place, style in cells.styles.items():
                show(sheet, place, styles.code(style))


class _Styles:
    """The formats of styles.xml: a cell names one of `cells` by its place, and that names a format by its number."""

    def __init__(self) -> None:
        self.codes: dict[int, str] = {}
        self.cells: list[int] = []
        self.inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "numFmt":
            self.codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyles", "dxfs"):
            self.inside = name == "cellXfs"
        elif name == "xf" and self.inside:
            self.cells.append(_whole(attributes.get("numFmtId")))

    def code(self, style: int) -> str:
        number = self.cells[style] if 0 <= style < len(self.cells) else 0
        return self.codes.get(number) or BUILT_IN.get(number, "")


class _Cells:
    """The styles of the wanted cells of one worksheet."""

    def __init__(self, wanted: Places) -> None:
        self.wanted, self.styles = wanted, dict[tuple[int, int], int]()
        self.row = self.column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self.row, self.column = _whole(attributes.get("r")) or self.row + 1, 0
        elif name == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            self.column = parts.column_number(letters) if letters else self.column + 1
            if (self.row, self.column) in self.wanted:
                self.styles[self.row, self.column] = _whole(attributes.get("s"))


def _whole(value: Any) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 9 else 0

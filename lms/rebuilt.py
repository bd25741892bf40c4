"""A workbook with the cells of an uploaded file (.xls, .ods, or one too large or too odd to be opened whole), and reasons beside its rows."""

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange

from lms import exported, ownfile, sheets
from lms.resources import REASON, REMARK
from lms.streamed import Look, Pen, Value

LOOKS = {
    "text": Look("@"),
    "number": Look("General"),
    "date": Look('yyyy"年"m"月"d"日"'),
    "time": Look('yyyy"年"m"月"d"日" hh:mm'),
    "head": Look("@", bold=True, ground=ownfile.HEAD, wrap=True),
    "wrong": Look("@", ground=ownfile.WRONG),
    "wrong number": Look("General", ground=ownfile.WRONG),
    REASON: Look(ink=ownfile.INK[REASON], wrap=True),
    REMARK: Look(ink=ownfile.INK[REMARK], wrap=True),
}
WIDEST, MEASURED = 40, 60


def annotated(
    data: bytes,
    name: str,
    heads: Mapping[str, list[int]],
    found: Mapping[str, Mapping[int, Any]],
    given: exported.Mark,
) -> bytes:
    """All sheets in their order, typed as they were read, with merged ranges and what is hidden."""
    book = Workbook(write_only=True)
    for sheet in sheets.read(data, name=name).sheets:
        page = book.create_sheet(titled(sheet.name, {page.title for page in book.worksheets}))
        page.sheet_state = "hidden" if sheet.hidden else "visible"
        rows = found.get(sheet.name[:100], {}) if sheet.name in heads else {}
        write(page, sheet, heads.get(sheet.name, []) if rows else [], rows)
    exported.stamp(book, given)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def titled(name: str, taken: set[str]) -> str:
    """A name that a workbook can give a sheet."""
    name = re.sub(r"[\\/*?:\[\]]", " ", name)[:31] or _("表")
    return name if name not in taken else f"{name[:27]} {len(taken)}"


def write(page: Any, sheet: sheets.Sheet, header: list[int], rows: Mapping[int, Any]) -> None:
    end = table_end(sheet, header)
    measure(page, sheet, end)
    for top, left, bottom, right in sheet.merges:
        if bottom < len(sheet.rows) and (bottom, right) != (top, left):
            page.merged_cells.ranges.add(
                CellRange(min_row=top + 1, min_col=left + 1, max_row=bottom + 1, max_col=right + 1)
            )
    for number in sheet.hidden_rows:
        page.row_dimensions[number].hidden = number not in rows
    pen = Pen(page, LOOKS)
    for number, cells in enumerate(sheet.rows, start=1):
        if header and number == header[-1]:
            pen.write([*((text(cell), "head") for cell in padded(cells, end)), (REASON, "head"), (REMARK, "head")])
        else:
            pen.write(line(padded(cells, end) if header else cells, rows.get(number), ours=end))


def table_end(sheet: sheets.Sheet, header: list[int]) -> int:
    """How many columns there are before ours."""
    titles = [text(cell) for cell in sheet.rows[header[-1] - 1]] if header else []
    return titles.index(REASON) if REASON in titles else sheet.width


def padded(cells: list[sheets.Cell], width: int) -> list[sheets.Cell]:
    return [*cells[:width], *[None] * (width - len(cells))]


def line(cells: list[sheets.Cell], said: Any, *, ours: int) -> Iterator[tuple[Value, str]]:
    wrong = said.wrong if said else ()
    for index, cell in enumerate(cells):
        shade = bool(wrong) and sheets.letter(index) in wrong
        yield cell, look(cell, shade=shade)
    if said:
        yield said.reason, REASON
        yield said.remark, REMARK


def look(cell: sheets.Cell, *, shade: bool) -> str:
    if isinstance(cell, str):
        return "wrong" if shade else "text"
    if hasattr(cell, "hour"):
        return "time" if cell.hour or cell.minute else "date"  # type: ignore[union-attr]
    if hasattr(cell, "year"):
        return "date"
    return "wrong number" if shade else "number"


def text(cell: sheets.Cell) -> str:
    return sheets.text(cell)


def measure(page: Any, sheet: sheets.Sheet, end: int) -> None:
    """Columns as wide as what stands in their first rows."""
    for index in range(sheet.width):
        told = (text(row[index]) for row in sheet.rows[:MEASURED] if index < len(row))
        wide = max((sum(2 if ord(mark) > 255 else 1 for mark in word) for word in told), default=0)
        column = page.column_dimensions[get_column_letter(index + 1)]
        column.width = min(max(8, wide + 2), WIDEST)
        column.hidden = index in sheet.hidden_columns
    for offset, title in enumerate((REASON, REMARK), start=1):
        page.column_dimensions[get_column_letter(end + offset)].width = ownfile.WIDTH[title]

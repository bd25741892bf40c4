"""Reasons and remarks written into the very workbook that was uploaded; all else in it stays as it was."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter

from lms import exported
from lms.resources import REASON, REMARK
from lms.workbooks import put

WRONG, HEAD = "F8CBC4", "EFEDE6"
INK = {REASON: "B3261E", REMARK: "7D5200"}
WIDTH = {REASON: 56, REMARK: 40}


def annotated(
    data: bytes, heads: Mapping[str, list[int]], found: Mapping[str, Mapping[int, Any]], given: exported.Mark
) -> bytes:
    """The workbook with both columns in every sheet of `heads` (name → rows of the header) that `found` has something for."""
    book = load_workbook(BytesIO(data), rich_text=True)
    for name, header in heads.items():
        write(book[name], header, found.get(name[:100], {}))
    # what formulas of the file come to is not kept with them; the program that opens it next works it out
    book.calculation.fullCalcOnLoad = True
    exported.stamp(book, given)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def write(page: Any, header: list[int], rows: Mapping[int, Any]) -> None:
    reason, remark = places(page, header, remarks=any(said.remark for said in rows.values()))
    clear(page, header[-1], {reason, remark})
    if not rows and page.cell(header[-1], reason).value != REASON:
        return
    for title, column in ((REASON, reason), (REMARK, remark)):
        if column:
            entitle(page, header[-1], column, title)
    for number, said in rows.items():
        tell(page, number, reason, said.reason, REASON)
        tell(page, number, remark, said.remark, REMARK)
        for letter in said.wrong:
            page.cell(number, column_index_from_string(letter)).fill = PatternFill("solid", fgColor=WRONG)
        if said.reason and number in page.row_dimensions:
            page.row_dimensions[number].hidden = False


def places(page: Any, header: list[int], *, remarks: bool) -> tuple[int, int]:
    """The columns for both, those of an earlier time again: else behind everything that stands in the table. 0 for no remarks."""
    titles = {page.cell(header[-1], column).value: column for column in range(page.max_column, 0, -1)}
    end = last_column(page, header[0])
    reason = titles.get(REASON) or end + 1
    follows = page.cell(header[-1], reason + 1).value == REMARK
    if follows:
        return reason, reason + 1
    return reason, (max(end, reason) + 1 if remarks else 0)


def last_column(page: Any, top: int) -> int:
    """The last column in use from a row down; columns that only look like something count for nothing."""
    # only cells that exist are walked over: a sheet may say that it ends in row 1,048,576
    used = (column for (row, column), cell in page._cells.items() if row >= top and cell.value not in (None, ""))
    merged = (area.max_col for area in page.merged_cells.ranges if area.max_row >= top)
    return max([*used, *merged], default=0)


def clear(page: Any, header: int, columns: set[int]) -> None:
    """Take off what we wrote at an earlier time: our words and our shade of wrong cells."""
    if not any(page.cell(header, column).value == REASON for column in columns if column):
        return
    for (row, column), cell in list(page._cells.items()):
        if row > header and not isinstance(cell, MergedCell):
            if column in columns:
                cell.value = None
            elif cell.has_style and cell.fill.fill_type == "solid" and str(cell.fill.fgColor.rgb).endswith(WRONG):
                cell.fill = PatternFill()


def entitle(page: Any, row: int, column: int, title: str) -> None:
    cell = page.cell(row, column)
    if isinstance(cell, MergedCell):
        return
    put(cell, title)
    cell.font = Font(bold=True, color=INK[title])
    cell.fill, cell.alignment = PatternFill("solid", fgColor=HEAD), Alignment(vertical="center", wrap_text=True)
    width = page.column_dimensions[get_column_letter(column)]
    width.width, width.hidden = max(width.width or 0, WIDTH[title]), False


def tell(page: Any, row: int, column: int, text: str, title: str) -> None:
    if not column or not text:
        return
    cell = page.cell(row, column)
    if isinstance(cell, MergedCell):
        return
    put(cell, text)
    cell.font, cell.alignment = Font(color=INK[title]), Alignment(vertical="top", wrap_text=True)

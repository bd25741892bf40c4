"""Make the form that a lesson hands out: an .xlsx that can be filled in by hand or on a computer, and printed on A4."""

import zipfile
from datetime import datetime
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

THEN = datetime(2024, 1, 1)
LINE = Side(style="thin", color="858D94")
GRID = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
EMPTY_ROWS = 12
MIN_WIDTH, MAX_WIDTH, PAGE_WIDTH = 10, 34, 92


def workbook(title: str, columns: list[str], rows: list[list[str]]) -> bytes:
    """A titled table, ruled, fitted to the page's width; with empty rows to fill in where none are named. The same input gives the same bytes."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title[:28]
    _title(sheet, title, len(columns))
    # every cell a text: "1-2" stays what it is, and nothing begins a formula
    _row(sheet, 2, columns, head=True)
    for number, row in enumerate(rows or [[""] * len(columns)] * EMPTY_ROWS, 3):
        _row(sheet, number, [*row, *[""] * (len(columns) - len(row))])
    _page(sheet, _widths(columns, rows))
    book.properties.creator, book.properties.created, book.properties.modified = "", THEN, THEN
    out = BytesIO()
    book.save(out)
    return _undated(out.getvalue())


def _title(sheet: Worksheet, title: str, columns: int) -> None:
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=columns)
    cell = sheet.cell(1, 1, title)
    cell.font, cell.alignment = Font(size=16, bold=True), Alignment(horizontal="center", vertical="center")
    sheet.row_dimensions[1].height = 34


def _row(sheet: Worksheet, number: int, values: list[str], *, head: bool = False) -> None:
    for column, value in enumerate(values, 1):
        cell = sheet.cell(number, column)
        cell.value, cell.data_type, cell.number_format = str(value), "s", "@"
        cell.border, cell.font = GRID, Font(size=11, bold=head)
        cell.alignment = Alignment(vertical="center", horizontal="center" if head else None, wrap_text=True)
        if head:
            cell.fill = PatternFill("solid", fgColor="E2EEEF")
    sheet.row_dimensions[number].height = 26 if head else 30


def _widths(columns: list[str], rows: list[list[str]]) -> list[float]:
    """As wide as the words, two units a Han character; empty columns share what the page has left."""
    wide = [
        min(MAX_WIDTH, max(MIN_WIDTH, *(2 * len(str(text)) + 3 for text in texts)))
        for texts in zip(columns, *[[*row, *[""] * (len(columns) - len(row))] for row in rows], strict=True)
    ]
    spare = max(0, PAGE_WIDTH - sum(wide)) / len(wide)
    return [width + spare for width in wide]


def _page(sheet: Worksheet, widths: list[float]) -> None:
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows, sheet.freeze_panes = "1:2", "A3"
    sheet.page_margins.left = sheet.page_margins.right = 0.4


def _undated(book: bytes) -> bytes:
    """The same archive without the time of its making, so that it can be told whether a file has changed."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(zipfile.ZipInfo(item.filename, (2024, 1, 1, 0, 0, 0)), old.read(item), zipfile.ZIP_DEFLATED)
    return out.getvalue()

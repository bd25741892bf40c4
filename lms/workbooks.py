"""A worksheet for people: title, how it was made, headings, typed rows. No cell of it can be a formula."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import IO, Any

from django.http import FileResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from lms import exported, formulas

KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHADE = PatternFill("solid", fgColor="EFEDE6")
PERCENT, ONE, TWO, WHOLE = "0.0%", "0.0", "0.00", "#,##0"

Value = str | int | Decimal | date | datetime | None
Column = tuple[str, str]  # heading, number format ("" for text)


def book(
    name: str,
    *,
    title: str,
    notes: Sequence[str],
    columns: Sequence[Column],
    rows: Iterable[Sequence[Value]],
    mark: exported.Mark,
) -> bytes:
    """One sheet as bytes of an .xlsx file. Percentages come as numbers of 100 and go in as fractions."""
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.title = name[:31]
    notes = [*notes, mark.line]
    _heading(sheet, title, notes, len(columns))
    exported.stamp(workbook, mark)
    exported.foot(sheet, mark)
    head = len(notes) + 2
    for position, (heading, _format) in enumerate(columns, start=1):
        cell = sheet.cell(head, position)
        put(cell, heading)
        cell.font, cell.fill = Font(bold=True), SHADE
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(position)].width = max(10, 2 * len(heading) + 2)
    for number, row in enumerate(rows, start=head + 1):
        for position, (value, (_heading_text, number_format)) in enumerate(zip(row, columns, strict=True), start=1):
            put(sheet.cell(number, position), value, number_format)
    sheet.freeze_panes = sheet.cell(head + 1, 2)
    out = BytesIO()
    workbook.save(out)
    return out.getvalue()


def answer(data: bytes | IO[bytes], *, name: str, kind: str = KIND) -> FileResponse:
    """A workbook, or a table of another kind, to be kept under this name."""
    stream = BytesIO(data) if isinstance(data, bytes) else data
    return FileResponse(stream, as_attachment=True, filename=name, content_type=kind)


def _heading(sheet: Any, title: str, notes: Sequence[str], width: int) -> None:
    for number, text in enumerate([title, *notes], start=1):
        put(sheet.cell(number, 1), text)
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=width)
    sheet.cell(1, 1).font = Font(bold=True, size=16)
    sheet.row_dimensions[1].height = 28


def bare(text: str) -> str:
    """Text without the control characters that no workbook can hold."""
    return ILLEGAL_CHARACTERS_RE.sub("", text)


def put(cell: Cell, value: Value, number_format: str = "") -> None:
    """Write a value with its type; text stays text, whatever it begins with."""
    if isinstance(value, datetime):
        value = timezone.localtime(value).replace(tzinfo=None)
    if isinstance(value, Decimal) and number_format == PERCENT:
        value = value / 100
    cell.value = bare(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = formulas.like(value)
    elif number_format:
        cell.number_format = number_format

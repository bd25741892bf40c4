"""The same pages written as every kind of file, for holding one against the other."""

import csv
import datetime as dt
import struct
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook

from lms.sheets import letter
from tests.lms import workbooks

Value = str | float | bool | dt.date | None
EPOCH = dt.date(1899, 12, 30)


@dataclass
class Page:
    """One sheet: rows from the top, merged ranges (top, left, bottom, right; from 0), hidden rows (from 1), formats by place from 0."""

    name: str
    rows: list[list[Value]] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden: bool = False


def as_xlsx(pages: list[Page]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for page in pages:
        sheet = book.create_sheet(page.name)
        for row in page.rows:
            sheet.append(row)
        for top, left, bottom, right in page.merges:
            sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
        for number in page.hidden_rows:
            sheet.row_dimensions[number].hidden = True
        for (row, column), code in page.formats.items():
            sheet[f"{letter(column)}{row + 1}"].number_format = code
        sheet.sheet_state = "hidden" if page.hidden else "visible"
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_csv(page: Page, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    stream = StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    for row in page.rows:
        writer.writerow(["" if value is None else _written(value) for value in row])
    return stream.getvalue().encode(encoding)


def _written(value: Value) -> str:
    """As Excel writes it into text: a long number in short."""
    if isinstance(value, float):
        return f"{value:.5E}" if value >= 1e11 else f"{value:.15g}"
    return str(value)


# the styles of the binary workbooks made here: plain, a day, two places
STYLES = (0, 14, 2)


def as_xls(pages: list[Page]) -> bytes:
    styles = b"".join(workbooks.biff(0xE0, struct.pack("<HH", 0, number) + bytes(16)) for number in STYLES)
    return workbooks.xls_book({page.name: _xls_page(page) for page in pages}, styles)


def _xls_page(page: Page) -> tuple[list[workbooks.Placed], bytes, bytes]:
    cells: list[workbooks.Placed] = []
    for at, row in enumerate(page.rows):
        for column, value in enumerate(row):
            if isinstance(value, dt.date):
                cells.append((at, column, float((value - EPOCH).days), 1))
            elif value is not None:
                plain = value if isinstance(value, (str, bool)) else float(value)
                cells.append((at, column, plain, 2 if (at, column) in page.formats else 0))
    hidden = b"".join(
        workbooks.biff(0x208, struct.pack("<HHHHHHI", number - 1, 0, 1, 255, 0, 0, 0x20)) for number in page.hidden_rows
    )
    merges = b"".join(
        workbooks.biff(0xE5, struct.pack("<HHHHH", 1, top, bottom, left, right))
        for top, left, bottom, right in page.merges
    )
    return cells, hidden, merges


def as_ods(pages: list[Page]) -> bytes:
    return workbooks.ods("".join(map(_ods_page, pages)))


def _ods_page(page: Page) -> str:
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in page.merges}
    rows = []
    for at, row in enumerate(page.rows):
        cells = "".join(_ods_cell(page, at, column, value, spans) for column, value in enumerate(row))
        veiled = ' table:visibility="collapse"' if at + 1 in page.hidden_rows else ""
        rows.append(f"<table:table-row{veiled}>{cells or '<table:table-cell/>'}</table:table-row>")
    return f"<table:table table:name={quoteattr(page.name)}>{''.join(rows)}</table:table>"


def _ods_cell(page: Page, row: int, column: int, value: Value, spans: dict[tuple[int, int], tuple[int, int]]) -> str:
    down, right = spans.get((row, column), (1, 1))
    told = (
        f' table:number-rows-spanned="{down}" table:number-columns-spanned="{right}"' if (down, right) != (1, 1) else ""
    )
    if value is None:
        return f"<table:table-cell{told}/>"
    shown = f"{value:.2f}" if (row, column) in page.formats else str(value)
    if isinstance(value, dt.date):
        told += f' office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, (int, float)):
        told += f' office:value-type="float" office:value="{value!r}"'
    return f"<table:table-cell{told}><text:p>{escape(shown)}</text:p></table:table-cell>"

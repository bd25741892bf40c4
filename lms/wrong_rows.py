"""The rows that an import leaves out, as a workbook: where they stand, who, and why."""

from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from lms import exported
from lms.models import ImportRun, Outcome
from lms.outcomes import LEFT_OUT
from lms.resources import SheetResource
from lms.workbooks import put

WIDTHS = (16, 8, 8, 14)


def workbook(run: ImportRun, resource: type[SheetResource], *, by: Any, now: datetime) -> bytes:
    """One sheet, one line for each row left out; numbers are masked as on the screen."""
    book = Workbook()
    sheet = book.active
    sheet.title = _("有误的行")
    titles = [
        _("工作表"),
        _("行号"),
        _("列"),
        str(resource.label_title),
        *map(str, resource.fact_titles),
        _("错误原因"),
    ]
    sheet.append(titles)
    line = 1
    left_out = [*LEFT_OUT, Outcome.SKIPPED]
    for row in run.rows.filter(outcome__in=left_out).order_by("position").iterator(chunk_size=500):
        facts = (row.cells or {}).get("facts", [])
        facts = [*facts, *[""] * (len(resource.fact_titles) - len(facts))]
        letters = "、".join(dict.fromkeys(note["column"] for note in row.notes if note["column"]))
        reasons = "\n".join(note["message"] for note in row.notes)
        line += 1
        for place, value in enumerate((row.sheet, row.number, letters, row.label, *facts, reasons), start=1):
            put(sheet.cell(line, place), value)
    dress(sheet, len(titles))
    given = exported.mark(by, now=now, reason="repair")
    exported.stamp(book, given)
    exported.foot(sheet, given)
    exported.note(by, kind="import.wrong_rows", rows=line - 1, reason="repair", now=now, subject=run)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def dress(sheet: Any, width: int) -> None:
    for number in range(1, width + 1):
        size = 60 if number == width else (WIDTHS[number - 1] if number <= len(WIDTHS) else 26)
        sheet.column_dimensions[get_column_letter(number)].width = size
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for (cell,) in sheet.iter_rows(min_row=2, min_col=width, max_col=width):
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"

"""The columns of a list: what stands in them on the screen and in the exported table, and which of them somebody chose to see."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from io import BytesIO
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import QueryDict
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from wagtail.admin.ui.tables import BaseColumn, Column

from lms import exported, formulas
from lms.sealing import SealedJSONField, SealedTextField
from lms.workbooks import SHADE, Value

SEALED = (SealedJSONField, SealedTextField)


class ListColumn(Column):
    """
    A column that can be chosen and exported. `typed` gives the cell of the table where it is more than the words on the screen;
    `related` and `prefetch` name what it reads besides its own row, `sealed` what has to be unsealed for it: done only where the column
    is shown.
    """

    def __init__(
        self,
        name: str,
        *,
        label: Any,
        shown: bool = True,
        typed: Callable[[Any], Value] | None = None,
        related: Sequence[str] = (),
        prefetch: Sequence[str | Prefetch] = (),
        sealed: Sequence[str] = (),
        **given: Any,
    ) -> None:
        super().__init__(name, label=label, **given)
        self.shown, self.typed, self.related, self.prefetch, self.sealed = shown, typed, related, prefetch, sealed


class PickColumn(BaseColumn):
    """The boxes in front of the rows, for acts on many."""

    header_template_name = "roster/_cms_pick_all.html"
    cell_template_name = "roster/_cms_pick.html"

    def __init__(self) -> None:
        super().__init__("pick", label="", classname="bo-pick-cell")


def chosen(columns: Sequence[BaseColumn], query: QueryDict) -> list[BaseColumn]:
    """The first column, which says whom a row is about, and those asked for by `?columns=`; the usual ones where none is known."""
    asked = {name for value in query.getlist("columns") for name in value.split(",")}
    wanted = [column for column in columns[1:] if column.name in asked]
    usual = [column for column in columns[1:] if getattr(column, "shown", True)]
    return [*columns[:1], *(wanted or usual)]


def with_what_they_read(rows: QuerySet[Any], columns: Sequence[BaseColumn]) -> QuerySet[Any]:
    related = {name for column in columns for name in getattr(column, "related", ())}
    prefetch = list(dict.fromkeys(one for column in columns for one in getattr(column, "prefetch", ())))
    read = {name for column in columns for name in getattr(column, "sealed", ())}
    unread = [field.name for field in rows.model._meta.concrete_fields if isinstance(field, SEALED)]
    rows = rows.prefetch_related(*prefetch).defer(*(set(unread) - read))
    return rows.select_related(*related) if related else rows


def value_of(column: BaseColumn, row: Any) -> Value:
    """What the exported table holds: a date, a number, or the words of the screen."""
    typed = getattr(column, "typed", None)
    value = typed(row) if typed else column.get_value(row)
    if value is None or isinstance(value, (int, date)):
        return value
    return str(value)


def table(name: str, columns: Sequence[BaseColumn], rows: Iterable[Any], mark: exported.Mark) -> bytes:
    """The rows as an .xlsx file: headings as on the screen, typed cells, and nothing that a spreadsheet would take for a formula."""
    workbook = Workbook(write_only=True)
    sheet: Any = workbook.create_sheet(title=name[:31])
    sheet.freeze_panes = "B2"
    exported.stamp(workbook, mark)
    exported.foot(sheet, mark)
    for position, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = max(12, 2 * len(str(column.label)) + 4)
    sheet.append([_heading(sheet, str(column.label)) for column in columns])
    for row in rows:
        sheet.append([_cell(sheet, value_of(column, row)) for column in columns])
    out = BytesIO()
    workbook.save(out)
    return out.getvalue()


def _heading(sheet: Any, label: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, label)
    cell.font, cell.fill = Font(bold=True), SHADE
    return cell


def _cell(sheet: Any, value: Value) -> Any:
    """Most values go in as they are, which is quick; a text that looks like a formula stays text."""
    if isinstance(value, str) and formulas.like(value):
        cell = WriteOnlyCell(sheet, value)
        cell.data_type, cell.quotePrefix = "s", True
        return cell
    return value

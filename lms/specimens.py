"""The workbook that is handed out to be filled in: headings, two examples, lists to pick from, a page of hints. And its examples told apart."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from lms import sheets
from lms.resources import ColumnField, SheetResource
from lms.sheets.table import Skipped
from lms.workbooks import SHADE, put

ROWS = 5_000  # so many rows have lists to pick from
NEEDED = PatternFill("solid", fgColor="FBE3C8")
EXAMPLE = Font(italic=True, color="6B7780")
EDGE = Border(bottom=Side("thin", color="8A949B"))
WRAPPED = Alignment(vertical="center", wrap_text=True)


# --- the examples, where they come back -----------------------------------------------------------------------------


def set_aside(tables: Iterable[sheets.Table], resource: SheetResource) -> None:
    """
    Leave out the rows that still are an example of the template. Only a row that says of who or what it is exactly what the
    example says is one; whoever writes over it has written a row like any other.
    """
    known = examples(resource)
    for table in tables:
        rows = [row for row in table.rows if tuple(sheets.text(row.cell(name)) for name in resource.need) in known]
        if rows:
            numbers = {row.number for row in rows}
            table.rows = [row for row in table.rows if row.number not in numbers]
            told = (" ".join(map(sheets.text, row.cells.values())) for row in rows)
            table.skipped += [Skipped(row.number, "specimen", text) for row, text in zip(rows, told, strict=True)]
            table.skipped.sort(key=lambda skipped: skipped.number)


def examples(resource: SheetResource) -> set[tuple[str, ...]]:
    """What stands in the columns that a header must have, for each example that fills them all."""
    columns = resource.columns()
    found = {tuple(columns[name].samples[number] for name in resource.need) for number in (0, 1)}
    return {example for example in found if all(example)}


# --- the workbook ---------------------------------------------------------------------------------------------------


def workbook(resource: SheetResource, user: Any) -> bytes:
    """The template of a kind as an .xlsx file, with the places that this user reaches to pick from."""
    book = Workbook()
    columns = {name: column for name, column in resource.columns().items() if name not in resource.only_exported}
    needed = {name for name in columns if name in (*resource.need, *resource.fill) or columns[name].widget.required}
    choices = {name: [str(choice) for choice in column.choices] for name, column in columns.items()}
    choices |= {name: given for name, given in resource.lists(user).items() if name in columns}
    choices = {name: given for name, given in choices.items() if given}
    page: Any = book.active
    page.title = str(resource.title)[:31]
    _form(page, columns, needed)
    _hints(book.create_sheet(_("填写说明")), resource, columns, needed, set(choices))
    if places := resource.gazetteer(user):
        _places(book.create_sheet(_("地名字典")), places)
    _lists(book.create_sheet(_("选项")), page, columns, choices)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _form(page: Any, columns: dict[str, ColumnField], needed: set[str]) -> None:
    for number, (name, column) in enumerate(columns.items(), start=1):
        title = str(column.column_name) + (_("（必填）") if name in needed else "")
        letter = get_column_letter(number)
        # the whole column, so that whatever is written or pasted below stays as it is written
        page.column_dimensions[letter].number_format = column.widget.number_format
        page.column_dimensions[letter].width = max(10, *map(_wide, (title, *column.samples)))
        head = page.cell(1, number)
        put(head, title)
        head.font, head.border, head.alignment = Font(bold=True), EDGE, WRAPPED
        head.fill = NEEDED if name in needed else SHADE
        for row, sample in enumerate(column.samples, start=2):
            cell = page.cell(row, number)
            put(cell, int(sample) if column.widget.number_format == "0" and sample else sample or None)
            cell.font, cell.number_format = EXAMPLE, column.widget.number_format
    page.row_dimensions[1].height = 30
    page.freeze_panes = "B2"
    _paper(page)


def _wide(text: str) -> float:
    return sum(2 if ord(mark) > 255 else 1.1 for mark in text) + 3


def _paper(page: Any) -> None:
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", page.PAPERSIZE_A4
    page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage = 0, True
    page.print_title_rows = "1:1"


def _hints(
    page: Any, resource: SheetResource, columns: dict[str, ColumnField], needed: set[str], listed: set[str]
) -> None:
    lines = [
        _("%s怎么填") % resource.title,
        _("一、只在第一张表里填。%s") % resource.hint,
        _("二、表里灰色斜体的两行是示例，导入时自动略过，留着、删掉都可以；在上面改写的，当作你填的行。"),
        _("三、表头写着“必填”的列每行都要填。别的列可以空着，空着的不会改动系统里已有的内容。"),
        _("四、不要改表头的字。列的先后可以换，用不到的列可以删。"),
        _("五、填好后在“导入”里选“%s”上传。先看到会改什么，确认以后才写进系统。") % resource.title,
    ]
    for number, line in enumerate(lines, start=1):
        put(page.cell(number, 1), line)
        page.merge_cells(start_row=number, start_column=1, end_row=number, end_column=4)
        page.cell(number, 1).alignment = WRAPPED
        page.row_dimensions[number].height = 34 if len(line) > 48 else 20
    page.cell(1, 1).font = Font(bold=True, size=16)
    page.row_dimensions[1].height = 30
    head = len(lines) + 2
    titles = (_("哪一列"), _("要不要填"), _("怎么填"), _("例子"))
    _row(page, head, titles, Font(bold=True), SHADE)
    for number, (name, column) in enumerate(columns.items(), start=head + 1):
        pick = "" if name not in listed or "选项" in str(column.hint) else _("有选项可以选。")
        told = (str(column.column_name), _("必填") if name in needed else _("选填"), f"{column.hint}{pick}")
        _row(page, number, (*told, "、".join(filter(None, column.samples))), Font(bold=name in needed))
    for letter, width in zip("ABCD", (16, 12, 70, 46), strict=True):
        page.column_dimensions[letter].width = width
    page.sheet_view.showGridLines = False
    _paper(page)


def _row(page: Any, number: int, values: Sequence[str], font: Font, fill: PatternFill | None = None) -> None:
    for column, value in enumerate(values, start=1):
        cell = page.cell(number, column)
        put(cell, value)
        cell.font, cell.alignment, cell.border, cell.number_format = font, WRAPPED, EDGE, "@"
        if fill:
            cell.fill = fill


def _places(page: Any, places: list[tuple[str, ...]]) -> None:
    for number, row in enumerate(places, start=1):
        for column, value in enumerate(row, start=1):
            put(page.cell(number, column), value)
    for cell in page[1]:
        cell.font, cell.fill = Font(bold=True), SHADE
    for number in range(1, len(places[0]) + 1):
        page.column_dimensions[get_column_letter(number)].width = 28
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(places[0]))}{len(places)}"


def _lists(store: Any, page: Any, columns: dict[str, ColumnField], choices: dict[str, list[str]]) -> None:
    """What can be picked, on a sheet that nobody sees; another word is asked about and let through, as the reader knows more of them."""
    store.sheet_state = "hidden"
    letters = {name: get_column_letter(number) for number, name in enumerate(columns, start=1)}
    for number, (name, given) in enumerate(choices.items(), start=1):
        title, letter = str(columns[name].column_name), get_column_letter(number)
        for row, value in enumerate([title, *given], start=1):
            put(store.cell(row, number), value)
        rule = DataValidation(
            "list", formula1=f"'{store.title}'!${letter}$2:${letter}${len(given) + 1}", allow_blank=True
        )
        rule.errorStyle, rule.showErrorMessage, rule.showInputMessage = "warning", True, True
        rule.errorTitle = _("选项里没有")
        rule.error = _("选项里没有这个词。确认没有写错的，可以保留。")
        rule.promptTitle, rule.prompt = title[:32], str(columns[name].hint)[:200]
        rule.add(f"{letters[name]}2:{letters[name]}{ROWS}")
        page.add_data_validation(rule)

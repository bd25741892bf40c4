"""A sheet written row by row, so that a whole city's list takes no more memory than one row. No cell of it can be a formula."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill

from lms import formulas
from lms.workbooks import bare

Value = str | int | float | bool | date | datetime | None


@dataclass(frozen=True)
class Look:
    """How a cell is dressed: number format ("@" keeps what a person writes over it as text), colour of the words, of the ground."""

    number_format: str = "General"
    bold: bool = False
    ink: str = ""
    ground: str = ""
    wrap: bool = False


class Pen:
    """Writes the rows of one sheet of a write-only workbook. Each look has one cell, which is written anew for each value."""

    def __init__(self, page: Any, looks: Mapping[str, Look]) -> None:
        self.page = page
        self.cells = {name: self._dressed(look) for name, look in looks.items()}
        # for what begins like a formula: the sign that a person writes an apostrophe for
        self.quoted = {name: self._dressed(look, quoted=True) for name, look in looks.items()}

    def _dressed(self, look: Look, *, quoted: bool = False) -> Any:
        cell = WriteOnlyCell(self.page)
        cell.number_format, cell.quotePrefix = look.number_format, quoted
        if look.bold or look.ink:
            cell.font = Font(bold=look.bold, color=look.ink or None)
        if look.ground:
            cell.fill = PatternFill("solid", fgColor=look.ground)
        if look.wrap:
            cell.alignment = Alignment(vertical="top", wrap_text=True)
        return cell

    def write(self, row: Iterable[tuple[Value, str]]) -> None:
        """One row of (value, name of a look)."""
        self.page.append(self._row(row))

    def _row(self, row: Iterable[tuple[Value, str]]) -> Iterator[Any]:
        # handed over one by one: each cell is on its way to the file before the next value is put into it
        for value, look in row:
            if value is None or value == "":
                yield None
                continue
            if isinstance(value, str):
                cell = (self.quoted if formulas.like(value) else self.cells)[look]
                # set beneath the property, which would look again at what is known: that it is text, and can be written
                cell._value, cell.data_type = bare(value), "s"
            else:
                cell = self.cells[look]
                cell.value = value
            yield cell

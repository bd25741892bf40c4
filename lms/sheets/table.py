"""What a table is once it has been found in a sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .book import Cell, Sheet
from .headers import Column


@dataclass(frozen=True, slots=True)
class Row:
    """
    A data row: the sheet's own number and the cells by field; fields without a column are absent. `names` is one for all rows of a
    table, or a list of 100,000 would hold as many dictionaries.

    `faults` says of a field that shows nothing why: "error_value" (#N/A) or "formula_without_value" (never calculated).
    """

    number: int
    names: tuple[str, ...]
    values: tuple[Cell, ...]
    faults: Mapping[str, str]

    @property
    def cells(self) -> dict[str, Cell]:
        return dict(zip(self.names, self.values, strict=True))

    def cell(self, name: str) -> Cell:
        """One of them; None where there is no such column."""
        return self.values[self.names.index(name)] if name in self.names else None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no data, and why: "blank", "header", "hint", "total", "signature", "note", "hidden" or "other" (under a header of another kind)."""

    number: int
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Blank cells under filled ones in a column that looks written once for several rows: to be asked about, never filled in silence."""

    count: int
    first_row: int
    value_above: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """What one total row says: its number, how many people it names, how many rows were read of what it speaks of."""

    row: int
    declared: int
    counted: int

    @property
    def agrees(self) -> bool:
        return self.declared == self.counted


@dataclass(slots=True)
class Table:
    """
    The table of one sheet. `declared` is the number of people that the last total of the whole table names; `checks` has every total.

    `gaps` are by field; `filled` counts by field the cells that took the value above because the options say so.
    """

    sheet: Sheet
    header_rows: tuple[int, ...]  # the sheet's own numbers
    columns: list[Column]
    rows: list[Row] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    declared: int | None = None
    checks: list[Check] = field(default_factory=list)
    gaps: dict[str, Gap] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, int]:
        return {column.field: column.index for column in self.columns if column.field}

    @property
    def unknown(self) -> list[Column]:
        return [column for column in self.columns if not column.field]

    @property
    def hidden_rows(self) -> list[int]:
        """The data rows that are hidden in the sheet; they are read like the others unless the options say otherwise."""
        return [row.number for row in self.rows if row.number in self.sheet.hidden_rows]

    @property
    def hidden_columns(self) -> list[Column]:
        """The columns that are hidden in the sheet, whether they were read or not."""
        return [column for column in self.columns if column.index in self.sheet.hidden_columns]

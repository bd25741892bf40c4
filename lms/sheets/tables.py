"""The table in each sheet: its header, its columns by their names, its rows in order, and what was left out with the reason."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import headers, rows
from .book import Book, Cell, Sheet, blank, text
from .headers import Aliases, Column, Header, Near
from .options import LEAVE_OUT, UNTOUCHED, ReadOptions

SPECIMEN = re.compile(
    r"样表|样例|示例|示范|填表说明|填报说明|填写说明|说明|注意事项|须知|字典|代码表|下拉|选项|参数|数据源"
)
SEQUENCE = "seq"  # the field of 序号, where the alias table names one: alone it makes no row
SAMPLES = 3
SAMPLED_ROWS = 200
SHOWN_ROWS, SHOWN_TEXT = 15, 40


@dataclass(frozen=True, slots=True)
class Row:
    """
    A data row: the sheet's own number and the cells by field; fields without a column are absent.

    `faults` says of a field that shows nothing why: "error_value" (#N/A) or "formula_without_value" (never calculated).
    """

    number: int
    cells: dict[str, Cell]
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no data, and why: "blank", "header", "hint", "total", "signature", "note" or "hidden"."""

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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    A sheet without a table, and why: "no table", "hidden", "specimen", "off" (by hand) or "side by side" (two tables beside each other).

    `near` are the rows that come closest to a header, for a person to point at one.
    """

    name: str
    reason: str
    near: tuple[Near, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """One row as a person sees it, for pointing at the header."""

    number: int
    cells: tuple[str, ...]


def tables(
    book: Book,
    aliases: Aliases,
    *,
    need: Sequence[str] = (),
    options: ReadOptions = UNTOUCHED,
    fillable: Collection[str] = (),
) -> tuple[list[Table], list[LeftOut]]:
    """
    The table of each sheet, in the book's order, and the sheets left out: instructions, specimens, hidden lists, what is taken off.

    `fillable` names the fields in which blank cells under a filled one may mean “the same”: what looks so comes back in `gaps`.
    """
    found: list[Table] = []
    left_out: list[LeftOut] = []
    names = headers.names_of(aliases, options.titles)
    alone = len([sheet for sheet in book.sheets if sheet.rows]) == 1
    for sheet in book.sheets:
        if reason := _unread(sheet, alone, options):
            left_out.append(LeftOut(sheet.name, reason))
            continue
        header = _header(sheet, names, need, options)
        if not header.columns or header.beside:
            left_out.append(LeftOut(sheet.name, "side by side" if header.beside else "no table", tuple(header.near)))
        else:
            found.append(_table(sheet, header, options, fillable))
    return found, left_out


def find_table(
    sheet: Sheet,
    aliases: Aliases,
    *,
    need: Sequence[str] = (),
    mapping: Mapping[int, str] | None = None,
) -> Table | None:
    """
    Find the header among the first rows and sort what stands under it; None where no row names two fields and all of `need`.

    `mapping` gives the field of some columns by hand (column from 0 → field, "" for none) and wins over their titles.
    """
    header = headers.find(sheet, headers.names_of(aliases, {}), need=need, mapping=mapping)
    return _table(sheet, header, UNTOUCHED, ()) if header.columns else None


def candidates(sheet: Sheet, n: int = SHOWN_ROWS) -> list[Shown]:
    """The first `n` rows that show anything, as text and with what merges spread, so that a person can point at the header and the columns."""
    shown: list[Shown] = []
    width = sheet.width
    for at, row in enumerate(sheet.rows):
        if len(shown) == n:
            break
        if not all(map(blank, row)):
            cells = (" ".join(text(sheet.cell(at, column)).split())[:SHOWN_TEXT] for column in range(width))
            shown.append(Shown(at + 1, tuple(cells)))
    return shown


def _unread(sheet: Sheet, alone: bool, options: ReadOptions) -> str:
    if sheet.name in options.sheets_off:
        return "off"
    if alone or sheet.name in options.sheets_on:
        return ""
    return "hidden" if sheet.hidden else "specimen" if SPECIMEN.search(sheet.name) else ""


def _header(sheet: Sheet, names: headers.Names, need: Sequence[str], options: ReadOptions) -> Header:
    left = sheet.hidden_columns if options.hidden_columns == LEAVE_OUT else frozenset()
    mapping, given = options.columns(sheet.name), options.headers.get(sheet.name)
    return headers.find(sheet, names, need=need, mapping=mapping, given=given, left=left)


def _table(sheet: Sheet, header: Header, options: ReadOptions, fillable: Collection[str]) -> Table:
    first, depth = header.first, header.depth
    table = Table(sheet, tuple(range(first + 1, first + depth + 1)), header.columns)
    sorter = _Sorter(table, options)
    for at in range(first + depth, len(sheet.rows)):
        sorter.take(at)
    sorter.close(fillable)
    table.columns = [replace(column, samples=_samples(table, column)) for column in table.columns]
    return table


def _samples(table: Table, column: Column) -> tuple[str, ...]:
    """The first few different values of a column, as they show."""
    found: dict[str, None] = {}
    for row in table.rows[:SAMPLED_ROWS]:
        value = " ".join(text(table.sheet.cell(row.number - 1, column.index)).split())
        if value:
            found[value] = None
        if len(found) == SAMPLES:
            break
    return tuple(found)


class _Sorter:
    """Goes down the rows under a header once and puts each where it belongs. Blank lines at the end count for nothing."""

    def __init__(self, table: Table, options: ReadOptions) -> None:
        sheet = table.sheet
        first, last = table.header_rows[0] - 1, table.header_rows[-1] - 1
        self.table, self.sheet, self.fields = table, sheet, table.fields
        self.content = {name: index for name, index in self.fields.items() if name != SEQUENCE}
        self.heads = [headers.keys(sheet.rows[row]) for row in range(first, last + 1)]
        self.above = [headers.keys(sheet.rows[row]) for row in range(first)]
        self.blanks: list[Skipped] = []
        self.fill = options.filled(sheet.name) & set(self.fields)
        self.hidden = sheet.hidden_rows if options.hidden_rows == LEAVE_OUT else frozenset()
        self.faulty: dict[int, dict[int, str]] = {}
        for (number, column), code in sheet.faults.items():
            self.faulty.setdefault(number, {})[column] = code
        self.before: dict[str, Cell] = {}  # the last value of each field since the block began
        self.blocks: list[int] = []  # where in `rows` a repeated header or a total begins a new block
        self.counted = 0  # rows read when the last total stood

    def take(self, at: int) -> None:
        raw = self.sheet.rows[at]
        reason = rows.reason_of(raw, self.content, self.heads, self.above)
        if reason == "blank":
            self.blanks.append(Skipped(at + 1, "blank"))
            return
        self.table.skipped.extend(self.blanks)
        self.blanks.clear()
        if reason in ("", "note", "total") and not self.table.rows and rows.is_hint(raw):
            reason = "hint"
        elif not reason and at + 1 in self.hidden:
            reason = "hidden"
        if reason:
            self.skip(at, reason)
        else:
            self.table.rows.append(self.row(at))

    def skip(self, at: int, reason: str) -> None:
        raw = self.sheet.rows[at]
        line = " ".join(filter(None, map(text, raw)))
        self.table.skipped.append(Skipped(at + 1, reason, line[:100]))
        if reason in ("header", "total"):
            self.before.clear()
            self.blocks.append(len(self.table.rows))
        if reason == "total":
            self.check(at + 1, raw)

    def check(self, number: int, raw: Sequence[Cell]) -> None:
        """Hold a total against the rows: 小计 against its block, 合计 against all so far, or its block where that is what agrees."""
        table = self.table
        said, part = rows.declared(raw)
        everything, block = len(table.rows), len(table.rows) - self.counted
        self.counted = everything
        table.declared = None if part else table.declared
        if said is None:
            return
        of_block = part or (said == block and said != everything)
        table.checks.append(Check(number, said, block if of_block else everything))
        if not of_block:
            table.declared = said

    def row(self, at: int) -> Row:
        cells = {name: self.sheet.cell(at, index) for name, index in self.fields.items()}
        faults: dict[str, str] = {}
        if found := self.faulty.get(at + 1):
            faults = {name: found[index] for name, index in self.fields.items() if index in found}
            cells |= dict.fromkeys(faults)
        for name in self.fill - set(faults):
            if not blank(cells[name]):
                self.before[name] = cells[name]
            elif name in self.before:
                cells[name] = self.before[name]
                self.table.filled[name] = self.table.filled.get(name, 0) + 1
        return Row(at + 1, cells, faults)

    def close(self, fillable: Collection[str]) -> None:
        table = self.table
        if table.checks and table.rows and table.rows[-1].number > table.checks[-1].row:
            table.declared = None  # a total in the middle speaks of what stands above it
        for name in self.fields:
            if name in fillable and name not in self.fill and (gap := self.gap(name)):
                table.gaps[name] = gap

    def gap(self, name: str) -> Gap | None:
        """Blanks under a value, where the column is written once for several rows: it seldom says the same twice running."""
        starts = set(self.blocks)
        found: list[int] = []
        value: Cell = None
        above = ""
        repeated = 0
        for place, row in enumerate(self.table.rows):
            if place in starts:
                value = None
            cell = row.cells[name]
            if not blank(cell):
                repeated += place not in starts and cell == value
                value = cell
            elif not blank(value) and name not in row.faults:
                above = above or text(value)
                found.append(row.number)
        if not found or len(found) <= repeated:
            return None
        return Gap(len(found), found[0], above, tuple(found))

"""The table in each sheet: its header, its columns by their names, its rows in order, and what was left out with the reason."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import headers
from .below import Below
from .book import Book, Sheet, blank, text
from .headers import Aliases, Column, Header, Near
from .options import LEAVE_OUT, UNTOUCHED, ReadOptions
from .sorting import SEQUENCE, Sorter
from .table import Table

__all__ = ["SEQUENCE", "LeftOut", "Shown", "candidates", "find_table", "tables"]

SPECIMEN = re.compile(
    r"样表|样例|示例|示范|填表说明|填报说明|填写说明|说明|注意事项|须知|字典|代码表|下拉|选项|参数|数据源"
)
SAMPLES = 3
SAMPLED_ROWS = 200
SHOWN_ROWS, SHOWN_TEXT = 15, 40


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
            below = Below(sheet, names, need, _left(sheet, options))
            found.extend(_tables(sheet, header, options, fillable, below))
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
    names = headers.names_of(aliases, {})
    header = headers.find(sheet, names, need=need, mapping=mapping)
    if not header.columns:
        return None
    return _tables(sheet, header, UNTOUCHED, (), Below(sheet, names, need, frozenset()))[0]


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
    mapping, given = options.columns(sheet.name), options.headers.get(sheet.name)
    return headers.find(sheet, names, need=need, mapping=mapping, given=given, left=_left(sheet, options))


def _left(sheet: Sheet, options: ReadOptions) -> frozenset[int]:
    return sheet.hidden_columns if options.hidden_columns == LEAVE_OUT else frozenset()


def _tables(sheet: Sheet, header: Header, options: ReadOptions, fillable: Collection[str], below: Below) -> list[Table]:
    """The table under a header, and those under it that have columns of their own."""
    found: list[Table] = []
    following: Header | None = header
    top = 0  # where the titles of the table begin
    while following:
        first, depth = following.first, following.depth
        # what stands over a table is its own title and none of the people of the table before
        own = replace(sheet, rows=[[]] * top + sheet.rows[top:]) if top else sheet
        table = Table(own, tuple(range(first + 1, first + depth + 1)), following.columns)
        sorter = Sorter(table, options, below, sum(len(one.rows) for one in found))
        following = next((lower for at in range(first + depth, len(sheet.rows)) if (lower := sorter.take(at))), None)
        sorter.close(fillable)
        table.columns = [replace(column, samples=_samples(table, column)) for column in table.columns]
        found.append(table)
        no_titles = [row.number for row in table.skipped if row.reason not in ("note", "blank")]
        top = max([first + depth, *no_titles[-1:], *(row.number for row in table.rows[-1:])])
    return found


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

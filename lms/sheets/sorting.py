"""Going down the rows under a header: people, and what is left out with its reason."""

import re
from collections.abc import Collection, Mapping, Sequence

from . import headers, rows
from .below import Below, differ
from .book import Cell, blank, text
from .headers import Header
from .options import LEAVE_OUT, ReadOptions
from .table import Check, Gap, Row, Skipped, Table

FAULTLESS: Mapping[str, str] = {}  # of all rows without a fault
LONGEST_NAME = 4
NUMBERED = re.compile(r"[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]")
SEQUENCE = "seq"  # the field of 序号, where the alias table names one: alone it makes no row


class Sorter:
    """Goes down the rows under a header once and puts each where it belongs. Blank lines at the end count for nothing."""

    def __init__(self, table: Table, options: ReadOptions, below: Below, before: int = 0) -> None:
        sheet = table.sheet
        self.below, self.before_it = below, before  # rows read of the tables over this one
        self.elsewhere = False  # under a header that is not of this kind
        self.head_until = 0
        first, last = table.header_rows[0] - 1, table.header_rows[-1] - 1
        self.table, self.sheet, self.fields = table, sheet, table.fields
        self.names = tuple(self.fields)
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

    def take(self, at: int) -> Header | None:
        """Put one row where it belongs; where another table begins in it, nothing is done and its header comes back."""
        raw = self.sheet.rows[at]
        reason = "header" if at < self.head_until else rows.reason_of(raw, self.content, self.heads, self.above)
        if at >= self.head_until and reason in ("", "header"):
            found = self.another(at, repeats=reason == "header")
            if found and found.columns:
                return found
            reason = "header" if at < self.head_until else "other" if found else reason
        if reason == "header":
            self.title_over(at)
            self.elsewhere = False
        elif self.elsewhere and reason != "blank":
            reason = "other"
        self.sort(at, reason)
        return None

    def another(self, at: int, *, repeats: bool) -> Header | None:
        """The header of another table in this row. One with the same columns again, only written otherwise, is none."""
        if repeats and headers.keys(self.sheet.rows[at]) in (*self.heads, *self.above):
            return None
        found = self.below.header(at, self.table, repeats=repeats)
        if found is None:
            return None
        if found.columns and not differ(found, self.table):
            self.head_until = at + found.depth
            return None
        self.title_over(at)
        self.elsewhere = not found.columns
        return found

    def title_over(self, at: int) -> None:
        """What stands alone over a header is its title, in whatever column it stands; unless it is as short as a name."""
        taken = self.table.rows
        if not taken or taken[-1].number != at:
            return
        alone = [text(cell) for cell in self.sheet.rows[at - 1] if not blank(cell)]
        if len(alone) == 1 and (len(alone[0]) > LONGEST_NAME or NUMBERED.match(alone[0])):
            taken.pop()
            self.skip(at - 1, "note")

    def sort(self, at: int, reason: str) -> None:
        raw = self.sheet.rows[at]
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
        if said is None:
            return
        if said == self.before_it + everything != everything:  # of all tables of the sheet
            table.checks.append(Check(number, said, said))
            return
        of_block = part or (said == block and said != everything)
        table.checks.append(Check(number, said, block if of_block else everything))
        table.declared = None if of_block else said

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
        return Row(at + 1, self.names, tuple(cells.values()), faults or FAULTLESS)

    def close(self, fillable: Collection[str]) -> None:
        table = self.table
        if table.checks and table.rows and table.rows[-1].number > table.checks[-1].row:
            table.declared = None  # a total in the middle speaks of what stands above it
        for name in self.fields:
            if name in fillable and name not in self.fill and (gap := self.gap(name)):
                table.gaps[name] = gap

    def gap(self, name: str) -> Gap | None:
        """Blanks under a value, where the column is written once for several rows: it seldom says the same twice running."""
        starts, column = set(self.blocks), self.names.index(name)
        found: list[int] = []
        value: Cell = None
        above = ""
        repeated = 0
        for place, row in enumerate(self.table.rows):
            if place in starts:
                value = None
            cell = row.values[column]
            if not blank(cell):
                repeated += place not in starts and cell == value
                value = cell
            elif not blank(value) and name not in row.faults:
                above = above or text(value)
                found.append(row.number)
        if not found or len(found) <= repeated:
            return None
        return Gap(len(found), found[0], above, tuple(found))

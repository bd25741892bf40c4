"""
A second table under the first in one sheet. Its rows must not be read by the first one's header: it is read by its own, or, where that
does not name what the kind needs, left out and counted.
"""

from collections.abc import Sequence
from functools import lru_cache

from . import headers
from .book import Cell, Sheet, blank, text
from .headers import Header, title_key
from .table import Table

# so many rows of a sheet are looked at closely, and so many tables are read of it; what would be one more is left out with all below it
LOOKS, TABLES = 200, 20
LONGEST = 40

key = lru_cache(maxsize=4_000)(title_key)


class Below:
    """Says of the rows of one sheet whether they are the header of another table."""

    def __init__(self, sheet: Sheet, names: headers.Names, need: Sequence[str], left: frozenset[int]) -> None:
        self.sheet, self.names, self.need, self.left = sheet, names, need, left
        self.looks, self.tables = LOOKS, TABLES

    def header(self, at: int, table: Table, *, repeats: bool) -> Header | None:
        """
        What begins in this row: None for nothing new, a header with other columns, or one without any columns where the row heads a
        table that is not of this kind. `repeats` says that the row mostly says what the header over it says.
        """
        if not repeats and not self._titled(self.sheet.rows[at]):
            return None
        self.looks -= 1
        if self.looks < 0:
            return Header(at, 1)
        # what was said by hand of the letters of columns was said of the first table
        found = headers.find(self.sheet, self.names, need=self.need, at=at, left=self.left)
        if found.columns and differ(found, table):
            self.tables -= 1
            return found if self.tables > 0 else Header(at, 1)
        if found.columns:
            return found
        return None if repeats or not self._mostly_titles(self.sheet.rows[at]) else Header(at, 1)

    def _titled(self, row: Sequence[Cell]) -> bool:
        """Whether a row has words only, and one of them is a title that is known."""
        for cell in row:
            if not blank(cell) and (not isinstance(cell, str) or len(cell) > LONGEST or cell.strip()[0].isdigit()):
                return False
        return any(key(cell) in self.names for cell in row if isinstance(cell, str) and not blank(cell))

    def _mostly_titles(self, row: Sequence[Cell]) -> bool:
        shown = [text(cell) for cell in row if not blank(cell)]
        known = sum(headers.match((title,), self.names) is not None for title in shown)
        return known > 1 and known * 2 > len(shown)


def differ(header: Header, table: Table) -> bool:
    """Whether a header found further down takes a column for another field than the table over it does; the same title is the same field."""
    before = {column.index: column for column in table.columns}
    return any(
        column.field != (over.field if (over := before.get(column.index)) else "")
        and (over is None or key(column.title) != key(over.title))
        for column in header.columns
    )

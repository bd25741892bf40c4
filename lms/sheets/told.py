"""
A book in words that carry nothing but values, from the process that read the file to the one that asked: JSON, for whatever has got
hold of the reader must find no way to make its parent do anything by what it says.
"""

import datetime as dt
import json
from typing import Any

from .book import Book, Cell, Fills, Formatted, Sheet

# what JSON has no value for stands in a list: its mark, and what it is made from
DAY, MOMENT, FORMATTED = "d", "t", "f"


def told(book: Book) -> bytes:
    head = [book.name, book.kind, book.encoding, book.delimiter]
    sheets = [_sheet(sheet) for sheet in book.sheets]
    return json.dumps([head, sheets], separators=(",", ":"), ensure_ascii=False, default=_day).encode()


def understood(words: bytes) -> Book:
    """Equal texts share one place in memory, as they did where the file was read."""
    (name, kind, encoding, delimiter), sheets = json.loads(words)
    known: dict[str, str] = {}
    return Book(name, kind, [_made(sheet, known) for sheet in sheets], encoding, delimiter)


def _sheet(sheet: Sheet) -> list[Any]:
    return [
        sheet.name,
        [_row(row) for row in sheet.rows],
        sheet.merges,
        sheet.hidden,
        sorted(sheet.hidden_rows),
        sorted(sheet.hidden_columns),
        [[row, [[column, _word(cell)] for column, cell in cells.items()]] for row, cells in sheet.fills.items()],
        [[*place, code] for place, code in sheet.faults.items()],
    ]


def _row(row: list[Cell]) -> list[Any]:
    return list(map(_word, row)) if Formatted in map(type, row) else row


def _word(cell: Cell) -> Any:
    """JSON would take it for the number that it is as well."""
    return [FORMATTED, float(cell), cell.shown] if isinstance(cell, Formatted) else cell


def _day(cell: dt.date) -> list[str]:
    return [MOMENT if isinstance(cell, dt.datetime) else DAY, cell.isoformat()]


def _made(words: list[Any], known: dict[str, str]) -> Sheet:
    name, rows, merges, hidden, hidden_rows, hidden_columns, fills, faults = words
    spread: Fills = {row: {column: _cell(cell, known) for column, cell in cells} for row, cells in fills}
    for row in rows:
        row[:] = [known.setdefault(cell, cell) if cell.__class__ is str else _cell(cell, known) for cell in row]
    return Sheet(
        name,
        rows,
        [(top, left, bottom, right) for top, left, bottom, right in merges],
        hidden,
        frozenset(hidden_rows),
        frozenset(hidden_columns),
        spread,
        {(row, column): code for row, column, code in faults},
    )


def _cell(word: Any, known: dict[str, str]) -> Cell:
    if isinstance(word, str):
        return known.setdefault(word, word)
    if not isinstance(word, list):
        return word
    mark, *said = word
    if mark == FORMATTED:
        return Formatted(*said)
    return dt.datetime.fromisoformat(*said) if mark == MOMENT else dt.date.fromisoformat(*said)

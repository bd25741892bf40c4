"""
A book in words that carry nothing but values, from the process that read the file to the one that asked: JSON, for whatever has got
hold of the reader must find no way to make its parent do anything by what it says. One line of JSON for the book, one for each sheet and
one for each thousand of its rows, so that a large book is never there twice.
"""

import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any

from .book import Book, Cell, Fills, Formatted, Sheet

# what JSON has no value for stands in a list: its mark, and what it is made from
DAY, MOMENT, FORMATTED = "d", "t", "f"


ROWS = 1_000  # told in one line


def told(book: Book) -> bytes:
    return b"\n".join(
        json.dumps(words, separators=(",", ":"), ensure_ascii=False, default=_day).encode() for words in _words(book)
    )


def understood(words: bytes) -> Book:
    """Equal texts share one place in memory, as they did where the file was read."""
    lines = map(json.loads, io.BytesIO(words))
    name, kind, encoding, delimiter, sheets = next(lines)
    known: dict[str, str] = {}
    return Book(name, kind, [_made(lines, known) for _sheet in range(sheets)], encoding, delimiter)


def _words(book: Book) -> Iterator[list[Any]]:
    yield [book.name, book.kind, book.encoding, book.delimiter, len(book.sheets)]
    for sheet in book.sheets:
        yield _about(sheet)
        for start in range(0, len(sheet.rows), ROWS):
            yield [_row(row) for row in sheet.rows[start : start + ROWS]]


def _about(sheet: Sheet) -> list[Any]:
    return [
        sheet.name,
        len(sheet.rows),
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


def _made(lines: Iterator[list[Any]], known: dict[str, str]) -> Sheet:
    name, count, merges, hidden, hidden_rows, hidden_columns, fills, faults = next(lines)
    spread: Fills = {row: {column: _cell(cell, known) for column, cell in cells} for row, cells in fills}
    rows: list[list[Cell]] = []
    while len(rows) < count:
        rows += (
            [known.setdefault(cell, cell) if cell.__class__ is str else _cell(cell, known) for cell in row]
            for row in next(lines)
        )
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

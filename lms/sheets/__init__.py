"""
Reading of uploaded spreadsheets: `read` gives a Book of typed cells, `tables` finds the tables in it.

Row numbers are always the sheet's own, from 1; columns are counted from 0 and shown as letters. Nothing here knows what
the columns mean: that is the alias table of the caller. Nothing is ever evaluated, followed or written.
"""

from .book import DEFAULT, Book, Cell, Limits, Sheet, blank, letter, text
from .reading import read
from .tables import Aliases, Column, LeftOut, Row, Skipped, Table, find_table, tables, title_key

__all__ = [
    "DEFAULT",
    "Aliases",
    "Book",
    "Cell",
    "Column",
    "LeftOut",
    "Limits",
    "Row",
    "Sheet",
    "Skipped",
    "Table",
    "blank",
    "find_table",
    "letter",
    "read",
    "tables",
    "text",
    "title_key",
]

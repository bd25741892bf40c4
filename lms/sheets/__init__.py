"""
Reading of uploaded spreadsheets: `read` gives a Book of typed cells, `tables` finds the tables in it.

Row numbers are always the sheet's own, from 1; columns are counted from 0 and shown as letters. Nothing here knows what
the columns mean: that is the alias table of the caller. Nothing is ever evaluated, followed or written.
"""

from .book import DEFAULT, Book, Cell, Limits, Sheet, blank, letter, text
from .headers import Aliases, Column, Near, title_key
from .options import ReadOptions
from .reading import read
from .tables import Check, Gap, LeftOut, Row, Shown, Skipped, Table, candidates, find_table, tables

__all__ = [
    "DEFAULT",
    "Aliases",
    "Book",
    "Cell",
    "Check",
    "Column",
    "Gap",
    "LeftOut",
    "Limits",
    "Near",
    "ReadOptions",
    "Row",
    "Sheet",
    "Shown",
    "Skipped",
    "Table",
    "blank",
    "candidates",
    "find_table",
    "letter",
    "read",
    "tables",
    "text",
    "title_key",
]

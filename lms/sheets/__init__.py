"""
Reading of uploaded spreadsheets: `read` gives a Book of typed cells, `tables` finds the tables in it.

Row numbers are always the sheet's own, from 1; columns are counted from 0 and shown as letters. Nothing here knows what
the columns mean: that is the alias table of the caller. Nothing is ever evaluated, followed or written.
"""

from .apart import read_apart
from .book import DEFAULT, Book, Cell, Formatted, Limits, Sheet, bare_name, blank, letter, text
from .headers import Aliases, Column, Near, title_key
from .options import ReadOptions
from .reading import read
from .sorting import SEQUENCE
from .table import Check, Gap, Row, Skipped, Table
from .tables import LeftOut, Shown, candidates, find_table, tables

__all__ = [
    "DEFAULT",
    "SEQUENCE",
    "Aliases",
    "Book",
    "Cell",
    "Check",
    "Column",
    "Formatted",
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
    "bare_name",
    "blank",
    "candidates",
    "find_table",
    "letter",
    "read",
    "read_apart",
    "tables",
    "text",
    "title_key",
]

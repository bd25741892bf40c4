"""Two readers of workbooks. calamine is quick and reads nearly all; what it will not take (#SPILL!, a declared size that is none) openpyxl may."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, cast
from zipfile import BadZipFile

import openpyxl
import python_calamine

from .book import Cell, Limits
from .sniff import damaged, locked

Range = tuple[int, int, int, int]


@dataclass(slots=True)
class Raw:
    """A worksheet as an engine gives it."""

    name: str
    hidden: bool
    rows: list[list[Cell]]
    merges: list[Range]


@contextmanager
def _asked() -> Iterator[None]:
    """Whatever calamine makes of a file that it cannot read, a panic of its own included, is one refusal."""
    try:
        yield
    except python_calamine.PasswordError as error:
        raise locked() from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise damaged() from error
    except BaseException as error:  # a panic is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise damaged() from error


def by_calamine(data: bytes) -> Iterator[Raw | None]:
    """Each sheet of the book; None stands for one that is no worksheet."""
    with _asked():
        book = python_calamine.load_workbook(BytesIO(data))
        about = list(book.sheets_metadata)
    for sheet in about:
        if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
            yield None
            continue
        with _asked():
            page = book.get_sheet_by_name(sheet.name)
            merges = [(top, left, bottom, right) for (top, left), (bottom, right) in page.merged_cell_ranges or ()]
            rows = cast("list[list[Cell]]", page.to_python(skip_empty_area=False))
        yield Raw(sheet.name, sheet.visible != python_calamine.SheetVisibleEnum.Visible, rows, merges)


def by_openpyxl(data: bytes, limits: Limits) -> Iterator[Raw]:
    """The same by openpyxl, row by row. Only for books whose every part has been looked at before."""
    try:
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise damaged()
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            found = islice(sheet.iter_rows(values_only=True), limits.rows + 1)
            yield Raw(sheet.title, sheet.sheet_state != "visible", [list(map(_plain, row)) for row in found], [])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OSError, BadZipFile, SyntaxError) as error:
        raise damaged() from error


def _plain(value: Any) -> Cell:
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

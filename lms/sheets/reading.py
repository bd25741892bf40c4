"""From an uploaded file to a book: its kind by content, its limits before parsing, its merged ranges filled."""

import datetime as dt
import re
from pathlib import Path

from django.utils.translation import gettext as _

from lms.refusal import Refused

from . import biff, delimited, ods, sniff, xlsx
from .book import DEFAULT, Book, Cell, Limits, Sheet, blank, letter
from .parts import reaches_too_far

# what no cell shows and no database takes; breaks of line and tabs stay
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
FILLED_CELLS = 500_000


def read(data: bytes | Path, *, name: str, limits: Limits = DEFAULT) -> Book:
    """
    Read an uploaded spreadsheet into typed cells, without ever evaluating a formula or following a link.

    Takes .xlsx, .xls, .ods and text tables by their content, whatever `name` says. Refuses, in one sentence that says what
    to do, everything else and whatever is empty, damaged, locked, over the limits, or carries macros or entities.
    """
    content = bytes_of(data, limits)
    kind = sniff.kind(content)
    encoding = delimiter = ""
    if kind == "csv":
        sheet, encoding, delimiter = delimited.read(content, limits)
        sheets = [sheet]
    else:
        sheets = {"xlsx": xlsx.read, "ods": ods.read, "xls": biff.read}[kind](content, limits)
    if len(sheets) > limits.sheets:
        raise Refused(
            _("这个文件有 %(count)s 张工作表，最多 %(most)s 张。请分成几个文件上传。")
            % {"count": len(sheets), "most": limits.sheets},
            code="file_too_large",
        )
    for sheet in sheets:
        _tidy(sheet, limits)
        _fill(sheet)
    if not any(sheet.rows for sheet in sheets):
        raise Refused(_("这个文件里没有任何内容。请确认选对了文件，再重新上传。"), code="file_empty")
    return Book(name, kind, sheets, encoding, delimiter)


def bytes_of(data: bytes | Path, limits: Limits) -> bytes:
    """The bytes of an upload that is not too long."""
    size = len(data) if isinstance(data, bytes) else data.stat().st_size
    if size > limits.file_bytes:
        raise Refused(
            _("这个文件有 %(size)s MB，最多 %(most)s MB。请删去图片和无关的工作表，或分成几个文件上传。")
            % {"size": round(size / 1_048_576), "most": limits.file_bytes // 1_048_576},
            code="file_too_large",
        )
    return data if isinstance(data, bytes) else data.read_bytes()


def _tidy(sheet: Sheet, limits: Limits) -> None:
    """Drop what shows nothing past the last filled cell, and hold the limits of rows, columns and text."""
    known: dict[str, str | None] = {}
    for number, row in enumerate(sheet.rows, 1):
        while row and blank(row[-1]):
            row.pop()
        if row and (number > limits.rows or len(row) > limits.columns):
            raise reaches_too_far(number, len(row), limits)
        for column, value in enumerate(row):
            if isinstance(value, str):
                if value not in known:
                    if len(value) > limits.cell_chars:
                        raise _too_long(sheet, number, column, limits)
                    known[value] = CONTROL.sub("", value) or None
                row[column] = known[value]  # equal texts share one place in memory
            elif isinstance(value, (dt.time, dt.timedelta)):
                row[column] = str(value)
    while sheet.rows and not sheet.rows[-1]:
        sheet.rows.pop()


def _too_long(sheet: Sheet, number: int, column: int, limits: Limits) -> Refused:
    place = {"sheet": sheet.name, "row": number, "column": letter(column), "most": limits.cell_chars}
    if sheet.name:
        sentence = _("工作表“%(sheet)s”第 %(row)s 行 %(column)s 列的文字超过 %(most)s 个字。请缩短后重新上传。")
    else:
        sentence = _("第 %(row)s 行 %(column)s 列的文字超过 %(most)s 个字，也可能是引号没有成对。请改好后重新上传。")
    return Refused(sentence % place, code="file_too_large")


def _fill(sheet: Sheet) -> None:
    """Spread the value of each merged range over its own cells, and never past them."""
    budget, width = FILLED_CELLS, sheet.width
    for top, left, bottom, right in sheet.merges:
        if top >= len(sheet.rows) or left >= len(sheet.rows[top]) or blank(sheet.rows[top][left]):
            continue
        value: Cell = sheet.rows[top][left]
        bottom, right = min(bottom, len(sheet.rows) - 1), min(right, width - 1)
        budget -= (bottom - top + 1) * (right - left + 1)
        if budget < 0:
            raise Refused(_("这个文件里合并的格子太多。请取消合并、填好内容后重新上传。"), code="file_too_large")
        for row in range(top, bottom + 1):
            sheet.fills.setdefault(row, {}).update(dict.fromkeys(range(left, right + 1), value))

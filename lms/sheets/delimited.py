"""Text tables: the encoding and the separator are told from the content, and every cell stays text."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO

from django.utils.translation import gettext as _

from lms import formulas
from lms.refusal import Refused

from .book import Cell, Limits, Sheet, blank
from .parts import reaches_too_far
from .sniff import not_a_table

MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
WIDEST = 16_384  # columns of the widest sheet there is
EXCEL_TEXT = re.compile(r'="([^"]*)"')


def read(data: bytes, limits: Limits) -> tuple[Sheet, str, str]:
    """Read a csv or tsv file; return the sheet (named ""), the encoding and the separator."""
    content, encoding = decode(data)
    delimiter = separator(content)
    rows: list[list[Cell]] = []
    known: dict[str, str] = {}
    # Without strictness a stray quote is kept as it stands; the limit catches one that swallows the rest of the file.
    csv.field_size_limit(max(limits.cell_chars * 4, 131_072))
    try:
        for row in csv.reader(_lines(content, delimiter, limits), delimiter=delimiter):
            while row and blank(row[-1]):
                row.pop()
            rows.append([known.setdefault(value, value) for value in map(_plain, row)])
            if len(rows) > limits.rows or len(row) > limits.columns:
                raise reaches_too_far(len(rows), max(len(row), 1), limits)
    except csv.Error as error:
        raise Refused(
            _(
                "第 %(row)s 行附近的引号没有成对，后面的内容连成了一片。请用 WPS 或 Excel 打开它，另存为 .xlsx 后重新上传。"
            )
            % {"row": len(rows) + 1},
            code="file_damaged",
        ) from error
    errors = {
        (number, column): "error_value"
        for number, row in enumerate(rows, 1)
        for column, value in enumerate(row)
        if value and value[0] == "#" and value in ERRORS  # type: ignore[index]
    }
    for number, column in errors:
        rows[number - 1][column] = None
    return Sheet("", rows, faults=errors), encoding, delimiter


def _lines(content: str, delimiter: str, limits: Limits) -> Iterator[str]:
    """The lines of a text, none of which may be cut into more pieces than any sheet has columns."""
    for number, line in enumerate(StringIO(content, newline=""), 1):
        if line.count(delimiter) > WIDEST:
            raise reaches_too_far(number, WIDEST, limits)
        yield line


def decode(data: bytes) -> tuple[str, str]:
    """Decode by its mark, else as strict UTF-8, GB18030 or UTF-16 without a mark; refuse what is no text at all."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _tried(data, (encoding,))
    if b"\x00" in data[:65_536]:
        # Text in UTF-16 has its zero bytes on one side only; anything else with zero bytes is not text.
        even, odd = data[:65_536:2].count(0), data[1:65_536:2].count(0)
        if max(even, odd) * 12 < len(data[:65_536]) or min(even, odd) * 2 > max(even, odd):
            raise not_a_table()
        return _tried(data, ("utf-16-le",) if odd > even else ("utf-16-be",))
    return _tried(data, ("utf-8", "gb18030"))


def _tried(data: bytes, encodings: tuple[str, ...]) -> tuple[str, str]:
    for encoding in encodings:
        try:
            content = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if CONTROL.search(content[:100_000]):
            break
        return content.replace("\x00", ""), encoding
    raise not_a_table()


def separator(content: str) -> str:
    """The separator that cuts the first lines most evenly: comma, tab or semicolon."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in content[:20_000].splitlines()[:20] if line.strip()]

    def evenness(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in lines if mark in line)
        fields, often = max(counts.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return often * fields, fields

    return max(",\t;", key=evenness)


def _plain(value: str) -> str:
    """Take ="4212…", which keeps a number as text in Excel, for the text it means; and the apostrophe off that we put before a formula."""
    value = formulas.unguarded(value)
    wrapped = EXCEL_TEXT.fullmatch(value)
    return wrapped[1] if wrapped else value

"""Workbooks of the old .xls kind: a bounded look at the records, then calamine."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from lms.refusal import Refused

from . import engines, formats
from .book import Limits, Sheet
from .parts import EMPTY_ELEMENTS, too_large, too_many_cells
from .sniff import damaged, locked, not_a_table
from .worksheets import DENSE_CELLS

END = 0xFFFFFFFA  # this and all above it are marks, not sectors
FILEPASS, BOUNDSHEET, EOF, ROW, COLINFO = 0x2F, 0x85, 0x0A, 0x208, 0x7D
MULRK, NUMBER, RK, FORMULA, BOOLERR, XF, FORMAT = 0xBD, 0x203, 0x27E, 0x06, 0x205, 0xE0, 0x41E
VALUES = {0x203, 0x27E, 0xFD, 0x204, 0x06, 0x205, 0xD6, 0x03, 0x02, 0x04, 0x05}


def read(data: bytes, limits: Limits) -> list[Sheet]:
    """Read every sheet; refuse what is over the limits, locked or damaged."""
    try:
        stream = _stream(data)
        looked = _look(stream, limits)
    except (struct.error, IndexError) as error:
        raise damaged() from error
    sheets = []
    try:
        pages = list(engines.by_calamine(data))
    except Refused as refused:
        # an old workbook whose container is whole and that still cannot be read is seldom only damaged
        raise (not_a_table() if type(refused.__cause__).__name__ == "PanicException" else refused) from refused
    for order, page in enumerate(pages):
        if page is None:
            continue
        about = looked[order] if order < len(looked) else Look()
        sheet = Sheet(
            page.name,
            page.rows,
            page.merges,
            page.hidden,
            frozenset(about.hidden_rows),
            frozenset(about.hidden_columns),
            faults=dict.fromkeys(about.errors, "error_value"),
        )
        _show_months(sheet, stream, about.start)
        sheets.append(sheet)
    return sheets


def _stream(data: bytes) -> bytes:
    """The workbook's own stream out of the OLE container ([MS-CFB]): chains of sectors, each visited once at most."""
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise damaged()
    size = 1 << shift
    first_directory, _, cutoff, first_mini, _, next_difat, _ = struct.unpack_from("<IIIIIII", data, 48)
    difat = list(struct.unpack_from("<109I", data, 76))
    seen: set[int] = set()
    while next_difat < END and next_difat not in seen:
        seen.add(next_difat)
        more = struct.unpack_from(f"<{size // 4}I", data, (next_difat + 1) * size)
        difat.extend(more[:-1])
        next_difat = more[-1]
    fat: list[int] = []
    for sector in difat:
        if sector < END and (sector + 2) * size <= len(data) + size:
            fat.extend(
                struct.unpack(f"<{size // 4}I", data[(sector + 1) * size : (sector + 2) * size].ljust(size, b"\xff"))
            )
    directory = _chain(data, fat, first_directory, size, size)
    root: bytes = b""
    for at in range(0, len(directory) - 127, 128):
        entry = directory[at : at + 128]
        length, kind = struct.unpack_from("<H", entry, 64)[0], entry[66]
        start, bytes_long = struct.unpack_from("<II", entry, 116)
        if kind == 5:
            root = _chain(data, fat, start, size, size)
        name = entry[: max(length - 2, 0)].decode("utf-16-le", "replace")
        if kind == 2 and name in ("Workbook", "Book"):
            if bytes_long >= cutoff:
                return _chain(data, fat, start, size, size)[:bytes_long]
            minifat_bytes = _chain(data, fat, first_mini, size, size)
            minifat = list(struct.unpack(f"<{len(minifat_bytes) // 4}I", minifat_bytes))
            return _chain(root, minifat, start, 64, 0)[:bytes_long]
    raise damaged()


def _chain(data: bytes, fat: list[int], sector: int, size: int, offset: int) -> bytes:
    pieces: list[bytes] = []
    while sector < END:
        if sector >= len(fat) or len(pieces) > len(fat):
            raise damaged()
        pieces.append(data[offset + sector * size : offset + (sector + 1) * size])
        sector = fat[sector]
    return b"".join(pieces)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of each record from `at` to the end of its substream. Millions that hold next to nothing are refused."""
    left = EMPTY_ELEMENTS + len(stream) // 14  # the least that a record with a number in it takes
    while at + 4 <= len(stream):
        left -= 1
        if left < 0:
            raise too_large()
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, at + 4, length
        if kind == EOF:
            return
        at += 4 + length


@dataclass
class Look:
    """What is learnt of one sheet: rows from 1, columns from 0."""

    start: int = 0
    cells: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)


def _look(stream: bytes, limits: Limits) -> list[Look]:
    """What is hidden and what is an error in each sheet, in the order of the book."""
    if stream[:1] != b"\x09":  # no beginning-of-file record
        raise damaged()
    starts = []
    for kind, at, _length in _records(stream, 0):
        if kind == FILEPASS:
            raise locked()
        if kind == BOUNDSHEET:
            starts.append(struct.unpack_from("<I", stream, at)[0])
    if len(starts) > limits.sheets:
        raise too_large()
    if len(set(starts)) < len(starts):  # one sheet under many names is read once for each
        raise damaged()
    cells = 0
    found = []
    for start in starts:
        found.append(_look_at(stream, start))
        cells += found[-1].cells
        if cells > limits.cells:
            raise too_many_cells(limits)
    return found


def _look_at(stream: bytes, start: int) -> Look:
    look = Look(start)
    bottom = right = 0
    for kind, at, length in _records(stream, start):
        if kind in VALUES or kind == MULRK:
            row, column = struct.unpack_from("<HH", stream, at)
            if _is_error(stream, kind, at):
                look.errors.add((row + 1, column))
            column += (length - 6) // 6 - 1 if kind == MULRK else 0
            look.cells, bottom, right = look.cells + 1, max(bottom, row), max(right, column)
        elif kind == ROW and struct.unpack_from("<H", stream, at + 12)[0] & 0x20:
            look.hidden_rows.add(struct.unpack_from("<H", stream, at)[0] + 1)
        elif kind == COLINFO and struct.unpack_from("<H", stream, at + 8)[0] & 1:
            first, last = struct.unpack_from("<HH", stream, at)
            look.hidden_columns.update(range(first, min(last, 255) + 1))
    if (bottom + 1) * (right + 1) > DENSE_CELLS:
        raise too_large()
    return look


def _is_error(stream: bytes, kind: int, at: int) -> bool:
    """Whether a BOOLERR record holds an error, or a FORMULA record has one for its result."""
    if kind == BOOLERR:
        return stream[at + 7] == 1
    return kind == FORMULA and stream[at + 12 : at + 14] == b"\xff\xff" and stream[at + 6] == 2


def _show_months(sheet: Sheet, stream: bytes, start: int) -> None:
    """Look up the formats of numbers like 2024.1 ([MS-XLS] XF and Format)."""
    wanted = formats.doubtful(sheet)
    if not wanted:
        return
    kinds, codes = _formats(stream)
    for kind, at, length in _records(stream, start):
        if kind in (NUMBER, RK, FORMULA):
            row, column, style = struct.unpack_from("<HHH", stream, at)
            styles = [(column, style)]
        elif kind == MULRK:
            row, column = struct.unpack_from("<HH", stream, at)
            styles = [
                (column + n, struct.unpack_from("<H", stream, at + 4 + 6 * n)[0]) for n in range((length - 6) // 6)
            ]
        else:
            continue
        for column, style in styles:
            if (row + 1, column + 1) in wanted and style < len(kinds):
                code = codes.get(kinds[style]) or formats.BUILT_IN.get(kinds[style], "")
                formats.show(sheet, (row + 1, column + 1), code)


def _formats(stream: bytes) -> tuple[list[int], dict[int, str]]:
    """The number of each cell style's format, and the codes of those that are the book's own."""
    kinds: list[int] = []
    codes: dict[int, str] = {}
    for kind, at, length in _records(stream, 0):
        if kind == XF:
            kinds.append(struct.unpack_from("<H", stream, at + 2)[0])
        elif kind == FORMAT and length > 5:
            number, count, wide = struct.unpack_from("<HHB", stream, at)
            letters = stream[at + 5 : at + 5 + count * (2 if wide & 1 else 1)]
            codes[number] = letters.decode("utf-16-le" if wide & 1 else "latin-1", "replace")
    return kinds, codes

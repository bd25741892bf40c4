"""Workbooks of the old .xls kind: a bounded look at the records, then calamine."""

import struct
from collections.abc import Iterator
from io import BytesIO

import python_calamine

from .book import Limits, Sheet
from .parts import too_large, too_many_cells
from .sniff import damaged, locked, not_a_table
from .worksheets import DENSE_CELLS
from .xlsx import by_calamine

END = 0xFFFFFFFA  # this and all above it are marks, not sectors
FILEPASS, BOUNDSHEET, EOF, ROW, COLINFO = 0x2F, 0x85, 0x0A, 0x208, 0x7D
MULRK = 0xBD
VALUES = {0x203, 0x27E, 0xFD, 0x204, 0x06, 0x205, 0xD6, 0x03, 0x02, 0x04, 0x05}


def read(data: bytes, limits: Limits) -> list[Sheet]:
    """Read every sheet; refuse what is over the limits, locked or damaged."""
    try:
        hidden = _look(_stream(data), limits)
    except (struct.error, IndexError) as error:
        raise damaged() from error
    try:
        book = python_calamine.load_workbook(BytesIO(data))
    except python_calamine.PasswordError as error:
        raise locked() from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise damaged() from error
    except BaseException as error:  # a panic of the reader is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise not_a_table() from error
    sheets = []
    for order, about in enumerate(book.sheets_metadata):
        if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        rows, merges = by_calamine(book, about.name)
        veiled = about.visible != python_calamine.SheetVisibleEnum.Visible
        hidden_rows, hidden_columns = hidden[order] if order < len(hidden) else (frozenset(), frozenset())
        sheets.append(Sheet(about.name, rows, merges, veiled, hidden_rows, hidden_columns))
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
    """Kind, place and length of each record from `at` to the end of its substream."""
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, at + 4, length
        if kind == EOF:
            return
        at += 4 + length


def _look(stream: bytes, limits: Limits) -> list[tuple[frozenset[int], frozenset[int]]]:
    """Hidden rows (from 1) and columns (from 0) of each sheet, in the order of the book."""
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
    cells = 0
    found = []
    for start in starts:
        hidden_rows, hidden_columns, counted = _look_at(stream, start, limits)
        cells += counted
        if cells > limits.cells:
            raise too_many_cells(limits)
        found.append((frozenset(hidden_rows), frozenset(hidden_columns)))
    return found


def _look_at(stream: bytes, start: int, limits: Limits) -> tuple[set[int], set[int], int]:
    hidden_rows: set[int] = set()
    hidden_columns: set[int] = set()
    cells = bottom = right = 0
    for kind, at, length in _records(stream, start):
        if kind in VALUES or kind == MULRK:
            row, column = struct.unpack_from("<HH", stream, at)
            column += (length - 6) // 6 - 1 if kind == MULRK else 0
            cells, bottom, right = cells + 1, max(bottom, row), max(right, column)
        elif kind == ROW and struct.unpack_from("<H", stream, at + 12)[0] & 0x20:
            hidden_rows.add(struct.unpack_from("<H", stream, at)[0] + 1)
        elif kind == COLINFO and struct.unpack_from("<H", stream, at + 8)[0] & 1:
            first, last = struct.unpack_from("<HH", stream, at)
            hidden_columns.update(range(first, min(last, 255) + 1))
    if (bottom + 1) * (right + 1) > DENSE_CELLS:
        raise too_large()
    return hidden_rows, hidden_columns, cells

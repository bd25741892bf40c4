"""The parts of a zipped workbook, looked at in a bounded stream before any parser is let near them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile

from django.utils.translation import gettext as _

from lms.refusal import Refused

from .book import Limits, letter
from .sniff import UNREADABLE, damaged

CHUNK = 64 * 1024
LONGEST_TAG = 1024 * 1024
EMPTY_ELEMENTS = 1_500_000
ELEMENTS_A_CELL = 6


def open_zip(data: bytes, limits: Limits) -> ZipFile:
    """Open the archive once its directory shows that it stays within the limits."""
    try:
        archive = ZipFile(BytesIO(data))
    except UNREADABLE as error:
        raise damaged() from error
    infos = archive.infolist()
    if len({info.filename.lower() for info in infos}) < len(infos):
        raise damaged()  # two parts of one name are read differently by different readers
    swollen = any(
        info.file_size > 1024 * 1024 and info.file_size > limits.ratio * max(info.compress_size, 1) for info in infos
    )
    if swollen or len(infos) > limits.zip_entries or sum(info.file_size for info in infos) > limits.unpacked_bytes:
        raise too_large()
    return archive


def too_large() -> Refused:
    return Refused(
        _("这个文件展开后太大，可能是空白行列的格式铺满了整张表。请只复制有内容的区域到新表格，保存后重新上传。"),
        code="file_too_large",
    )


class Budget:
    """
    How much of a book may be walked: so many filled cells, and little more than they need in elements.

    Millions of elements around nothing are what a hostile file, or a format painted over the whole sheet, is made of.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.cells = 0
        self.elements = EMPTY_ELEMENTS

    def element(self) -> None:
        """Take one element off; elements are counted down, and filled cells add to what is left."""
        self.elements -= 1
        if self.elements < 0:
            raise too_large()

    def cell(self, count: int = 1) -> None:
        self.cells += count
        self.elements += ELEMENTS_A_CELL
        if self.cells > self.limits.cells:
            raise too_many_cells(self.limits)


def walk(archive: ZipFile, part: str, start: Callable[[str, dict[str, str]], Any], limits: Limits) -> None:
    """Feed one XML part to `start`, element by element. Refuses document type declarations, and so every entity."""
    parser = guarded()
    parser.StartElementHandler = start
    feed(parser, archive, part, limits)


def guarded() -> expat.XMLParserType:
    """An XML parser that reads no declarations of types or entities and follows nothing outside the part."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def feed(parser: expat.XMLParserType, archive: ZipFile, part: str, limits: Limits) -> None:
    """Stream a part through the parser; its true size is counted, not the declared one."""
    size = 0
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limits.unpacked_bytes:
                    raise too_large()
                parser.Parse(chunk, False)
                # An unfinished tag is read again with every chunk: one that never ends would take minutes.
                if size - parser.CurrentByteIndex > LONGEST_TAG:
                    raise damaged()
            parser.Parse(b"", True)
    except (*UNREADABLE, expat.ExpatError) as error:
        raise damaged() from error


def _no_doctype(*_declaration: object) -> None:
    raise Refused(
        _("这个文件里带有不该出现的外部声明，出于安全不能读取。请在 WPS 或 Excel 中另存为新的 .xlsx 后重新上传。"),
        code="file_entities",
    )


def column_number(letters: str) -> int:
    """The column that letters name, from 1."""
    number = 0
    for mark in letters.upper()[:4]:
        number = number * 26 + ord(mark) - 64
    return number


def reaches_too_far(row: int, column: int, limits: Limits) -> Refused:
    """The refusal for a value that stands past the last row or column that is read; both counted from 1."""
    return Refused(
        _(
            "第 %(row)s 行 %(column)s 列还有内容，超出了能读的范围（最多 %(rows)s 行、%(columns)s 列）。请删去多余的行和列，或分成几个文件上传。"
        )
        % {"row": row, "column": letter(column - 1), "rows": limits.rows, "columns": limits.columns},
        code="file_too_large",
    )


def too_many_cells(limits: Limits) -> Refused:
    return Refused(
        _("这个文件里有内容的格子超过 %(cells)s 个。请分成几个文件上传。") % {"cells": limits.cells},
        code="file_too_large",
    )

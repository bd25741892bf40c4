"""The parts of a zipped workbook, looked at in a bounded stream before any parser is let near them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from django.utils.translation import gettext as _

from lms.refusal import Refused

from .book import Limits
from .sniff import damaged

CHUNK = 64 * 1024
UNREADABLE = (BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError, KeyError, ZlibError)


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
            parser.Parse(b"", True)
    except (*UNREADABLE, expat.ExpatError) as error:
        raise damaged() from error


def _no_doctype(*_declaration: object) -> None:
    raise Refused(
        _("这个文件里带有不该出现的外部声明，出于安全不能读取。请在 WPS 或 Excel 中另存为新的 .xlsx 后重新上传。"),
        code="file_entities",
    )

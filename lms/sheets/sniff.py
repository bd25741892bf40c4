"""What an uploaded file really is, told by its first bytes and by what it contains; its name is never believed."""

import re
from io import BytesIO
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from django.utils.translation import gettext as _

from lms.refusal import Refused

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
# what a broken archive makes of opening it or of reading one of its parts
UNREADABLE = (BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError, KeyError, ZlibError)


def damaged() -> Refused:
    return Refused(
        _("这个文件已损坏或没有传完，打不开。请用 WPS 或 Excel 打开原文件，另存为 .xlsx 后重新上传。"),
        code="file_damaged",
    )


def locked() -> Refused:
    return Refused(_("这个文件设了打开密码。请在 WPS 或 Excel 中去掉密码，保存后重新上传。"), code="file_locked")


def not_a_table() -> Refused:
    return Refused(_("认不出这是什么表格。请用 WPS 或 Excel 打开它，另存为 .xlsx 后重新上传。"), code="file_unknown")


def macros() -> Refused:
    return Refused(_("这个文件里带有宏。请在 WPS 或 Excel 中另存为不带宏的 .xlsx，再重新上传。"), code="file_macros")


def kind(data: bytes) -> str:
    """Tell xlsx, xls, ods and csv apart by content; refuse everything else in a sentence that names it."""
    if not data or not data.strip(b"\x00 \t\r\n"):
        raise Refused(_("这个文件是空的。请确认里面有内容，再重新上传。"), code="file_empty")
    if data.startswith(OLE):
        return _compound(data)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(data)
    if data.startswith(IMAGES) or data[4:12] in (b"ftypheic", b"ftypmif1") or data[8:12] == b"WEBP":
        raise Refused(_("这是一张图片，不是表格。请上传 .xlsx、.xls、.ods 或 .csv 文件。"), code="file_image")
    if data.startswith(b"%PDF"):
        raise Refused(_("这是 PDF 文件，不是表格。请上传原来的 .xlsx、.xls、.ods 或 .csv 文件。"), code="file_pdf")
    if data.startswith(ARCHIVES):
        raise Refused(_("这是压缩包。请先解压，再逐个上传里面的表格。"), code="file_archive")
    _refuse_markup(data)
    return "csv"


def _compound(data: bytes) -> str:
    """Tell an .xls from the other things kept in an OLE container (an encrypted .xlsx, a Word file, a macro book)."""
    if _named(data, "EncryptedPackage"):
        raise locked()
    if _named(data, "WordDocument"):
        raise Refused(
            _("这是 Word 文档，不是表格。请把其中的表格复制到 WPS 表格或 Excel 中，另存为 .xlsx 后上传。"),
            code="file_word",
        )
    if _named(data, "_VBA_PROJECT_CUR"):
        raise macros()
    if _named(data, "Workbook") or _named(data, "Book"):
        return "xls"
    raise Refused(
        _("这个文件是别的软件自己的格式，这里读不了。请在 WPS 中打开它，另存为 .xlsx 后重新上传。"), code="file_unknown"
    )


def _named(data: bytes, name: str) -> bool:
    return name.encode("utf-16-le") + b"\x00\x00" in data


def _zipped(data: bytes) -> str:
    """Tell xlsx and ods from other zip files by the parts inside."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = {info.filename for info in archive.infolist()}
            if any(info.flag_bits & 1 for info in archive.infolist()):
                raise locked()
            mimetype = archive.open("mimetype").read(100) if "mimetype" in names else b""
    except UNREADABLE as error:
        raise damaged() from error
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise macros()
    if "xl/workbook.bin" in names:
        raise Refused(
            _("这是二进制的 .xlsb 工作簿，这里读不了。请在 Excel 中另存为 .xlsx 后重新上传。"), code="file_unknown"
        )
    if any(name.lower().endswith("workbook.xml") for name in names) and "[Content_Types].xml" in names:
        return "xlsx"
    if mimetype.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        return "ods"
    if "word/document.xml" in names:
        raise Refused(
            _("这是 Word 文档，不是表格。请把其中的表格复制到 WPS 表格或 Excel 中，另存为 .xlsx 后上传。"),
            code="file_word",
        )
    raise Refused(_("这是压缩包，或者是别的软件的文件。请先解压，再上传里面的表格。"), code="file_archive")


def _refuse_markup(data: bytes) -> None:
    """Refuse web pages, XML tables and mail archives that carry a spreadsheet's name."""
    head = data[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if head.startswith(b"mime-version:") or re.match(
        rb"<(!doctype|html|head|body|table|meta|div|\?xml|workbook|!--)", head
    ):
        raise Refused(
            _("这其实是网页格式的表格，只是名字像表格文件。请在 WPS 或 Excel 中打开它，另存为 .xlsx 后重新上传。"),
            code="file_markup",
        )

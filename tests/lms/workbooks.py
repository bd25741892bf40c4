"""Small files made byte by byte, because no program writes what an attacker or a broken disk does."""

import struct
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

CONTENT_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"""
RELS = """<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="{0}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{1}"/>
</Relationships>"""
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
BOOK = f"""<?xml version="1.0"?><workbook xmlns="{MAIN}"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>"""


def zipped(parts: dict[str, str | bytes]) -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def sheet(rows: str, *, before: str = "", after: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def cell(reference: str, value: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'


def xlsx(sheet_xml: str, *, part: str = "worksheets/sheet1.xml", more: dict[str, str | bytes] | None = None) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": CONTENT_TYPES,
            "_rels/.rels": RELS.format("xl/workbook.xml", "officeDocument"),
            "xl/workbook.xml": BOOK,
            "xl/_rels/workbook.xml.rels": RELS.format(part, "worksheet"),
            f"xl/{part}": sheet_xml,
        }
        | (more or {})
    )


def made(rows: list[list], *, title: str = "表", change=None) -> bytes:
    """An ordinary .xlsx; `change` may alter the sheet before it is saved."""
    book = Workbook()
    page = book.active
    page.title = title
    for row in rows:
        page.append(row)
    if change:
        change(book, page)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def ods(body: str, *, manifest: str = "<manifest/>") -> bytes:
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = f"<office:document-content{names}><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def biff(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def xls(cells: list[tuple[int, int, float]], *, globals_records: bytes = b"") -> bytes:
    """A binary .xls in an OLE container, with numbers at the given rows and columns."""
    bof = biff(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0))
    name = b"\x01\x00S\x00"
    head = bof + globals_records
    start = len(head) + len(biff(0x85, struct.pack("<IH", 0, 0) + name)) + 4
    head += biff(0x85, struct.pack("<IH", start, 0) + name) + biff(0x0A)
    page = biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    page += b"".join(biff(0x203, struct.pack("<HHHd", row, column, 0, value)) for row, column, value in cells)
    return ole((head + page + biff(0x0A)).ljust(4096, b"\x00"))


def ole(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file with one stream: header, one sector of the allocation table, one of the directory, the stream."""
    count = -(-len(stream) // 512)
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + count), 0xFFFFFFFE]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        encoded = (title + "\0").encode("utf-16-le")
        links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        body = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1) + links
        return body + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 2, len(stream))
    return header + fat + directory.ljust(512, b"\0") + stream.ljust(count * 512, b"\0")

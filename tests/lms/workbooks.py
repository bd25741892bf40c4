"""Small files made byte by byte, because no program writes what an attacker or a broken disk does."""

import struct
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

CONTENT_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
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


def ods(body: str, *, manifest: str = "<manifest/>", styles: str = "") -> bytes:
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    content = f"<office:document-content{names}>{styles}<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def biff(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


Placed = tuple[int, int, float | str | bool] | tuple[int, int, float | str | bool, int]  # row, column, value, style


def xls(cells: list[Placed], *, globals_records: bytes = b"", before: bytes = b"", after: bytes = b"") -> bytes:
    """A binary .xls in an OLE container, with numbers and texts at the given rows and columns of one sheet called S."""
    return xls_book({"S": (cells, before, after)}, globals_records)


def xls_book(pages: dict[str, tuple[list[Placed], bytes, bytes]], globals_records: bytes = b"") -> bytes:
    """The same with several sheets, each with records to stand before its cells and after them."""
    bof = biff(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0))
    names = [struct.pack("<BB", len(name), 1) + name.encode("utf-16-le") for name in pages]
    start = len(bof) + len(globals_records) + sum(len(name) + 10 for name in names) + 4
    head, body = bof + globals_records, b""
    for name, (cells, before, after) in zip(names, pages.values(), strict=True):
        head += biff(0x85, struct.pack("<IH", start + len(body), 0) + name)
        body += biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + before
        body += b"".join(_xls_cell(*cell) for cell in cells) + after + biff(0x0A)
    stream = head + biff(0x0A) + body
    return ole(stream.ljust(4096, b"\x00"))


def _xls_cell(row: int, column: int, value: float | str | bool, style: int = 0) -> bytes:
    place = struct.pack("<HHH", row, column, style)
    if isinstance(value, bool):
        return biff(0x205, place + struct.pack("<BB", value, 0))
    if isinstance(value, str):
        return biff(
            0x204, place + struct.pack("<HB", len(value.encode("utf-16-le")) // 2, 1) + value.encode("utf-16-le")
        )
    return biff(0x203, place + struct.pack("<d", value))


def ole(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file with one stream: header, the sectors of the allocation table, one of the directory, the stream."""
    count = -(-len(stream) // 512)
    tables = next(n for n in range(1, 20_000) if n * 128 >= n + 1 + count + max(0, -(-(n - 109) // 127)))
    more = max(0, -(-(tables - 109) // 127))  # sectors of the table's own table, past the 109 places in the header
    first = tables + more + 1
    chain = [0xFFFFFFFD] * tables + [0xFFFFFFFC] * more + [0xFFFFFFFE, *range(first + 1, first + count), 0xFFFFFFFE]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(tables * 512, b"\xff")
    places = list(range(tables))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack(
        "<IIIIIIIII", 0, tables, tables + more, 0, 4096, 0xFFFFFFFE, 0, tables if more else 0xFFFFFFFE, more
    )
    header += struct.pack("<109I", *(places[:109] + [0xFFFFFFFF] * (109 - len(places[:109]))))
    rest = b""
    for at in range(more):
        some = places[109 + at * 127 : 109 + (at + 1) * 127]
        link = tables + at + 1 if at + 1 < more else 0xFFFFFFFE
        rest += struct.pack("<128I", *some, *[0xFFFFFFFF] * (127 - len(some)), link)

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        encoded = (title + "\0").encode("utf-16-le")
        links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        body = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1) + links
        return body + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, first, len(stream))
    return header + fat + rest + directory.ljust(512, b"\0") + stream.ljust(count * 512, b"\0")

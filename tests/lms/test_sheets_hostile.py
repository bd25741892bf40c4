"""Whatever is uploaded, the answer is a sheet or one sentence, at once."""

import io
import random
import struct
import time
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from lms import sheets
from lms.refusal import Refused
from tests.lms import workbooks as made

SHEET = made.sheet(f'<row r="1">{made.cell("A1", "姓名")}</row>')
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def bomb() -> bytes:
    """50 MiB of XML in some 50 kB."""
    return made.xlsx(made.sheet("<row/>" * (50 * 1024 * 1024 // 6)))


def noise(length: int) -> str:
    """Letters that do not pack well."""
    return random.Random(1).randbytes(length // 2).hex()


def encrypted_zip() -> bytes:
    data = bytearray(made.xlsx(SHEET))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def twice_one_part(tmp_path) -> bytes:
    path = tmp_path / "twice.xlsx"
    path.write_bytes(made.xlsx(SHEET))
    with ZipFile(path, "a", ZIP_DEFLATED) as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/worksheets/sheet1.xml", SHEET)
    return path.read_bytes()


HOSTILE = {
    "nothing": (b"", "file_empty"),
    "only zero bytes": (bytes(4096), "file_empty"),
    "a sheet without cells": (made.made([]), "file_empty"),
    "a value in the last row": (
        made.xlsx(made.sheet(f'<row r="1048576">{made.cell("A1048576", "x")}</row>')),
        "file_too_large",
    ),
    "a value in the last column": (
        made.xlsx(made.sheet(f'<row r="1">{made.cell("XFD1", "x")}</row>')),
        "file_too_large",
    ),
    "a row past the limit without numbers": (
        made.xlsx(made.sheet("<row><c><v>1</v></c></row>" * 120_001)),
        "file_too_large",
    ),
    "50 MiB of XML in little": (bomb(), "file_too_large"),
    "laughs": (made.xlsx(made.sheet("<row><c><v>&i;</v></c></row>", before=LAUGHS + "]>")), "file_entities"),
    "an external entity": (
        made.xlsx(
            SHEET, more={"xl/sharedStrings.xml": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><sst>&e;</sst>'}
        ),
        "file_entities",
    ),
    "an entity in a part with an odd name": (
        made.xlsx(made.sheet("", before='<!DOCTYPE x SYSTEM "http://127.0.0.1/">'), part="worksheets/sheet1.dat"),
        "file_entities",
    ),
    "a cell of two million characters": (
        made.xlsx(made.sheet(f'<row r="1">{made.cell("A1", "".join(map(chr, range(0x4E00, 0x9000))) * 118)}</row>')),
        "file_too_large",
    ),
    "merged ranges over everything": (
        made.xlsx(
            made.sheet(
                f'<row r="1">{made.cell("A1", "x")}</row><row r="99999">{made.cell("CV99999", "x")}</row>',
                after="<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 1000 + "</mergeCells>",
            )
        ),
        "file_too_large",
    ),
    "a tag that never ends": (
        made.xlsx(made.sheet("").replace(" xmlns", f' a="{noise(6_000_000)}" xmlns')),
        "file_damaged",
    ),
    "half a file": (made.xlsx(SHEET)[:700], "file_damaged"),
    "a zip's first bytes and rubbish": (b"PK\x03\x04" + bytes(range(256)) * 20, "file_damaged"),
    "a part cut short": (made.xlsx(SHEET[:-40]), "file_damaged"),
    "a locked xlsx": (made.ole(bytes(4096), "EncryptedPackage"), "file_locked"),
    "a locked xls": (made.xls([(0, 0, 1.0)], globals_records=made.biff(0x2F, bytes(54))), "file_locked"),
    "a locked ods": (made.ods("", manifest='<m:manifest xmlns:m="m"><m:encryption-data/></m:manifest>'), "file_locked"),
    "a locked zip": (encrypted_zip(), "file_locked"),
    "macros": (made.xlsx(SHEET, more={"xl/vbaProject.bin": b"x"}), "file_macros"),
    "macros in an xls": (made.ole("_VBA_PROJECT_CUR\0".encode("utf-16-le").ljust(4096, b"\0")), "file_macros"),
    "an xls whose sectors run in a circle": (
        made.ole(bytes(4096)).replace(struct.pack("<I", 3), struct.pack("<I", 2), 1),
        "file_damaged",
    ),
    "an xls with a value in its last corner": (made.xls([(0, 0, 1.0), (65535, 255, 1.0)]), "file_too_large"),
    "an xls of nothing": (made.ole(bytes(4096)), "file_damaged"),
    "an ods that repeats a value for ever": (
        made.ods(
            '<table:table table:name="x"><table:table-row table:number-rows-repeated="99999999">'
            '<table:table-cell table:number-columns-repeated="16000" office:value-type="float" office:value="1"/>'
            "</table:table-row></table:table>"
        ),
        "file_too_large",
    ),
    "a web page named xls": (b"<html><table><tr><td>1</td></tr></table></html>", "file_markup"),
    "an XML table named xls": (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "file_markup"),
    "a mail archive named xls": (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n", "file_markup"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "file_image"),
    "a PDF": (b"%PDF-1.7\n", "file_pdf"),
    "a Word file": (made.zipped({"word/document.xml": "<x/>"}), "file_word"),
    "an old Word file": (made.ole(bytes(4096), "WordDocument"), "file_word"),
    "another program's container": (made.ole(bytes(4096), "Contents"), "file_unknown"),
    "an xlsb": (made.zipped({"xl/workbook.bin": b"x"}), "file_unknown"),
    "a zip of files": (made.zipped({"名册.xlsx": b"x"}), "file_archive"),
    "a rar": (b"Rar!\x1a\x07\x00" + bytes(50), "file_archive"),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(range(256)), "file_unknown"),
    "text with an open quote": ('姓名,备注\n张三,"' + "长" * 200_000, "file_damaged"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_is_refused_in_a_sentence_within_three_seconds(what):
    data, code = HOSTILE[what]
    start = time.perf_counter()
    with pytest.raises(Refused) as refused:
        sheets.read(data.encode() if isinstance(data, str) else data, name="名册.xlsx")
    assert refused.value.code == code
    assert refused.value.sentence.endswith("。")
    assert time.perf_counter() - start < 3


def test_two_parts_of_one_name_are_refused(tmp_path):
    with pytest.raises(Refused) as refused:
        sheets.read(twice_one_part(tmp_path), name="x.xlsx")
    assert refused.value.code == "file_damaged"


def test_too_many_bytes_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "大.xlsx"
    with path.open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    with pytest.raises(Refused, match="21 MB，最多 20 MB"):
        sheets.read(path, name=path.name)


def test_formats_painted_to_the_last_row_and_a_stray_space_cost_nothing():
    """A column formatted down to row 1,048,576 and a space in XFC1 show nothing: the file is read as if they were not there."""
    far = "".join(f'<row r="{row}"><c r="A{row}" s="1"/></row>' for row in (500_000, 1_048_576))
    data = made.xlsx(made.sheet(f'<row r="1">{made.cell("A1", "姓名")}{made.cell("XFC1", " ")}</row>' + far))
    book = sheets.read(data, name="x.xlsx")
    assert [(sheet.name, sheet.rows) for sheet in book.sheets] == [("表", [["姓名"]])]


def test_a_far_shared_string_counts_only_where_it_shows_something():
    far = '<row r="1"><c r="A1" t="s"><v>1</v></c><c r="XFC1" t="s"><v>{}</v></c></row>'
    strings = {"xl/sharedStrings.xml": f'<sst xmlns="{made.MAIN}"><si><t> </t></si><si><t>姓名</t></si></sst>'}
    types = {"[Content_Types].xml": made.CONTENT_TYPES}
    rels = made.RELS.format("worksheets/sheet1.xml", "worksheet").replace(
        "</Relationships>",
        '<Relationship Id="rId2" Target="sharedStrings.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>',
    )
    more = strings | types | {"xl/_rels/workbook.xml.rels": rels}
    read = lambda index: sheets.read(made.xlsx(made.sheet(far.format(index)), more=more), name="x")  # noqa: E731
    assert read(0).sheets[0].rows[0][0] == "姓名"
    with pytest.raises(Refused, match="XFC"):
        read(1)


def test_nothing_is_evaluated():
    data = made.made([["姓名"], ['=HYPERLINK("http://127.0.0.1/","x")'], ["=1+1"]])
    assert [row for row in sheets.read(data, name="x").sheets[0].rows if row] == [["姓名"]]


def test_a_part_that_cannot_be_unpacked_is_told_in_a_sentence() -> None:
    """The first part is read to tell what the file is; broken there, it is as damaged as anywhere else."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet" * 20)
    data = bytearray(buffer.getvalue())
    start = data.index(b"mimetype") + len("mimetype")
    data[start : start + 8] = b"\xff" * 8
    with pytest.raises(Refused) as refused:
        sheets.read(bytes(data), name="名册.ods")
    assert refused.value.code == "file_damaged"

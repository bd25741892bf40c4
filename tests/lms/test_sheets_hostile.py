"""Whatever is uploaded, the answer is a sheet or one sentence, at once."""

import contextlib
import gc
import io
import json
import os
import random
import resource
import struct
import subprocess
import sys
import time
from datetime import date, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms import sheets
from lms.models import ImportRun
from lms.refusal import Refused
from lms.sheets import Book, Cell, Formatted, Limits, Sheet
from lms.sheets.told import told, understood
from tests.databases import ROOT
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


def lying() -> bytes:
    """A part whose declared size is a hundredth of what comes out of it."""
    data = bytearray(made.xlsx(made.sheet(f'<row r="1">{made.cell("A1", noise(400_000))}</row>')))
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.rindex(mark)
        struct.pack_into("<I", data, at + place, 4_000)
    return bytes(data)


def overlapping() -> bytes:
    """Many entries of the directory that all mean the same bytes."""
    data = made.xlsx(SHEET, more={f"xl/worksheets/more{n}.xml": "x" * 50 for n in range(50)})
    with ZipFile(io.BytesIO(data)) as archive:
        first = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    turned = bytearray(data)
    at = turned.index(b"PK\x01\x02")
    while (at := turned.find(b"PK\x01\x02", at + 4)) >= 0:
        struct.pack_into("<I", turned, at + 42, first)
    return bytes(turned)


XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def entity_in(part: str) -> bytes:
    return made.xlsx(SHEET, more={part: f'<?xml version="1.0"?>{XXE}<x>&e;</x>'})


TURNED = [
    made.made([["姓名", "手机号"], ["甲", 1.5]]),
    made.xls([(0, 0, "姓名"), (0, 1, "手机号"), (1, 0, 1.0)]),
    made.ods(
        "<table:table table:name='x'><table:table-row><table:table-cell><text:p>甲</text:p></table:table-cell></table:table-row></table:table>"
    ),
    "姓名,手机号\n甲,1\n".encode("gb18030"),
]

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
    **{
        f"an entity in {part}": (entity_in(part), "file_entities")
        for part in (
            "xl/styles.xml",
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/theme/theme1.xml",
            "docProps/core.xml",
            "customXml/item1.XML",
            "xl/drawings/vmlDrawing1.vml",
        )
    },
    "an entity in an ods": (
        made.zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": XXE + "<x>&e;</x>"}),
        "file_entities",
    ),
    "a part that is larger than it says": (lying(), "file_damaged"),
    "entries that overlap": (overlapping(), "file_damaged"),
    "an ods that repeats rows a thousand million times": (
        made.ods(
            '<table:table table:name="x"><table:table-row table:number-rows-repeated="1000000000">'
            "<table:table-cell><text:p>x</text:p></table:table-cell></table:table-row></table:table>"
        ),
        "file_too_large",
    ),
    "an xls whose record is longer than the file": (
        made.xls([(0, 0, 1.0)], globals_records=struct.pack("<HH", 0x3D, 0xFFFF)),
        "file_damaged",
    ),
    "an xls with one sheet under two names": (
        made.ole(
            (
                made.biff(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0))
                + made.biff(0x85, struct.pack("<IH", 0, 0) + b"\x01\x00S\x00") * 2
                + made.biff(0x0A)
            ).ljust(4096, b"\0")
        ),
        "file_damaged",
    ),
    "an xls of millions of empty records": (
        made.xls([(0, 0, 1.0)], before=made.biff(0x3D) * 4_000_000),
        "file_too_large",
    ),
    "twenty million commas": (b"," * (19 * 1024 * 1024), "file_too_large"),
    "lines of thousands of commas": ((b"," * 16_000 + b"x\n") * 1_200, "file_too_large"),
    "nothing but ends of lines": (b"x\n" + b"\n" * 19_000_000 + b"x", "file_too_large"),
    "a text with zero bytes": ("姓名,手机号\n甲\x00,1\n".encode() * 50, "file_unknown"),
    "half a character pair": ("\ufeff姓名\ud800,x".encode("utf-16-le", "surrogatepass"), "file_unknown"),
    "half a character pair in an xlsx": (
        made.xlsx(made.sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>&#xD800;</t></is></c></row>')),
        "file_damaged",
    ),
    "text with an open quote": ('姓名,备注\n张三,"' + "长" * 200_000, "file_damaged"),
}


MEBIBYTE = 1024 * 1024


def measured(data: bytes) -> tuple[str, str, float, int]:
    """Code and sentence of the refusal ("" where there is none), CPU seconds, and MiB over the start, of a reading in a process of its own."""
    receiving, sending = os.pipe()
    if not (child := os.fork()):
        said: list = ["broken", "", 0, 0]
        try:
            gc.disable()
            start, base = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            said[:2] = "", ""
            sheets.read(data, name="名册.xlsx")
        except Refused as refused:
            said[:2] = refused.code, refused.sentence
        except BaseException as error:
            said[:2] = "broken", repr(error)
        finally:
            said[2:] = (
                time.process_time() - start,
                (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024,
            )
            os.write(sending, json.dumps(said).encode())
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, "rb") as pipe:
        said = json.loads(pipe.read())
    os.waitpid(child, 0)
    return tuple(said)


@pytest.mark.parametrize("what", HOSTILE)
def test_is_refused_in_a_sentence_at_once_and_with_little_memory(what):
    data, code = HOSTILE[what]
    told, sentence, seconds, mebibytes = measured(data.encode() if isinstance(data, str) else data)
    assert (told, sentence[-1:]) == (code, "。"), sentence
    assert seconds < 3
    assert mebibytes < 300


HARMLESS = {
    "names that climb out of the folder": made.xlsx(
        SHEET, more={"../../../../tmp/climbed": "x", "/etc/climbed": "x", "xl\\..\\climbed": "x"}
    ),
    "another archive inside": made.xlsx(SHEET, more={"xl/media/more.zip": made.xlsx(SHEET)}),
    "a link to another file": made.xlsx(
        made.sheet('<row r="1"><c r="A1" t="str"><f>[1]Sheet1!A1</f><v>姓名</v></c></row>'),
        more={
            "xl/externalLinks/_rels/externalLink1.xml.rels": made.RELS.format("http://127.0.0.1:9/x.xlsx", "x"),
            "xl/externalLinks/externalLink1.xml": "<externalLink/>",
        },
    ),
    "declared sizes of an xls that are none": made.xls([(0, 0, "姓名")], before=made.biff(0x200, b"\xff" * 14)),
    "a declared size of one cell in an xls": made.xls(
        [(0, 0, "姓名")], before=made.biff(0x200, struct.pack("<IIHHH", 0, 1, 0, 1, 0))
    ),
    "an xls that says it has four thousand million texts": made.xls(
        [(0, 0, "姓名")], globals_records=made.biff(0xFC, struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF))
    ),
    "characters that no database takes": made.xls([(0, 0, "\x00姓\x01\x0f名\uffff")]),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_does_no_harm_is_read_and_nothing_is_written_or_followed(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (sheet,) = sheets.read_apart(HARMLESS[what], name="x").sheets
    assert sheet.rows == [["姓名"]]
    assert list(tmp_path.iterdir()) == []


def test_signs_that_turn_the_writing_round_stay_and_count_for_nothing_in_a_name():
    (row,) = sheets.read("姓名,\u202e张三\u202c".encode(), name="x").sheets[0].rows
    assert row == ["姓名", "\u202e张三\u202c"]


def heavy() -> bytes:
    """840,000 cells: nothing forbidden, and much work."""
    cells = "".join(f'<c r="{sheets.letter(at)}{{0}}"><v>{{0}}.5</v></c>' for at in range(60))
    return made.xlsx(made.sheet("".join(f'<row r="{n}">{cells.format(n)}</row>' for n in range(1, 14_001))))


@pytest.mark.parametrize(
    "limits",
    [Limits(wall_seconds=0.02, more_for_a_mebibyte=0), Limits(cpu_seconds=1, more_for_a_mebibyte=0)],
    ids=["time", "work"],
)
def test_a_reading_that_takes_too_long_is_ended_from_outside(limits):
    data = heavy()
    start = time.perf_counter()
    with pytest.raises(Refused, match="要用的时间或内存超出了限度") as refused:
        sheets.read_apart(data, name="x", limits=limits)
    assert refused.value.code == "file_too_large"
    assert time.perf_counter() - start < 10


def test_a_reading_that_takes_too_much_memory_is_ended_from_outside():
    """In an interpreter of its own: one that has run other tests has memory to spare that counts as had already."""
    program = (
        "import django; django.setup()\n"
        "from lms import sheets; from lms.refusal import Refused; from lms.sheets import Limits\n"
        "from tests.lms.test_sheets_hostile import heavy\n"
        "try: sheets.read_apart(heavy(), name='x', limits=Limits(memory_bytes=20 * 1024 * 1024))\n"
        "except Refused as refused: print(refused.code)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.stdout.strip() == "file_too_large", told.stderr


def test_a_reading_apart_gives_what_a_reading_gives():
    data = made.made([["姓名", 2024.1, True, None], ["甲", "=1+1"]])
    assert sheets.read_apart(data, name="x") == sheets.read(data, name="x")
    with pytest.raises(Refused) as refused:
        sheets.read_apart(b"%PDF", name="x")
    assert refused.value.code == "file_pdf"


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_reading_apart_leaves_the_connection_of_the_database_alone():
    assert ImportRun.objects.count() == 0
    for data in (made.made([["姓名"]]), b"%PDF"):
        with contextlib.suppress(Refused):
            sheets.read_apart(data, name="x")
        assert ImportRun.objects.count() == 0


@settings(max_examples=60)
@given(st.data())
def test_a_file_with_bytes_turned_is_read_or_refused_and_never_breaks(data):
    whole = data.draw(st.sampled_from(TURNED))
    turned = bytearray(whole)
    for _turn in range(data.draw(st.integers(1, 8))):
        turned[data.draw(st.integers(0, len(turned) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Refused):
        sheets.read(bytes(turned), name="x")


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


def test_what_a_reader_tells_is_values_and_nothing_else():
    cells: list[Cell] = [
        "王",
        1,
        2.5,
        True,
        None,
        date(2024, 1, 2),
        datetime(2024, 1, 2, 3, 4, 5, 600),
        Formatted(2024.1, "2024.10"),
    ]
    sheet = Sheet(
        "甲",
        [cells, []],
        [(0, 0, 1, 1)],
        True,
        frozenset({2}),
        frozenset({0, 3}),
        {1: {0: "王"}},
        {(1, 2): "error_value"},
    )
    book = Book("表.xlsx", "xlsx", [sheet], "gb18030", ",")
    back = understood(told(book))
    assert back == book
    assert [type(cell) for cell in back.sheets[0].rows[0]] == [type(cell) for cell in cells]
    assert back.sheets[0].rows[0][7].shown == "2024.10"
    assert not [path for path in Path(sheets.__file__).parent.glob("*.py") if "pickle" in path.read_text()]

"""A cell is taken as a person sees it: October with its nought, an error as no value, a formula never calculated as none either."""

import datetime as dt
import struct
from io import BytesIO

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from lms import sheets
from tests.lms import workbooks as made

ALIASES = {"name": ["姓名"], "since": ["上岗时间"], "grid": ["网格"]}


def page(data: bytes) -> sheets.Sheet:
    return sheets.read(data, name="x").sheets[0]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", "2024.1"),
        ("0.00", "2024.10"),
        ("0.00_ ", "2024.10"),
        ("0.00_);[Red]\\(0.00\\)", "2024.10"),
        ("#,##0.00", "2024.10"),
        ("0.0", "2024.1"),
        ('0.00"年"', "2024.10"),
    ],
)
def test_a_month_with_a_nought_is_october_where_its_format_shows_it(code, shown):
    def style(_book, sheet):
        for cell in ("A1", "B1", "D1"):
            sheet[cell].number_format = code

    row = page(made.made([[2024.1, 24.1, 2024.1, 2024.11]], change=style)).rows[0]
    assert [sheets.text(cell) for cell in row] == [shown, shown[2:], "2024.1", "2024.11"]
    assert row == [2024.1, 24.1, 2024.1, 2024.11]


def test_october_is_told_in_an_xls_too():
    formats = made.biff(0x41E, struct.pack("<HHB", 164, 6, 0) + b"0.00_ ")
    styles = b"".join(made.biff(0xE0, struct.pack("<HH", 0, number) + bytes(16)) for number in (0, 2, 164))
    cells = b"".join(
        made.biff(0x203, struct.pack("<HHHd", 0, column, style, 2024.1)) for column, style in enumerate((0, 1, 2))
    )
    several = made.biff(0xBD, struct.pack("<HHHiHiH", 1, 0, 1, *rk(2024.1), 0, *rk(2024.1), 1))
    sheet = page(made.xls([], globals_records=formats + styles, before=cells + several))
    assert [[sheets.text(cell) for cell in row] for row in sheet.rows] == [
        ["2024.1", "2024.10", "2024.10"],
        ["2024.10", "2024.1"],
    ]


def rk(value: float) -> tuple[int]:
    """A number in the short form of a binary workbook: a hundredfold whole number."""
    return ((round(value * 100) << 2) | 3,)


def test_october_is_told_in_an_open_document_too():
    cell = '<table:table-cell office:value-type="float" office:value="2024.1"><text:p>{}</text:p></table:table-cell>'
    body = f"<table:table table:name='x'><table:table-row>{cell.format('2024.10')}{cell.format('2024.1')}</table:table-row></table:table>"
    assert [sheets.text(cell) for cell in page(made.ods(body)).rows[0]] == ["2024.10", "2024.1"]


def test_days_counted_from_1904_are_the_days_they_show():
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append([dt.date(2024, 7, 30)])
    stream = BytesIO()
    book.save(stream)
    assert page(stream.getvalue()).rows == [[dt.date(2024, 7, 30)]]


FAULTY = (
    f'<row r="1">{made.cell("A1", "姓名")}{made.cell("B1", "上岗时间")}{made.cell("C1", "网格")}</row>'
    '<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2"><f>1+1</f><v/></c><c r="C2"><v>1</v></c></row>'
    '<row r="3"><c r="A3" t="str"><f>D3</f><v>甲</v></c><c r="B3" t="str"><f>IF(1,"","")</f><v></v></c></row>'
    '<row r="4"><c r="A4" t="str"><f>D3</f><v>乙</v></c><c r="B4"><f>1+1</f><v>45503</v></c></row>'
)
SPILLED = FAULTY.replace("</row>", '<c r="D1" t="e"><v>#SPILL!</v></c></row>', 1)


@pytest.mark.parametrize("xml", [FAULTY, SPILLED], ids=["calamine", "openpyxl"])
def test_errors_and_formulas_without_a_value_are_told_apart_from_text(xml):
    """A book that one engine refuses (#SPILL! is newer than it) is read by the other, with the same result."""
    sheet = page(made.xlsx(made.sheet(xml)))
    (table,), _left = sheets.tables(sheets.Book("x", "xlsx", [sheet]), ALIASES)
    assert [(row.cells, row.faults) for row in table.rows] == [
        ({"name": None, "since": None, "grid": 1.0}, {"name": "error_value", "since": "formula_without_value"}),
        ({"name": "甲", "since": None, "grid": None}, {}),
        ({"name": "乙", "since": 45503.0, "grid": None}, {}),
    ]


def test_errors_are_told_apart_in_the_other_kinds_too():
    wrong = made.biff(0x205, struct.pack("<HHHBB", 1, 0, 0, 0x2A, 1))
    formula = made.biff(
        0x06, struct.pack("<HHH", 1, 1, 0) + b"\x02\x00\x17\x00\x00\x00\xff\xff" + bytes(6) + b"\x00\x00"
    )
    assert page(made.xls([(0, 0, "姓名")], after=wrong + formula)).faults == {
        (2, 0): "error_value",
        (2, 1): "error_value",
    }
    assert page("姓名,上岗时间\n#N/A,#1\n".encode()).faults == {(2, 0): "error_value"}
    body = (
        "<table:table table:name='x'><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell>"
        "<table:table-cell table:formula='of:=1'/>"
        "<table:table-cell table:formula='of:=1' office:value-type='string'><text:p>#REF!</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    sheet = page(made.ods(body))
    assert (sheet.rows, sheet.faults) == ([["x"]], {(1, 1): "formula_without_value", (1, 2): "error_value"})


def test_rich_text_and_readings_beside_it():
    strings = (
        f'<sst xmlns="{made.MAIN}"><si><r><t>张</t></r><r><t>三</t></r><rPh sb="0" eb="1"><t>zhang</t></rPh></si>'
        '<si><t>李四</t><rPh sb="0" eb="2"><t>lisi</t></rPh><phoneticPr fontId="1"/></si></sst>'
    )
    rels = made.RELS.format("worksheets/sheet1.xml", "worksheet").replace(
        "</Relationships>",
        '<Relationship Id="rId2" Target="sharedStrings.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>',
    )
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
        '<c r="C1" t="inlineStr"><is><r><t>王</t></r><r><t>五</t></r></is></c><c r="D1" t="b"><v>0</v></c></row>'
    )
    data = made.xlsx(made.sheet(rows), more={"xl/sharedStrings.xml": strings, "xl/_rels/workbook.xml.rels": rels})
    assert page(data).rows == [["张三", "李四", "王五", False]]


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace("<sheetData>", '<dimension ref="foo"/><sheetData>'),
        lambda xml: xml.replace('t="inlineStr"', 't="odd"', 1).replace(
            '<is><t xml:space="preserve">姓名</t></is>', "<v>姓名</v>", 1
        ),
        lambda xml: xml.replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-16"?>').encode("utf-16"),
    ],
    ids=["a declared size that is none", "a kind of cell unknown", "a part in UTF-16"],
)
def test_what_one_engine_refuses_the_other_reads(change):
    xml = made.sheet(f'<row r="1">{made.cell("A1", "姓名")}{made.cell("B1", "手机号")}</row>')
    assert page(made.xlsx(change(xml))).rows == [["姓名", "手机号"]]

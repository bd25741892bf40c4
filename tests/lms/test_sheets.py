"""Ordinary files of every kind, in the states in which they are met."""

import datetime as dt

import pytest
from openpyxl.styles import numbers

from lms import sheets
from tests.lms import workbooks as made

ALIASES = {
    "seq": ["序号"],
    "name": ["姓名"],
    "id_number": ["身份证号", "身份证号码"],
    "mobile": ["手机号", "联系电话"],
    "township": ["乡镇街道", "所属乡镇"],
    "community": ["村社区", "村（社区）"],
    "kind": ["专（兼）职", "人员类型"],
}


def page(data: bytes) -> sheets.Sheet:
    return sheets.read(data, name="x").sheets[0]


def table(rows: list[list], **options) -> sheets.Table:
    return sheets.find_table(page(made.made(rows, **options)), ALIASES)


@pytest.mark.parametrize(
    ("encoding", "mark", "told"),
    [
        ("gb18030", b"", "gb18030"),
        ("utf-8", b"", "utf-8"),
        ("utf-8-sig", b"", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_in_every_encoding_and_with_every_separator(encoding, mark, told, delimiter):
    lines = [["姓名", "身份证号", "备注"], ["張㛃䶮", '="421202199907199980"', '"甲,乙\n丙"'], ["李四", " 4212", ""]]
    data = mark + "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    book = sheets.read(data, name="名册.xlsx")  # the name is not believed
    assert (book.kind, book.encoding, book.delimiter, book.sheets[0].name) == ("csv", told, delimiter, "")
    assert book.sheets[0].rows == [
        ["姓名", "身份证号", "备注"],
        ["張㛃䶮", "421202199907199980", "甲,乙\n丙"],
        ["李四", " 4212"],
    ]


def test_cells_keep_their_types():
    row = ["421202199907199980", 421202199907199980, 15410005930, 2024.1, True, dt.date(2024, 7, 30), None, "x"]
    cells = page(made.made([row])).rows[0]
    assert cells == [
        "421202199907199980",
        4.212021999072e17,
        15410005930.0,
        2024.1,
        True,
        dt.date(2024, 7, 30),
        None,
        "x",
    ]
    assert [type(cell) for cell in cells] == [str, float, float, float, bool, dt.date, type(None), str]
    assert [sheets.text(cell) for cell in cells[2:]] == ["15410005930", "2024.1", "是", "2024-07-30", "", "x"]


def test_binary_workbook_is_read_whatever_it_is_called():
    book = sheets.read(made.xls([(0, 0, 1.0), (2, 1, 4.5)]), name="名册.xlsx")
    assert book.kind == "xls"
    assert [(sheet.name, sheet.rows) for sheet in book.sheets] == [("S", [[1.0], [], [None, 4.5]])]


def test_open_document_with_repeats_merges_hidden_rows_and_an_endless_tail():
    text_cell = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>"
    body = (
        '<table:table table:name="天城镇"><table:table-row>'
        + text_cell.format(' table:number-rows-spanned="2"', "甲")
        + text_cell.format(' table:number-columns-repeated="2"', "乙")
        + '<table:table-cell office:value-type="float" office:value="2024.1"><text:p>2024.10</text:p></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2024-07-30"><text:p>7月</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="16379"/></table:table-row>'
        '<table:table-row table:visibility="collapse"><table:covered-table-cell/>'
        + text_cell.format("", "丙")
        + "</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    sheet = page(made.ods(body))
    assert (sheet.name, sheet.hidden_rows) == ("天城镇", frozenset({2}))
    assert sheet.rows == [["甲", "乙", "乙", 2024.1, dt.date(2024, 7, 30)], [None, "丙"]]
    assert sheet.cell(1, 0) == "甲"


def test_hidden_columns_and_sheets_of_an_open_document():
    styles = (
        "<office:automatic-styles><style:style style:name='ta1'><style:table-properties table:display='true'/></style:style>"
        "<style:style style:name='ta2'><style:table-properties table:display='false'/></style:style></office:automatic-styles>"
    )
    columns = (
        "<table:table-column/><table:table-column table:visibility='collapse' table:number-columns-repeated='2'/>"
        "<table:table-column table:visibility='collapse' table:number-columns-repeated='16380'/>"
    )
    row = "<table:table-row><table:table-cell><text:p>姓<text:line-break/>名<text:tab/>x</text:p></table:table-cell></table:table-row>"
    table = "<table:table table:name='{0}' table:style-name='ta{0}'>{1}{2}</table:table>"
    body = table.format(1, columns, row) + table.format(2, "", row)
    first, second = sheets.read(made.ods(body, styles=styles), name="x").sheets
    assert (first.hidden, second.hidden) == (False, True)
    assert (first.hidden_columns, second.hidden_columns) == (frozenset(range(1, 100)), frozenset())
    assert first.rows == [["姓\n名\tx"]]


def test_merged_ranges_fill_themselves_and_nothing_else():
    def merge(_book, sheet):
        sheet.merge_cells("A2:A3")
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True

    sheet = page(made.made([["乡镇街道", "姓名"], ["温泉街道", "甲"], [None, "乙"], [None, "丙"]], change=merge))
    assert [sheet.cell(row, 0) for row in range(4)] == ["乡镇街道", "温泉街道", "温泉街道", None]
    assert (sheet.hidden_rows, sheet.hidden_columns) == (frozenset({3}), frozenset({1}))
    found = sheets.find_table(sheet, ALIASES)
    assert [(row.number, row.cells) for row in found.rows] == [
        (2, {"township": "温泉街道", "name": "甲"}),
        (3, {"township": "温泉街道", "name": "乙"}),
        (4, {"township": None, "name": "丙"}),
    ]
    assert found.hidden_rows == [3]


def test_header_of_two_rows_is_joined_through_its_merges():
    def merge(_book, sheet):
        for area in ("A1:D1", "A2:A3", "B2:C2", "D2:D3"):
            sheet.merge_cells(area)

    found = table(
        [
            ["花名册"],
            ["姓名*", "所属", None, "手机号（必填）"],
            [None, "乡镇", "村 （社区）"],
            ["甲", "乙镇", "丙村", "1"],
        ],
        change=merge,
    )
    assert found.header_rows == (2, 3)
    assert [(column.letter, column.title, column.field) for column in found.columns] == [
        ("A", "姓名*", "name"),
        ("B", "所属/乡镇", "township"),
        ("C", "所属/村 （社区）", "community"),
        ("D", "手机号（必填）", "mobile"),
    ]
    assert [row.number for row in found.rows] == [4]


def test_of_two_columns_for_one_field_the_surer_name_wins_and_a_hand_made_mapping_over_both():
    rows = [["姓名", "联系电话", "手机号", "工号"], ["甲", "1", "2", "3"]]
    found = table(rows)
    assert found.fields == {"name": 0, "mobile": 2}
    assert [column.title for column in found.unknown] == ["联系电话", "工号"]
    sheet = page(made.made(rows))
    assert sheets.find_table(sheet, ALIASES, mapping={3: "mobile"}).fields == {"name": 0, "mobile": 3}
    assert sheets.find_table(sheet, ALIASES, mapping={2: ""}).fields == {"name": 0, "mobile": 1}


def test_what_is_no_data_is_skipped_with_its_reason_and_its_own_number():
    head = ["序号", "姓名", "身份证号", "手机号"]
    found = table(
        [
            ["花名册"],
            [],
            head,
            [1, "合计", "421202199907199980", "15410000008"],  # a person may be called anything
            [None, None, None, None],
            head,
            [2, "联系", "x", "15410000009"],
            [3],
            ["花名册"],
            [4, "乙", None, None],
            ["小计：", "3人"],
            ["合  计", None, 4],
            ["备注：以上均为在岗人员"],
            ["制表人：甲", None, "审核人：乙", "联系电话：0715-8123456"],
            [None, " "],
        ]
    )
    assert [row.number for row in found.rows] == [4, 7, 10]
    assert [(row.number, row.reason) for row in found.skipped] == [
        (5, "blank"),
        (6, "header"),
        (8, "blank"),
        (9, "header"),
        (11, "total"),
        (12, "total"),
        (13, "note"),
        (14, "signature"),
    ]
    assert found.declared == 4


def test_sheets_without_a_table_are_named_and_left_out():
    def more(book, _sheet):
        book.create_sheet("填表说明").append(["身份证号请设为文本格式"])
        example = book.create_sheet("样表")
        example.append(["姓名", "手机号"])
        hidden = book.create_sheet("选择")
        hidden.append(["姓名", "手机号"])
        hidden.sheet_state = "hidden"
        book.create_sheet("沙坪镇").append(["姓名", "手机号"])
        book.create_sheet("统计").append(["人数", "12"])

    book = sheets.read(made.made([["姓名", "手机号"], ["甲", "1"]], title="天城镇", change=more), name="x")
    found, left_out = sheets.tables(book, ALIASES)
    assert [(table.sheet.name, len(table.rows)) for table in found] == [("天城镇", 1), ("沙坪镇", 0)]
    assert left_out == [
        sheets.LeftOut("填表说明", "specimen"),
        sheets.LeftOut("样表", "specimen"),
        sheets.LeftOut("选择", "hidden"),
        sheets.LeftOut("统计", "no table"),
    ]


@pytest.mark.parametrize("declared", ["A1", "A1:XFC1048576"])
def test_declared_sizes_are_not_believed(declared):
    rows = "".join(f'<row r="{n}">{made.cell(f"A{n}", "姓名")}{made.cell(f"B{n}", "手机号")}</row>' for n in (1, 2))
    xml = made.sheet(rows).replace("<sheetData>", f'<dimension ref="{declared}"/><sheetData>')
    assert page(made.xlsx(xml)).rows == [["姓名", "手机号"], ["姓名", "手机号"]]


def test_letters():
    assert [sheets.letter(column) for column in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]


def test_a_date_with_a_format_of_its_own_stays_a_date():
    def style(_book, sheet):
        sheet["A1"].number_format = numbers.FORMAT_DATE_XLSX14

    assert page(made.made([[45503]], change=style)).rows == [[dt.date(2024, 7, 30)]]

"""Where the table lies in a sheet, and which of its rows are people."""

import pytest

from lms import sheets
from tests.lms import workbooks as made

ALIASES = {
    "seq": ["序号"],
    "name": ["姓名", "网格员姓名"],
    "id_number": ["身份证号", "身份证号码"],
    "mobile": ["手机号", "联系电话"],
    "township": ["乡镇"],
    "community": ["村社区", "村"],
}
ONE, TWO, THREE = "421202199907199980", "421202199907199981", "421202199907199982"


def table(rows: list[list], *merges: str) -> sheets.Table:
    def merge(_book, sheet):
        for area in merges:
            sheet.merge_cells(area)

    book = sheets.read(made.made(rows, change=merge), name="x.xlsx")
    (found,), _left = sheets.tables(book, ALIASES, need=("name", "id_number"))
    return found


def reasons(found: sheets.Table) -> list[tuple[int, str]]:
    return [(row.number, row.reason) for row in found.skipped]


def test_a_title_over_everything_and_a_line_of_units_are_no_header():
    found = table(
        [
            ["网格员花名册"],
            ["填报单位：天城镇", None, "填报时间：2024年7月"],
            ["姓名", "身份证号", "手机号"],
            ["甲", ONE, "1"],
        ],
        "A1:C1",
        "A2:B2",
    )
    assert found.header_rows == (3,)
    assert [column.title for column in found.columns] == ["姓名", "身份证号", "手机号"]


def test_an_upper_row_belongs_to_the_header_only_where_it_names_columns():
    assert table([["附件", "花名册"], ["姓名", "身份证号"], ["甲", ONE]]).header_rows == (2,)
    apart = table([["姓名", "证件", None], [None, "类型", "身份证号"], ["甲", "身份证", ONE]])
    assert (apart.header_rows, apart.fields) == ((1, 2), {"name": 0, "id_number": 2})
    groups = table([["网格长", None, "网格员", None], ["姓名", "电话", "姓名", "身份证号"], ["长", "1", "员", ONE]])
    assert (groups.header_rows, groups.rows[0].cells["name"]) == ((1, 2), "员")


def test_three_rows_are_one_header_where_merges_hold_them_together():
    found = table(
        [
            ["花名册"],
            ["姓名", "基本情况"],
            [None, "证件", None, "所在"],
            [None, "证件类型", "身份证号", "乡镇", "村"],
            ["甲", "身份证", ONE, "温泉", "北街"],
        ],
        "A1:E1",
        "A2:A4",
        "B2:E2",
        "B3:C3",
        "D3:E3",
    )
    assert found.header_rows == (2, 3, 4)
    assert [column.title for column in found.columns][2:4] == ["基本情况/证件/身份证号", "基本情况/所在/乡镇"]
    assert found.fields == {"name": 0, "id_number": 2, "township": 3, "community": 4}


def test_of_two_names_the_one_under_the_right_group_is_taken():
    found = table(
        [["网格长", None, "网格员"], ["姓名", "联系电话", "姓名", "身份证号"], ["长", "1", "员", ONE]], "A1:B1", "C1:D1"
    )
    assert found.rows[0].cells["name"] == "员"


def test_a_header_with_breaks_spaces_and_marks():
    found = table([["姓\u3000名\n（必填）", "*身份证\r\n号码【文本格式】", "联系 电话(11位)"], ["甲", ONE, "1"]])
    assert found.fields == {"name": 0, "id_number": 1, "mobile": 2}
    assert found.columns[0].title == "姓 名 （必填）"


@pytest.mark.parametrize(
    "hint",
    [
        ["必填", "必填，18位", "选填"],
        ["请填写真实姓名", "文本格式", None],
        ["张三", ONE, "示例，正式导入请删除此行"],
        ["示例", ONE, "15410000008"],
        ["张三（示例）", ONE, "15410000008"],
        ["本行为示例", None, None],
        [1, 2, 3],
    ],
)
def test_a_row_of_hints_under_the_header_is_left_out_and_counted(hint):
    found = table([["姓名", "身份证号", "手机号"], hint, ["甲", ONE, "1"]])
    assert [row.number for row in found.rows] == [3]
    assert reasons(found) == [(2, "hint")]


def test_a_person_under_the_header_is_a_person():
    found = table([["姓名", "身份证号", "手机号"], ["填必", ONE, "必填"], ["示例", TWO, "1"], ["乙", "18位", None]])
    assert [row.number for row in found.rows] == [2, 3, 4]


def test_each_total_is_held_against_what_it_speaks_of():
    head = ["序号", "姓名", "身份证号"]
    found = table(
        [
            head,
            [1, "甲", ONE],
            [2, "乙", TWO],
            [2, "小计", "2人"],
            head,
            [3, "丙", THREE],
            ["本页合计：1人"],
            [4, "丁", ONE],
            ["小计", None, 3],
            ["总  计", "共4人", None],
            ["以下空白"],
        ]
    )
    assert [(check.row, check.declared, check.counted, check.agrees) for check in found.checks] == [
        (4, 2, 2, True),
        (7, 1, 1, True),
        (9, 3, 1, False),
        (10, 4, 4, True),
    ]
    assert found.declared == 4
    assert (11, "note") in reasons(found)


def test_totals_called_the_same_in_every_block_speak_of_their_block():
    rows = [["姓名", "身份证号"], ["甲", ONE], ["乙", TWO], ["合计", 2], ["丙", THREE], ["合计", 1]]
    found = table(rows)
    assert [check.agrees for check in found.checks] == [True, True]
    assert found.declared is None
    assert table(rows[:4]).declared == 2
    assert table([*rows[:2], ["男40人，女45人，合计85人"]]).rows[0].cells["name"] == "甲"


def test_two_tables_beside_each_other_are_said_and_not_read():
    rows = [["姓名", "身份证号", None, "姓名", "身份证号"], ["甲", ONE, None, "乙", TWO]]
    book = sheets.read(made.made(rows), name="x.xlsx")
    assert sheets.tables(book, ALIASES) == ([], [sheets.LeftOut("表", "side by side")])


def test_rows_that_a_filter_hides_are_read_and_named():
    def hide(_book, sheet):
        sheet.auto_filter.ref = "A1:B3"
        sheet.auto_filter.add_filter_column(0, ["甲"])
        sheet.row_dimensions[3].hidden = True

    book = sheets.read(made.made([["姓名", "身份证号"], ["甲", ONE], ["乙", TWO]], change=hide), name="x")
    ((found,), _left) = sheets.tables(book, ALIASES)
    assert ([row.number for row in found.rows], found.hidden_rows) == ([2, 3], [3])


@pytest.mark.parametrize(
    "name",
    [
        "天城镇",
        "天城镇（85人）",
        "1.天城镇",
        "01、天城镇",
        "（一）天城镇",
        "一、天城镇",
        " 天城镇 ",
        "天城镇85人",
        "3天城镇",
        "天城镇网格员名册",
    ],
)
def test_a_sheets_name_tells_its_place(name):
    assert sheets.bare_name(name) == "天城镇"
    assert sheets.bare_name("2024") == "2024"


# --- two tables, one under the other ------------------------------------------------------------------------------------


def under(rows: list[list], *, need: tuple[str, ...] = ("name", "id_number")) -> list[sheets.Table]:
    found, _left = sheets.tables(sheets.read(made.made(rows), name="x.xlsx"), ALIASES, need=need)
    return found


def test_a_second_table_is_read_by_its_own_header():
    upper, lower = under(
        [
            ["姓名", "身份证号", "手机号", "村"],
            ["甲", ONE, "13900000001", "一村"],
            [None],
            ["兼职网格员"],
            ["序号", "村", "姓名", "身份证号", "备注"],
            [1, "二村", "乙", TWO, "新来"],
            [2, "二村", "丙", THREE, None],
        ]
    )
    assert [(row.number, row.cells["name"], row.cells["community"]) for row in upper.rows] == [(2, "甲", "一村")]
    assert [(row.number, row.cells["name"], row.cells["community"]) for row in lower.rows] == [
        (6, "乙", "二村"),
        (7, "丙", "二村"),
    ]
    assert (upper.header_rows, lower.header_rows, lower.sheet.name) == ((1,), (5,), upper.sheet.name)
    assert reasons(upper) == [(3, "blank"), (4, "note")]
    assert [(column.letter, column.field) for column in lower.columns][:3] == [
        ("A", "seq"),
        ("B", "community"),
        ("C", "name"),
    ]


def test_two_columns_that_change_places_are_another_header():
    """More than half of it says what the header over it says, and it is no repetition."""
    upper, lower = under(
        [
            ["姓名", "身份证号", "手机号", "乡镇", "村"],
            ["甲", ONE, "13900000001", "天城镇", "一村"],
            ["姓名", "身份证号", "手机号", "村", "乡镇"],
            ["乙", TWO, "13900000002", "二村", "天城镇"],
        ]
    )
    assert (upper.rows[0].cells["community"], lower.rows[0].cells["community"]) == ("一村", "二村")


def test_a_lower_header_of_two_rows_is_joined_too():
    def merge(_book, sheet):
        for area in ("A3:A4", "B3:C3", "D3:D4"):
            sheet.merge_cells(area)

    rows = [
        ["姓名", "身份证号", "乡镇"],
        ["甲", ONE, "天城镇"],
        ["姓名", "所属", None, "身份证号"],
        [None, "乡镇", "村", None],
        ["乙", "白霓镇", "二村", TWO],
    ]
    found, _left = sheets.tables(
        sheets.read(made.made(rows, change=merge), name="x.xlsx"), ALIASES, need=("name", "id_number")
    )
    assert [table.header_rows for table in found] == [(1,), (3, 4)]
    assert found[1].rows[0].cells == {"name": "乙", "township": "白霓镇", "community": "二村", "id_number": TWO}


def test_a_table_of_another_kind_is_left_out_and_counted_up_to_the_next_header():
    (found,) = under(
        [
            ["姓名", "身份证号", "村"],
            ["甲", ONE, "一村"],
            ["联系电话", "乡镇", "村社区"],
            ["0715-8123456", "天城镇", "一村"],
            ["合计", "9人"],
            ["姓名", "身份证号", "村"],
            ["乙", TWO, "二村"],
        ]
    )
    assert [row.cells["name"] for row in found.rows] == ["甲", "乙"]
    assert reasons(found) == [(3, "other"), (4, "other"), (5, "other"), (6, "header")]
    assert found.checks == []


def test_the_same_columns_in_other_words_are_no_second_table():
    (found,) = under(
        [["姓名", "身份证号", "手机号"], ["甲", ONE, "1"], ["网格员姓名", "身份证号码", "联系电话"], ["乙", TWO, "2"]]
    )
    assert [row.cells["name"] for row in found.rows] == ["甲", "乙"]
    assert reasons(found) == [(3, "header")]


def test_a_total_under_both_speaks_of_both():
    _upper, lower = under(
        [
            ["姓名", "身份证号"],
            ["甲", ONE],
            ["小计", "1人"],
            ["身份证号", "姓名"],
            [TWO, "乙"],
            ["小计", "1人"],
            ["总计", "2人"],
        ]
    )
    assert [(check.declared, check.agrees) for check in lower.checks] == [(1, True), (2, True)]


def test_endless_headers_are_left_out_at_last_and_never_misread():
    rows = [["姓名", "身份证号"], ["甲", ONE]]
    for turn in range(300):
        rows += [["身份证号", "姓名"], [TWO, "乙"]] if turn % 2 == 0 else [["姓名", "身份证号"], ["丙", THREE]]
    found = under(rows)
    assert len(found) == 20
    assert {row.cells["name"] for table in found for row in table.rows} == {"甲", "乙", "丙"}
    assert {row.cells["id_number"] for table in found for row in table.rows} == {ONE, TWO, THREE}


def test_a_title_over_a_header_that_comes_again_is_no_person():
    (found,) = under(
        [
            ["姓名", "身份证号", "手机号"],
            ["甲", ONE, "1"],
            ["二、兼职"],
            ["姓名", "身份证号", "手机号"],
            ["乙", TWO, "2"],
            ["丙丁"],
            ["姓名", "身份证号", "手机号"],
        ]
    )
    # a name alone may be a person of whom everything else is missing
    assert [row.cells["name"] for row in found.rows] == ["甲", "乙", "丙丁"]
    assert reasons(found) == [(3, "note"), (4, "header"), (7, "header")]

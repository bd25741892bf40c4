"""What an admin says by hand of how a file is read is done, and what nobody has said is only offered."""

from hypothesis import given
from hypothesis import strategies as st

from lms import sheets
from lms.sheets import ReadOptions
from tests.lms import workbooks as made

ALIASES = {
    "seq": ["序号"],
    "name": ["姓名"],
    "id_number": ["身份证号"],
    "township": ["乡镇"],
    "community": ["村社区", "村"],
    "mobile": ["手机号", "联系电话"],
}
UNTOUCHED = ReadOptions()
NEED = ("name", "id_number")


def read(rows, *, options=UNTOUCHED, need=NEED, fillable=(), **made_with):
    book = sheets.read(made.made(rows, **made_with), name="x.xlsx")
    return sheets.tables(book, ALIASES, need=need, options=options, fillable=fillable)


def people(found) -> list[tuple]:
    return [(row.number, *row.cells.values()) for row in found.rows]


ODD = [
    ["花名册"],
    ["人", "证", "哪里的"],
    ["甲", "1", "温泉街道"],
    ["乙", "2", "温泉街道"],
]


def test_without_a_header_the_first_rows_are_shown_and_the_nearest_told():
    found, (left,) = read([["花名册"], [], ["姓名", "证 件", "手机号"], ["甲", "1", "2"]])
    assert (found, left, left.near) == (
        [],
        sheets.LeftOut("表", "no table"),
        (sheets.Near(3, 1, ("mobile", "name"), ("id_number",)),),
    )
    sheet = sheets.read(made.made(ODD), name="x").sheets[0]
    assert sheets.candidates(sheet, 2) == [
        sheets.Shown(1, ("花名册", "", "")),
        sheets.Shown(2, ("人", "证", "哪里的")),
    ]


def test_a_column_by_hand_is_taken_and_the_header_found_by_it():
    options = ReadOptions(mapping={"*": {"A": "name", "C": "township"}, "表": {"b": "id_number", "C": "community"}})
    (found,), _left = read(ODD, options=options)
    assert found.header_rows == (2,)
    assert found.fields == {"name": 0, "id_number": 1, "community": 2}
    assert people(found) == [(3, "甲", "1", "温泉街道"), (4, "乙", "2", "温泉街道")]


def test_a_column_without_a_title_can_be_given_a_field():
    options = ReadOptions(mapping={"*": {"B": "id_number"}})
    (found,), _left = read([["姓名", None, "手机号"], ["甲", "1", "2"]], options=options)
    assert [(column.letter, column.title, column.field) for column in found.columns] == [
        ("A", "姓名", "name"),
        ("B", "", "id_number"),
        ("C", "手机号", "mobile"),
    ]


def test_a_header_by_hand_is_taken_where_it_stands():
    options = ReadOptions(headers={"表": (4, 1)}, mapping={"*": {"A": "name", "B": "id_number"}})
    (found,), _left = read([["姓名", "身份证号"], ["某甲", "0"], [], ["子", "丑"], ["乙", "2"]], options=options)
    assert (found.header_rows, people(found)) == ((4,), [(5, "乙", "2")])
    assert read(ODD, options=ReadOptions(headers={"表": (9, 1)}))[0] == []


def test_a_remembered_title_is_stronger_than_an_alias_and_weaker_than_a_hand():
    rows = [["姓名", "身份证号", "联系电话", "村组"], ["甲", "1", "2", "3"]]
    titles = {"村组": "community", "联系电话": ""}
    (found,), _left = read(rows, options=ReadOptions(titles=titles))
    assert found.fields == {"name": 0, "id_number": 1, "community": 3}
    options = ReadOptions(titles=titles, mapping={"*": {"C": "mobile", "D": ""}})
    assert read(rows, options=options)[0][0].fields == {"name": 0, "id_number": 1, "mobile": 2}


def test_sheets_are_taken_off_and_specimens_read_after_all():
    def more(book, _sheet):
        for title in ("样表", "选择"):
            book.create_sheet(title).append(["姓名", "身份证号"])
        book["选择"].sheet_state = "hidden"

    options = ReadOptions(sheets_off=("表",), sheets_on=("样表", "选择"))
    found, left = read([["姓名", "身份证号"]], options=options, change=more)
    assert [table.sheet.name for table in found] == ["样表", "选择"]
    assert left == [sheets.LeftOut("表", "off")]


BLOCKS = [
    ["姓名", "身份证号", "乡镇", "村"],
    ["甲", "1", "温泉街道", "北街"],
    ["乙", "2", None, None],
    ["丙", "3", " ", "南街"],
    ["小计", "3人"],
    ["丁", "4", None, "东街"],
    ["戊", "5", "浮山街道", None],
    ["己", "6", None, None],
]


def test_blank_cells_under_a_value_are_offered_and_never_filled_in_silence():
    (found,), _left = read(BLOCKS, fillable=("township", "community"))
    assert [row.cells["township"] for row in found.rows] == ["温泉街道", None, None, None, "浮山街道", None]
    assert found.gaps == {
        "township": sheets.Gap(3, 3, "温泉街道", (3, 4, 8)),
        "community": sheets.Gap(3, 3, "北街", (3, 7, 8)),
    }
    assert read(BLOCKS)[0][0].gaps == {}


def test_a_cell_forgotten_among_many_is_no_pattern():
    rows = [["姓名", "身份证号", "乡镇"], *(["甲", str(n), "温泉街道" if n != 5 else None] for n in range(9))]
    assert read(rows, fillable=("township",))[0][0].gaps == {}


def test_the_value_above_is_taken_where_it_is_asked_for_and_not_across_a_total():
    (found,), _left = read(BLOCKS, options=ReadOptions(fill={"表": ("township",)}), fillable=("township", "community"))
    assert [row.cells["township"] for row in found.rows] == [
        "温泉街道",
        "温泉街道",
        "温泉街道",
        None,
        "浮山街道",
        "浮山街道",
    ]
    assert (found.filled, list(found.gaps)) == ({"township": 3}, ["community"])


def test_hidden_rows_and_columns_are_read_unless_they_are_to_be_left_out():
    def hide(_book, sheet):
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True

    rows = [["姓名", "身份证号", "手机号"], ["甲", "1", "2"], ["乙", "2", "3"]]
    (found,), _left = read(rows, change=hide)
    assert (found.hidden_rows, [column.letter for column in found.hidden_columns]) == ([3], ["C"])
    assert people(found) == [(2, "甲", "1", "2"), (3, "乙", "2", "3")]
    options = ReadOptions(hidden_rows="leave_out", hidden_columns="leave_out")
    (found,), _left = read(rows, options=options, change=hide)
    assert people(found) == [(2, "甲", "1")]
    assert found.skipped == [sheets.Skipped(3, "hidden", "乙 2 3")]
    assert [(column.title, column.field) for column in found.hidden_columns] == [("手机号", "")]


def test_each_column_shows_a_few_of_its_values():
    (found,), _left = read([["姓名", "身份证号", "组"], *(["甲", str(n), n % 2] for n in range(6))])
    assert [column.samples for column in found.columns] == [("甲",), ("0", "1", "2"), ("0", "1")]


def test_what_was_said_comes_back_from_json_as_it_was():
    said = {
        "mapping": {"表": {"A": "name"}},
        "titles": {"姓名": "name"},
        "headers": {"表": [2, 1]},
        "sheets_off": ["样表"],
        "fill": {"*": ["township"]},
        "hidden_rows": "leave_out",
    }
    assert ReadOptions.from_json(said).as_json() == said
    assert ReadOptions().as_json() == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(ReadOptions.__dataclass_fields__)), JSON) | JSON)
def test_whatever_json_is_given_the_file_is_read(said):
    options = ReadOptions.from_json(said)
    assert ReadOptions.from_json(options.as_json()) == options
    sheet = sheets.Sheet("表", [["姓名", "身份证号"], ["甲", "1"]])
    sheets.tables(sheets.Book("x", "csv", [sheet]), ALIASES, options=options)

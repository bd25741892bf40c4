"""The workbooks that are handed out to be filled in: they read as they are meant, and their examples are nobody."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms import imports, judging, specimens
from lms.models import Outcome
from lms.refusal import Refused
from roster.identity import check_digit, id_number
from roster.models import Grid, Worker

KINDS = ("divisions", "grids", "roster")


def number(order: int) -> str:
    first = f"42120219800101{order:03}"
    return first + check_digit(first)


@pytest.fixture
def handed(client_of: Callable[..., Client]) -> Callable[..., openpyxl.Workbook]:
    def handed(user: Any, kind: str) -> openpyxl.Workbook:
        answer = client_of(user).get(reverse("import_template", args=[kind]))
        assert answer.status_code == 200
        assert "模板.xlsx" in unquote(answer["Content-Disposition"])
        return openpyxl.load_workbook(io.BytesIO(answer.getvalue()))

    return handed


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(kind: str, data: bytes, user: Any) -> judging.Reading:
    return judging.read(imports.resource_of(kind)(), data, name="模板.xlsx", actor=user, now=timezone.now())


def columns(page: Any) -> dict[str, int]:
    return {str(cell.value).removesuffix("（必填）"): cell.column for cell in page[1]}


def filled(page: Any, row: int, **values: Any) -> None:
    places = columns(page)
    for title, value in values.items():
        page.cell(row, places[title]).value = value


@pytest.mark.parametrize("kind", KINDS)
def test_an_untouched_template_has_nothing_to_import(city, city_admin, handed, kind):
    with pytest.raises(Refused, match="没有要导入的行"):
        read(kind, saved(handed(city_admin, kind)), city_admin)


def test_rows_written_below_the_examples_go_in(city, county_admin, handed):
    book = handed(county_admin, "roster")
    for row, order, grid in ((4, 1, "第一网格"), (5, 2, "第二网格")):
        place = {"乡镇街道": "永安街道", "村社区": "双鹤社区", "网格名称": grid}
        person = {"姓名": f"王天{'一二'[order - 1]}", "身份证号": number(order), "手机号": f"1540715000{order}"}
        filled(book.worksheets[0], row, **person, **place, 专兼职="专职", 学历="本科", 上岗时间="2022年3月")
    reading = read("roster", saved(book), county_admin)
    assert reading.counts == {Outcome.NEW: 2}
    assert [line.notes for line in reading.lines] == [[], []]
    assert [line.number for line in reading.lines] == [4, 5]
    assert reading.skipped_rows == 2
    assert {why for _name, why in reading.report["left_out"]} == {"specimen", "hidden"}
    person = (reading.lines[0].plan or {})["person"]
    assert (person["joined_precision"], person["education"], person["employment"]) == ("month", "本科", "fulltime")


def test_whoever_writes_over_an_example_has_written_a_row(city, county_admin, handed):
    book = handed(county_admin, "roster")
    place = {"县市区": "咸安区", "乡镇街道": "永安街道", "村社区": "双鹤社区", "网格名称": "第一网格", "网格编码": ""}
    filled(book.worksheets[0], 2, 姓名="王天一", 身份证号=number(1), **place)
    reading = read("roster", saved(book), county_admin)
    assert reading.counts == {Outcome.NEW: 1}
    assert reading.lines[0].label == "王天一"


def test_filled_templates_of_the_grids_and_the_divisions_go_in(city, city_admin, county_admin, handed):
    book = handed(county_admin, "grids")
    filled(
        book.worksheets[0],
        4,
        乡镇街道="永安街道",
        村社区="双鹤社区",
        网格名称="第三网格",
        网格类型="城镇社区网格",
        户数=400,
    )
    (line,) = read("grids", saved(book), county_admin).lines
    assert (line.outcome, line.plan["households"], line.plan["kind"]) == (Outcome.NEW, 400, "urban")
    book = handed(city_admin, "divisions")
    filled(book.worksheets[0], 4, 层级="乡镇", 区划代码="421202003", 名称="新镇", 上级代码="421202", 类别="镇")
    (line,) = read("divisions", saved(book), city_admin).lines
    assert (line.outcome, line.notes) == (Outcome.NEW, [])


def test_numbers_stay_text_for_thousands_of_rows_and_lists_offer_ones_own_places(city, county_admin, handed):
    book = handed(county_admin, "roster")
    page = book.worksheets[0]
    places = columns(page)
    for title in ("身份证号", "手机号", "上岗时间"):
        assert page.column_dimensions[openpyxl.utils.get_column_letter(places[title])].number_format == "@"
    rules = {min(area.min_col for area in rule.sqref.ranges): rule for rule in page.data_validations.dataValidation}
    rule = rules[places["乡镇街道"]]
    assert max(span.max_row for span in rule.sqref.ranges) >= 2000
    store, _mark, area = rule.formula1.partition("!")
    offered = [cell.value for (cell,) in book[store.strip("'")][area.replace("$", "")]]
    assert offered == ["永安街道", "汀泗桥镇"]
    assert {places[title] for title in ("性别", "专兼职", "学历", "政治面貌", "选聘方式")} <= set(rules)
    assert [sheet.title for sheet in book.worksheets] == ["网格员花名册", "填写说明", "地名字典", "选项"]
    assert book["选项"].sheet_state == "hidden"
    assert page.freeze_panes == "B2"
    needed = {cell.value for cell in page[1] if cell.value.endswith("（必填）")}
    assert needed == {f"{title}（必填）" for title in ("姓名", "身份证号", "乡镇街道", "村社区", "网格名称")}


def test_the_people_of_the_examples_cannot_be_anybody(city, county_admin, handed):
    page = handed(county_admin, "roster").worksheets[0]
    places = columns(page)
    for row in (2, 3):
        known = id_number(page.cell(row, places["身份证号"]).value)
        assert not known.codes
        assert 996 <= int(known.value[14:17]) <= 999
        assert page.cell(row, places["手机号"]).value.startswith("154")
        assert "示例" in page.cell(row, places["姓名"]).value


def test_every_column_has_a_hint_and_no_cell_is_a_formula(city, city_admin, handed):
    for kind in KINDS:
        assert all(str(column.hint).endswith("。") for column in imports.resource_of(kind)().columns().values())
        book = handed(city_admin, kind)
        assert {cell.data_type for page in book.worksheets for row in page.iter_rows() for cell in row} <= {
            "s",
            "n",
            "inlineStr",
        }


def test_where_an_example_says_nothing_of_who_it_is_no_row_is_left_out():
    resource = imports.resource_of("roster")()
    assert len(specimens.examples(resource)) == 2
    resource.need = ("certificate",)  # the second example has none
    assert specimens.examples(resource) == {("助理社会工作师",)}


@pytest.mark.parametrize(
    ("who", "kinds"),
    [("township_admin", "roster"), ("county_admin", "grids roster"), ("city_admin", "divisions grids roster")],
)
def test_each_admin_gets_the_templates_of_the_kinds_they_may_bring_in(city, client_of, request, who, kinds):
    client = client_of(request.getfixturevalue(who))
    got = {kind for kind in KINDS if client.get(reverse("import_template", args=[kind])).status_code == 200}
    assert got == set(kinds.split())
    assert client.get(reverse("import_template", args=["nothing"])).status_code == 404
    page = client.get(reverse("imports")).content.decode()
    assert all((reverse("import_template", args=[kind]) in page) == (kind in got) for kind in KINDS)
    assert client.post(reverse("import_template", args=["roster"])).status_code == 405


@pytest.mark.parametrize("who", ["leader", "editor"])
def test_who_may_import_nothing_finds_no_template(city, client_of, request, who):
    client = client_of(request.getfixturevalue(who))
    assert client.get(reverse("import_template", args=["roster"])).status_code == 404


def test_a_visitor_is_sent_to_sign_in(db):
    answer = Client().get(reverse("import_template", args=["roster"]))
    assert (answer.status_code, "sign-in" in answer["Location"]) == (302, True)


def test_a_template_asks_as_much_for_a_county_as_for_the_city(
    city, county_admin, city_admin, client_of, django_assert_max_num_queries
):
    for user in (county_admin, city_admin):
        client = client_of(user)
        with django_assert_max_num_queries(19):
            client.get(reverse("import_template", args=["roster"]))
    assert (Worker.objects.count(), Grid.objects.count()) == (0, 16)

"""The admin's own file comes back with the reasons beside its rows, is put right there, and goes in."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from lms import annotated, exported, imports, ownfile, rebuilt, reports, sheets
from lms.models import AuditEntry, ImportRun, ImportState, Outcome
from roster.models import Worker
from tests.conftest import MOMENT
from tests.lms.test_imports import number
from tests.lms.workbooks import made, ods

pytestmark = pytest.mark.django_db(transaction=True)

ROSTERS = Path(__file__).parents[1] / "data" / "rosters"
MARK = exported.Mark("钱县办", MOMENT)
HEAD = ["姓名", "身份证号", "手机号", "乡镇", "社区", "网格", "学历"]


def row(
    order: int, name: str, *, town: str = "永安街道", place: str = "双鹤社区", mobile: str = "", **more: Any
) -> list:
    return [name, more.get("number", number(order)), mobile or f"1390715{order:04}", town, place, "第一网格", "大专"]


def dressed(book: Any, page: Any) -> None:
    """A roster as a county keeps one: a merged title, wide columns, a second sheet, a colour, a formula, a list to pick from."""
    page.insert_rows(1)
    page["A1"] = "咸安区网格员花名册"
    page.merge_cells("A1:G1")
    page.column_dimensions["B"].width = 31
    page["A3"].font = Font(name="仿宋", size=14)
    page["G3"].fill = PatternFill("solid", fgColor="FFEE00")
    rule = DataValidation("list", formula1='"大专,本科"')
    rule.add("G3:G50")
    page.add_data_validation(rule)
    notes = book.create_sheet("说明（注意事项）")
    notes["A1"], notes["B2"] = "不要改", "=SUM(1,2)"
    notes["A3"] = "=HYPERLINK"
    notes["A3"].data_type = "s"


@pytest.fixture
def send(client_of: Callable[..., Client]) -> Callable[..., ImportRun]:
    def send(user: Any, data: bytes, *, name: str = "花名册.xlsx", kind: str = "roster") -> ImportRun:
        answer = client_of(user).post(reverse("imports"), {"kind": kind, "file": SimpleUploadedFile(name, data)})
        assert answer.status_code == 302, answer.content.decode()
        return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    return send


@pytest.fixture
def back(client_of: Callable[..., Client]) -> Callable[..., tuple[str, bytes]]:
    def back(user: Any, run: ImportRun) -> tuple[str, bytes]:
        answer = client_of(user).get(reverse("import_annotated", args=[run.pk]))
        assert answer.status_code == 200, answer
        return unquote(answer["Content-Disposition"].rpartition("''")[2]), answer.getvalue()

    return back


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_workbook_comes_back_as_it_was_with_the_reasons_beside_its_rows(county_admin, send, back):
    rows = [
        HEAD,
        row(1, "王天一"),
        row(2, "王天二", place="无此村"),
        row(3, "王天三", mobile="139071"),
        row(4, "陈远方", town="鱼岳镇", place="方庄社区"),
    ]
    run = send(county_admin, made(rows, title="网格员", change=dressed), name="我的花名册.xlsx")
    assert run.counts == {"new": 2, "wrong": 1, "out_of_reach": 1}
    name, data = back(county_admin, run)
    assert name == "我的花名册（带错误原因）.xlsx"
    noted = AuditEntry.objects.get(action="personal.exported")
    assert (noted.actor_id, noted.subject, noted.detail) == (
        county_admin.pk,
        f"lms.importrun:{run.pk}",
        {"kind": "import.annotated", "rows": 3, "reason": "repair"},
    )
    book = openpyxl.load_workbook(io.BytesIO(data))
    page = book["网格员"]
    assert [page.cell(2, column).value for column in (7, 8, 9)] == ["学历", "错误原因", "提醒"]
    assert page["H4"].value == "E 列：永安街道没有叫“无此村”的村或社区。请核对名称，或先更新区划表。"
    assert page["H4"].font.color.rgb == "00B3261E"
    assert page["E4"].fill.fgColor.rgb == "00F8CBC4"
    assert page["H6"].value == "鱼岳镇不在你的管辖范围内。"
    assert [page[f"H{row}"].value for row in (3, 5)] == [None, None]
    assert page["I5"].value.startswith("C 列：手机号不是 11 位")
    # all else is as it was
    assert page["A1"].value == "咸安区网格员花名册"
    assert str(next(iter(page.merged_cells.ranges))) == "A1:G1"
    assert page.column_dimensions["B"].width == 31
    assert (page["A3"].font.name, page["A3"].font.size, page["G3"].fill.fgColor.rgb) == ("仿宋", 14, "00FFEE00")
    assert page.data_validations.dataValidation[0].formula1 == '"大专,本科"'
    notes = book["说明（注意事项）"]
    assert (notes["B2"].value, notes["B2"].data_type) == ("=SUM(1,2)", "f")
    assert (notes["A3"].value, notes["A3"].data_type) == ("=HYPERLINK", "s")
    assert page["B4"].value == number(2)


@pytest.mark.postgres
def test_put_right_in_that_file_the_row_goes_in_and_the_next_answer_has_no_second_column(county_admin, send, back):
    rows = [HEAD, row(1, "王天一"), row(2, "王天二", place="无此村"), row(3, "王天三", place="无此社区")]
    run = send(county_admin, made(rows, title="网格员", change=dressed))
    _name, data = back(county_admin, run)
    book = openpyxl.load_workbook(io.BytesIO(data))
    book["网格员"]["E4"] = "双鹤社区"
    again = send(county_admin, saved(book), name="花名册（带错误原因）.xlsx")
    assert again.counts == {"new": 2, "wrong": 1}
    assert not {title for sheet in again.reading["sheets"] for _letter, title, _field in sheet["columns"]} & {
        "错误原因",
        "提醒",
    }
    assert not any(note for row in again.rows.filter(outcome=Outcome.NEW) for note in row.notes)
    page = openpyxl.load_workbook(io.BytesIO(back(county_admin, again)[1]))["网格员"]
    titles = [cell.value for cell in page[2]]
    assert titles.count("错误原因") == 1
    assert page["H4"].value is None
    assert page["E4"].fill.fill_type is None
    assert page["H5"].value.startswith("E 列：")
    assert page["E5"].fill.fgColor.rgb == "00F8CBC4"


def test_everything_put_right_there_is_nothing_more_to_hand_back(county_admin, send, client_of):
    run = send(county_admin, made([HEAD, row(1, "王天一")]))
    answer = client_of(county_admin).get(reverse("import_annotated", args=[run.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("import_run", args=[run.pk]), 302)]
    assert "这份文件的每一行都能导入" in answer.content.decode()


@pytest.mark.parametrize(
    ("encoding", "mark", "own"),
    [
        ("utf-8", ",", b"\xef\xbb\xbf"),
        ("utf-8-sig", ";", b"\xef\xbb\xbf"),
        ("gb18030", ",", b""),
        ("utf-16", "\t", b"\xff\xfe"),
    ],
)
def test_a_text_table_comes_back_in_its_own_encoding_and_separator(county_admin, send, back, encoding, mark, own):
    head = [*HEAD, "备注"]
    rows = [
        head,
        [*row(1, "王天一"), '含,逗号;分号\t和“引号”"x"'],
        [*row(2, "王天二", place="无此村"), f'="{number(2)}"'],
        [],
        row(3, "王天三"),
    ]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark).writerows(rows)
    run = send(county_admin, out.getvalue().encode(encoding), name="花名册.csv")
    assert run.counts == {"new": 2, "wrong": 1}
    name, data = back(county_admin, run)
    assert name == "花名册（带错误原因）.csv"
    assert data.startswith(own)
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    assert [line[: len(given)] for line, given in zip(found, rows, strict=True)] == rows
    assert found[0][-2:] == ["错误原因", "提醒"]
    assert found[2][-2].startswith("E 列：永安街道没有叫“无此村”")
    assert "\r\n" in text

    fixed = text.replace("无此村", "双鹤社区", 1).encode("utf-8-sig" if encoding == "utf-8" else encoding)
    again = send(county_admin, fixed, name=name)
    assert again.counts == {"new": 3}


def test_a_text_table_has_no_second_column_either(county_admin, send, back):
    lines = [HEAD, row(1, "王天一", place="无此村"), row(2, "王天二", place="无此村")]
    run = send(county_admin, "\n".join(",".join(line) for line in lines).encode(), name="花名册.csv")
    text = back(county_admin, run)[1].decode("utf-8-sig").replace("无此村,", "双鹤社区,", 1)
    again = send(county_admin, text.encode(), name="花名册.csv")
    assert again.counts == {"new": 1, "wrong": 1}
    found = list(csv.reader(io.StringIO(back(county_admin, again)[1].decode("utf-8-sig"))))
    assert found[0] == [*HEAD, "错误原因", "提醒"]
    assert found[1][7:] == []
    assert found[2][7].startswith("E 列：")


def ods_of(rows: list[list]) -> bytes:
    def cell(value: Any) -> str:
        if isinstance(value, float):
            return f'<table:table-cell office:value-type="float" office:value="{value!r}"><text:p>{value}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(cell, line))}</table:table-row>" for line in rows)
    return ods(f'<table:table table:name="网格员">{body}</table:table>')


def test_another_kind_of_workbook_comes_back_as_xlsx_with_the_same_cells(county_admin, send, back):
    lost = float(number(3))
    rows = [HEAD, row(1, "王天一"), row(2, "王天二", place="无此村"), row(3, "王天三", number=lost)]
    run = send(county_admin, ods_of(rows), name="花名册.ods")
    assert run.counts == {"new": 1, "wrong": 2}
    name, data = back(county_admin, run)
    assert name == "花名册（带错误原因）.xlsx"
    page = openpyxl.load_workbook(io.BytesIO(data))["网格员"]
    assert [cell.value for cell in page[1]] == [*HEAD, "错误原因", "提醒"]
    assert (page["B4"].data_type, float(page["B4"].value)) == ("n", pytest.approx(lost))
    assert page["H4"].value.startswith("B 列：身份证号被表格存成了数字")
    assert page["E3"].fill.fgColor.rgb == "00F8CBC4"
    assert page["B2"].number_format == "@"

    book = openpyxl.load_workbook(io.BytesIO(data))
    book["网格员"]["E3"] = "双鹤社区"
    book["网格员"]["B4"] = number(3)
    again = send(county_admin, saved(book), name=name)
    assert again.counts == {"new": 3}


def test_what_cannot_be_opened_whole_is_built_anew_with_its_merged_cells(county_admin, send, back, monkeypatch):
    rows = [HEAD, row(1, "王天一"), row(2, "王天二", town="", place="无此村"), row(3, "王天三")]

    def merged(_book: Any, page: Any) -> None:
        page.merge_cells("D2:D3")
        page["A4"].value = "=王天三"
        page["A4"].data_type = "s"

    run = send(county_admin, made(rows, title="网格员", change=merged))
    monkeypatch.setattr(annotated, "UNPACKED", 0)
    page = openpyxl.load_workbook(io.BytesIO(back(county_admin, run)[1]))["网格员"]
    assert [str(area) for area in page.merged_cells.ranges] == ["D2:D3"]
    assert page["H3"].value.startswith("E 列：永安街道没有叫")
    assert (page["A4"].value, page["A4"].data_type, page["A4"].quotePrefix) == ("=王天三", "s", True)


def test_an_odd_workbook_is_built_anew_and_not_an_error(county_admin, send, back, monkeypatch):
    run = send(county_admin, made([HEAD, row(2, "王天二", place="无此村")], title="网格员"))
    monkeypatch.setattr(ownfile, "load_workbook", int)
    page = openpyxl.load_workbook(io.BytesIO(back(county_admin, run)[1]))["网格员"]
    assert page["H2"].value.startswith("E 列：")


def test_of_an_endless_list_only_the_rows_themselves_are_handed_out(county_admin, send, client_of, monkeypatch):
    run = send(county_admin, made([HEAD, row(1, "王天一"), row(2, "王天二", place="无此村")]))
    monkeypatch.setattr(annotated, "MOST", 1)
    client = client_of(county_admin)
    answer = client.get(reverse("import_annotated", args=[run.pk]), follow=True)
    assert "请用“只下载这些行”。" in answer.content.decode()
    assert client.get(reverse("import_wrong", args=[run.pk])).status_code == 200


def test_each_sheet_of_a_township_has_its_own_reasons(county_admin, send, back):
    def towns(book: Any, page: Any) -> None:
        other = book.create_sheet("汀泗桥镇")
        other.append(["姓名", "身份证号", "", "社区", "网格"])
        other.append(["李地一", number(11), None, "古塘村", "第一网格"])
        other.append(["李地二", number(12), None, "没有村", "第一网格"])

    rows = [HEAD, row(1, "王天一"), row(2, "王天二", place="无此村")]
    run = send(county_admin, made(rows, title="永安街道", change=towns))
    book = openpyxl.load_workbook(io.BytesIO(back(county_admin, run)[1]))
    assert book["永安街道"]["H3"].value.startswith("E 列：")
    assert book["汀泗桥镇"]["F1"].value == "错误原因"
    assert book["汀泗桥镇"]["F3"].value.startswith("D 列：汀泗桥镇没有叫“没有村”")
    assert book["汀泗桥镇"]["G1"].value is None


def test_a_sheet_that_says_it_is_endless_does_not_grow(county_admin, send, back):
    def far(_book: Any, page: Any) -> None:
        page.cell(1_000_000, 2).fill = PatternFill("solid", fgColor="FFFFFF")

    run = send(county_admin, made([HEAD, row(2, "王天二", place="无此村")], title="网格员", change=far))
    page = openpyxl.load_workbook(io.BytesIO(back(county_admin, run)[1]))["网格员"]
    assert page["H2"].value.startswith("E 列：")


def test_after_the_import_the_rows_left_behind_are_still_told(county_admin, send, back, client_of):
    run = send(county_admin, made([HEAD, row(1, "王天一"), row(2, "王天二", place="无此村")], title="网格员"))
    client = client_of(county_admin)
    client.post(reverse("import_confirm", args=[run.pk]))
    run.refresh_from_db()
    assert (run.state, Worker.objects.count()) == (ImportState.DONE, 1)
    page = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert reverse("import_annotated", args=[run.pk]) in page
    assert reverse("import_report", args=[run.pk]) in page
    book = openpyxl.load_workbook(io.BytesIO(back(county_admin, run)[1]))
    assert book["网格员"]["H3"].value.startswith("E 列：")


def test_a_file_that_is_gone_is_told_in_a_sentence(county_admin, send, client_of):
    run = send(county_admin, made([HEAD, row(2, "王天二", place="无此村")]))
    client = client_of(county_admin)
    client.post(reverse("import_drop", args=[run.pk]))
    for view in ("import_annotated", "import_report"):
        answer = client.get(reverse(view, args=[run.pk]), follow=True)
        assert answer.redirect_chain == [(reverse("import_run", args=[run.pk]), 302)]
        assert "。" in str(next(iter(answer.context["messages"])))


@pytest.mark.parametrize("view", ["import_annotated", "import_report"])
def test_others_find_nothing_and_it_is_only_read(county_admin, county_b_admin, send, client_of, leader, worker, view):
    run = send(county_admin, made([HEAD, row(2, "王天二", place="无此村")]))
    url = reverse(view, args=[run.pk])
    assert client_of(county_admin).get(url).status_code == 200
    assert client_of(county_b_admin).get(url).status_code == 404
    assert client_of(leader).get(url).status_code == 404
    assert client_of(worker.user).get(url).status_code in {302, 404}
    assert client_of(county_admin).get(reverse(view, args=[run.pk + 1])).status_code == 404
    assert client_of(county_admin).post(url).status_code == 405
    answer = Client().get(url)
    assert (answer.status_code, "sign-in" in answer["Location"]) == (302, True)


# --- the report -----------------------------------------------------------------------------------------------------


def report(client: Client, run: ImportRun) -> str:
    answer = client.get(reverse("import_report", args=[run.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_report_says_who_when_which_file_and_what_came_of_it(county_admin, send, client_of):
    rows = [HEAD, row(1, "王天一"), row(2, "王天二", place="无此村"), ["合计", "5人"], ["制表人：", "李"]]
    run = send(county_admin, made(rows, title="网格员"), name="我的花名册.xlsx")
    client = client_of(county_admin)
    page = report(client, run)
    assert "网格员花名册核对报告（还没有导入）" in page
    client.post(reverse("import_confirm", args=[run.pk]))
    run.refresh_from_db()
    page = report(client, run)
    for words in (
        "网格员花名册导入报告",
        "我的花名册.xlsx",
        run.sha256[:16],
        "钱县办",
        "二、没有导入的行（1 行）",
        "第 3 行",
        "王天二",
        "永安街道没有叫“无此村”的村或社区",
        "略过 1 行：合计行",
        "合计写的是 5，读到的是 2 行",
        "经办人：",
        "审核人：",
        "日期：",
    ):
        assert words in page, words
    assert number(2) not in page
    assert run.sha256 not in page


def test_the_report_says_in_whose_name_it_came_in_and_who_took_it_back(county_admin, city, send, client_of, now):
    run = send(county_admin, made([HEAD, row(1, "王天一")]))
    run.place, run.state = city.county.path, ImportState.UNDONE
    run.confirmed_at, run.confirmed_by, run.undone_at, run.undone_by = now, county_admin, now, county_admin
    run.save()
    page = report(client_of(county_admin), run)
    assert f"<td>{city.county.name}</td>" in page
    assert all(words in page for words in ("撤回", "已撤回", "钱县办，2026年9月16日 10:00"))


def test_the_report_tells_what_a_person_decided(county_admin, send, client_of):
    run = send(county_admin, made([HEAD, row(1, "王天一"), row(2, "王天二")], title="网格员"))
    decided = run.rows.get(number=3)
    options = {"same": {"label": "就是名册里的这个人", "outcome": "updated", "plan": None, "changes": []}}
    decided.question, decided.choice, decided.options, decided.outcome = "who", "same", options, Outcome.UPDATED
    decided.save()
    page = report(client_of(county_admin), run)
    assert "三、由人决定的行（1 行）" in page
    assert "就是名册里的这个人。结果：更新。" in page


def test_the_report_of_many_rows_asks_as_much_as_of_one(county_admin, send, client_of):
    few = send(county_admin, made([HEAD, row(1, "王天一", place="无此村")]))
    many = send(county_admin, made([HEAD, *(row(n, f"王天{n}", place="无此村") for n in range(1, 60))]), name="多.xlsx")
    client = client_of(county_admin)
    asked = []
    for run in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            report(client, run)
        asked.append(len(queries))
    assert asked[0] == asked[1] < 20


def test_more_rows_than_fit_on_paper_are_counted(county_admin, send, client_of, monkeypatch):
    monkeypatch.setattr(reports, "LISTED", 2)
    run = send(county_admin, made([HEAD, *(row(n, f"王天{n}", place="无此村") for n in range(1, 6))]))
    page = report(client_of(county_admin), run)
    assert "还有 3 行没有印在这里" in page


@pytest.mark.parametrize(
    ("file", "whole"),
    [
        ("咸安区网格员花名册.xlsx", True),
        ("咸安区网格员花名册.xlsx", False),
        ("崇阳县各乡镇网格员.xlsx", True),
        ("崇阳县各乡镇网格员.xlsx", False),
        ("通城县劳务派遣网格员名册.xls", False),
    ],
)
def test_the_counties_own_files_read_the_same_when_they_come_back(file, whole):
    data = (ROSTERS / file).read_bytes()
    before = tables_of(data, file)
    heads = {table.sheet.name: list(table.header_rows) for table in before}
    found = {table.sheet.name: {table.rows[2].number: annotated.Beside("B 列：没有。", "", ["B"])} for table in before}
    again = ownfile.annotated(data, heads, found, MARK) if whole else rebuilt.annotated(data, file, heads, found, MARK)
    after = tables_of(again, "again.xlsx")
    assert [(table.sheet.name, table.header_rows) for table in after] == [
        (name, tuple(rows)) for name, rows in heads.items()
    ]
    for old, new in zip(before, after, strict=True):
        assert list(map(seen, new.rows)) == list(map(seen, old.rows))
        assert [skipped.number for skipped in new.skipped] == [skipped.number for skipped in old.skipped]
        assert new.columns[: len(old.columns)] == old.columns


def seen(row: sheets.Row) -> tuple[int, dict[str, Any]]:
    """A row as the judges see it: a cell of spaces is an empty cell."""
    return row.number, {name: None if sheets.blank(cell) else cell for name, cell in row.cells.items()}


def tables_of(data: bytes, name: str) -> list[sheets.Table]:
    resource = imports.resource_of("roster")()
    return sheets.tables(sheets.read(data, name=name), resource.aliases(), need=resource.need)[0]

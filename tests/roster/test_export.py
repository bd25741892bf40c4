"""The roster taken out as a list: within reach, numbers masked unless for a reason, and brought in again it changes nothing."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms import exported, imports, judging
from lms.models import AuditEntry, Outcome
from lms.refusal import Refused
from roster import export, roles, rosterfile
from roster.models import Employment, Posting, Role, User, Worker, WorkerState, id_lookup
from tests.roster.test_roster_import import EXPECTED, admin, enrolled, folder, number, peopled, registered

__all__ = ["enrolled", "folder", "peopled", "registered"]  # fixtures of the city as it was brought in

ClientOf = Callable[[User], Client]
MASKED = {"numbers": "masked", "reason": "manage"}
FULL = {"numbers": "full", "reason": "check"}


def taken(client: Client, data: dict[str, Any]) -> tuple[str, bytes]:
    answer = client.post(reverse("roster_export"), data)
    assert answer.status_code == 200
    assert "attachment" in answer.get("Content-Disposition", ""), answer.content.decode()
    return unquote(answer["Content-Disposition"].rpartition("''")[2]), answer.getvalue()


def table(data: bytes) -> list[dict[str, Any]]:
    """The rows of the list, by title."""
    page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    head = [cell.value for cell in page[3]]
    return [dict(zip(head, (cell.value for cell in line), strict=True)) for line in page.iter_rows(min_row=4)]


def read_again(data: bytes, user: User | None) -> judging.Reading:
    resource = imports.resource_of("roster")()
    return judging.read(resource, data, name="名册.xlsx", actor=user, now=timezone.now())


@pytest.fixture
def people(worker: Worker, colleague: Worker, outsider: Worker, city: Any, hire: Callable[..., Worker]) -> list[Worker]:
    """Of one county: with two grids, with telephones, with a date known to the month, with a text like a formula, without a grid."""
    numbers = {"id_number": number(1), "id_hash": id_lookup(number(1))}
    Worker.objects.filter(pk=worker.pk).update(
        **numbers, telephones=["13907159999", "0715-8123456"], education="大专", political_status="中共党员"
    )
    Posting.objects.create(worker=worker, grid=city.grids_of(city.neighbour)[0], since=date(2023, 1, 1))
    Worker.objects.filter(pk=colleague.pk).update(
        position="=HYPERLINK(1)",
        recruited_by="+劳务派遣",
        joined_on=date(2023, 5, 1),
        joined_precision="month",
        listed_as_mentor="county",
        employment=Employment.PART_TIME,
    )
    idle = hire("W0009", "赵无格", city.township, mobile="13907150009")
    Posting.objects.filter(worker=idle).update(until=date(2024, 1, 1))
    gone = hire("W0010", "钱已退", city.township, mobile="13907150010")
    Worker.objects.filter(pk=gone.pk).update(state=WorkerState.LEFT)
    return [worker, colleague, idle, gone]


# --- what the list says ---------------------------------------------------------------------------------------------


def test_one_row_for_each_person_and_grid_in_the_columns_of_the_template(people, county_admin, client_of):
    name, data = taken(client_of(county_admin), MASKED)
    assert name == "网格员花名册 2026-09-16.xlsx"
    rows = table(data)
    titles = [str(column.column_name) for column in rosterfile.RosterResource().columns().values()]
    assert list(rows[0]) == [*(title for title in titles if title != "登录号"), "登录号"]
    assert [(row["登录号"], row["乡镇街道"], row["网格名称"]) for row in rows] == [
        ("W0001", "永安街道", "第1网格"),
        ("W0001", "汀泗桥镇", "第1网格"),
        ("W0002", "永安街道", "第2网格"),
    ]
    first, _second, other = rows
    assert first["身份证号"] == "4212**********" + number(1)[-4:]
    assert first["手机号"] == "139****0001/139****9999/071****3456"
    assert number(1) not in str(rows)
    assert "13907150001" not in str(rows)
    assert (first["上岗时间"].date(), other["上岗时间"]) == (date(2022, 3, 1), "2023年5月")
    assert (other["是否小教员"], other["专兼职"], other["身份"]) == ("县级", "兼职", "=HYPERLINK(1)")


def test_no_cell_is_a_formula_and_the_first_line_says_who_took_it_out_and_when(people, county_admin, client_of):
    _name, data = taken(client_of(county_admin), MASKED)
    book = openpyxl.load_workbook(io.BytesIO(data))
    page = book.worksheets[0]
    cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "d"}
    assert {cell.quotePrefix for cell in cells if cell.data_type == "s" and cell.value[0] in "=+-@"} == {True}
    assert page["A1"].value.startswith("钱县办（county-admin） 2026年9月16日 10:00 从网格学堂导出")
    assert "已隐去" in page["A1"].value
    assert (book.properties.creator, "钱县办" in page.oddFooter.left.text) == ("钱县办（county-admin）", True)
    assert "用途：日常管理" in book.properties.description
    text = {cell.value: cell.number_format for cell in page[4]}
    assert text["W0001"] == text["王桂兰"] == "@"


def test_who_holds_no_grid_stands_on_a_sheet_that_no_import_reads(people, county_admin, client_of):
    _name, data = taken(client_of(county_admin), FULL)
    page = openpyxl.load_workbook(io.BytesIO(data))["没有网格的人"]
    assert [cell.value for cell in page[4]][:3] == ["赵无格", "永安街道", "在岗"]
    assert "钱已退" not in str([[cell.value for cell in line] for line in page.iter_rows()])
    assert read_again(data, county_admin).report["left_out"] == [["没有网格的人", "no table"]]


def test_every_column_of_the_kind_has_something_to_say():
    columns = {*export.titles()} - {"county", "township", "community", "grid", "grid_code"}
    assert columns <= set(export.PERSON)


# --- brought in again -----------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_the_full_list_brought_in_again_changes_nothing(people, county_admin, client_of):
    _name, data = taken(client_of(county_admin), FULL)
    reading = read_again(data, county_admin)
    assert [
        (line.label, line.shown.get("changes"), line.notes) for line in reading.lines if line.outcome != "unchanged"
    ] == []
    assert reading.counts == {Outcome.UNCHANGED: 3}


@pytest.mark.slow
def test_the_six_files_come_out_and_in_again_without_a_change(peopled):
    root = admin("root")
    file = io.BytesIO()
    with CaptureQueriesContext(connection) as queries:
        workers = export.within(root, full=True)
        rows = export.write(file, workers, full=True, mark=exported.mark(root, now=timezone.now()))
    assert rows == EXPECTED["total"]["assignments"]
    assert len(queries) < 30
    reading = read_again(file.getvalue(), None)
    wrong = [(line.label, line.outcome, line.shown.get("changes"), line.notes) for line in reading.lines]
    assert [told for told in wrong if told[1] != Outcome.UNCHANGED][:5] == []
    assert reading.counts == {Outcome.UNCHANGED: rows}


# --- who may take out what ------------------------------------------------------------------------------------------


def numbers_of(data: bytes) -> set[str]:
    return {row["登录号"] for row in table(data)}


def test_only_ones_own_people_leave_and_each_list_is_noted(people, county_admin, county_b_admin, city_admin, client_of):
    assert numbers_of(taken(client_of(county_admin), MASKED)[1]) == {"W0001", "W0002"}
    assert numbers_of(taken(client_of(county_b_admin), MASKED)[1]) == {"W0003"}
    assert numbers_of(taken(client_of(city_admin), FULL)[1]) == {"W0001", "W0002", "W0003"}
    noted = AuditEntry.objects.filter(action="personal.exported").order_by("pk").values_list("actor", "detail")
    assert list(noted) == [
        (county_admin.pk, {"kind": "roster", "form": "masked", "reason": "manage", "rows": 3, "people": 3}),
        (county_b_admin.pk, {"kind": "roster", "form": "masked", "reason": "manage", "rows": 1, "people": 1}),
        (city_admin.pk, {"kind": "roster", "form": "full", "reason": "check", "rows": 4, "people": 4}),
    ]


def test_one_township_or_one_county_alone(people, city_admin, client_of, city):
    client = client_of(city_admin)
    name, data = taken(client, {**MASKED, "county": city.county_b.pk})
    assert (numbers_of(data), name[:3]) == ({"W0003"}, "嘉鱼县")
    assert numbers_of(taken(client, {**MASKED, "township": city.township.pk})[1]) == {"W0001", "W0002"}
    entry = AuditEntry.objects.filter(action="personal.exported").latest("pk")
    assert entry.territory == city.township.path
    answer = client.post(reverse("roster_export"), {**MASKED, "county": city.county_b.pk, "township": city.township.pk})
    assert "不在选的县（市、区）里" in answer.content.decode()


def test_a_place_out_of_reach_is_no_choice(people, county_admin, client_of, city):
    answer = client_of(county_admin).post(reverse("roster_export"), {**MASKED, "township": city.township_b.pk})
    assert "请从列表里选。" in answer.content.decode()


def test_full_numbers_need_a_reason(people, county_admin, client_of):
    answer = client_of(county_admin).post(reverse("roster_export"), {"numbers": "full"})
    assert "请先选用途，再导出。" in answer.content.decode()
    answer = client_of(county_admin).post(reverse("roster_export"), {"numbers": "full", "reason": "manage"})
    assert "这个用途用不着完整号码" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="personal.exported").exists()
    _name, data = taken(client_of(county_admin), FULL)
    assert number(1) in str(table(data))


@pytest.mark.parametrize(("full", "reason"), [(False, ""), (False, "fun"), (True, ""), (True, "manage")])
def test_nor_does_the_verb_let_a_list_go_without_one(people, county_admin, full, reason):
    """Whatever the form before it lets through."""
    with pytest.raises(Refused, match="请先选"):
        export.export(county_admin, county=None, township=None, full=full, reason=reason, now=timezone.now())
    assert not AuditEntry.objects.filter(action="personal.exported").exists()


def test_a_township_admin_takes_out_masked_numbers_only(people, township_admin, client_of):
    client = client_of(township_admin)
    page = client.get(reverse("roster_export")).content.decode()
    assert "要完整号码的，请联系县级管理员。" in page
    answer = client.post(reverse("roster_export"), FULL)  # which Wagtail turns into a way back to its first page
    assert (answer.status_code, answer["Location"]) == (302, reverse("wagtailadmin_home"))
    assert not AuditEntry.objects.filter(action="personal.exported").exists()
    _name, data = taken(client, {"reason": "train"})
    assert numbers_of(data) == {"W0001", "W0002"}
    assert "4212**********" in str(table(data))


def test_full_numbers_reach_no_farther_than_the_role_that_allows_them(people, county_b_admin, city, client_of, grant):
    since = timezone.localdate()
    roles.grant(county_b_admin, Role.TOWNSHIP_ADMIN, city.township, since=since, by=None, now=timezone.now())
    client = client_of(county_b_admin)
    assert numbers_of(taken(client, MASKED)[1]) == {"W0001", "W0002", "W0003"}
    assert numbers_of(taken(client, FULL)[1]) == {"W0003"}


def test_where_nobody_is_there_is_nothing_to_take_out(city, county_admin, client_of):
    answer = client_of(county_admin).post(reverse("roster_export"), MASKED)
    assert "这个范围里还没有网格员" in answer.content.decode()


def test_who_is_no_admin_finds_no_list(people, client_of, leader, editor):
    assert client_of(leader).get(reverse("roster_export")).status_code == 404
    answer = client_of(editor).get(reverse("roster_export"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("wagtailadmin_home"))


def test_a_visitor_signs_in_first_and_other_methods_are_refused(people, county_admin, client_of):
    answer = Client().get(reverse("roster_export"))
    assert (answer.status_code, "sign-in" in answer["Location"]) == (302, True)
    assert client_of(county_admin).put(reverse("roster_export")).status_code == 405


def test_the_way_to_it_stands_over_the_list_of_workers_and_on_the_imports(people, city_admin, client_of, city):
    client = client_of(city_admin)
    page = client.get(reverse("workers:index"), {"county": city.county.pk}).content.decode()
    assert f"{reverse('roster_export')}?county={city.county.pk}" in page
    assert reverse("roster_export") in client.get(reverse("imports")).content.decode()
    form = client.get(reverse("roster_export"), {"county": city.county.pk}).content.decode()
    assert f'<option value="{city.county.pk}" selected>' in form


def test_a_list_of_many_asks_as_much_as_of_one(worker, county_admin, hire, city, client_of):
    client = client_of(county_admin)
    asked = []
    for orders in (range(20, 20), range(20, 25)):
        for order in orders:
            hire(f"W00{order}", f"周{order}", city.township, mobile=f"139071500{order}")
        with CaptureQueriesContext(connection) as queries:
            taken(client, MASKED)
        asked.append(len(queries))
    assert asked[0] == asked[1] < 20


# --- the masked list brought in again -------------------------------------------------------------------------------


def test_the_masked_list_brought_in_again_changes_nothing(people, county_admin, client_of):
    _name, data = taken(client_of(county_admin), MASKED)
    reading = read_again(data, county_admin)
    assert [line.shown.get("changes") for line in reading.lines if line.outcome != Outcome.UNCHANGED] == []
    assert reading.counts == {Outcome.UNCHANGED: 3}


def test_what_is_changed_in_the_masked_list_is_all_that_changes(people, county_admin, client_of):
    _name, data = taken(client_of(county_admin), MASKED)
    book = openpyxl.load_workbook(io.BytesIO(data))
    page = book.worksheets[0]
    places = {cell.value: cell.column for cell in page[3]}
    page.cell(6, places["学历"]).value = "本科"
    changed = io.BytesIO()
    book.save(changed)
    reading = read_again(changed.getvalue(), county_admin)
    assert reading.counts == {Outcome.UNCHANGED: 2, Outcome.UPDATED: 1}
    (line,) = [line for line in reading.lines if line.outcome == Outcome.UPDATED]
    assert (line.label, line.shown["changes"]) == ("李建国", [["学历", "没有", "本科"]])


def test_another_persons_sign_in_number_in_the_masked_list_moves_nobody(people, county_admin, client_of):
    """The sign-in number and what is left of the ID number say the same person, or the row stays out."""
    _name, data = taken(client_of(county_admin), MASKED)
    book = openpyxl.load_workbook(io.BytesIO(data))
    page = book.worksheets[0]
    places = {cell.value: cell.column for cell in page[3]}
    page.cell(6, places["登录号"]).value = "W0001"
    changed = io.BytesIO()
    book.save(changed)
    reading = read_again(changed.getvalue(), county_admin)
    assert [line.outcome for line in reading.lines if line.label == "李建国"] == [Outcome.WRONG]

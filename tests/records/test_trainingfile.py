"""Past trainings come in: whoever is meant by number, once each, corrected by reversal, taken back whole."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms import imports, preview
from lms.models import AuditEntry, ImportRun, ImportState, Outcome
from lms.refusal import Refused
from records import assessments, ledger
from records.models import Kind, SkillRecord
from roster.identity import check_digit
from roster.models import RoleGrant, WorkerState, id_lookup
from tests.lms import workbooks
from tests.records.conftest import at, told

HEAD = "姓名,手机号,培训名称,培训时间,学时,主办单位,形式"
WANG, LI, CHEN = "王桂兰,13907150001", "李建国,13907150002", "陈秀英,13907150003"
ROW = f"{WANG},消防安全知识,2024.3.4,4,县委政法委,现场"


def sheet(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


def hours_of(worker) -> list[tuple[str, Decimal]]:
    found = SkillRecord.objects.standing().filter(worker=worker, kind=Kind.HOURS).order_by("occurred_at", "pk")
    return list(found.values_list("title", "amount"))


# --- what a row becomes ---------------------------------------------------------------------------------------------


def test_a_row_becomes_hours_dated_to_noon_of_its_day_with_its_origin_in_words(read, take, worker, county_admin):
    lines = read("training", sheet(ROW), by=county_admin)
    assert told(lines) == [(2, "new", [])]
    assert lines[0].shown["facts"] == ["139****0001", "消防安全知识", "2024年3月4日", "4", "县委政法委"]
    take("training", lines)
    record = SkillRecord.objects.get()
    assert (record.worker, record.kind, record.amount, record.mode, record.year, record.link) == (
        worker,
        "hours",
        Decimal("4.00"),
        "onsite",
        2024,
        "",
    )
    assert record.title == "消防安全知识（主办：县委政法委）"
    assert timezone.localtime(record.occurred_at).isoformat() == "2024-03-04T12:00:00+08:00"
    assert (record.happened, record.origin) == ("2024年3月4日", "过往培训")
    assert record.source.startswith("records.training:2024-03-04:")


def test_the_same_file_twice_posts_nothing_the_second_time(read, take, worker):
    data = sheet(ROW, f"{WANG},网格员岗前培训,2024年5月,18.5学时,市委政法委,")
    take("training", read("training", data))
    again = read("training", data)
    assert [line.outcome for line in again] == [Outcome.UNCHANGED] * 2
    # and where both previews were made before either was applied, the second finds it posted
    assert take("training", again).done == {}
    assert len(hours_of(worker)) == 2
    assert SkillRecord.objects.count() == 2


@pytest.mark.parametrize(
    "row",
    [
        "王桂兰,139 0715 0001,消防安全知识 ,2024年3月4日,4.0,县委政法委 ,线下",
        "王 桂 兰,139-0715-0001,消防 安全知识,2024/3/4,4,“县委政法委”,",
        "王桂兰,1.3907150001E10,消防安全知识,20240304,4学时,县委政法委,现场培训",
    ],
)
def test_however_it_is_typed_the_same_training_is_the_same_record(read, take, worker, row):
    take("training", read("training", sheet(ROW)))
    lines = read("training", sheet(row))
    if "E10" in row:  # a text that a spreadsheet made of a number is no number any more
        assert lines[0].outcome == Outcome.WRONG
        return
    assert told(lines) == [(2, "unchanged", [])]


def test_a_workbook_with_two_header_rows_totals_and_several_sheets_as_it_is_met(read, take, worker, colleague):
    def townships(book, page):
        page.merge_cells("A1:H1")
        page.merge_cells("C3:E3")
        for column in "ABFGH":
            page.merge_cells(f"{column}3:{column}4")
        other = book.create_sheet("汀泗桥镇")
        for row in (
            ["姓名", "登录号", "班次", "培训日期", "课时", "来源"],
            ["李建国", "w0002", "党的政策", 2024.0, 6, "市委党校"],
        ):
            other.append(row)
        book.create_sheet("填表说明").append(["姓名写全"])

    rows = [
        ["咸安区网格员历年培训情况登记表"],
        ["填报单位：咸安区委政法委", None, None, None, "填报时间：2025年1月6日"],
        ["序号", "姓名", "培训情况", None, None, "主办单位", "手机号码", "培训类别"],
        [None, None, "培训内容", "培训时间", "学时", None, None, None],
        [1, "王桂兰", "矛盾纠纷调解", date(2024, 3, 4), 8, "区委政法委", 13907150001, "案例"],
        [2, "李建国", "平台操作", "2024.6.3-6.5", "16课时", "区大数据局", "13907150002", "平台操作"],
        ["合计", "2人", None, None, 24, None, None, None],
        ["制表人：张三", None, None, None, "审核人：李四"],
    ]
    lines = read("training", workbooks.made(rows, title="永安街道", change=townships), name="培训.xlsx")
    assert told(lines) == [(5, "new", []), (6, "new", ["date_range"]), (2, "new", [])]
    take("training", lines)
    assert hours_of(worker) == [("矛盾纠纷调解（主办：区委政法委）", Decimal(8))]
    assert hours_of(colleague) == [
        ("党的政策（主办：市委党校）", Decimal(6)),
        ("平台操作（主办：区大数据局）", Decimal(16)),
    ]
    assert list(SkillRecord.objects.order_by("pk").values_list("subject", flat=True)) == ["case", "platform", ""]
    assert [record.happened for record in SkillRecord.objects.order_by("pk")] == [
        "2024年3月4日",
        "2024年6月3日",
        "2024年",
    ]


def test_a_gb18030_file_is_read_like_any_other(read, worker):
    assert told(read("training", sheet(ROW).decode().encode("gb18030"))) == [(2, "new", [])]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("消防,2024.3.4,0,政法委", "hours_range"),
        ("消防,2024.3.4,201,政法委", "hours_range"),
        ("消防,2024.3.4,-1,政法委", "hours_range"),
        ("消防,2024.3.4,1.005,政法委", "hours_places"),
        ("消防,2024.3.4,2天,政法委", "hours_format"),
        ("消防,2024.3.4,8小时,政法委", "hours_format"),
        ("消防,2024.3.4,NaN,政法委", "hours_format"),
        ("消防,2024.3.4,,政法委", "hours_format"),
        ("消防,春天,4,政法委", "date_format"),
        ("消防,,4,政法委", "date_missing"),
        ("消防,2026.9.17,4,政法委", "date_future"),
        ("消防,1999.9.17,4,政法委", "date_early"),
        (",2024.3.4,4,政法委", "course_missing"),
        ("消防,2024.3.4,4,", "host_missing"),
        (f"{'长' * 71},2024.3.4,4,政法委", "too_long"),
    ],
)
def test_what_cannot_be_a_record_is_wrong_and_says_why(read, worker, cells, code):
    ((_row, outcome, codes),) = told(lines := read("training", sheet(f"{WANG},{cells},")))
    assert (outcome, codes) == ("wrong", [code])
    assert lines[0].notes[0].message.endswith("。")
    assert lines[0].plan is None


# --- who is meant ---------------------------------------------------------------------------------------------------


def identified(person, order: int = 1) -> str:
    first = f"42120219800101{order:03}"
    number = first + check_digit(first)
    person.id_number, person.id_hash = number, id_lookup(number)
    person.save()
    return number


BY = "姓名,身份证号,手机号,登录号,课程,日期,学时,来源"
REST = "消防,2024.3.4,4,政法委"


def test_a_person_is_found_by_id_number_roster_number_or_mobile_never_by_name_alone(read, worker):
    number = identified(worker)
    rows = [
        f"王桂兰,{number},,,{REST}",
        f"王桂兰,,,W0001,{REST}",
        f"王桂兰,,13907150001,,{REST}",
        f"王桂兰,,,,{REST}",
        f"王桂兰,,13900000000,,{REST}",
        f"王桂芳,{number},,,{REST}",
        f"王桂芳,,,W0001,{REST}",
        f"王桂芳,,13907150001,,{REST}",
    ]
    assert [codes for _row, _outcome, codes in told(read("training", sheet(*rows, head=BY)))] == [
        [],
        ["duplicate_row"],
        ["duplicate_row"],
        ["id_missing"],
        ["person_unknown"],
        ["name_differs"],
        ["name_differs"],
        ["person_unknown"],
    ]


def test_two_numbers_of_two_people_are_told(read, worker, colleague):
    rows = [f"王桂兰,{identified(worker)},,W0002,{REST}"]
    assert told(read("training", sheet(*rows, head=BY))) == [(2, "wrong", ["clues_differ"])]


def test_a_damaged_id_number_is_made_up_for_by_another_number_or_offered(read, take, worker, colleague):
    number = identified(worker)
    # in the sheet a number, of which the last three digits are gone
    head = BY.split(",")
    rows = [
        ["王桂兰", float(number), "13907150001", None, "消防", "2024.3.4", 4, "政法委"],
        ["王桂兰", float(number), None, None, "消防", "2024.3.5", 4, "政法委"],
        ["李建国", float(number), None, None, "消防", "2024.3.6", 4, "政法委"],
        ["王桂兰", "12345", None, None, "消防", "2024.3.7", 4, "政法委"],
    ]
    lines = read("training", workbooks.made([head, *rows]), name="表.xlsx")
    assert told(lines) == [
        (2, "new", ["id_number_truncated"]),
        (3, "conflict", ["person_ambiguous"]),
        (4, "wrong", ["id_number_truncated"]),
        (5, "wrong", ["id_format"]),
    ]
    offered = [option.label for option in lines[1].question.options]
    assert offered == [
        f"王桂兰 · 永安街道 · 登录号 W0001 · 手机 139****0001 · 身份证 {number[:4]}**********{number[-4:]}",
    ]
    assert number not in str(lines[1].question)
    take("training", lines, {3: f"w{worker.pk}-20240305"})
    assert len(hours_of(worker)) == 2


def test_several_of_one_name_and_mobile_are_for_a_person_to_choose(read, take, hire, city, worker, county_admin):
    left = hire("W0009", "王桂兰", city.neighbour, mobile="13907150001", state=WorkerState.LEFT)
    lines = read("training", sheet(ROW), by=county_admin)
    assert told(lines) == [(2, "conflict", ["person_ambiguous"])]
    labels = [option.label for option in lines[0].question.options]
    assert labels[1] == "王桂兰 · 汀泗桥镇 · 登录号 W0009 · 手机 139****0001 · 已退出"
    assert lines[0].question.taken == ""
    take("training", lines, {2: f"w{left.pk}-20240304"})
    assert (hours_of(worker), len(hours_of(left))) == ([], 1)


def test_who_has_left_keeps_what_was_learnt(read, worker):
    worker.state = WorkerState.LEFT
    worker.save()
    assert told(read("training", sheet(ROW))) == [(2, "new", [])]


def test_of_whom_the_uploader_does_not_reach_no_more_is_said(read, worker, outsider, township_admin, county_admin):
    rows = [ROW, f"{CHEN},消防,2024.3.4,错,县委政法委,现场"]
    for admin in (township_admin, county_admin):
        lines = read("training", sheet(*rows), by=admin)
        assert told(lines) == [(2, "new", []), (3, "out_of_reach", ["out_of_reach"])]
        assert lines[1].notes[0].message == "这个人不在你的管辖范围内。"
    # a namesake beyond is not even offered
    assert "陈秀英" not in str(lines[0].question)


def test_a_lost_reach_stops_the_rest(read, county_admin, worker, city):
    plans = [line.plan for line in read("training", sheet(ROW), by=county_admin)]
    resource = imports.resource_of("training")()
    resource.permit(plans, actor=county_admin)
    RoleGrant.objects.filter(user=county_admin).update(territory=city.county_b)
    lost = type(county_admin).objects.get(pk=county_admin.pk)
    with pytest.raises(Refused, match="管辖范围变了"):
        resource.permit(plans, actor=lost)


def test_an_empty_roster_is_told_before_anything(city, read):
    with pytest.raises(Refused, match="请先导入网格员花名册"):
        read("training", sheet(ROW))


# --- against the ledger ---------------------------------------------------------------------------------------------


def test_other_hours_of_the_same_training_are_asked_and_corrected_by_a_second_record(read, take, worker, now):
    take("training", read("training", sheet(ROW)))
    lines = read("training", sheet(ROW.replace(",4,县", ",6,县")))
    assert told(lines) == [(2, "conflict", ["record_differs"])]
    assert lines[0].shown["changes"] == [["学时", "4", "6"]]
    assert [(option.code, option.label, option.outcome) for option in lines[0].question.options] == [
        ("keep", "保留原来的", "unchanged"),
        ("replace", "按表里的更正：学时由 4 改为 6", "updated"),
    ]
    assert take("training", lines, {2: "keep"}).done == {}
    applied = take("training", lines, {2: "replace"})
    assert hours_of(worker) == [("消防安全知识（主办：县委政法委）", Decimal(6))]
    old, new = SkillRecord.objects.originals().order_by("pk")
    assert applied.done == {0: {"record": new.pk, "instead_of": old.pk}}
    assert (old.reversal.reason, new.source) == ("按更正后的名单重新登记", f"{old.source}~2")
    # the corrected list again is no change, and the decision carried out twice neither
    assert told(read("training", sheet(ROW.replace(",4,县", ",6,县")))) == [(2, "unchanged", [])]
    assert list(take("training", lines, {2: "replace"}).overtaken) == [0]


def test_what_the_platform_posted_itself_is_a_possible_duplicate(read, take, post, worker):
    post(worker, "hours", "4", source="courses.session:7", on=at(2024, 3, 4, 15), title="消防安全知识")
    post(worker, "hours", "1", source="courses.lesson:7", on=at(2024, 5, 4), title="平台操作：第一课")
    data = sheet(ROW, f"{WANG},平台操作,2024年5月,4,市局,", f"{WANG},消防安全知识,2024.3.5,4,县委政法委,")
    lines = read("training", data)
    assert told(lines) == [
        (2, "duplicate", ["record_alike"]),
        (3, "duplicate", ["record_alike"]),
        (4, "new", []),
    ]
    assert "2024-03-04的“消防安全知识”是同一门课、同一时间" in lines[0].question.text
    applied = take("training", lines, {2: "leave", 3: "post"})
    assert (len(applied.done), len(hours_of(worker))) == (2, 4)


def test_a_training_listed_by_month_and_again_by_day_is_a_possible_duplicate(read, take, worker):
    take("training", read("training", sheet(ROW.replace("2024.3.4", "2024年3月"))))
    assert told(read("training", sheet(ROW))) == [(2, "duplicate", ["record_alike"])]
    rows = [ROW.replace("2024.3.4", "2025.3.4"), ROW.replace("2024.3.4,4,县委政法委", "2025.3.4,4,区委政法委")]
    assert told(read("training", sheet(*rows))) == [(2, "new", []), (3, "duplicate", ["record_alike"])]


def test_what_was_posted_since_the_preview_leaves_the_row_out(read, take, post, worker):
    lines = read("training", sheet(ROW))
    post(worker, "hours", "4", source="courses.session:7", on=at(2024, 3, 4, 15), title="消防安全知识")
    assert "可能是同一件事" in take("training", lines).overtaken[0]
    assert len(hours_of(worker)) == 1


def test_the_same_training_twice_in_a_file_counts_once_and_with_other_hours_is_wrong(read, worker, colleague):
    rows = [ROW, ROW, ROW.replace(",4,县", ",6,县"), ROW.replace(WANG, LI)]
    assert told(read("training", sheet(*rows))) == [
        (2, "new", []),
        (3, "unchanged", ["duplicate_row"]),
        (4, "wrong", ["row_differs"]),
        (5, "new", []),
    ]


def test_january_or_october_is_asked(read, take, worker):
    head = HEAD.split(",")
    row = ["王桂兰", 13907150001, "消防", 2024.1, 4, "政法委", "现场"]
    lines = read("training", workbooks.made([head, row]), name="表.xlsx")
    assert told(lines) == [(2, "conflict", ["date_ambiguous"])]
    assert [option.label for option in lines[0].question.options] == ["2024年1月", "2024年10月"]
    take("training", lines, {2: "month-10"})
    record = SkillRecord.objects.get()
    assert (record.happened, record.year) == ("2024年10月", 2024)


def test_a_year_that_is_settled_is_not_changed_by_what_comes_after(
    read, worker, city, scheme, year_of, county_admin, now
):
    year_of(worker)
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now)
    assessments.settle(drafted, by=county_admin, now=now)
    lines = read("training", sheet(ROW.replace("2024.3.4", "2025.3.4"), ROW))
    assert told(lines) == [(2, "new", ["year_settled"]), (3, "new", [])]


# --- taking back ----------------------------------------------------------------------------------------------------


def test_undo_reverses_what_was_posted_and_the_list_can_come_in_again(read, take, undo, worker, county_admin):
    applied = take("training", read("training", sheet(ROW)))
    assert undo("training", applied) == {}
    assert hours_of(worker) == []
    record = SkillRecord.objects.originals().get()
    assert record.reversal.reason == "撤回导入"
    assert AuditEntry.objects.get(action="records.reversed_many").actor == county_admin
    assert undo("training", applied) == {0: "这条后来已经更正或冲销，不用再撤回。"}
    take("training", read("training", sheet(ROW)))
    assert len(hours_of(worker)) == 1
    assert SkillRecord.objects.standing().get().source == f"{record.source}~2"


@pytest.mark.postgres
def test_undo_of_a_correction_brings_the_old_figure_back(read, take, undo, worker):
    take("training", read("training", sheet(ROW)))
    applied = take("training", read("training", sheet(ROW.replace(",4,县", ",6,县"))), {2: "replace"})
    assert undo("training", applied) == {}
    assert hours_of(worker) == [("消防安全知识（主办：县委政法委）", Decimal(4))]
    assert SkillRecord.objects.standing().get().source.endswith("~3")


@pytest.mark.postgres
def test_what_a_settled_assessment_counted_stays(
    read, take, undo, worker, colleague, city, scheme, county_admin, now, skills
):
    rows = [ROW.replace("2024.3.4", "2025.3.4"), ROW.replace("2024.3.4", "2024.3.5"), ROW.replace(WANG, LI)]
    applied = take("training", read("training", sheet(*rows)))
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now)
    assert imports.resource_of("training")().standing(list(applied.done.values())) == {}
    assessments.settle(drafted, by=county_admin, now=now)
    assert undo("training", applied) == {0: "2025年的考核已经审定，得分用到了这条，不能撤回。"}
    assert (len(hours_of(worker)), hours_of(colleague)) == (1, [])


def test_a_correction_that_came_later_stays(read, take, undo, worker):
    first = take("training", read("training", sheet(ROW)))
    take("training", read("training", sheet(ROW.replace(",4,县", ",6,县"))), {2: "replace"})
    assert list(undo("training", first)) == [0]
    assert hours_of(worker) == [("消防安全知识（主办：县委政法委）", Decimal(6))]


# --- the ledger's side ----------------------------------------------------------------------------------------------


def test_many_are_reversed_by_the_rule_of_one(post, worker, now, county_admin):
    records = [post(worker, "hours", "1", source=f"x:{number}") for number in range(3)]
    ledger.reverse(records[0], by=None, reason="重复", now=now)
    ids = [record.pk for record in records]
    assert ledger.reverse_many(ids, by=county_admin, reason="撤回导入", now=now) == 2
    assert ledger.reverse_many(ids, by=county_admin, reason="撤回导入", now=now) == 0
    assert not SkillRecord.objects.standing().exists()
    assert AuditEntry.objects.get(action="records.reversed_many").detail == {"given": 3, "reversed": 2}
    with pytest.raises(Refused, match="冲销记录本身不能再冲销"):
        ledger.reverse_many([records[0].reversal.pk], by=None, reason="撤回导入", now=now)
    with pytest.raises(Refused, match="原因"):
        ledger.reverse_many(ids, by=None, reason=" ", now=now)


# --- on the screens and by command ----------------------------------------------------------------------------------


def send(client, data: bytes, kind: str = "training") -> ImportRun:
    answer = client.post(reverse("imports"), {"kind": kind, "file": SimpleUploadedFile("培训.csv", data)})
    assert answer.status_code == 302, answer.content.decode()
    return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))


@pytest.mark.django_db(transaction=True)
def test_a_township_admin_uploads_looks_and_confirms(worker, township_admin, client_of):
    client = client_of(township_admin)
    run = send(client, sheet(ROW, f"{WANG},消防,春天,4,政法委,"))
    assert (run.state, run.counts) == (ImportState.READY, {"new": 1, "wrong": 1})
    page = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "139****0001" in page
    assert "13907150001" not in page
    assert "培训时间看不懂" in page
    client.post(reverse("import_confirm", args=[run.pk]))
    run.refresh_from_db()
    assert (run.state, len(hours_of(worker))) == (ImportState.DONE, 1)
    seen = client_of(worker.user).get("/records/hours/?year=2024").content.decode()
    assert "消防安全知识（主办：县委政法委）" in seen
    assert "2024年3月4日 · 现场 · 过往培训" in seen
    assert "12:00" not in seen


@pytest.mark.parametrize(
    ("who", "kinds"),
    [
        ("township_admin", ["training"]),
        ("county_admin", ["training", "work"]),
        ("city_admin", ["training", "work"]),
    ],
)
def test_each_admin_is_offered_the_kinds_of_the_role(request, client_of, who, kinds):
    page = client_of(request.getfixturevalue(who)).get(reverse("imports")).content.decode()
    offered = re.findall(r'name="kind" value="(\w+)"', page)
    # after those that must have come in before
    assert [*offered[: -len(kinds)][-1:], *offered[-len(kinds) :]] == ["roster", *kinds]


def test_a_run_is_seen_by_whose_reach_covers_its_place(
    city, worker, county_admin, county_b_admin, city_admin, leader, client_of, now
):
    run = imports.upload(sheet(ROW), name="培训.csv", kind="training", actor=county_admin, now=now)
    assert run.place == city.county.path
    seen = [run in imports.visible(user) for user in (county_admin, city_admin, county_b_admin, leader)]
    assert seen == [True, True, False, False]


def test_by_command_what_is_asked_is_told_and_left(tmp_path, worker, post, now):
    post(worker, "hours", "4", source="courses.session:7", on=at(2024, 3, 4, 15), title="消防安全知识")
    file = tmp_path / "培训.csv"
    file.write_bytes(sheet(ROW, f"{WANG},消防演练,2024.3.9,2,县委政法委,", f"{CHEN},消防,2024.3.4,4,政法委,"))
    for options, posted in (([], 1), (["--apply"], 2)):
        out = io.StringIO()
        call_command("import_training", str(file), "--json", *options, stdout=out)
        result = json.loads(out.getvalue())
        assert (result["new"], [item["row"] for item in result["asked"]]) == (1, [2])
        assert [(item["row"], item["code"]) for item in result["errors"]] == [(4, "person_unknown")]
        assert SkillRecord.objects.count() == posted
    out = io.StringIO()
    call_command("import_training", str(file), stdout=out)
    assert "要由人决定的行\t1" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_what_is_asked_is_answered_on_the_screen_for_one_and_for_all(worker, colleague, county_admin, client_of):
    client = client_of(county_admin)
    rows = [ROW, ROW.replace(WANG, LI)]
    run = send(client, sheet(*rows))
    client.post(reverse("import_confirm", args=[run.pk]))
    run = send(client, sheet(*[row.replace(",4,县", ",6,县") for row in rows]))
    assert (run.state, run.counts) == (ImportState.READY, {"conflict": 2})
    page = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "这条已经登记过，数不一样" in page
    assert "按表里的更正：学时由 4 改为 6" in page
    alike = client.get(reverse("import_run", args=[run.pk]), {"only": f"{preview.ASKED}record_differs"})
    assert "都按表里的更正" in alike.content.decode()
    row = run.rows.first()
    client.post(reverse("import_choose", args=[run.pk]), {"row": row.pk, "choice": "keep"})
    run.refresh_from_db()
    assert run.counts == {"conflict": 1, "unchanged": 1}
    client.post(reverse("import_choose", args=[run.pk]), {"question": "record_differs", "choice": "replace"})
    run.refresh_from_db()
    client.post(reverse("import_confirm", args=[run.pk]), {"changes": run.brake.get("changes", "")})
    run.refresh_from_db()
    assert (run.state, run.counts) == (ImportState.DONE, {"updated": 2})
    assert [hours_of(person)[0][1] for person in (worker, colleague)] == [Decimal(6)] * 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_import_is_taken_back_on_the_screen_and_what_stands_is_named(
    worker, colleague, city, scheme, county_admin, client_of, now
):
    client = client_of(county_admin)
    run = send(
        client,
        sheet(ROW.replace("2024.3.4", "2025.3.4"), ROW.replace(f"{WANG},消防安全知识,2024.3.4", f"{LI},普法,2024.3.5")),
    )
    client.post(reverse("import_confirm", args=[run.pk]))
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now)
    assessments.settle(drafted, by=county_admin, now=now)
    page = client.get(reverse("import_undo", args=[run.pk])).content.decode()
    assert "2025年的考核已经审定，得分用到了这条，不能撤回" in page
    client.post(reverse("import_undo", args=[run.pk]))
    run.refresh_from_db()
    assert (run.state, run.reading["undone"], run.reading["stays"]) == (ImportState.UNDONE, 1, 1)
    assert (len(hours_of(worker)), hours_of(colleague)) == (1, [])


# --- many, and at once ----------------------------------------------------------------------------------------------


def test_judging_and_applying_ask_as_often_for_many_rows_as_for_few(read, take, hire, city, worker):
    people = [WANG]
    for number in range(10, 40):
        person = hire(f"W00{number}", "王桂兰", city.township, mobile=f"139071500{number}")
        people.append(f"王桂兰,{person.mobile}")
    asked = []
    for count, day in ((3, "2024.3.4"), (30, "2024.3.5")):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            lines = read("training", sheet(*[f"{one},消防,{day},4,政法委," for one in people[:count]]))
            take("training", lines)
        asked.append(len(captured))
    assert SkillRecord.objects.count() == 33
    assert asked[0] == asked[1] < 25


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_list_at_once_post_once(hire, city, county_admin, client_of, monkeypatch, worker):
    people = [hire(f"W00{number}", "王桂兰", city.township, mobile=f"139071500{number}") for number in range(10, 40)]
    rows = [f"王桂兰,{one.mobile},消防,2024.3.4,4,政法委," for one in people]
    client = client_of(county_admin)
    runs = [send(client, sheet(*rows, *["" for _ in range(extra)])) for extra in (0, 1)]
    monkeypatch.setattr(imports, "CHUNK", 7)
    at = timezone.now()

    def click(run: ImportRun) -> None:
        try:
            imports.confirm(run, by=county_admin, now=at)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(click, runs))
    assert {run.state for run in ImportRun.objects.all()} == {ImportState.DONE}
    assert SkillRecord.objects.count() == len(people)
    counts = [run.counts for run in ImportRun.objects.order_by("pk")]
    assert sum(one.get("new", 0) for one in counts) == sum(one.get("skipped", 0) for one in counts) == len(people)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_corrections_of_one_record_at_once_leave_one_figure(read, take, worker, now):
    take("training", read("training", sheet(ROW)))
    lines = [read("training", sheet(ROW.replace(",4,县", f",{hours},县"))) for hours in (6, 8)]

    def correct(line) -> int:
        try:
            return len(take("training", line, {2: "replace"}).done)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(correct, lines)) == [0, 1]
    assert len(hours_of(worker)) == 1

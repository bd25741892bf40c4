"""Work results come in: a period of a worker once, a newer figure in place of the older one, never two that overlap without being asked."""

import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from lms import imports
from lms.models import ImportRun, ImportState
from records import assessments, demo, ledger
from records.models import Kind, SkillRecord
from tests.lms import workbooks
from tests.records.conftest import at, told

HEAD = "姓名,手机号,考核期,得分,上报数,办结数,办结率,走访数"
WANG, LI, CHEN = "王桂兰,13907150001", "李建国,13907150002", "陈秀英,13907150003"
ROW = f"{WANG},2026年3月,92.5,12,11,91.67%,40"


def sheet(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


def results_of(worker) -> list[tuple[str, Decimal]]:
    found = SkillRecord.objects.standing().filter(worker=worker, kind=Kind.WORK).order_by("occurred_at", "pk")
    return list(found.values_list("title", "amount"))


def test_a_row_becomes_points_of_100_dated_to_the_end_of_its_period_with_its_figures(read, take, worker, county_admin):
    lines = read("work", sheet(ROW), by=county_admin)
    assert told(lines) == [(2, "new", [])]
    figures = "上报 12 件，办结 11 件，办结率 91.67%，走访 40 次"
    assert lines[0].shown["facts"] == ["139****0001", "2026年3月", "92.5", figures]
    take("work", lines)
    record = SkillRecord.objects.get()
    assert (record.kind, record.source, record.amount, record.out_of, record.year) == (
        "work",
        "records.work:2026-03",
        Decimal("92.50"),
        Decimal(100),
        2026,
    )
    assert record.title == f"2026年3月业务实绩：{figures}"
    assert timezone.localtime(record.occurred_at).isoformat() == "2026-03-31T12:00:00+08:00"
    assert (record.happened, record.origin) == ("2026年3月31日", "省平台")


def test_an_assessment_takes_their_mean(read, take, worker, city, scheme, county_admin, now):
    take("work", read("work", sheet(f"{WANG},2025年1月,90,,,,", f"{WANG},2025年2月,94,,,,")))
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now)
    line = drafted.assessments.get(worker=worker).lines[3]
    assert (line["indicator"], line["how"]) == ("业务实绩", "2 条记录平均 92 分 ÷ 100 × 15 = 13.80 分")
    assert line["records"] == list(SkillRecord.objects.order_by("occurred_at").values_list("pk", flat=True))


def test_the_month_is_read_from_the_title_where_no_column_has_it(read, take, worker, colleague):
    rows = [
        ["咸安区2026年3月份网格员业务实绩得分表"],
        ["导出时间：2026年4月2日 08:30"],
        ["序号", "姓名", "手机号", "业务实绩"],
        [None, None, None, "得分"],
        [1, "王桂兰", "13907150001", 92.5],
        [2, "李建国", "13907150002", 0],
        ["平均", None, None, 46.25],
        ["制表：省平台", None, None, "审核："],
    ]

    def merged(_book, page):
        for cells in ("A1:D1", "A3:A4", "B3:B4", "C3:C4"):
            page.merge_cells(cells)

    lines = read("work", workbooks.made(rows, change=merged), name="3月.xlsx")
    assert told(lines)[:2] == [(5, "new", []), (6, "new", [])]
    take("work", lines)
    assert results_of(worker) == [("2026年3月业务实绩", Decimal("92.50"))]
    assert results_of(colleague) == [("2026年3月业务实绩", Decimal(0))]


@pytest.mark.parametrize("lower", ["姓名,手机号,得分", "手机号,姓名,得分"])
def test_two_months_under_each_other_are_not_taken_for_one(read, worker, lower):
    second = WANG if lower.startswith("姓名") else ",".join(reversed(WANG.split(",")))
    rows = [f"{WANG},92.5", "2026年4月网格员业务实绩,,", lower, f"{second},88"]
    lines = read("work", "\n".join(["2026年3月网格员业务实绩,,", "姓名,手机号,得分", *rows]).encode())
    assert told(lines) == [(3, "wrong", ["period_missing"]), (6, "wrong", ["period_missing"])]


def test_a_title_right_over_the_header_is_read_too(read, worker):
    data = "\n".join(["2026年3月业务实绩统计表,,", "姓名,手机号,得分", f"{WANG},92.5"]).encode()
    lines = read("work", data)
    assert told(lines) == [(3, "new", [])]
    assert lines[0].shown["facts"][1] == "2026年3月"


def test_year_and_month_in_two_columns_percent_cells_and_indicators(read, take, worker):
    head = ["姓名", "手机号", "年度", "月份", "考核指标", "得分", "办结率"]
    rows = [
        ["王桂兰", 13907150001, 2026, 3, "事件办结", 95.5, 0.9167],
        ["王桂兰", 13907150001, 2026, "3月", "重点走访", 88, 1],
        ["王桂兰", 13907150001, 2026, date(2026, 4, 1), "重点走访", 90, None],
    ]
    lines = read("work", workbooks.made([head, *rows]), name="表.xlsx")
    assert told(lines) == [(2, "new", []), (3, "new", []), (4, "new", [])]
    take("work", lines)
    assert results_of(worker) == [
        ("2026年3月事件办结：办结率 91.67%", Decimal("95.50")),
        ("2026年3月重点走访：办结率 100%", Decimal(88)),
        ("2026年4月重点走访", Decimal(90)),
    ]


@pytest.mark.parametrize(
    ("cells", "outcome", "code"),
    [
        ("2026年3月,101", "wrong", "points_range"),
        ("2026年3月,-1", "wrong", "points_range"),
        ("2026年3月,良好", "wrong", "points_format"),
        ("2026年3月,", "wrong", "points_format"),
        ("2026年3月,88.888", "wrong", "points_places"),
        (",88", "wrong", "period_missing"),
        ("3月,88", "wrong", "period_format"),
        ("2026年10月,88", "wrong", "period_future"),
        ("1999年3月,88", "wrong", "period_early"),
        ("2026年9月,88", "new", "period_running"),
        ("2026年3月,88,很多", "new", "figure_format"),
    ],
)
def test_what_cannot_be_a_result_is_wrong_and_says_why(read, worker, cells, outcome, code):
    row = f"{WANG},{cells}" + "," * (5 - cells.count(","))
    lines = read("work", sheet(row))
    assert told(lines) == [(2, outcome, [code])]
    assert lines[0].notes[0].message.endswith("。")


def test_january_or_october_is_asked_unless_october_is_still_to_come(read, take, worker):
    head = ["姓名", "手机号", "考核期", "得分"]
    rows = [["王桂兰", 13907150001, 2025.1, 90], ["王桂兰", 13907150001, 2026.1, 80]]
    lines = read("work", workbooks.made([head, *rows]), name="表.xlsx")
    assert told(lines) == [(2, "conflict", ["date_ambiguous"]), (3, "new", [])]
    assert [option.label for option in lines[0].question.options] == ["2025年1月", "2025年10月"]
    take("work", lines, {2: "month-10"})
    assert [title for title, _points in results_of(worker)] == ["2025年10月业务实绩", "2026年1月业务实绩"]


# --- again, corrected, overlapping ----------------------------------------------------------------------------------


def test_a_newer_figure_takes_the_place_of_the_older_with_the_difference_shown(read, take, undo, worker):
    take("work", read("work", sheet(ROW)))
    assert told(read("work", sheet(ROW))) == [(2, "unchanged", [])]
    # a list without the figures leaves those known as they are
    assert told(read("work", sheet(f"{WANG},2026年3月,92.5,,,,"))) == [(2, "unchanged", [])]
    lines = read("work", sheet(ROW.replace("92.5", "95").replace(",11,", ",12,")))
    assert told(lines) == [(2, "updated", [])]
    assert lines[0].shown["changes"] == [
        ["得分", "92.5", "95"],
        [
            "数据",
            "上报 12 件，办结 11 件，办结率 91.67%，走访 40 次",
            "上报 12 件，办结 12 件，办结率 91.67%，走访 40 次",
        ],
    ]
    applied = take("work", lines)
    assert [points for _title, points in results_of(worker)] == [Decimal(95)]
    assert SkillRecord.objects.standing().get().source == "records.work:2026-03~2"
    assert undo("work", applied) == {}
    assert [points for _title, points in results_of(worker)] == [Decimal("92.50")]


def test_a_figure_of_a_settled_year_is_corrected_only_where_somebody_says_so(
    read, take, worker, city, scheme, county_admin, year_of, now
):
    year_of(worker)
    assessments.settle(assessments.draft(scheme, city.county, by=county_admin, now=now), by=county_admin, now=now)
    lines = read("work", sheet(f"{WANG},2025年1月,91,,,,"))
    assert told(lines) == [(2, "conflict", ["record_differs"])]
    assert "2025年的考核已经审定" in lines[0].question.text
    take("work", lines, {2: "replace"})
    assert [points for _title, points in results_of(worker)] == [Decimal(91), Decimal(94)]


def test_a_year_beside_its_months_is_asked_because_both_would_count(read, take, worker, colleague):
    take("work", read("work", sheet(ROW)))
    rows = [
        f"{WANG},2026年第一季度,90,,,,",
        f"{WANG},2025年度,90,,,,",
        f"{WANG},2025年12月,90,,,,",
        f"{LI},2026年上半年,90,,,,",
    ]
    lines = read("work", sheet(*rows))
    assert told(lines) == [
        (2, "duplicate", ["record_alike"]),
        (3, "new", []),
        (4, "duplicate", ["record_alike"]),
        (5, "new", []),
    ]
    assert "表里第 3 行" in lines[2].question.text
    assert "2026年3月业务实绩" in lines[0].question.text


def test_the_results_of_the_demo_city_are_known_by_the_same_source(read, worker, now):
    entry = demo.month_of_work(worker.pk, 2026, 3, 90, lambda mean, spread: mean, at(2026, 3, 31, 18))
    ledger.post(entry, now=now)
    assert told(read("work", sheet(f"{WANG},2026年3月,{entry.amount},,,,"))) == [(2, "unchanged", [])]
    assert told(read("work", sheet(ROW))) == [(2, "updated", [])]


@pytest.mark.django_db(transaction=True)
def test_many_corrections_at_once_pull_the_brake(worker, colleague, county_admin, client_of):
    client = client_of(county_admin)

    def send(points: str) -> ImportRun:
        rows = [f"{who},2026年3月,{points},,,," for who in (WANG, LI)]
        file = SimpleUploadedFile("3月.csv", sheet(*rows))
        answer = client.post(reverse("imports"), {"kind": "work", "file": file})
        return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    first = send("90")
    assert first.brake == {}
    client.post(reverse("import_confirm", args=[first.pk]))
    again = send("91")
    assert (again.counts, again.brake) == ({"updated": 2}, {"changes": 2, "of": 2})
    client.post(reverse("import_confirm", args=[again.pk]), {"changes": 2})
    assert [points for who in (worker, colleague) for _title, points in results_of(who)] == [Decimal(91)] * 2


# --- who may, and by command ----------------------------------------------------------------------------------------


def test_only_counties_and_the_city_bring_them_in(township_admin, county_admin, city_admin, leader, editor):
    kind = imports.resource_of("work")
    users = (township_admin, county_admin, city_admin, leader, editor)
    assert [kind.allowed(user) for user in users] == [False, True, True, False, False]


def test_a_county_does_not_reach_another(read, worker, outsider, county_admin, county_b_admin):
    rows = [ROW, f"{CHEN},2026年3月,90,,,,"]
    assert told(read("work", sheet(*rows), by=county_admin)) == [(2, "new", []), (3, "out_of_reach", ["out_of_reach"])]
    assert told(read("work", sheet(*rows), by=county_b_admin)) == [
        (2, "out_of_reach", ["out_of_reach"]),
        (3, "new", []),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_county_admin_brings_in_a_month_and_the_worker_sees_it(worker, county_admin, client_of):
    client = client_of(county_admin)
    answer = client.post(reverse("imports"), {"kind": "work", "file": SimpleUploadedFile("3月.csv", sheet(ROW))})
    run = ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))
    assert "上报 12 件" in client.get(reverse("import_run", args=[run.pk])).content.decode()
    client.post(reverse("import_confirm", args=[run.pk]))
    run.refresh_from_db()
    assert (run.state, run.counts) == (ImportState.DONE, {"new": 1})
    phone = client_of(worker.user)
    assert "1 条，平均 <b>92.5</b> 分" in phone.get("/records/").content.decode()
    page = phone.get("/records/work/").content.decode()
    assert "2026年3月业务实绩：上报 12 件" in page
    assert "2026年3月31日 · 省平台" in page


def test_by_command_nothing_is_written_unless_asked(tmp_path, worker, now):
    file = tmp_path / "实绩.csv"
    file.write_bytes(sheet(ROW).decode().encode("gb18030"))
    for options, count in (([], 0), (["--apply"], 1)):
        out = io.StringIO()
        call_command("import_work", str(file), "--json", *options, stdout=out)
        assert json.loads(out.getvalue())["new"] == 1
        assert SkillRecord.objects.count() == count

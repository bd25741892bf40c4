from datetime import datetime
from decimal import Decimal as D
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from records import bulletins, ledger, plots
from records.bulletins import Figures
from roster.models import Employment
from tests.records.conftest import at


@pytest.fixture
def year(worker, colleague, outsider, hire, city, post, now):
    """County A: four in post (one part-time), two with hours; three exams due, one absent. County B: one, with nothing but last year."""
    parttime = hire("W5", "周兼", city.neighbour, employment=Employment.PART_TIME)
    idle = hire("W6", "吴闲", city.neighbour, grid=1)
    full = {"out_of": D(100)}
    post(worker, "hours", "6.5", source="a", on=at(2026, 3, 1))
    post(worker, "hours", "3", source="b", on=at(2026, 4, 1))
    post(parttime, "hours", "0.5", source="a", on=at(2026, 3, 1))
    wrong = post(idle, "hours", "9", source="a", on=at(2026, 3, 1))
    ledger.reverse(wrong, by=None, reason="错记", now=now)
    post(worker, "exam", "88", source="e", on=at(2026, 6, 1), result="passed", **full)
    post(colleague, "exam", "27", source="e", on=at(2026, 6, 1), result="failed", out_of=D(50))
    post(idle, "exam", "0", source="e", on=at(2026, 6, 1), result="absent", **full)
    post(worker, "hours", "2", source="l", on=at(2025, 3, 1))
    post(worker, "hours", "5", source="m", on=at(2025, 11, 1))  # after this day of last year
    post(outsider, "exam", "70", source="l", on=at(2025, 6, 1), result="passed", **full)
    return 2026


COUNTY_A = Figures(
    active=4,
    covered=2,
    hours=D("10.00"),
    target=D(84),
    due=3,
    sat=2,
    passed=1,
    marks=D("142"),
)


@pytest.mark.postgres
def test_adds_up_each_county_and_the_city(year, city, now):
    drawn = bulletins.draw_up(city.territory, year=2026, now=now)
    assert [(row.place.name, row.now) for row in drawn.rows] == [
        ("咸安区", COUNTY_A),
        ("嘉鱼县", Figures(active=1, target=D(24))),
    ]
    total = drawn.total.now
    assert (total.active, total.covered, total.hours, total.due) == (5, 2, D(10), 3)
    shown = (total.coverage, total.mean_hours, total.mean_target, total.turnout, total.pass_rate, total.average)
    assert shown == (D("40.0"), D("2.0"), D("21.6"), D("66.7"), D("50.0"), D("71.0"))
    # last year up to the same day, by those in post today
    assert [row.before for row in drawn.rows] == [
        Figures(active=4, covered=1, hours=D(2), target=D(84)),
        Figures(active=1, target=D(24), due=1, sat=1, passed=1, marks=D(70)),
    ]
    assert drawn.before_name == "上年同期"


def test_a_year_that_is_over_stands_beside_the_whole_year_before(year, city, now):
    drawn = bulletins.draw_up(city.county, year=2025, now=now)
    assert (drawn.before_name, drawn.total.now.hours) == ("上年", D(7))
    assert [row.place.name for row in drawn.rows] == ["永安街道", "汀泗桥镇"]


def test_nothing_on_record_is_none_and_not_nought():
    nothing = Figures()
    assert (nothing.coverage, nothing.mean_hours, nothing.turnout, nothing.pass_rate, nothing.average) == (None,) * 5
    assert bulletins.rate(1, 3) == D("33.3")
    assert bulletins.rate(1, 8, of=1) == D("0.1")


def test_bars_are_as_long_as_their_figures(year, city, now):
    drawn = bulletins.draw_up(city.territory, year=2026, now=now)
    coverage, hours, *_rest = plots.plots(drawn)
    assert [(bar.row.place.name, bar.now, bar.before, bar.text) for bar in coverage.bars] == [
        ("咸安区", "50.0%", "25.0%", "50.0%"),
        ("嘉鱼县", "0.0%", "0.0%", "0.0%"),
    ]
    assert (hours.bars[0].now, hours.bars[0].need, hours.bars[0].words) == ("10.4%", "87.5%", "本年 2.5，上年 0.5")


def test_litany(
    year, city, worker, leader, city_admin, county_admin, township_admin, county_b_admin, editor, client_of, client
):
    county, page = city.county, "/bulletin/"
    people = {
        "leader": leader,
        "city": city_admin,
        "county": county_admin,
        "township": township_admin,
        "editor": editor,
        "worker": worker.user,
    }
    assert {name: client_of(user).get(page).status_code for name, user in people.items()} == {
        "leader": 200,
        "city": 200,
        "county": 200,
        "township": 200,
        "editor": 403,
        "worker": 404,
    }
    people = {"leader": leader, "county": county_admin, "township": township_admin, "county b": county_b_admin}
    assert {name: client_of(user).get(page, {"in": county.pk}).status_code for name, user in people.items()} == {
        "leader": 200,
        "county": 200,
        "township": 404,
        "county b": 404,
    }
    for wrong in ({"in": "99999"}, {"in": "abc"}, {"year": "1999"}, {"year": "abc"}, {"in": city.communities[0].pk}):
        assert client_of(leader).get(page, wrong).status_code == 404
    assert client_of(leader).post(page).status_code == 405
    assert client.get(page).status_code == 302
    assert client_of(worker.user).get("/bulletin.xlsx").status_code == 404
    assert client_of(county_b_admin).get("/bulletin.xlsx", {"in": county.pk}).status_code == 404


def test_each_reader_begins_at_their_own_place(year, city, leader, county_admin, township_admin, client_of):
    begins = [
        client_of(user).get("/bulletin/").context["bulletin"].scope for user in (leader, county_admin, township_admin)
    ]
    assert begins == [city.territory, city.county, city.township]


def test_every_row_leads_down_to_the_names(year, city, leader, client_of):
    client = client_of(leader)
    assert f'href="?in={city.county.pk}"' in client.get("/bulletin/").content.decode()
    assert f'href="?in={city.neighbour.pk}"' in client.get("/bulletin/", {"in": city.county.pk}).content.decode()
    page = client.get("/bulletin/", {"in": city.neighbour.pk})
    assert [one.name for one in page.context["without_hours"]] == ["吴闲"]
    assert [one.worker.name for one in page.context["absentees"]] == ["吴闲"]
    assert page.context["bulletin"].total.now.uncovered == 1


def test_as_many_queries_for_many_records_as_for_few(year, city, leader, worker, post, hire, client_of):
    def count(place) -> int:
        client = client_of(leader)
        client.get("/bulletin/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/bulletin/", {"in": place.pk})
        return len(captured)

    few = [count(place) for place in (city.territory, city.county, city.township)]
    for number in range(6):
        more = hire(f"X{number}", "新", city.township)
        post(more, "hours", "1", source="z", on=at(2026, 5, 1))
        post(more, "exam", "0", source="z", on=at(2026, 5, 1), out_of=D(100), result="absent")
    assert [count(place) for place in (city.territory, city.county, city.township)] == few
    assert max(few) <= 16
    assert few[0] <= 14


def test_the_worksheet_holds_the_numbers_of_the_page(year, city, leader, client_of, now: datetime):
    response = client_of(leader).get("/bulletin.xlsx")
    assert response["Content-Disposition"].startswith("attachment")
    sheet = load_workbook(BytesIO(b"".join(response.streaming_content))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "咸宁市2026年网格员培训和考试通报"
    assert rows[1][0] == "数据截至 2026年9月16日 10:00。"
    assert rows[3][0] == "吴部长（leader） 2026年9月16日 10:00 从网格学堂导出 · 咸宁市"
    assert rows[4] == [
        *("地区", "在岗人数", "有学时的人数", "培训覆盖率", "上年同期覆盖率", "学时合计", "人均学时", "人均要求学时"),
        *("上年同期人均学时", "应考人次", "实考人次", "缺考人次", "参考率", "上年同期参考率", "及格人次", "及格率"),
        *("上年同期及格率", "平均分", "上年同期平均分"),
    ]
    assert rows[5] == [
        *("咸安区", 4, 2, 0.5, 0.25, 10, 2.5, 21, 0.5, 3, 2, 1, 0.667, None, 1, 0.5, None, 71, None),
    ]
    assert rows[7][:4] == ["咸宁市", 5, 2, 0.4]
    assert (sheet["D6"].number_format, sheet["B6"].number_format) == ("0.0%", "#,##0")

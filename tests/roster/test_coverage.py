"""网格覆盖: what each figure counts, that its list holds exactly that, whose it is, and what it costs."""

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client

from mentors import appointment
from mentors.models import Mentor
from roster import coverage, identity, territories
from roster.models import Grid, Posting, Territory, User, Worker, WorkerState
from roster.places import Map
from roster.territories import Division, GridLine

DATA = Path(__file__).parents[1] / "data"
ClientOf = Callable[[User], Client]
TODAY = date(2026, 9, 16)
GRID_FIGURES = ["all", *coverage.HANDS, *coverage.SIZES]


@pytest.fixture
def mixed(city: Any, worker: Worker, colleague: Worker, mentor: Any, hire: Any) -> Any:
    """Of county A, 8 grids: 双鹤1 has two workers, 双鹤2 one suspended, 西大街1 one in post and one lent, 古塘1 one; sizes of all kinds."""
    one, _two, three = city.grids[:3]
    third = hire("W0070", "孙秋", city.township)
    third.postings.update(grid=one)
    Posting.objects.create(worker=worker, grid=three, since=date(2025, 1, 1))
    lent = hire("W0071", "李冬", city.township, state=WorkerState.LENT)
    lent.postings.update(grid=three)
    Worker.objects.filter(pk=colleague.pk).update(state=WorkerState.SUSPENDED)
    Posting.objects.create(worker=worker, grid=city.grids[3], since=date(2024, 1, 1), until=date(2025, 1, 1))
    sizes = [(299, 599), (300, 600), (500, 1200), (501, 1201), (400, 1500), (None, None), (200, 900), (450, 1000)]
    for grid, (households, population) in zip(city.grids[:8], sizes, strict=True):
        Grid.objects.filter(pk=grid.pk).update(households=households, population=population)
    return city


@pytest.mark.postgres
def test_what_each_figure_counts(mixed: Any) -> None:
    found = coverage.report(mixed.county, on=TODAY)
    counts = found.total.counts
    assert {name: counts[name] for name in ["all", *coverage.HANDS]} == {
        "all": 8,
        "nobody": 4,
        "away": 1,
        "one": 2,
        "several": 1,
    }
    assert {name: counts[name] for name in coverage.SIZES} == {
        "households_off": 3,
        "households_few": 2,
        "households_many": 1,
        "households_unknown": 1,
        "people_off": 3,
        "people_few": 1,
        "people_many": 2,
        "both_off": 2,
    }
    assert [(row.place.name, row.counts["all"]) for row in found.rows] == [("永安街道", 4), ("汀泗桥镇", 4)]
    assert counts[coverage.NO_MENTOR] == 1  # the mentor works in the other township


def test_those_on_their_way_in_are_not_in_charge_yet(mixed: Any) -> None:
    Worker.objects.filter(number="W0002").update(state=WorkerState.TRAINING)
    assert coverage.report(mixed.county, on=TODAY).total.counts["nobody"] == 5


def test_a_mentor_counts_for_the_term_and_while_in_post(mixed: Any, mentor: Any, county_admin: User, now: Any) -> None:
    def lacking(on: date) -> set[str]:
        found = coverage.without_mentor(Territory.objects.filter(parent=mixed.county), on=on)
        return {township.name for township in found}

    assert lacking(TODAY) == {"永安街道"}
    assert lacking(mentor.since - timedelta(days=1)) == {"永安街道", "汀泗桥镇"}
    Mentor.objects.filter(pk=mentor.pk).update(until=TODAY)
    assert lacking(TODAY) == {"永安街道", "汀泗桥镇"}
    Mentor.objects.filter(pk=mentor.pk).update(until=None)
    Worker.objects.filter(pk=mentor.worker_id).update(state=WorkerState.SUSPENDED)
    assert lacking(TODAY) == {"永安街道", "汀泗桥镇"}


def test_without_a_floor_that_appoints_the_mark_in_the_list_counts(mixed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_finders", [])
    Worker.objects.filter(number="W0001").update(listed_as_mentor="township")
    assert coverage.report(mixed.county, on=TODAY).total.counts[coverage.NO_MENTOR] == 1
    assert coverage.mentors_by(appointment.serving) is appointment.serving


@pytest.mark.parametrize("name", GRID_FIGURES)
def test_every_figure_opens_exactly_the_grids_it_counts(
    client_of: ClientOf, city_admin: User, county_admin: User, mixed: Any, name: str
) -> None:
    from roster.cms_coverage import list_of

    for user, places in [
        (city_admin, [mixed.territory, mixed.county, mixed.county_b, mixed.township]),
        (county_admin, [mixed.county, mixed.neighbour, mixed.communities[0]]),
    ]:
        client = client_of(user)
        for place in places:
            grids = Grid.objects.current().filter(community__path__startswith=place.path)
            counted = coverage.tally(grids, by="community")
            expected = sum(counts[name] for counts in counted.values())
            shown = client.get(list_of(place, name))
            assert shown.context["page_obj"].paginator.count == expected, (place.name, name)


@pytest.mark.postgres
def test_the_figures_on_the_screen_are_those_of_their_lists(
    client_of: ClientOf, county_admin: User, mixed: Any
) -> None:
    client = client_of(county_admin)
    context = client.get("/cms/coverage/").context
    figures = [figure for _row, cells, _all in context["rows"] for figure in cells] + context["figures"]
    assert len(figures) > 10
    for figure in figures:
        shown = client.get(figure.href)
        page = shown.context["page_obj"] if "page_obj" in shown.context else shown.context["page"]
        assert page.paginator.count == figure.count, figure


def test_a_county_admin_sees_their_own_county_alone(
    client_of: ClientOf, county_admin: User, township_admin: User, mixed: Any
) -> None:
    client = client_of(county_admin)
    page = client.get("/cms/coverage/").content.decode()
    assert "咸安区" in page
    for foreign in ["嘉鱼县", "鱼岳镇", "咸宁市"]:
        assert foreign not in page
    for url in ["/cms/coverage/", "/cms/coverage/townships/", "/cms/coverage/table/"]:
        for place in [mixed.county_b, mixed.township_b, mixed.territory, mixed.communities[0]]:
            assert client.get(f"{url}?in={place.pk}").status_code == 404
        assert client.get(f"{url}?in=x").status_code == 404
        assert client.post(url).status_code == 405
    page = client_of(township_admin).get("/cms/coverage/").content.decode()
    assert "永安街道还没有小教员" in page
    assert "汀泗桥镇" not in page


def test_the_report_says_what_it_takes_for_the_norm_and_when(
    client_of: ClientOf, county_admin: User, mixed: Any
) -> None:
    page = client_of(county_admin).get("/cms/coverage/").content.decode()
    for words in [
        "数据截至 2026年9月16日 10:00",
        "300–500 户或 1,000 人左右",
        "600–1,200 人",
        "没有登记户数",
        "没有小教员",
        'aria-label="',
    ]:
        assert words in page


def test_the_townships_without_a_mentor_name_who_is_listed(client_of: ClientOf, county_admin: User, mixed: Any) -> None:
    Worker.objects.filter(number="W0001").update(listed_as_mentor="township")
    page = client_of(county_admin).get("/cms/coverage/townships/").content.decode()
    assert "永安街道" in page
    assert "王桂兰，还没有聘任" in page
    assert "汀泗桥镇" not in page


def test_the_worksheet_holds_counties_townships_and_the_sum(client_of: ClientOf, city_admin: User, mixed: Any) -> None:
    response: Any = client_of(city_admin).get("/cms/coverage/table/")
    sheet: Any = openpyxl.load_workbook(BytesIO(b"".join(response.streaming_content))).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert "数据截至 2026年9月16日 10:00" in str(rows[1][0])
    head = next(row for row in rows if row[0] == "县（市、区）")
    at = rows.index(head)
    assert [row[:2] for row in rows[at + 1 :]] == [
        ["咸安区", None],
        ["咸安区", "永安街道"],
        ["咸安区", "汀泗桥镇"],
        ["嘉鱼县", None],
        ["嘉鱼县", "鱼岳镇"],
        ["嘉鱼县", "官桥镇"],
        ["合计", None],
    ]
    assert (head[3], rows[at + 1][3], rows[-1][3]) == ("网格", 8, 16)
    assert (head[8], rows[-1][8]) == ("户数不在 300–500", 3)


def test_a_place_without_grids_says_so(client_of: ClientOf, county_b_admin: User, city: Any) -> None:
    Grid.objects.all().delete()
    assert "这里还没有网格" in client_of(county_b_admin).get("/cms/coverage/").content.decode()


@pytest.mark.parametrize("path", ["/cms/coverage/", "/cms/coverage/townships/", "/cms/coverage/table/", "/cms/grids/"])
def test_the_report_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, city_admin: User, city: Any, hire: Any, path: str, django_assert_max_num_queries: Any
) -> None:
    client = client_of(city_admin)
    client.get(path)
    with django_assert_max_num_queries(18) as few:
        client.get(path)
    for number, township in enumerate(city.townships, 80):
        hire(f"W00{number}", "李冬", township)
    with django_assert_max_num_queries(18) as many:
        client.get(path)
    assert len(many) == len(few)


def divisions() -> list[Division]:
    with (DATA / "xianning_divisions_2023.csv").open(encoding="utf-8-sig") as file:
        return [
            Division(row["level"], row["code"], row["name"], row["parent_code"], row["kind"])
            for row in csv.DictReader(file)
        ]


@pytest.mark.slow
@pytest.mark.django_db
def test_the_register_of_the_real_city(now: datetime) -> None:
    """4,028 grids of 1,096 communities: each line finds its community by name, 241 are outside 300–500 households."""
    territories.establish(divisions(), on=TODAY)
    drawn, lines = Map.draw(), []
    sheet: Any = openpyxl.load_workbook(DATA / "rosters" / "网格台账.xlsx").active
    rows = sheet.iter_rows(min_row=2, values_only=True)
    for county, township, community, name, code, kind, households, population in rows:
        (above,) = drawn.township(township, county=county)
        (place,) = drawn.community(community, above)
        number = identity.grid_ordinal(name, place.name)
        lines.append(GridLine(place.pk, code, name, number, identity.grid_kind(kind).value, households, population))
    territories.register_grids(lines)
    counts = coverage.report(Territory.objects.get(level="city"), on=TODAY).total.counts
    figures = {name: counts[name] for name in ["all", "nobody", "households_off", "people_off", "both_off"]}
    assert figures == {"all": 4028, "nobody": 4028, "households_off": 241, "people_off": 755, "both_off": 211}
    assert counts[coverage.NO_MENTOR] == len({drawn.by_id[line.community_id].parent_id for line in lines})

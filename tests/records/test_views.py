from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from records import assessments, ledger
from records.models import SkillRecord
from tests.records.conftest import at


@pytest.fixture
def settled(scheme, city, worker, county_admin, year_of, now):
    year_of(worker)
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now - timedelta(days=3))
    return assessments.settle(drafted, by=county_admin, now=now - timedelta(days=1))


PAGES = ["/records/", "/records/hours/", "/records/work/", "/records/assessment/2025/", "/records/assessment/2025/0/"]


@pytest.mark.parametrize("page", PAGES)
def test_litany(page, settled, worker, outsider, leader, county_admin, client_of, client):
    visitor = client.get(page)
    statuses = {
        "worker": client_of(worker.user).get(page).status_code,
        "nobody's worker": client_of(leader).get(page).status_code,
        "admin": client_of(county_admin).get(page).status_code,
        "posted": client_of(worker.user).post(page).status_code,
    }
    assert statuses == {"worker": 200, "nobody's worker": 404, "admin": 404, "posted": 405}
    assert (visitor.status_code, visitor["Location"].split("?")[0]) == (302, "/sign-in/")
    # another worker sees their own record on the same address, and nothing of the first one's
    foreign = client_of(outsider.user).get(page)
    assert foreign.status_code == (404 if page.endswith("/0/") else 200)
    assert "累计 18 学时" not in foreign.content.decode()


def queries(client, page: str) -> int:
    client.get(page)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


@pytest.mark.parametrize("page", PAGES)
def test_asks_the_database_as_often_for_many_records_as_for_one(page, settled, worker, client_of, post):
    client = client_of(worker.user)
    one = queries(client, page)
    for number in range(30):
        post(worker, "hours", "0.5", source=f"x:{number}", on=at(2026, 3, 1), mode="online")
        post(worker, "exam", "80", source=f"x:{number}", on=at(2026, 3, 1), out_of=Decimal(100), result="passed")
    assert queries(client, page) == one <= 12


def test_my_records_shows_what_is_missing_for_the_post(settled, worker, post, client_of):
    post(worker, "hours", "1.5", source="y", on=at(2026, 3, 1), mode="onsite")
    text = client_of(worker.user).get("/records/").content.decode()
    for said in (
        "现场 <b>1.5</b> 学时",
        "全年要求 24 学时，还差 22.5 学时",
        "岗位要求 2 项，已达标 1 项",
        "88 / 100 分",
        "2025年：",
        "得分 75.85",
    ):
        assert said in text, said


@pytest.mark.postgres
def test_every_hour_is_listed_and_a_reversed_one_says_why(worker, post, client_of, now):
    kept = post(worker, "hours", "1", source="a", on=at(2026, 2, 1), title="第一课")
    gone = post(worker, "hours", "2", source="b", on=at(2026, 3, 1), title="第二课")
    ledger.reverse(gone, by=None, reason="重复登记", now=now)
    page = client_of(worker.user).get("/records/hours/")
    text = page.content.decode()
    assert page.context["hours"].total == Decimal("1")
    assert page.context["records"] == [gone, kept]
    assert "<del>第二课</del>" in text
    assert "2026年9月16日冲销，不再计入。原因：重复登记" in text
    assert "计入 1 笔" in text


@pytest.mark.parametrize("year", ["1999", "abc", "99999999999999999999"])
def test_an_unknown_year_of_hours_shows_this_year(year, worker, client_of):
    assert client_of(worker.user).get(f"/records/hours/?year={year}").context["year"] == 2026


def test_an_assessment_is_seen_only_once_settled(scheme, city, worker, county_admin, year_of, client_of, now):
    year_of(worker)
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now)
    client = client_of(worker.user)
    before = client.get("/records/assessment/2025/")
    assert before.status_code == 200
    assert "还没有审定的结果" in before.content.decode()
    assert client.get("/records/assessment/2025/0/").status_code == 404
    assessments.settle(drafted, by=county_admin, now=now)
    after = client.get("/records/assessment/2025/").content.decode()
    for said in ("合格", "75.85", "钱县办", "2025年专职网格员考核", "累计 18 学时 ÷ 目标 24 学时 × 25 = 18.75 分"):
        assert said in after, said


def test_every_figure_of_an_assessment_can_be_opened(settled, worker, client_of):
    client = client_of(worker.user)
    assessment = settled.assessments.get(worker=worker)
    page = client.get("/records/assessment/2025/").content.decode()
    for number, line in enumerate(assessment.lines):
        link = f"/records/assessment/2025/{number}/"
        assert (f'href="{link}"' in page) == bool(line["records"])
        shown = client.get(link).context["records"]
        assert sorted(record.pk for record in shown) == line["records"]
    assert client.get(f"/records/assessment/2025/{len(assessment.lines)}/").status_code == 404


def test_the_evidence_stays_when_a_record_is_reversed_later(settled, worker, client_of, now):
    hours = SkillRecord.objects.get(worker=worker, kind="hours")
    ledger.reverse(hours, by=None, reason="重复登记", now=now)
    client = client_of(worker.user)
    assert "75.85" in client.get("/records/assessment/2025/").content.decode()
    assert "原因：重复登记" in client.get("/records/assessment/2025/0/").content.decode()


def test_the_ring_of_the_home_page_takes_two_queries(worker, post, now, django_assert_num_queries, rf: RequestFactory):
    post(worker, "hours", "2", source="a", on=at(2026, 2, 1), mode="online")
    post(worker, "hours", "3", source="b", on=at(2026, 2, 1), mode="onsite")
    request = rf.get("/")
    request.user, request.now = worker.user, now  # type: ignore[attr-defined]
    assert request.user.worker == worker
    template: Callable[..., str] = Template("{% load records_home %}{% records_year %}").render
    with django_assert_num_queries(2):
        text = template(Context({"request": request}))
    assert "线上 <b>2</b> 学时，现场 <b>3</b> 学时。" in text


def test_the_ring_is_empty_for_those_who_are_nobodys_worker(leader, now, rf):
    request = rf.get("/")
    request.user, request.now = leader, now
    assert Template("{% load records_home %}{% records_year %}").render(Context({"request": request})).strip() == ""

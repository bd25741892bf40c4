from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from lms.models import AuditEntry, Job
from records import assessments
from records.models import Round


@pytest.fixture
def drafted(scheme, city, worker, colleague, county_admin, year_of, now):
    year_of(worker)
    return assessments.draft(scheme, city.county, by=county_admin, now=now - timedelta(days=1))


@pytest.fixture
def pages(drafted, worker, scheme):
    one = drafted.assessments.get(worker=worker)
    return {
        "round": f"/cms/assessments/{drafted.pk}/",
        "person": f"/cms/assessments/{drafted.pk}/{one.pk}/",
        "evidence": f"/cms/assessments/{drafted.pk}/{one.pk}/0/",
        "export": f"/cms/assessments/{drafted.pk}/export.xlsx",
        "settle": f"/cms/assessments/{drafted.pk}/settle/",
    }


def test_litany(
    pages, worker, city_admin, county_admin, township_admin, county_b_admin, leader, editor, client_of, client
):
    people = {
        "city": city_admin,
        "county": county_admin,
        "township": township_admin,
        "county b": county_b_admin,
        "leader": leader,
        "editor": editor,
        "worker": worker.user,
    }
    seen = {name: [client_of(user).get(page).status_code for page in pages.values()] for name, user in people.items()}
    assert seen["city"] == seen["county"] == [200, 200, 200, 200, 200]
    assert seen["township"] == [200, 200, 200, 200, 404]
    assert seen["county b"] == [404] * 5
    # nobody without an admin's role gets anywhere near
    for name in ("leader", "editor", "worker"):
        assert set(seen[name]) <= {302, 403, 404}, name
    for page in pages.values():
        assert client.get(page).status_code == 302
    for name in ("round", "person", "evidence", "export"):
        assert client_of(county_admin).post(pages[name]).status_code == 405


@pytest.mark.postgres
def test_the_overview_shows_only_the_admins_counties(drafted, county_admin, county_b_admin, city_admin, client_of):
    def places(user):
        rows = client_of(user).get("/cms/assessments/").context["rows"]
        return [(row.county.name, row.scheme.employment, row.count) for row in rows]

    assert places(county_admin) == [("咸安区", "fulltime", 2), ("咸安区", "parttime", 0)]
    assert places(county_b_admin) == [("嘉鱼县", "fulltime", 0), ("嘉鱼县", "parttime", 0)]
    assert len(places(city_admin)) == 4


def test_a_township_admin_sees_their_own_people_only(drafted, city, hire, township_admin, county_admin, client_of, now):
    stranger = hire("W8", "外乡", city.neighbour)
    again = assessments.draft(drafted.scheme, city.county, by=county_admin, now=now)
    page = client_of(township_admin).get(f"/cms/assessments/{again.pk}/")
    assert {one.worker.name for one in page.context["page"]} == {"王桂兰", "李建国"}
    foreign = again.assessments.get(worker=stranger)
    assert client_of(township_admin).get(f"/cms/assessments/{again.pk}/{foreign.pk}/").status_code == 404
    assert client_of(county_admin).get(f"/cms/assessments/{again.pk}/{foreign.pk}/").status_code == 200


def test_an_assessment_of_another_round_is_not_found(drafted, city, worker, county_admin, client_of, now):
    again = assessments.draft(drafted.scheme, city.county, by=county_admin, now=now)
    other = again.assessments.get(worker=worker)
    assert client_of(county_admin).get(f"/cms/assessments/{drafted.pk}/{other.pk}/").status_code == 404


@pytest.mark.postgres
def test_filters_by_township_grade_and_name(drafted, city, county_admin, client_of):
    def names(**asked):
        page = client_of(county_admin).get(f"/cms/assessments/{drafted.pk}/", asked)
        return [one.worker.name for one in page.context["page"]]

    assert names() == ["王桂兰", "李建国"]
    assert names(grade="不合格") == ["李建国"]
    assert names(name="桂") == ["王桂兰"]
    assert names(township=city.neighbour.pk) == []
    assert names(township="abc", page="9999") == ["王桂兰", "李建国"]


def test_draft_runs_in_the_background_and_leads_to_the_round(
    scheme, city, worker, county_admin, client_of, django_capture_on_commit_callbacks
):
    client = client_of(county_admin)
    with django_capture_on_commit_callbacks(execute=True):
        asked = client.post("/cms/assessments/draft/", {"county": city.county.pk, "scheme": scheme.pk})
    job = Job.objects.get(kind="records.draft")
    assert asked["Location"] == f"/cms/assessments/jobs/{job.pk}/"
    made = Round.objects.get()
    assert (made.drafted_by, made.data_as_of, job.state, job.done, job.total) == (
        county_admin,
        job.created_at,
        "done",
        1,
        1,
    )
    assert client.get(asked["Location"])["Location"] == f"/cms/assessments/{made.pk}/"
    from lms import jobs
    from records import tasks

    tasks.draft(jobs.Handle(job))
    assert Round.objects.count() == 1


def test_nobody_drafts_beyond_their_reach(scheme, city, county_b_admin, township_admin, leader, client_of):
    asked = {"county": city.county.pk, "scheme": scheme.pk}
    for user in (county_b_admin, township_admin):
        page = client_of(user).post("/cms/assessments/draft/", asked, follow=True)
        assert "请在列出的县（市、区）中选择。" in page.content.decode()
    assert client_of(leader).post("/cms/assessments/draft/", asked).status_code in {302, 403, 404}
    assert not Job.objects.exists()


def test_another_admins_job_is_not_found(scheme, city, county_admin, city_admin, client_of):
    job = Job.objects.create(kind="records.draft", args={"county": 1, "scheme": 1, "by": 1}, owner=county_admin)
    assert client_of(city_admin).get(f"/cms/assessments/jobs/{job.pk}/").status_code == 404
    assert client_of(county_admin).get(f"/cms/assessments/jobs/{job.pk}/").status_code == 200


def test_settling_shows_the_sum_first_and_then_holds(drafted, pages, county_admin, worker, client_of):
    client = client_of(county_admin)
    before = client.get(pages["settle"]).content.decode()
    assert "优秀名额：参评 2 人 × 20% = 0.4 → 0 名，现在 0 人。" in before
    done = client.post(pages["settle"])
    assert (done.status_code, done["Location"]) == (302, pages["round"])
    drafted.refresh_from_db()
    assert (drafted.state, drafted.settled_by) == (Round.SETTLED, county_admin)
    assert client.post(pages["settle"]).status_code == 302
    assert "75.85" in client_of(worker.user).get("/records/assessment/2025/").content.decode()


def test_above_the_quota_it_asks_for_the_reason(drafted, pages, county_admin, client_of):
    drafted.assessments.update(grade="优秀")
    client = client_of(county_admin)
    refused = client.post(pages["settle"])
    assert refused.status_code == 409
    assert "超出名额。请先调整；确需超出的，请写明理由。" in refused.content.decode()
    assert client.post(pages["settle"], {"override_reason": "县里批准提高比例"}).status_code == 302
    drafted.refresh_from_db()
    assert drafted.override_reason == "县里批准提高比例"


def test_the_list_takes_as_many_queries_for_many_as_for_few(drafted, city, hire, county_admin, client_of, now):
    def count(pk: int) -> int:
        client = client_of(county_admin)
        client.get(f"/cms/assessments/{pk}/")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/cms/assessments/{pk}/")
        return len(captured)

    few = count(drafted.pk)
    for number in range(20):
        hire(f"Y{number}", "新人", city.township)
    again = assessments.draft(drafted.scheme, city.county, by=None, now=now)
    assert count(again.pk) == few


def test_the_export_is_typed_scoped_and_free_of_formulas(drafted, pages, worker, county_admin, client_of):
    worker.name = "=HYPERLINK(1)"
    worker.save()
    response = client_of(county_admin).get(pages["export"], {"purpose": "assess"})
    sheet = load_workbook(BytesIO(b"".join(response.streaming_content))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "咸安区2025年专职网格员考核"
    assert rows[3] == [
        "登录号",
        "姓名",
        "乡镇（街道）",
        "学时",
        "业务考试",
        "技能达标",
        "业务实绩",
        "带教加分",
        "得分",
        "等次",
        "说明",
    ]
    assert rows[4] == ["W0001", "=HYPERLINK(1)", "永安街道", 18.75, 30.8, 12.5, 13.8, 0, 75.85, "合格", None]
    assert sheet["B5"].data_type == "s"
    assert "钱县办（county-admin）" in rows[2][0]
    noted = AuditEntry.objects.get(action="personal.exported")
    assert noted.detail == {"kind": "records.assessment", "rows": 2, "reason": "assess"}
    asked = client_of(county_admin).get(pages["export"])
    assert asked["Content-Type"].startswith("text/html")
    assert AuditEntry.objects.filter(action="personal.exported").count() == 1


def test_the_scheme_can_be_read(scheme, county_admin, client_of):
    text = client_of(county_admin).get(f"/cms/assessments/schemes/{scheme.pk}/").content.decode()
    for said in ("学时达标", "90 分起", "不超过参评人数的 20%", "矛盾调解"):
        assert said in text


def test_the_dashboard_says_what_waits(drafted, county_admin, county_b_admin, client_of, now):
    assert "个初评等审定" in client_of(county_admin).get("/cms/").content.decode()
    assert "个初评等审定" not in client_of(county_b_admin).get("/cms/").content.decode()
    assessments.settle(drafted, by=county_admin, now=now)
    assert "个初评等审定" not in client_of(county_admin).get("/cms/").content.decode()

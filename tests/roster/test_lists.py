"""The lists of the back office: views that are kept, columns that are chosen, exports of what is seen, acts on many with undo."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms import jobs
from lms.models import AuditEntry, Job
from lms.refusal import Refused
from roster import acts, batches, saved_views
from roster.backoffice import LeanPaginator
from roster.models import Batch, PostBand, Posting, RoleGrant, SavedView, Step, User, Worker, WorkerChange

ClientOf = Callable[[User], Client]
LIST = "/cms/workers/"


@pytest.fixture
def three(hire: Callable[..., Worker], city: Any) -> list[Worker]:
    """Three workers of one township: two in post, one suspended."""
    return [
        hire("W0011", "甲一", city.township, mobile="13907150011", identity="community", channel="open"),
        hire("W0012", "乙二", city.township, mobile="13907150012", employment="parttime", grid=1),
        hire("W0013", "丙三", city.township, mobile="13907150013", state="suspended", joined_precision="month"),
    ]


def names(page: str) -> list[str]:
    return re.findall(r'<a[^>]*href="/cms/workers/inspect/\d+/"[^>]*>\s*(\S+)\s*</a>', page)


def sheet(client: Client, query: str) -> list[list[Any]]:
    response = client.get(f"{LIST}?{query}&export=xlsx&purpose=manage")
    book = openpyxl.load_workbook(BytesIO(b"".join(response.streaming_content)))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def screen(page: str) -> list[list[str]]:
    """The table as it is read on the screen, without the boxes in front."""
    table = page[page.index('<table class="listing"') :].partition("</table>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", cell)) for cell in row[1:]] for row in cells]


# --- filters ------------------------------------------------------------------------------------------------------


def test_the_filters_narrow_the_list(
    client_of: ClientOf, city_admin: User, three: list[Worker], outsider: Worker, city: Any, now: datetime
) -> None:
    first, second, third = three
    today = timezone.localdate(now)
    Worker.objects.filter(pk=first.pk).update(certificate_expires_on=today + timedelta(days=20))
    Worker.objects.filter(pk=second.pk).update(certificate_expires_on=today - timedelta(days=1))
    Worker.objects.filter(pk=third.pk).update(listed_as_mentor="county", joined_on=date(2020, 5, 1))
    Posting.objects.filter(worker=second).update(until=today)
    Posting.objects.create(worker=first, grid=city.grids_of(city.township)[2])
    User.objects.filter(pk=third.user_id).update(must_change_password=True)
    client = client_of(city_admin)

    def found(query: str) -> set[str]:
        return set(names(client.get(f"{LIST}results/?{query}").content.decode()))

    one, two, three_, other = "甲一", "乙二", "丙三", "陈秀英"
    assert found("") == {one, two, three_, other}
    assert found(f"county={city.county.pk}") == found(f"township={city.township.pk}") == {one, two, three_}
    assert found("state=suspended") == {three_}
    assert found(f"state=suspended&state=active&township={city.township.pk}") == {one, two, three_}
    assert found("employment=parttime") == found("grids=none") == {two}
    assert found("grids=several") == {one}
    assert found("place=方庄") == found(f"community={city.grids_of(city.township_b)[0].community_id}") == {other}
    assert found(f"grid={city.grids_of(city.township)[2].pk}") == {one}
    assert found("identity=community&identity=other") == found("channel=open") == {one}
    assert found("mentor=any") == found("mentor=county") == {three_}
    assert found("mentor=no") == {one, two, other}
    assert found("certificate=30") == found("certificate=valid") == {one}
    assert found("certificate=expired") == {two}
    assert found("certificate=none") == {three_, other}
    assert found("joined_from=2020-01-01&joined_to=2020-12-31") == {three_}
    assert found("account=own") == {one, two, other}


def test_a_filter_that_makes_no_sense_finds_nobody_and_not_everybody(
    client_of: ClientOf, county_admin: User, three: list[Worker], city: Any
) -> None:
    client = client_of(county_admin)
    for query in ["state=gone", f"township={city.township_b.pk}", "joined_from=soon", "grid=999999"]:
        assert names(client.get(f"{LIST}?{query}").content.decode()) == []


# --- columns and export -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ordering=-number",
        "state=active&ordering=pinyin",
        "columns=identity&columns=channel&columns=id_number",
        "columns=joined,grids,community&q=甲",
        "columns=unknown",
    ],
)
def test_the_export_is_what_is_on_the_screen(
    client_of: ClientOf, county_admin: User, three: list[Worker], outsider: Worker, query: str
) -> None:
    client = client_of(county_admin)
    page = client.get(f"{LIST}?{query}").content.decode()
    exported = sheet(client, query)
    seen = screen(page)
    assert exported[0] == seen[0]
    assert len(exported) == len(seen) > 1
    dates = {date(2022, 3, 1): "2022年3月1日"}
    words = [[dates[cell.date()] if isinstance(cell, datetime) else cell or "" for cell in row] for row in exported[1:]]
    assert words == seen[1:]
    entry = AuditEntry.objects.get(action="personal.exported")
    assert entry.detail == {"kind": "roster.worker", "rows": len(exported) - 1, "reason": "manage"}


def test_cells_are_typed_and_no_formula(
    client_of: ClientOf, county_admin: User, hire: Callable[..., Worker], city: Any
) -> None:
    full = {"id_number": "421202198001011239", "position": "@SUM(A1)", "step": 3}
    hire("W0011", "=1+1", city.township, mobile="13907150011", **full)
    query = "columns=number,mobile,id_number,position,joined,step"
    response = client_of(county_admin).get(f"{LIST}?{query}&export=xlsx&purpose=manage")
    book = openpyxl.load_workbook(BytesIO(b"".join(response.streaming_content)))
    cells = {head.value: cell for head, cell in zip(*book.active.iter_rows(), strict=True)}
    assert {name: (cell.value, cell.data_type) for name, cell in cells.items()} == {
        "姓名": ("=1+1", "s"),
        "登录号": ("W0011", "s"),
        "手机号": ("139****0011", "s"),
        "身份或职务": ("@SUM(A1)", "s"),
        "上岗时间": (datetime(2022, 3, 1), "d"),
        "身份证号": ("4212**********1239", "s"),
        "岗位等级": (3, "n"),
    }


def test_the_grids_have_columns_and_views_too(client_of: ClientOf, county_admin: User, worker: Worker) -> None:
    client = client_of(county_admin)
    page = client.get("/cms/grids/?columns=code&columns=households").content.decode()
    heads = page[page.index('<table class="listing"') :].partition("</thead>")[0]
    assert ("户数" in heads, "人口" in heads) == (True, False)
    client.post("/cms/views/keep/", {"listing": "grids", "name": "只看户数", "query": "columns=households"})
    assert "只看户数" in client.get("/cms/grids/").content.decode()
    assert "只看户数" not in client.get(LIST).content.decode()


def test_rows_that_are_equal_keep_their_places_over_the_pages(
    client_of: ClientOf, county_admin: User, city: Any
) -> None:
    Worker.objects.bulk_create(
        [Worker(number=f"W{n:06}", name=f"同{n:03}", township=city.township, employment="fulltime") for n in range(120)]
    )
    client = client_of(county_admin)
    for ordering in ["state", "-employment", "pinyin"]:
        pages = [names(client.get(f"{LIST}?ordering={ordering}&p={p}").content.decode()) for p in (1, 2, 3)]
        assert [len(page) for page in pages] == [50, 50, 20]
        assert len({name for page in pages for name in page}) == 120


def test_deep_pages_are_the_same_rows_as_the_first_ones_would_be(
    client_of: ClientOf, county_admin: User, city: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Worker.objects.bulk_create(
        [Worker(number=f"W{n:06}", name=f"人{n:03}", township=city.township, employment="fulltime") for n in range(120)]
    )
    client = client_of(county_admin)
    for ordering in ["", "ordering=-number", "ordering=state"]:
        monkeypatch.setattr(LeanPaginator, "FEW", 1000)
        known = [names(client.get(f"{LIST}?p={p}&{ordering}").content.decode()) for p in (1, 2, 3)]
        monkeypatch.setattr(LeanPaginator, "FEW", 60)
        assert [names(client.get(f"{LIST}?p={p}&{ordering}").content.decode()) for p in (1, 2, 3)] == known


def test_every_form_of_the_list_takes_along_how_it_is_seen(
    client_of: ClientOf, county_admin: User, three: list[Worker]
) -> None:
    page = client_of(county_admin).get(f"{LIST}?state=active&ordering=-number&columns=number&q=甲").content.decode()
    kept = {
        "search": ["ordering", "columns"],
        "columns": ["state", "ordering", "q"],
        "acts": ["state", "ordering", "q", "columns"],
    }
    forms = re.findall(r"<form[^>]*>.*?</form>", page, re.DOTALL)
    starts = {"search": "w-slim-header__search-form", "columns": 'bo-drop-body" method="get', "acts": 'id="acts"'}
    for name, start in starts.items():
        (form,) = [form for form in forms if start in form.partition(">")[0]]
        assert set(kept[name]) <= set(re.findall(r'type="hidden" name="(\w+)"', form)), name


# --- views --------------------------------------------------------------------------------------------------------


def test_a_view_keeps_filters_order_and_columns(client_of: ClientOf, county_admin: User, three: list[Worker]) -> None:
    client = client_of(county_admin)
    query = "state=suspended&ordering=-number&columns=number&p=3&export=xlsx"
    response = client.post("/cms/views/keep/", {"listing": "workers", "name": " 停职的 ", "query": query}, follow=True)
    page = response.content.decode()
    view = SavedView.objects.get()
    assert (view.user, view.name) == (county_admin, "停职的")
    assert view.query == "columns=number&ordering=-number&state=suspended"
    assert response.redirect_chain == [(f"{LIST}?{view.query}", 302)]
    assert names(page) == ["丙三"]
    assert re.search(r'aria-current="true">停职的</a>', page)
    assert "已存为视图“停职的”" in page


def test_the_same_name_takes_the_place_of_the_old_view(county_admin: User, now: datetime) -> None:
    for query in ["state=left", "state=suspended"]:
        saved_views.keep(county_admin, listing="workers", name="看", query=query, now=now)
    assert SavedView.objects.get().query == "state=suspended"


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("  ", "state=left", "请给视图起一个名称。"),
        ("长" * 31, "state=left", "名称最多 30 个字，请改短一些。"),
        ("看", "q=" + "x" * 1000, "筛选条件太长，存不下。请减少条件或列以后再存。"),
    ],
)
def test_what_cannot_be_kept_is_explained(
    client_of: ClientOf, county_admin: User, name: str, query: str, sentence: str
) -> None:
    data = {"listing": "workers", "name": name, "query": query}
    assert sentence in client_of(county_admin).post("/cms/views/keep/", data, follow=True).content.decode()
    assert not SavedView.objects.exists()


def test_there_is_an_end_to_views(county_admin: User, now: datetime) -> None:
    for number in range(saved_views.MOST):
        saved_views.keep(county_admin, listing="workers", name=f"视图{number}", query="", now=now)
    saved_views.keep(county_admin, listing="workers", name="视图0", query="state=left", now=now)
    with pytest.raises(Refused, match="最多存 20 个视图"):
        saved_views.keep(county_admin, listing="workers", name="又一个", query="", now=now)


def test_views_are_renamed_and_deleted_by_their_owner_alone(
    client_of: ClientOf, county_admin: User, city_admin: User, now: datetime
) -> None:
    mine = saved_views.keep(county_admin, listing="workers", name="甲", query="state=left", now=now)
    saved_views.keep(county_admin, listing="workers", name="乙", query="", now=now)
    client, other = client_of(county_admin), client_of(city_admin)
    assert "甲" not in other.get("/cms/views/?listing=workers").content.decode()
    for act in ["rename", "drop"]:
        assert other.post(f"/cms/views/{mine.pk}/{act}/", {"name": "丙"}).status_code == 404
        assert client.get(f"/cms/views/{mine.pk}/{act}/").status_code == 405
    page = client.post(f"/cms/views/{mine.pk}/rename/", {"name": "乙"}, follow=True).content.decode()
    assert "已有一个视图叫“乙”，请换一个名称。" in page
    client.post(f"/cms/views/{mine.pk}/rename/", {"name": "丙"})
    mine.refresh_from_db()
    assert (mine.name, mine.query) == ("丙", "state=left")
    client.post(f"/cms/views/{mine.pk}/drop/")
    assert list(SavedView.objects.values_list("name", flat=True)) == ["乙"]


@pytest.mark.parametrize("listing", ["nothing", "banks", "", "workers:index"])
def test_a_list_that_does_not_exist_for_somebody_keeps_no_view(
    client_of: ClientOf, county_admin: User, listing: str
) -> None:
    client = client_of(county_admin)
    assert client.post("/cms/views/keep/", {"listing": listing, "name": "看"}).status_code == 404
    assert client.get("/cms/views/", {"listing": listing}).status_code == 404


# --- acts on many -------------------------------------------------------------------------------------------------

ON = "2026-09-16"
SUSPEND = {"on": ON, "reason": "illness", "note": ""}


def acting(act: str, people: list[Worker], more: str = "") -> str:
    return f"{LIST}acts/?act={act}{more}" + "".join(f"&id={person.pk}" for person in people)


def states(people: list[Worker]) -> list[str]:
    return [Worker.objects.get(pk=person.pk).state for person in people]


def test_an_act_says_what_it_would_do_to_how_many(client_of: ClientOf, county_admin: User, three: list[Worker]) -> None:
    page = client_of(county_admin).get(acting("step.suspend", three)).content.decode()
    assert "停职：2 人" in page
    assert "另有 1 人现在是“停职”，不能办，会跳过。" in page
    assert "甲一、乙二、丙三" in page
    assert states(three) == ["active", "active", "suspended"]


@pytest.mark.postgres
def test_those_ticked_are_suspended_and_it_is_undone(
    client_of: ClientOf, county_admin: User, three: list[Worker]
) -> None:
    client, people = client_of(county_admin), three[:2]
    response = client.post(acting("step.suspend", people), {**SUSPEND, "count": "2"}, follow=True)
    page = response.content.decode()
    batch = Batch.objects.get()
    assert (batch.kind, batch.actor, batch.count) == ("step.suspend", county_admin, 2)
    assert "停职：已办 2 人。" in page
    assert reverse("batch", args=[batch.pk]) in page
    assert states(three) == ["suspended"] * 3
    page = client.get(f"/cms/batches/{batch.pk}/").content.decode()
    for words in ["已办 2 人", "因病因事长期离岗", "甲一", "乙二", "钱县办", "撤回，让 2 人恢复到办理以前"]:
        assert words in page
    page = client.post(f"/cms/batches/{batch.pk}/undo/", follow=True).content.decode()
    assert "已撤回，2 人恢复到办理以前。" in page
    assert states(three) == ["active", "active", "suspended"]
    page = client.post(f"/cms/batches/{batch.pk}/undo/", follow=True).content.decode()
    assert "这次操作已经撤回过了。" in page
    assert Step.objects.filter(kind="take_back").count() == 2


def test_who_cannot_be_helped_is_named_on_the_page_of_the_batch(
    client_of: ClientOf, county_admin: User, three: list[Worker]
) -> None:
    client = client_of(county_admin)
    page = client.post(acting("step.suspend", three), {**SUSPEND, "count": "2"}, follow=True).content.decode()
    assert "跳过 1 人" in page
    assert "丙三现在是“停职”，不能办理“停职”" in page


def test_all_that_the_filter_shows_and_nobody_else(
    client_of: ClientOf,
    county_admin: User,
    three: list[Worker],
    outsider: Worker,
    hire: Callable[..., Worker],
    city: Any,
) -> None:
    neighbour = hire("W0014", "丁四", city.neighbour)
    client = client_of(county_admin)
    url = acting("step.suspend", [], f"&all=1&state=active&township={city.township.pk}")
    assert "停职：2 人" in client.get(url).content.decode()
    client.post(url, {**SUSPEND, "count": "2"})
    assert states([*three, neighbour, outsider]) == ["suspended", "suspended", "suspended", "active", "active"]


def test_a_number_that_has_changed_meanwhile_is_asked_again(
    client_of: ClientOf, county_admin: User, three: list[Worker]
) -> None:
    url = acting("step.suspend", [], "&all=1")
    page = client_of(county_admin).post(url, {**SUSPEND, "count": "1"}).content.decode()
    assert "人数变了。请看过现在的人数，再确认一次。" in page
    assert "停职：2 人" in page
    assert not Batch.objects.exists()


@pytest.mark.parametrize("more", ["", "&id=999999", "&id=x", "&id="])
def test_nothing_is_done_to_anybody_when_one_is_out_of_reach(
    client_of: ClientOf, county_admin: User, three: list[Worker], outsider: Worker, more: str
) -> None:
    url = acting("step.suspend", [*three, *([] if more else [outsider])], more)
    client = client_of(county_admin)
    assert client.get(url).status_code == client.post(url, {**SUSPEND, "count": "2"}).status_code == 404
    assert states([*three, outsider]) == ["active", "active", "suspended", "active"]
    assert not Batch.objects.exists()


@pytest.mark.parametrize("act", ["", "step.propose", "nothing"])
def test_without_people_or_an_act_one_is_sent_back(
    client_of: ClientOf, county_admin: User, three: list[Worker], act: str
) -> None:
    client = client_of(county_admin)
    for url in [acting(act, three, "&state=active"), acting("step.suspend", [], "&state=active")]:
        response = client.get(url, follow=True)
        assert response.redirect_chain == [(f"{LIST}?state=active", 302)]
        assert "请先勾选网格员，再选要办的事。" in response.content.decode()


def test_what_is_wrong_for_all_is_said_in_the_form(
    client_of: ClientOf, county_admin: User, three: list[Worker]
) -> None:
    client = client_of(county_admin)
    page = client.post(acting("step.suspend", three), {"on": "2026-12-01", "reason": "illness", "count": "2"}).content
    assert "日期最晚是明天" in page.decode()
    page = client.post(acting("step.suspend", three), {"on": ON, "reason": "", "count": "2"}).content
    assert "请选一个原因。" in page.decode()
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "held"),
    [("employer", "县城发集团", "县城发集团"), ("channel", "agency", "agency"), ("managed_by", "", "")],
)
def test_a_field_of_many_files_is_changed_and_put_back(
    client_of: ClientOf, county_admin: User, three: list[Worker], field: str, value: str, held: str
) -> None:
    Worker.objects.filter(pk=three[0].pk).update(employer="老单位", channel="open", managed_by="老单位")
    before = list(Worker.objects.order_by("pk").values_list(field, flat=True))
    client = client_of(county_admin)
    count = str(len(three))
    client.post(acting(f"file.{field}", three), {"value": value, "reason": "统一改签", "count": count})
    batch = Batch.objects.get()
    assert set(Worker.objects.values_list(field, flat=True)) == {held}
    assert batch.count == WorkerChange.objects.filter(source=f"roster.batch:{batch.pk}").count() > 0
    client.post(f"/cms/batches/{batch.pk}/undo/")
    assert list(Worker.objects.order_by("pk").values_list(field, flat=True)) == before


def test_posts_go_to_full_time_workers_alone(client_of: ClientOf, county_admin: User, three: list[Worker]) -> None:
    band, _new = PostBand.objects.get_or_create(name="干事", defaults={"lowest": 1, "highest": 12})
    client = client_of(county_admin)
    data = {"value": str(band.pk), "reason": "定岗", "count": "3"}
    page = client.post(acting("file.post", three), data, follow=True).content.decode()
    assert "乙二：兼职网格员不定岗位和级" in page
    assert list(Worker.objects.order_by("number").values_list("post", flat=True)) == [band.pk, None, band.pk]


def test_an_undo_stops_before_later_changes_and_names_them(
    client_of: ClientOf, county_admin: User, three: list[Worker]
) -> None:
    client = client_of(county_admin)
    client.post(acting("file.employer", three), {"value": "甲单位", "reason": "改签", "count": "3"})
    Worker.objects.filter(pk=three[1].pk).update(employer="乙单位")
    batch = Batch.objects.get()
    page = client.post(f"/cms/batches/{batch.pk}/undo/", follow=True).content.decode()
    assert "乙二等 1 人的用工单位后来又改过，所以一个也没有撤。" in page
    assert Worker.objects.get(pk=three[0].pk).employer == "甲单位"
    batch.refresh_from_db()
    assert batch.undone_at is None


@pytest.fixture
def crowd(city: Any) -> list[int]:
    """More than are done while one waits."""
    made = Worker.objects.bulk_create(
        [
            Worker(number=f"W{n:06}", name=f"众{n}", township=city.township, employment="fulltime")
            for n in range(batches.ALONE + 10)
        ]
    )
    return [worker.pk for worker in made]


@pytest.mark.postgres
def test_a_crowd_is_done_in_the_background_some_at_a_time(
    client_of: ClientOf, county_admin: User, crowd: list[int], now: datetime
) -> None:
    client = client_of(county_admin)
    url = acting("step.suspend", [], "&all=1")
    page = client.post(url, {**SUSPEND, "count": str(len(crowd))}, follow=True).content.decode()
    batch = Batch.objects.get()
    assert "正在办理" in page
    page = client.post(f"/cms/batches/{batch.pk}/undo/", follow=True).content.decode()
    assert "这次操作还在办理，请等它完成再撤回。" in page
    jobs.run(Job.objects.get(kind="roster.act").pk)
    batch.refresh_from_db()
    assert (batch.count, batches.kept(batch)["at"]) == (len(crowd), len(crowd))
    assert set(Worker.objects.values_list("state", flat=True)) == {"suspended"}
    client.post(f"/cms/batches/{batch.pk}/undo/")
    assert "正在撤回" in client.get(f"/cms/batches/{batch.pk}/").content.decode()
    jobs.run(Job.objects.get(kind="roster.undo_act").pk)
    batch.refresh_from_db()
    assert batch.undone_by == county_admin
    assert set(Worker.objects.values_list("state", flat=True)) == {"active"}


def test_a_killed_job_goes_on_where_it_stopped(
    county_admin: User, crowd: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = acts.ACTS["file.employer"]
    batch = batches.begin(act, crowd, {"value": "新单位", "reason": "改签"}, by=county_admin, now=now)
    job = Job.objects.get(kind="roster.act")
    handle = jobs.Handle(job)

    def killed(self: jobs.Handle, done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs.Handle, "progress", killed)
    with pytest.raises(KeyboardInterrupt):
        batches.carry_on(handle)
    batch.refresh_from_db()
    assert batch.count == batches.CHUNK
    monkeypatch.undo()
    monkeypatch.setattr(jobs.Handle, "progress", lambda self, done, total: None)
    for _again in range(2):
        batches.carry_on(handle)
    batch.refresh_from_db()
    assert batch.count == len(crowd) == WorkerChange.objects.count()


def test_who_has_left_the_reach_before_the_job_ran_is_passed_over(
    county_admin: User, crowd: list[int], city: Any, now: datetime
) -> None:
    act = acts.ACTS["file.employer"]
    batch = batches.begin(act, crowd, {"value": "新单位", "reason": "改签"}, by=county_admin, now=now)
    Worker.objects.filter(pk=crowd[0]).update(township=city.township_b)
    while batches.next_chunk(batch, now=now):
        pass
    batch.refresh_from_db()
    assert batch.count == len(crowd) - 1
    assert [sentence for _pk, sentence in batches.kept(batch)["passed"]] == ["1 人已不在你的管辖范围，没有办理。"]
    assert Worker.objects.get(pk=crowd[0]).employer == ""


def test_the_record_is_ones_own_and_the_citys(
    client_of: ClientOf, county_admin: User, township_admin: User, city_admin: User, three: list[Worker]
) -> None:
    client_of(county_admin).post(acting("step.suspend", three[:1]), {**SUSPEND, "count": "1"})
    batch = Batch.objects.get()
    for user, status in [(county_admin, 200), (city_admin, 200), (township_admin, 404)]:
        client = client_of(user)
        assert client.get(f"/cms/batches/{batch.pk}/").status_code == status
        assert (f"/cms/batches/{batch.pk}/" in client.get("/cms/batches/").content.decode()) is (status == 200)
        assert client.get(f"/cms/batches/{batch.pk}/undo/").status_code == 405
    assert client_of(township_admin).post(f"/cms/batches/{batch.pk}/undo/").status_code == 404


def test_the_record_asks_the_same_for_one_and_for_three(
    client_of: ClientOf, county_admin: User, three: list[Worker]
) -> None:
    client = client_of(county_admin)
    client.post(acting("step.suspend", three[:1]), {**SUSPEND, "count": "1"})
    batch = Batch.objects.get()
    for path in ["/cms/batches/", f"/cms/batches/{batch.pk}/"]:
        client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get("/cms/batches/")
    for person in three[1:]:
        client.post(acting("file.employer", [person]), {"value": "新单位", "reason": "改签", "count": "1"})
    with CaptureQueriesContext(connection) as many:
        client.get("/cms/batches/")
    assert len(one) == len(many) < 20


def test_a_chunk_asks_no_more_for_many(
    county_admin: User, crowd: list[int], now: datetime, django_assert_max_num_queries: Any
) -> None:
    batch = batches.begin(acts.ACTS["step.suspend"], crowd, {**SUSPEND}, by=county_admin, now=now)
    with django_assert_max_num_queries(25):
        batches.next_chunk(batch, now=now)


def test_nothing_of_it_exists_for_visitors_workers_and_editors(
    client: Client, client_of: ClientOf, editor: User, worker: Worker, three: list[Worker]
) -> None:
    for path in [acting("step.suspend", three), "/cms/batches/"]:
        assert "/sign-in/" in client.get(path)["Location"]
        assert client_of(editor).get(path)["Location"] == "/cms/"  # Wagtail's answer to whom it refuses
        assert client_of(worker.user).get(path).status_code == 404  # type: ignore[arg-type]


def test_who_moved_to_another_county_reads_no_names_in_an_act_of_before(
    county_admin: User, client_of: Any, worker: Worker, colleague: Worker, city: Any
) -> None:
    Worker.objects.filter(pk=colleague.pk).update(state="suspended")
    client = client_of(county_admin)
    address = f"{reverse('act_on_workers')}?act=step.suspend&id={worker.pk}&id={colleague.pk}"
    client.post(address, {"count": "1", "on": "2026-09-16", "reason": "inquiry"})
    where = reverse("batch", args=[Batch.objects.get().pk])
    page = client.get(where).content.decode()
    assert worker.name in page
    assert colleague.name in page
    RoleGrant.objects.filter(user=county_admin).update(territory=city.county_b)
    undone = client.post(reverse("undo_batch", args=[Batch.objects.get().pk]), follow=True).content.decode()
    assert "有的已经不归你管理" in undone
    for page in (undone, client.get(where).content.decode()):
        assert worker.name not in page
        assert colleague.name not in page


def test_a_list_leaves_for_a_reason_and_carries_who_when_and_why(
    client_of: ClientOf, county_admin: User, worker: Worker
) -> None:
    client = client_of(county_admin)
    for asked in ("", "&purpose=", "&purpose=fun"):
        page = client.get(f"{LIST}?state=active&export=xlsx{asked}")
        assert page.headers["Content-Type"].startswith("text/html")
        assert 'name="state" value="active"' in page.text
        assert "日常管理" in page.text
        assert ("请先选用途" in page.text) == bool(asked)
    assert not AuditEntry.objects.filter(action="personal.exported").exists()
    response = client.get(f"{LIST}?state=active&export=xlsx&purpose=check")
    book = openpyxl.load_workbook(BytesIO(b"".join(response.streaming_content)))
    line = book.properties.description
    assert line.startswith("钱县办（county-admin） 2026年9月16日 10:00 从网格学堂导出")
    assert line.endswith("用途：与公安、人社等部门核对身份")
    assert book.active.oddFooter.left.text == line
    assert AuditEntry.objects.get(action="personal.exported").detail["reason"] == "check"


def test_no_table_of_wagtails_own_leaves_the_house(client_of: ClientOf, city_admin: User) -> None:
    """Its reports are written without a guard against formulas: they stand in no list of `roster.gate`."""
    client = client_of(city_admin)
    for kind in ("", "?export=csv", "?export=xlsx"):
        assert client.get(f"/cms/reports/site-history/{kind}").status_code == 404

"""The import machine on its screens, in a small city: refuse, preview, confirm, come back, give up, take up again."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms import imports, jobs
from lms.models import ImportRow, ImportRun, ImportState, Job, JobState, Outcome
from lms.refusal import Refused
from roster.identity import check_digit
from roster.models import Posting, RoleGrant, Worker

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "姓名,身份证号,手机号,乡镇,社区,网格,学历"


def number(order: int) -> str:
    """The ID number of the invented person so-and-so."""
    first = f"42120219800101{order:03}"
    return first + check_digit(first)


def called(order: int) -> str:
    return "王" + "甲乙丙丁戊己庚辛壬癸"[order // 10] + "天地玄黄宇宙洪荒日月"[order % 10]


def line(order: int, name: str = "", *, place: str = "永安街道,双鹤社区,第一网格", last: str = "大专") -> str:
    return f"{name or called(order)},{number(order)},1390715{order:04},{place},{last}"


def sheet(*lines: str) -> bytes:
    return "\n".join([HEAD, *lines]).encode()


@pytest.fixture
def send(client_of: Callable[..., Client]) -> Callable[..., ImportRun]:
    """Upload as a user of the back office does; the job runs at once."""

    def send(user: Any, data: bytes, *, name: str = "花名册.csv", kind: str = "roster") -> ImportRun:
        file = SimpleUploadedFile(name, data)
        answer = client_of(user).post(reverse("imports"), {"kind": kind, "file": file})
        assert answer.status_code == 302, answer.content.decode()
        return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    return send


@pytest.fixture
def press(client_of: Callable[..., Client]) -> Callable[..., ImportRun]:
    def press(user: Any, button: str, run: ImportRun, **said: Any) -> ImportRun:
        answer = client_of(user).post(reverse(button, args=[run.pk]), said)
        assert answer.status_code == 302
        run.refresh_from_db()
        return run

    return press


def screen(client: Client, run: ImportRun, **query: Any) -> str:
    answer = client.get(reverse("import_run", args=[run.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- from the file to the receipt -----------------------------------------------------------------------------------


def test_a_preview_writes_nothing_and_the_confirmed_rows_go_in(county_admin, send, press, client_of):
    run = send(
        county_admin,
        sheet(line(1), line(2, place="永安街道,双鹤社区,第二网格"), line(3, place="永安街道,无此村,第一网格")),
    )

    assert (run.state, run.counts) == (ImportState.READY, {"new": 2, "wrong": 1})
    assert Worker.objects.count() == Posting.objects.count() == 0
    page = screen(client_of(county_admin), run)
    assert "导入 2 行，留下 1 行" in page
    assert "永安街道没有叫“无此村”的村或社区" in page
    assert number(1) not in page
    assert "4212**********" in page

    run = press(county_admin, "import_confirm", run)
    assert (run.state, run.counts) == (ImportState.DONE, {"new": 2, "wrong": 1})
    assert list(Worker.objects.order_by("number").values_list("number", "name")) == [
        ("W000001", called(1)),
        ("W000002", called(2)),
    ]
    assert set(Posting.objects.values_list("import_run", flat=True)) == {run.pk}
    assert "已导入 2 行，留下 1 行没有导入" in screen(client_of(county_admin), run)


def test_a_second_confirmation_a_reload_and_the_way_back_change_nothing(county_admin, send, press, client_of):
    run = press(county_admin, "import_confirm", send(county_admin, sheet(line(1))))
    again = press(county_admin, "import_confirm", run)
    assert (again.state, Worker.objects.count(), Job.objects.count()) == (ImportState.DONE, 1, 2)
    assert screen(client_of(county_admin), run) != ""
    # to give up what is done is refused in words
    answer = client_of(county_admin).post(reverse("import_drop", args=[run.pk]), follow=True)
    assert "已经开始导入，不能放弃。" in answer.content.decode()
    assert ImportRun.objects.get(pk=run.pk).state == ImportState.DONE


def test_a_double_click_on_upload_is_one_import(county_admin, now):
    data = sheet(line(1))
    first = imports.upload(data, name="表.csv", kind="roster", actor=county_admin, now=now)
    ImportRun.objects.filter(pk=first.pk).update(state=ImportState.READING)
    assert imports.upload(data, name="表.csv", kind="roster", actor=county_admin, now=now) == first


def test_giving_up_takes_the_rows_and_the_file_along(county_admin, send, press):
    run = send(county_admin, sheet(line(1)))
    storage, file = run.file.storage, run.file.name
    assert storage.exists(file)
    run = press(county_admin, "import_drop", run)
    assert (run.state, run.rows.count(), storage.exists(file)) == (ImportState.DROPPED, 0, False)
    with pytest.raises(Refused, match="已经放弃"):
        imports.confirm(run, by=county_admin, now=timezone.now())


def test_a_file_with_nothing_new_needs_no_confirmation(county_admin, send, press, client_of):
    press(county_admin, "import_confirm", send(county_admin, sheet(line(1))))
    run = send(county_admin, sheet(line(1)), name="再传.csv")
    assert run.counts == {"unchanged": 1}
    page = screen(client_of(county_admin), run)
    assert "不用导入" in page
    assert reverse("import_confirm", args=[run.pk]) in page  # the dock stands, its button leads to another file
    with pytest.raises(Refused, match="没有要新增或更改的行"):
        imports.confirm(run, by=county_admin, now=timezone.now())


# --- wrong files ----------------------------------------------------------------------------------------------------


def locked_workbook() -> bytes:
    return bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 2000


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"PK\x03\x04 broken", "花名册.xlsx"),
        (b"%PDF-1.7 no table", "花名册.xlsx"),
        (locked_workbook(), "花名册.xlsx"),
        ("今天天气好\n".encode(), "花名册.csv"),
        ("代码,名称\n1,甲\n".encode(), "区划.csv"),
    ],
    ids=["damaged", "no spreadsheet", "locked", "no table", "another kind"],
)
def test_a_wrong_file_gets_one_sentence_and_nothing_is_written(county_admin, send, client_of, data, name):
    run = send(county_admin, data, name=name)
    assert (run.state, run.rows.count(), Worker.objects.count()) == (ImportState.REFUSED, 0, 0)
    assert run.message.endswith("。")
    page = screen(client_of(county_admin), run)
    assert run.message in page
    assert "换一个文件" in page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"", "这个文件是空的"), (b"x" * 2048, "MB，最多")],
    ids=["empty", "too big"],
)
def test_a_file_that_cannot_be_taken_is_told_at_once(county_admin, client_of, settings, data, sentence):
    settings.IMPORT_MAX_BYTES = 1024
    answer = client_of(county_admin).post(
        reverse("imports"), {"kind": "roster", "file": SimpleUploadedFile("表.csv", data)}
    )
    assert (answer.status_code, ImportRun.objects.count()) == (200, 0)
    assert sentence in answer.content.decode()


def test_without_a_file_the_form_says_so(county_admin, client_of):
    answer = client_of(county_admin).post(reverse("imports"), {"kind": "roster"})
    assert "请选一个表格文件。" in answer.content.decode()


# --- who sees what --------------------------------------------------------------------------------------------------

VIEWS = ["import_run", "import_drop", "import_wrong", "import_columns", "import_undo"]
VERBS = ["import_confirm", "import_resume", "import_choose", "import_account_for"]


@pytest.mark.parametrize("view", ["import_run", "import_drop", "import_wrong", "import_columns"])
def test_who_reaches_the_territory_sees_what_was_brought_in_for_it(county_admin, city_admin, send, client_of, view):
    run = send(county_admin, sheet(line(1)))
    assert client_of(city_admin).get(reverse(view, args=[run.pk])).status_code == 200
    page = client_of(city_admin).get(reverse("imports")).content.decode()
    assert reverse("import_run", args=[run.pk]) in page
    assert county_admin.name in page


def test_the_history_is_searched_by_kind_file_and_person(county_admin, send, client_of):
    send(county_admin, sheet(line(1)), name="春季名册.csv")
    send(county_admin, sheet(line(2)), name="秋季名册.csv")

    def files(**query: str) -> list[bool]:
        page = client_of(county_admin).get(reverse("imports"), query).content.decode()
        return ["春季名册.csv" in page, "秋季名册.csv" in page]

    assert files() == [True, True]
    assert files(file="秋季") == [False, True]
    assert files(file=county_admin.name[:2], of="roster") == [True, True]
    assert files(of="grids") == [False, False]


@pytest.mark.parametrize("who", ["county_b_admin", "township_admin"])
@pytest.mark.parametrize("view", [*VIEWS, *VERBS])
def test_a_run_exists_for_nobody_else(county_admin, send, client_of, request, who, view):
    run = send(county_admin, sheet(line(1)))
    client = client_of(request.getfixturevalue(who))
    ask = client.post if view in VERBS else client.get
    assert ask(reverse(view, args=[run.pk])).status_code == 404
    assert ask(reverse(view, args=[run.pk + 1000])).status_code == 404
    run.refresh_from_db()
    assert run.state == ImportState.READY


@pytest.mark.parametrize("who", ["leader", "editor"])
def test_who_may_import_nothing_finds_no_imports(client_of, request, who):
    assert client_of(request.getfixturevalue(who)).get(reverse("imports")).status_code in {302, 403, 404}


def test_a_worker_and_a_visitor_are_turned_away(worker, client_of):
    assert client_of(worker.user).get(reverse("imports")).status_code in {302, 403, 404}
    assert Client().get(reverse("imports")).status_code == 302


def test_each_admin_is_offered_the_kinds_of_the_role(city_admin, county_admin, township_admin, client_of):
    offered = [
        [kind for kind in ("divisions", "grids", "roster") if f'value="{kind}"' in page]
        for page in (
            client_of(user).get(reverse("imports")).content.decode()
            for user in (city_admin, county_admin, township_admin)
        )
    ]
    assert offered == [["divisions", "grids", "roster"], ["grids", "roster"], ["roster"]]


@pytest.mark.parametrize("view", VERBS)
def test_buttons_answer_to_posts_only(county_admin, send, client_of, view):
    run = send(county_admin, sheet(line(1)))
    assert client_of(county_admin).get(reverse(view, args=[run.pk])).status_code == 405


def test_a_role_lost_before_the_confirmation_refuses(county_admin, send):
    run = send(county_admin, sheet(line(1)))
    RoleGrant.objects.filter(user=county_admin).update(until=timezone.localdate())
    lost = type(county_admin).objects.get(pk=county_admin.pk)
    with pytest.raises(Refused, match="没有导入网格员花名册的权限"):
        imports.confirm(run, by=lost, now=timezone.now())
    with pytest.raises(Refused, match="没有导入网格员花名册的权限"):
        imports.upload(b"x", name="x", kind="roster", actor=lost, now=timezone.now())


# --- killed, stopped, taken up again --------------------------------------------------------------------------------


@pytest.fixture
def half_done(county_admin, send, monkeypatch) -> ImportRun:
    """An import of nine rows whose worker was killed after two chunks of two."""
    monkeypatch.setattr(imports, "CHUNK", 2)
    run = send(county_admin, sheet(*[line(order) for order in range(1, 10)]))
    monkeypatch.setattr(jobs, "send", lambda job_id: None)
    run = imports.confirm(run, by=county_admin, now=timezone.now())
    resource = imports.resource_of("roster")()
    assert [len(imports.apply_chunk(run, resource)) for _ in range(2)] == [2, 2]
    assert Worker.objects.count() == 4
    return run


def test_a_killed_import_is_taken_up_where_it_stopped(half_done):
    jobs.run(half_done.job_id)
    half_done.refresh_from_db()
    assert (half_done.state, half_done.job.state) == (ImportState.DONE, JobState.DONE)
    assert (half_done.job.done, half_done.job.total) == (9, 9)
    assert Worker.objects.count() == Posting.objects.count() == 9
    assert len(set(Worker.objects.values_list("number", flat=True))) == 9


def test_while_it_goes_on_the_screens_say_so(half_done, county_admin, client_of):
    client = client_of(county_admin)
    page = screen(client, half_done)
    assert "正在导入" in page
    assert 'data-refresh="2"' in page
    assert "正在导入" in client.get(reverse("imports")).content.decode()
    # the menu of every screen, which Wagtail draws from escaped JSON
    assert json.dumps("导入（进行中）").strip('"') in client.get(reverse("workers:index")).content.decode()
    assert "份表正在导入，名册还不完整" in client.get(reverse("wagtailadmin_home")).content.decode()


def test_a_role_lost_on_the_way_stops_the_rest_with_a_sentence(
    half_done, county_admin, city_admin, city, client_of, now
):
    RoleGrant.objects.filter(user=county_admin).update(territory=city.county_b)
    jobs.run(half_done.job_id)
    run = ImportRun.objects.select_related("job").get(pk=half_done.pk)
    assert (run.stopped, run.job.state, Worker.objects.count()) == (True, JobState.FAILED, 4)
    page = screen(client_of(city_admin), run)
    assert "你的管辖范围变了，剩下的行没有导入。" in page
    # with the role back, it goes on from there
    RoleGrant.objects.filter(user=county_admin).update(territory=city.county)
    resumed = imports.resume(run, by=county_admin, now=timezone.now())
    jobs.run(resumed.job_id)
    run.refresh_from_db()
    assert (run.state, Worker.objects.count()) == (ImportState.DONE, 9)


def test_what_is_at_work_is_not_taken_up_twice(half_done, county_admin):
    assert imports.resume(half_done, by=county_admin, now=timezone.now()).job_id == half_done.job_id


def test_given_up_while_it_is_being_read_it_stays_given_up(county_admin, monkeypatch, now):
    monkeypatch.setattr(jobs, "send", lambda job_id: None)
    run = imports.upload(sheet(line(1)), name="表.csv", kind="roster", actor=county_admin, now=now)
    reading = imports.judging.read(
        imports.resource_of("roster")(), sheet(line(1)), name="表.csv", actor=county_admin, now=now
    )
    imports.drop(run, by=county_admin, now=now)
    job = run.job
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    imports.staging.stage(run, reading, jobs.Handle(job))
    run.refresh_from_db()
    assert (run.state, ImportRow.objects.count()) == (ImportState.DROPPED, 0)


@pytest.mark.postgres
def test_two_confirmations_at_once_start_one_application(county_admin, send, monkeypatch):
    run = send(county_admin, sheet(*[line(order) for order in range(1, 40)]))
    at = timezone.now()

    def click(_number: int) -> str:
        try:
            return imports.confirm(run, by=county_admin, now=at).state
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        states = set(pool.map(click, range(4)))
    assert states <= {ImportState.APPLYING, ImportState.DONE}
    assert Job.objects.filter(kind="lms.apply_import").count() == 1
    assert Worker.objects.count() == 39
    assert ImportRun.objects.get().state == ImportState.DONE


@pytest.mark.postgres
def test_two_imports_of_the_same_people_at_once_do_not_double_anyone(county_admin, send, monkeypatch):
    data = sheet(*[line(order) for order in range(1, 40)])
    runs = [send(county_admin, data, name=f"{copy}.csv") for copy in "ab"]
    monkeypatch.setattr(imports, "CHUNK", 5)
    at = timezone.now()

    def click(run: ImportRun) -> None:
        try:
            imports.confirm(run, by=county_admin, now=at)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(click, runs))
    assert {run.state for run in ImportRun.objects.all()} == {ImportState.DONE}
    assert Worker.objects.count() == Posting.objects.count() == 39


# --- the screen of the rows -----------------------------------------------------------------------------------------


def test_the_preview_asks_as_much_for_fifty_rows_as_for_one(
    county_admin, send, client_of, django_assert_max_num_queries
):
    counts = []
    for rows in (1, 60):
        run = send(county_admin, sheet(*[line(order) for order in range(1, rows + 1)]), name=f"{rows}.csv")
        client = client_of(county_admin)
        screen(client, run)
        with django_assert_max_num_queries(20) as asked:
            page = screen(client, run)
        counts.append(len(asked))
        assert page.count('data-label="身份证号"') == min(rows, 50)
    assert counts[0] == counts[1]


def test_what_people_write_in_cells_stays_text(county_admin, send, client_of):
    run = send(county_admin, sheet(f'"<script>alert(1)</script>",{number(1)},13907150001,永安街道,"<b>村</b>",=1+1,'))
    client = client_of(county_admin)
    page = screen(client, run)
    assert "<script>alert(1)" not in page
    assert "<b>村</b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    answer = client.get(reverse("import_wrong", args=[run.pk]))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert "f" not in {cell.data_type for row in book.active.iter_rows() for cell in row}


def test_wrong_rows_come_back_as_a_workbook(county_admin, send, client_of):
    bad = f"=cmd|x,{number(1)[:17]}{'1' if number(1)[17] != '1' else '2'},13907150001,永安街道,双鹤社区,第一网格,大专"
    run = send(county_admin, sheet(line(5), bad))
    answer = client_of(county_admin).get(reverse("import_wrong", args=[run.pk]))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    titles, row = book.active.iter_rows(values_only=True)
    assert titles == ("工作表", "行号", "列", "姓名", "身份证号", "村（社区） · 网格", "错误原因")
    assert (row[1], row[3]) == (3, "=cmd|x")
    assert {cell.data_type for line in book.active.iter_rows() for cell in line if cell.value is not None} <= {"s", "n"}
    assert "钱县办" in book.properties.creator
    assert number(1)[:17] not in str(row)
    assert "校验位不对" in row[6]


def test_filters_and_search_find_their_rows(county_admin, send, client_of):
    run = send(
        county_admin, sheet(line(1, "王秀兰"), line(2, "李建国"), line(3, "王建", place="永安街道,无此村,第一网格"))
    )
    client = client_of(county_admin)

    def names(**query: str) -> list[str]:
        page = screen(client, run, **query)
        return [name for name in ("王建", "王秀兰", "李建国") if f">{name}<" in page]

    assert names() == ["王建", "王秀兰", "李建国"]
    assert names(only=Outcome.WRONG) == ["王建"]
    assert names(only=Outcome.NEW, q="王") == ["王秀兰"]
    assert names(only="nonsense", q="李") == ["李建国"]
    assert names(q="没有这个人") == []


def test_every_screen_of_the_machine_opens(county_admin, send, press, client_of):
    client = client_of(county_admin)
    ready = send(county_admin, sheet(line(1)))
    refused = send(county_admin, b"%PDF-1.4", name="x.pdf")
    dropped = press(county_admin, "import_drop", send(county_admin, sheet(line(2)), name="b.csv"))
    done = press(county_admin, "import_confirm", send(county_admin, sheet(line(3)), name="c.csv"))
    stopped = send(county_admin, sheet(line(4)), name="d.csv")
    ImportRun.objects.filter(pk=stopped.pk).update(state=ImportState.APPLYING, job=None)
    reading = send(county_admin, sheet(line(4)), name="e.csv")
    ImportRun.objects.filter(pk=reading.pk).update(state=ImportState.READING)
    pages = [screen(client, run) for run in (ready, refused, dropped, done, stopped, reading)]
    told = ["会发生什么", "不能导入", "已经放弃", "已导入 1 行", "导入中途停下了", "正在读这个文件"]
    assert [word in page for word, page in zip(told, pages, strict=True)] == [True] * 6
    assert client.get(reverse("import_drop", args=[ready.pk])).status_code == 200
    assert client.get(reverse("imports"), {"page": "99"}).status_code == 200


def test_the_uploaded_file_lies_sealed(send: Callable[..., ImportRun], county_admin: Any) -> None:
    run = send(county_admin, sheet(line(1)))
    assert run.state == ImportState.READY
    with run.file.open() as file:
        kept = file.read()
    assert number(1).encode() not in kept
    assert called(1).encode() not in kept


def test_each_total_is_held_against_the_rows_over_it(county_admin, send, client_of):
    run = send(
        county_admin,
        sheet(line(1), "小计,2人", line(2, place="永安街道,双鹤社区,第二网格"), "小计,1人", "合计,2人"),
    )
    page = screen(client_of(county_admin), run)
    assert "第 3 行的合计写的是 2，读到的是 1 行。请核对有没有漏填或多填。" in page
    assert "第 5 行的合计写的 1 与读到的行数一致。" in page
    assert "合计数与读到的行数一致" not in page

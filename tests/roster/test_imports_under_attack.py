"""What lists may not do: show people to who no longer reaches them, stop for ever, lay numbers open, undo what is no longer theirs to undo."""

from collections.abc import Callable
from datetime import date
from threading import Thread
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms import deciding, imports, jobs, undoing
from lms.models import ImportRun, ImportState
from lms.sealing import SealedJSONField
from roster import arrivals, files, grids, merging, roles, service
from roster.boundaries import Act
from roster.identity import check_digit
from roster.models import FormerName, Grid, Role, RoleGrant, StepKind, User, Worker, WorkerState

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "姓名,身份证号,手机号,乡镇,社区,网格,学历\n"
FIRST, SECOND = "永安街道,双鹤社区,第一网格", "永安街道,双鹤社区,第二网格"
NEIGHBOUR = "汀泗桥镇,古塘村,第一网格"
COUNTY_B = "鱼岳镇,方庄社区,第一网格"

Send = Callable[..., ImportRun]


def number(order: int) -> str:
    first = f"42120219800101{order:03}"
    return first + check_digit(first)


def row(name: str, order: int, place: str = FIRST, last: str = "大专", mobile: str = "") -> str:
    return f"{name},{number(order)},{mobile or f'1390715{order:04}'},{place},{last}"


@pytest.fixture
def send(client_of: Callable[[User], Client]) -> Send:
    def send(user: User, *lines: str, head: str = HEAD, kind: str = "roster") -> ImportRun:
        file = SimpleUploadedFile("名册.csv", (head + "\n".join(lines)).encode())
        answer = client_of(user).post(reverse("imports"), {"kind": kind, "file": file})
        assert answer.status_code == 302, answer.content.decode()
        return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    return send


@pytest.fixture
def brought_in(send: Send, now: Any) -> Send:
    def brought_in(user: User, *lines: str, **how: Any) -> ImportRun:
        run = send(user, *lines, **how)
        imports.confirm(run, by=user, now=now, changes=run.brake.get("changes"))
        run.refresh_from_db()
        assert run.state == ImportState.DONE
        return run

    return brought_in


def taken_back(run: ImportRun, by: User, now: Any) -> ImportRun:
    undoing.undo(run, by=by, now=now)
    run.refresh_from_db()
    assert run.state == ImportState.UNDONE, run.job.message
    return run


# --- who sees it ----------------------------------------------------------------------------------------------------


def test_who_moved_to_another_county_sees_their_old_lists_no_more(county_admin, city, send, client_of):
    run = send(county_admin, row("王秀兰", 1))
    RoleGrant.objects.filter(user=county_admin).update(territory=city.county_b)
    for view in ("import_run", "import_report", "import_annotated", "import_wrong", "import_undo", "import_drop"):
        assert client_of(county_admin).get(reverse(view, args=[run.pk])).status_code == 404, view
    assert "名册.csv" not in client_of(county_admin).get(reverse("imports")).content.decode()


def test_a_list_of_two_counties_is_shown_to_the_admins_of_neither_alone(grant, city, send, client_of, request, now):
    both = grant("both", "两县办", Role.COUNTY_ADMIN, city.county)
    roles.grant(both, Role.COUNTY_ADMIN, city.county_b, since=date(2025, 1, 1), by=None, now=now)
    run = send(both, row("王秀兰", 1), row("李建国", 2, COUNTY_B))
    assert run.counts == {"new": 2}
    assert client_of(both).get(reverse("import_run", args=[run.pk])).status_code == 200
    for who in ("county_admin", "county_b_admin", "township_admin"):
        client = client_of(request.getfixturevalue(who))
        assert client.get(reverse("import_run", args=[run.pk])).status_code == 404, who
    client = client_of(request.getfixturevalue("city_admin"))
    assert client.get(reverse("import_run", args=[run.pk])).status_code == 200


# --- it never stops for ever ------------------------------------------------------------------------------------------


def test_a_list_goes_in_for_whoever_confirms_it_though_its_uploader_has_gone(township_admin, county_admin, send, now):
    run = send(township_admin, row("王秀兰", 1))
    RoleGrant.objects.filter(user=township_admin).update(until=timezone.localdate(now))
    imports.confirm(run, by=county_admin, now=now)
    run.refresh_from_db()
    assert (run.state, Worker.objects.count(), imports.under_way()) == (ImportState.DONE, 1, False)


@pytest.mark.parametrize("verb", [imports.confirm, undoing.undo])
def test_what_stopped_with_a_role_is_taken_up_by_another_admin(
    verb, county_admin, city_admin, client_of, send, brought_in, monkeypatch, now
):
    run = (
        send(county_admin, row("王秀兰", 1)) if verb is imports.confirm else brought_in(county_admin, row("王秀兰", 1))
    )
    with monkeypatch.context() as held:
        held.setattr(jobs, "send", lambda job_id: None)
        run = verb(run, by=county_admin, now=now)
    RoleGrant.objects.filter(user=county_admin).update(until=timezone.localdate(now))
    jobs.run(run.job_id)
    run.refresh_from_db()
    assert run.stopped
    page = client_of(city_admin).get(reverse("import_run", args=[run.pk])).content.decode()
    assert ("导入中途停下了" if verb is imports.confirm else "撤销中途停下了") in page
    assert "再读一次" not in page
    imports.resume(run, by=city_admin, now=now)
    run.refresh_from_db()
    assert run.state == (ImportState.DONE if verb is imports.confirm else ImportState.UNDONE)


# --- what lies in the database --------------------------------------------------------------------------------------


def unsealed(run: ImportRun) -> str:
    """All that the database keeps of a run and its rows in plain text."""
    plain = [
        [getattr(kept, field.attname) for field in kept._meta.concrete_fields if not isinstance(field, SealedJSONField)]
        for kept in (run, *run.rows.all())
    ]
    return str(plain)


def test_rows_that_are_no_data_lie_sealed_and_are_still_shown(county_admin, send, client_of):
    run = send(county_admin, row("王秀兰", 1), row("陈秀英", 2), "制表人：李建国,,审核人：周建平,,,,")
    assert run.reading["skipped"] == 1
    assert "李建国" not in unsealed(run)
    page = client_of(county_admin).get(reverse("import_run", args=[run.pk])).content.decode()
    assert "制表人：李建国 审核人：周建平" in page


def test_numbers_in_the_wrong_column_lie_masked(county_admin, send, client_of):
    run = send(county_admin, f"{number(1)},王秀兰,13907150001,永安街道,双鹤社区,{number(2)},大专")
    assert number(1) not in unsealed(run)
    assert number(2) not in unsealed(run)
    page = client_of(county_admin).get(reverse("import_run", args=[run.pk])).content.decode()
    assert number(1) not in page
    assert number(2) not in page


# --- between preview and confirmation -------------------------------------------------------------------------------


def test_nobody_is_taken_up_in_a_township_that_was_merged_since_the_preview(county_admin, city, send, now):
    run = send(county_admin, row("王秀兰", 1))
    act = Act(on=timezone.localdate(now), by=county_admin, now=now, document="咸安政函〔2026〕12号")
    merging.merge(city.townships[:2], into=city.neighbour, act=act)
    imports.confirm(run, by=county_admin, now=now)
    assert not Worker.objects.filter(township=city.township).exists()
    assert run.rows.get().outcome == "skipped"


@pytest.mark.postgres
def test_what_somebody_changes_while_a_list_goes_in_is_not_written_over(
    county_admin, send, brought_in, monkeypatch, now
):
    brought_in(county_admin, row("王秀兰", 1), row("李建国", 2))
    run = send(county_admin, row("王秀兰", 1, last="本科"), row("李建国", 2, mobile="13800000002"))
    worker = Worker.objects.get(name="王秀兰")

    def change() -> None:
        try:
            said = {"reason": "换号", "source": "file", "by": county_admin, "now": now}
            files.change(worker, {"mobile": "13911112222"}, **said)
        finally:
            connections.close_all()

    by_hand, bring_in = Thread(target=change), arrivals.bring_in

    def while_by_hand(*args: Any, **named: Any) -> Any:
        by_hand.start()
        by_hand.join(0.5)
        return bring_in(*args, **named)

    monkeypatch.setattr(arrivals, "bring_in", while_by_hand)
    imports.confirm(run, by=county_admin, now=now, changes=run.brake.get("changes"))
    by_hand.join()
    worker.refresh_from_db()
    assert (worker.mobile, worker.education) == ("13911112222", "本科")
    assert Worker.objects.get(name="李建国").mobile == "13800000002"


# --- taking back ----------------------------------------------------------------------------------------------------


def gone(worker: Worker, by: User, now: Any) -> None:
    service.take_step(worker, StepKind.LEAVE, on=timezone.localdate(now), reason="resigned", by=by, now=now)


def test_a_return_on_which_a_later_step_stands_is_not_taken_back(county_admin, send, brought_in, now):
    brought_in(county_admin, row("王秀兰", 1))
    gone(Worker.objects.get(), county_admin, now)
    run = send(county_admin, row("王秀兰", 1))
    deciding.choose(run.rows.get(), "rehire", by=county_admin, now=now)
    run.refresh_from_db()
    imports.confirm(run, by=county_admin, now=now, changes=run.brake.get("changes"))
    run.refresh_from_db()
    worker = Worker.objects.get()
    assert (run.state, worker.state) == (ImportState.DONE, WorkerState.ACTIVE)
    service.take_step(worker, StepKind.SUSPEND, on=timezone.localdate(now), reason="illness", by=county_admin, now=now)
    run = taken_back(run, county_admin, now)
    worker.refresh_from_db()
    assert (worker.state, run.reading["stays"]) == (WorkerState.SUSPENDED, 1)


def test_nobody_is_put_back_into_a_grid_that_was_retired_since(county_admin, city, brought_in, now):
    brought_in(county_admin, row("王秀兰", 1))
    run = brought_in(county_admin, row("王秀兰", 1, NEIGHBOUR))
    grids.retire(city.grids[0], on=timezone.localdate(now), by=county_admin, now=now)
    run = taken_back(run, county_admin, now)
    assert run.reading["stays"] == 1
    assert [str(one.grid) for one in Worker.objects.get().postings.current()] == ["古塘村第1网格"]


def test_nobody_is_put_back_into_a_township_that_was_merged_since(county_admin, city, brought_in, now):
    brought_in(county_admin, row("王秀兰", 1))
    run = brought_in(county_admin, row("王秀兰", 1, NEIGHBOUR))
    act = Act(on=timezone.localdate(now), by=county_admin, now=now, document="咸安政函〔2026〕12号")
    merging.merge(city.townships[:2], into=city.neighbour, act=act)
    run = taken_back(run, county_admin, now)
    assert run.reading["stays"] == 1
    assert Worker.objects.get().township == city.neighbour


GRIDS = "县市区,乡镇街道,村社区,网格名称,网格编码,网格类型,户数,人口数\n"


def grid_row(grid: Grid, name: str) -> str:
    return f"咸安区,永安街道,双鹤社区,{name},{grid.code},城镇社区网格,300,900"


def test_grids_that_changed_numbers_change_back(county_admin, city, brought_in, now):
    first, second = city.grids[:2]
    before = list(Grid.objects.order_by("pk").values())
    run = brought_in(county_admin, grid_row(first, "第一网格"), grid_row(second, "第三网格"), head=GRIDS, kind="grids")
    assert Grid.objects.get(pk=second.pk).ordinal == 3
    taken_back(run, county_admin, now)
    assert list(Grid.objects.order_by("pk").values()) == before


def test_a_number_that_is_taken_by_now_stands_in_the_way(county_admin, city, brought_in, now):
    _first, second = city.grids[:2]
    run = brought_in(county_admin, grid_row(second, "第三网格"), head=GRIDS, kind="grids")
    Grid.objects.create(community=second.community, code="x", name="第2网格", ordinal=2, kind="urban")
    run = taken_back(run, county_admin, now)
    assert run.reading["stays"] == 1
    assert Grid.objects.get(pk=second.pk).ordinal == 3


def test_a_name_of_an_earlier_time_outlives_the_undo_of_a_later_renaming(city_admin, city, brought_in, now):
    place = city.communities[0]
    FormerName.objects.create(territory=place, name=place.name, stem="双鹤", code=place.code, until=date(2020, 1, 1))
    head = "层级,区划代码,名称,上级代码,类别\n"
    line = f"村,{place.code},白鹤社区,{city.township.code},居委会"
    run = brought_in(city_admin, line, head=head, kind="divisions")
    assert place.former_names.count() == 2
    taken_back(run, city_admin, now)
    place.refresh_from_db()
    assert (place.name, [str(one.until) for one in place.former_names.all()]) == ("双鹤社区", ["2020-01-01"])


def test_a_file_that_cannot_be_read_the_second_time_keeps_nothing_of_the_first(county_admin, send, client_of):
    run = send(county_admin, row("王秀兰", 1))
    said = {"m-0-A": "", "m-0-B": "", "m-0-F": ""}
    client_of(county_admin).post(reverse("import_columns", args=[run.pk]), said)
    run.refresh_from_db()
    assert (run.state, run.counts, run.rows.count()) == (ImportState.MAPPING, {}, 0)


# --- what is the county's to decide ---------------------------------------------------------------------------------


def test_a_township_cannot_rename_somebody_by_a_list(county_admin, township_admin, send, brought_in):
    brought_in(county_admin, row("王秀兰", 1))
    run = send(township_admin, row("王秀蓝", 1))
    assert [code for code in run.rows.get().options if code] == ["keep"]


def test_nor_give_somebody_another_id_number(county_admin, township_admin, send, brought_in):
    brought_in(county_admin, row("王秀兰", 1, mobile="13907150001"))
    run = send(township_admin, row("王秀兰", 2, mobile="13907150001"))
    assert [code for code in run.rows.get().options if code] == ["new"]
    worker = Worker.objects.get()
    head = "登录号," + HEAD
    run = send(township_admin, f"{worker.number}," + row("王秀兰", 2), head=head)
    assert run.counts == {"wrong": 1}
    assert "由县级以上管理员" in run.rows.get().notes[0]["message"]

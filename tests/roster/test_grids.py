"""Grids assigned, split, renumbered and retired: each act previewed, counted, and taken back as a whole."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import grids, territories, undoing
from roster.grids import Piece
from roster.models import Batch, Grid, Posting, User, Worker, WorkerState
from roster.places import Map
from roster.territories import GridLine

ClientOf = Callable[[User], Client]
DAY = date(2026, 9, 1)


@pytest.fixture
def by(county_admin: User, now: datetime) -> dict[str, Any]:
    return {"by": county_admin, "now": now}


def held() -> set[tuple[str, str]]:
    rows = Posting.objects.current().select_related("worker", "grid__community")
    return {(row.worker.name, str(row.grid)) for row in rows}


def numbers(city: Any) -> list[tuple[int | None, str, str]]:
    found = Grid.objects.current().filter(community=city.communities[0]).order_by("ordinal")
    return [(grid.ordinal, grid.code[-3:], grid.name) for grid in found]


# --- who is in charge ---------------------------------------------------------------------------------------------


def test_several_workers_a_grid_and_several_grids_a_worker(
    city: Any, worker: Worker, colleague: Worker, by: dict[str, Any]
) -> None:
    one, two, three = city.grids[:3]
    pairs = [(worker, two), (worker, three), (colleague, three), (worker, one)]
    batch = grids.assign(pairs, since=DAY, **by)
    assert batch is not None
    assert batch.count == 3  # the first of them held the first grid already
    assert ("王桂兰", "西大街社区第1网格") in held()
    assert ("李建国", "西大街社区第1网格") in held()
    assert grids.assign(pairs, since=DAY, **by) is None
    entry = AuditEntry.objects.get(action="grids.assign")
    assert (entry.detail, entry.territory) == ({"count": 3}, city.township.path)
    undoing.undo(batch, **by)
    undoing.undo(batch, **by)
    assert held() == {("王桂兰", "双鹤社区第1网格"), ("李建国", "双鹤社区第2网格")}


def test_who_has_left_or_works_elsewhere_is_not_assigned(
    city: Any, worker: Worker, mentor: Any, by: dict[str, Any], county_b_admin: User, now: datetime
) -> None:
    with pytest.raises(Refused, match="张明是汀泗桥镇的网格员"):
        grids.assign([(mentor.worker, city.grids[0])], since=DAY, **by)
    Worker.objects.filter(pk=worker.pk).update(state=WorkerState.LEFT)
    with pytest.raises(Refused, match="王桂兰已退出"):
        grids.assign([(worker, city.grids[1])], since=DAY, **by)
    with pytest.raises(Refused, match="不归你管理"):
        grids.assign([(worker, city.grids[1])], since=DAY, by=county_b_admin, now=now)
    with pytest.raises(Refused, match="日期还没有到"):
        grids.assign([(worker, city.grids[1])], since=date(2027, 1, 1), **by)


def test_an_assignment_that_was_changed_since_is_not_taken_back(city: Any, worker: Worker, by: dict[str, Any]) -> None:
    batch = grids.assign([(worker, city.grids[1])], since=DAY, **by)
    assert batch is not None
    later = grids.unassign(list(Posting.objects.filter(grid=city.grids[1])), on=DAY, **by)
    assert later is not None
    with pytest.raises(Refused, match="王桂兰（双鹤社区第2网格）后来又变过"):
        undoing.undo(batch, **by)
    undoing.undo(later, **by)
    undoing.undo(batch, **by)
    assert held() == {("王桂兰", "双鹤社区第1网格")}


def test_an_end_is_taken_back_unless_the_worker_is_there_again_or_gone(
    city: Any, worker: Worker, by: dict[str, Any]
) -> None:
    ended = grids.unassign([worker.postings.get()], on=DAY, **by)
    assert ended is not None
    assert held() == set()
    assert grids.unassign(list(worker.postings.all()), on=DAY, **by) is None
    again = grids.assign([(worker, city.grids[0])], since=DAY, **by)
    assert again is not None
    with pytest.raises(Refused, match="不能撤回"):
        undoing.undo(ended, **by)
    undoing.undo(again, **by)
    Worker.objects.filter(pk=worker.pk).update(state=WorkerState.REASSIGNED)
    with pytest.raises(Refused, match="王桂兰"):
        undoing.undo(ended, **by)


# --- splitting and retiring ---------------------------------------------------------------------------------------


def test_a_grid_goes_on_as_the_first_of_its_pieces(city: Any, worker: Worker, by: dict[str, Any]) -> None:
    grid = city.grids[0]
    Grid.objects.filter(pk=grid.pk).update(households=620, population=1500)
    batch = grids.split_grid(grid, into=[Piece(310, 700), Piece(310, 800)], on=DAY, **by)
    grid.refresh_from_db()
    assert (grid.households, grid.population, grid.code[-3:]) == (310, 700, "001")
    fresh = Grid.objects.get(community=grid.community, ordinal=3)
    assert (fresh.name, fresh.code[-3:], fresh.households, fresh.kind) == ("第3网格", "003", 310, grid.kind)
    assert held() == {("王桂兰", "双鹤社区第1网格")}
    assigned = grids.assign([(worker, fresh)], since=DAY, **by)
    assert assigned is not None
    with pytest.raises(Refused, match="双鹤社区第3网格后来又变过"):
        undoing.undo(batch, **by)
    undoing.undo(assigned, **by)
    undoing.undo(batch, **by)
    grid.refresh_from_db()
    assert (grid.households, grid.population) == (620, 1500)
    assert not Grid.objects.filter(pk=fresh.pk).exists()


def test_a_retired_grid_is_empty_stays_in_history_and_can_come_back(
    city: Any, worker: Worker, by: dict[str, Any], client_of: ClientOf, county_admin: User
) -> None:
    grid = city.grids[0]
    with pytest.raises(Refused, match="王桂兰还在负责"):
        grids.retire(grid, on=DAY, **by)
    grids.unassign([worker.postings.get()], on=DAY, **by)
    batch = grids.retire(grid, on=DAY, **by)
    assert batch is not None
    assert grids.retire(grid, on=DAY, **by) is None
    drawn = Map.draw()
    assert drawn.grid("第1网格", city.communities[0]) is None
    assert grid.code in drawn.retired_codes
    client = client_of(county_admin)
    assert grid.code not in client.get("/cms/grids/").content.decode()
    assert grid.code in client.get("/cms/grids/?retired=yes").content.decode()
    assert "起停用" in client.get(f"/cms/grids/inspect/{grid.pk}/").content.decode()
    territories.register_grids([GridLine(grid.community_id, grid.code, "第1网格", 1, grid.kind, 400, 900)])
    with pytest.raises(Refused, match="已经停用"):
        grids.assign([(worker, grid)], since=DAY, **by)
    undoing.undo(batch, **by)
    grid.refresh_from_db()
    assert (grid.valid_to, grid.households) == (None, None)


# --- numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_grids_change_places_and_old_numbers_still_find_them(city: Any, by: dict[str, Any]) -> None:
    place, (one, two) = city.communities[0], city.grids[:2]
    batch = grids.renumber(place, {one.pk: (2, ""), two.pk: (5, "XA-5")}, on=DAY, **by)
    assert batch is not None
    assert numbers(city) == [(2, "002", "第2网格"), (5, "A-5", "第5网格")]
    drawn = Map.draw()
    assert drawn.by_code("421202001001001") == one
    assert drawn.by_code("421202001001002") == one  # what is current wins
    assert drawn.grid("第1网格", place) == one
    assert [code for code, _text, _column in drawn.remarks({}, community=place, grid=drawn.grid("第1网格", place))] == [
        "former_grid"
    ]
    said = drawn.remarks({}, community=place, grid=drawn.grid("第2网格", place))
    assert [code for code, _text, _column in said] == ["grid_renumbered"]
    assert "2026年9月1日" in said[0][1]
    assert grids.renumber(place, {one.pk: (2, "")}, on=DAY, **by) is None
    undoing.undo(batch, **by)
    assert numbers(city) == [(1, "001", "第1网格"), (2, "002", "第2网格")]
    assert all(grid.former_codes == [] for grid in Grid.objects.all())


def test_a_number_given_twice_and_a_code_in_use_are_refused(city: Any, by: dict[str, Any]) -> None:
    place, (one, two, other) = city.communities[0], city.grids[:3]
    for wanted, sentence in [
        ({one.pk: (2, "")}, "第 2 网格写了不止一次"),
        ({one.pk: (7, other.code)}, "已经用在别的网格上"),
        ({one.pk: (1, two.code)}, "已经用在别的网格上"),
        ({one.pk: (1000, "")}, "1 到 999"),
    ]:
        with pytest.raises(Refused, match=sentence):
            grids.renumber(place, wanted, on=DAY, **by)
    assert numbers(city) == [(1, "001", "第1网格"), (2, "002", "第2网格")]


def test_a_renumbering_that_was_renumbered_since_is_not_taken_back(city: Any, by: dict[str, Any]) -> None:
    place, one = city.communities[0], city.grids[0]
    first = grids.renumber(place, {one.pk: (5, "")}, on=DAY, **by)
    second = grids.renumber(place, {one.pk: (6, "")}, on=DAY, **by)
    assert first is not None
    assert second is not None
    with pytest.raises(Refused, match="双鹤社区第6网格后来又变过"):
        undoing.undo(first, **by)
    undoing.undo(second, **by)
    undoing.undo(first, **by)
    assert numbers(city) == [(1, "001", "第1网格"), (2, "002", "第2网格")]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([1, 2, 3, 4]), shift=st.integers(0, 6))
def test_whatever_is_renumbered_no_grid_is_lost_and_former_codes_find_theirs(
    city: Any, by: dict[str, Any], order: list[int], shift: int
) -> None:
    place = city.communities[0]
    for number in (3, 4):
        Grid.objects.get_or_create(
            code=f"{place.code}{number:03d}",
            defaults={"community": place, "name": f"第{number}网格", "ordinal": number, "kind": "urban"},
        )
    before = {grid.pk: grid.code for grid in Grid.objects.filter(community=place).order_by("ordinal")}
    wanted = {pk: (number + shift, "") for pk, number in zip(before, order, strict=True)}
    batch = grids.renumber(place, wanted, on=DAY, **by)
    after = {grid.pk: grid for grid in Grid.objects.current().filter(community=place)}
    assert set(after) == set(before)
    assert sorted(grid.ordinal or 0 for grid in after.values()) == sorted(number + shift for number in order)
    drawn = Map.draw()
    for pk, code in before.items():
        holder = drawn.grids_by_code.get(code)
        assert drawn.by_code(code) == (holder or after[pk])
    if batch:
        undoing.undo(batch, **by)
    assert {grid.pk: grid.code for grid in Grid.objects.filter(community=place)} == before


@pytest.mark.postgres
def test_the_register_finds_a_grid_by_the_code_it_had_and_keeps_the_number_it_had(
    city: Any, by: dict[str, Any]
) -> None:
    place, one = city.communities[0], city.grids[0]
    grids.renumber(place, {one.pk: (1, "XA-1")}, on=DAY, **by)
    line = GridLine(place.pk, "421202001001001", "第1网格", 1, "urban", 400, 900)
    counts = territories.register_grids([line], on=DAY)
    assert (counts.new, counts.updated) == (0, 1)
    one.refresh_from_db()
    assert (one.code, one.households) == ("XA-1", 400)
    territories.register_grids([GridLine(place.pk, "XA-1", "第8网格", 8, "urban", 400, 900)], on=DAY)
    one.refresh_from_db()
    assert (one.ordinal, one.former_codes[-1]) == (8, ["XA-1", 1, "2026-09-01", place.pk])


# --- screens ------------------------------------------------------------------------------------------------------


def test_a_township_admin_assigns_with_a_preview_and_takes_it_back(
    client_of: ClientOf, township_admin: User, city: Any, worker: Worker, colleague: Worker
) -> None:
    client, three, four = client_of(township_admin), city.grids[2], city.grids[3]
    url = f"/cms/divisions/{city.township.pk}/assign/"
    page = client.get(url).content.decode()
    assert "西大街社区第1网格" in page
    assert "双鹤社区第1网格" not in page  # somebody is in charge of it
    assert "双鹤社区第1网格" in client.get(f"{url}?show=all").content.decode()
    data = {"on": "2026-09-01", f"grid-{three.pk}": "王桂兰 W0001、李建国", f"grid-{four.pk}": ""}
    page = client.post(url, data).content.decode()
    assert "下面 2 条在岗会登记上" in page
    assert not three.postings.exists()
    page = client.post(url, {**data, "confirm": "1"}, follow=True).content.decode()
    assert "已指派，新增在岗 2 条" in page
    assert three.postings.current().count() == 2
    batch = Batch.objects.get()
    page = client.post(f"/cms/grids/acts/{batch.pk}/undo/", follow=True).content.decode()
    assert "已撤回" in page
    assert not three.postings.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("赵六", "名册里没有“赵六”"), ("W9999", "名册里没有“W9999”"), ("", "还没有选人")],
)
def test_an_assignment_badly_filled_explains_itself(
    client_of: ClientOf, county_admin: User, city: Any, worker: Worker, text: str, sentence: str
) -> None:
    data = {"on": "2026-09-01", f"grid-{city.grids[2].pk}": text}
    page = client_of(county_admin).post(f"/cms/divisions/{city.township.pk}/assign/", data).content.decode()
    assert sentence in page


def test_namesakes_are_asked_for_their_number(
    client_of: ClientOf, county_admin: User, city: Any, hire: Any, worker: Worker
) -> None:
    hire("W0051", "王桂兰", city.township)
    data = {"on": "2026-09-01", f"grid-{city.grids[2].pk}": "王桂兰"}
    client, url = client_of(county_admin), f"/cms/divisions/{city.township.pk}/assign/"
    assert "有几个人叫王桂兰，请写登录号" in client.post(url, data).content.decode()
    data[f"grid-{city.grids[2].pk}"] = "王桂兰 W0051"
    assert "下面 1 条" in client.post(url, data).content.decode()


def test_splitting_renumbering_retiring_and_ending_on_the_screen(
    client_of: ClientOf, county_admin: User, city: Any, worker: Worker
) -> None:
    client, (one, two) = client_of(county_admin), city.grids[:2]
    Grid.objects.filter(pk=one.pk).update(households=620)
    url = f"/cms/grids/{one.pk}/split/"
    assert "原来户数 620" in client.get(url).content.decode()
    data = {"on": "2026-09-01", "households-1": "300", "households-2": "310"}
    page = client.post(url, data).content.decode()
    assert "拆分以后合计 610 户，原来登记的是 620 户" in page
    assert Grid.objects.filter(community=one.community).count() == 2
    assert "还没有人负责，请记得指派" in client.post(url, {**data, "confirm": "1"}, follow=True).content.decode()
    url = f"/cms/divisions/{one.community_id}/renumber/"
    fresh = Grid.objects.get(community=one.community, ordinal=3)
    data = {"on": "2026-09-01", f"number-{one.pk}": "2", f"number-{two.pk}": "1", f"number-{fresh.pk}": "3"}
    page = client.post(url, data).content.decode()
    assert "有的编号以前是另一个网格的" in page
    assert "已重新编号 2 个网格" in client.post(url, {**data, "confirm": "1"}, follow=True).content.decode()
    page = client.get(f"/cms/grids/inspect/{one.pk}/").content.decode()
    assert "以前的编号和编码" in page
    assert "421202001001001" in page
    assert "先结束他们的在岗" in client.get(f"/cms/grids/{one.pk}/retire/").content.decode()
    end = f"/cms/grids/posting/{worker.postings.get().pk}/end/"
    assert "结束以后这个网格就没有人负责了" in client.get(end).content.decode()
    assert "已结束在岗 1 条" in client.post(end, {"on": "2026-09-01"}, follow=True).content.decode()
    retire = f"/cms/grids/{one.pk}/retire/"
    assert "已停用 1 个网格" in client.post(retire, {"on": "2026-09-01"}, follow=True).content.decode()
    page = client.get("/cms/grids/acts/").content.decode()
    for words in ["拆分网格", "重新编号", "结束在岗", "停用网格", "撤回"]:
        assert words in page


def test_another_admins_act_is_unknown_and_the_city_sees_all(
    client_of: ClientOf, county_admin: User, county_b_admin: User, city_admin: User, city: Any, worker: Worker, now: Any
) -> None:
    batch = grids.assign([(worker, city.grids[1])], since=DAY, by=county_admin, now=now)
    assert batch is not None
    url = f"/cms/grids/acts/{batch.pk}/undo/"
    assert client_of(county_b_admin).post(url).status_code == 404
    assert client_of(county_admin).get(url).status_code == 405
    assert client_of(city_admin).post(url).status_code == 302
    batch.refresh_from_db()
    assert batch.undone_by == city_admin


def test_the_screens_of_grids_ask_the_same_for_one_and_for_many(
    client_of: ClientOf, county_admin: User, city: Any, hire: Any, now: datetime, django_assert_max_num_queries: Any
) -> None:
    client, urls = client_of(county_admin), [f"/cms/divisions/{city.township.pk}/assign/?show=all", "/cms/grids/acts/"]
    one = hire("W0060", "孙秋", city.township)
    grids.assign([(one, city.grids[1])], since=DAY, by=county_admin, now=now)

    def asked() -> list[int]:
        counts = []
        for url in urls:
            client.get(url)
            with django_assert_max_num_queries(19) as found:
                client.get(url)
            counts.append(len(found))
        return counts

    few = asked()
    for number in range(61, 64):
        person = hire(f"W00{number}", "李冬", city.township)
        grids.assign([(person, city.grids[2])], since=DAY, by=county_admin, now=now)
    assert asked() == few

"""Divisions renamed, merged, split and ended: nothing is lost, nothing moves unseen, and lists with old names still find their place."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import boundaries, grids, identity, merging, numbering, splitting, territories
from roster.boundaries import Act
from roster.models import (
    ChangeKind,
    FormerName,
    Grid,
    Posting,
    Role,
    Territory,
    TerritoryChange,
    User,
    Worker,
    WorkerChange,
)
from roster.places import Map
from roster.splitting import Part
from roster.territories import Division

ClientOf = Callable[[User], Client]
DAY = date(2026, 9, 1)


@pytest.fixture
def act(county_admin: User, now: datetime) -> Act:
    return Act(on=DAY, by=county_admin, now=now, document="咸安政函〔2026〕12号")


def numbers(place: Territory) -> list[tuple[int | None, str, str]]:
    found = Grid.objects.current().filter(community=place).order_by("ordinal")
    return [(grid.ordinal, grid.name, grid.code) for grid in found]


def placed(community: str, grid: str, township: Territory) -> tuple[list[str], str | None]:
    """The communities and the code of the grid that a line with these words finds."""
    drawn = Map.draw()
    found = drawn.community(community, township)
    grid_found = drawn.grid(grid, found[0]) if len(found) == 1 else None
    return [place.name for place in found], grid_found.code if grid_found else None


# --- renaming -----------------------------------------------------------------------------------------------------


def test_a_renamed_place_keeps_its_row_and_is_found_by_both_names(city: Any, act: Act) -> None:
    place = city.communities[0]
    boundaries.rename(place, name="双鹤桥社区", code="421202001099", act=act)
    place.refresh_from_db()
    assert (place.name, place.code, place.stem, place.valid_to) == ("双鹤桥社区", "421202001099", "双鹤桥", None)
    former = FormerName.objects.get()
    assert (former.territory, former.name, former.code, former.until) == (place, "双鹤社区", "421202001001", DAY)
    change = TerritoryChange.objects.get()
    assert (change.kind, list(change.before.all()), list(change.after.all())) == (ChangeKind.RENAME, [place], [place])
    assert placed("双鹤社区", "第1网格", city.township) == placed("双鹤桥社区", "1网格", city.township)
    assert placed("双鹤社区居委会第二网格", "第二网格", city.township) == ([], None)
    assert placed("双鹤社区", "双鹤社区第二网格", city.township) == (["双鹤桥社区"], "421202001001002")
    assert AuditEntry.objects.get(action="territory.rename").territory == place.path


def test_renaming_twice_changes_nothing(city: Any, act: Act) -> None:
    for _time in range(2):
        boundaries.rename(city.communities[0], name="新社区", code=city.communities[0].code, act=act)
    assert FormerName.objects.count() == TerritoryChange.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [("西大街社区", "421202001001", "已经有一个西大街社区"), ("新社区", "421202002001", "古塘村"), ("", "1", "填上")],
)
def test_a_name_or_code_in_use_is_refused(city: Any, act: Act, name: str, code: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        boundaries.rename(city.communities[0], name=name, code=code, act=act)
    assert not FormerName.objects.exists()


def test_a_day_to_come_and_a_change_without_grounds_are_refused(city: Any, county_admin: User, now: datetime) -> None:
    for act in [
        Act(on=timezone.localdate(now) + timedelta(days=1), by=county_admin, now=now, document="文"),
        Act(on=DAY, by=county_admin, now=now),
    ]:
        with pytest.raises(Refused):
            boundaries.rename(city.communities[0], name="新社区", code="421202001001", act=act)


def test_who_may_change_what(
    city: Any, city_admin: User, county_admin: User, township_admin: User, county_b_admin: User
) -> None:
    may = boundaries.may_change
    assert may(city_admin, city.county)
    assert may(county_admin, city.township)
    assert may(county_admin, city.communities[0])
    assert not may(county_admin, city.county)
    assert not may(county_b_admin, city.township)
    assert not may(township_admin, city.communities[0])
    assert not may(city_admin, city.territory)


def test_the_division_list_keeps_the_old_name_too(city: Any) -> None:
    place = city.communities[0]
    lines = [Division("village", place.code, "新鹤社区", city.township.code, "居委会")]
    territories.establish(lines, on=DAY)
    territories.establish(lines, on=DAY)
    assert [(one.name, one.until) for one in place.former_names.all()] == [("双鹤社区", DAY)]
    assert TerritoryChange.objects.get().detail == {"names": [["双鹤社区", place.code]], "list": True}
    assert placed("双鹤社区", "第1网格", city.township) == (["新鹤社区"], "421202001001001")


# --- merging ------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_two_villages_become_one_of_them(city: Any, act: Act, worker: Worker) -> None:
    first, second = city.communities[:2]
    before = set(Grid.objects.values_list("pk", flat=True))
    heir = merging.merge([first, second], into=first, act=act)
    assert heir == first
    assert numbers(first) == [
        (1, "第1网格", "421202001001001"),
        (2, "第2网格", "421202001001002"),
        (3, "第3网格", "421202001001003"),
        (4, "第4网格", "421202001001004"),
    ]
    second.refresh_from_db()
    assert (second.valid_to, second.grids.count()) == (DAY, 0)
    assert set(Grid.objects.values_list("pk", flat=True)) == before
    assert Posting.objects.current().get().worker == worker
    assert placed("西大街社区", "第1网格", city.township) == (["双鹤社区"], "421202001001003")
    assert placed("双鹤社区", "第1网格", city.township) == (["双鹤社区"], "421202001001001")
    assert Map.draw().by_code("421202001002002").code == "421202001001004"  # type: ignore[union-attr]


def test_several_become_a_new_one(city: Any, act: Act) -> None:
    first, second = city.communities[:2]
    heir = merging.merge([first, second], name="鹤街社区", code="421202001010", act=act)
    assert (heir.level, heir.parent, heir.path) == (first.level, city.township, f"{city.township.path}{heir.pk}/")
    assert [one[0] for one in numbers(heir)] == [1, 2, 3, 4]
    assert set(Territory.objects.exclude(valid_to=None)) == {first, second}
    assert {one.name for one in heir.former_names.all()} == {"双鹤社区", "西大街社区"}
    assert placed("西大街社区", "第2网格", city.township) == (["鹤街社区"], "421202001010004")
    change = TerritoryChange.objects.get()
    assert set(change.before.all()) == {first, second}
    assert len(change.detail["grids"]) == 4


def test_names_of_before_are_handed_down(city: Any, act: Act) -> None:
    first, second = city.communities[:2]
    boundaries.rename(second, name="大街社区", code=second.code, act=act)
    merging.merge([first, second], into=first, act=act)
    assert placed("西大街社区", "第2网格", city.township) == (["双鹤社区"], "421202001001004")
    assert placed("大街社区", "第2网格", city.township) == (["双鹤社区"], "421202001001004")


def test_a_former_name_is_found_in_its_township_alone_and_asked_where_it_means_two(city: Any, act: Act) -> None:
    first, second = city.communities[:2]
    merging.merge([first, second], into=first, act=act)
    assert placed("西大街社区", "第1网格", city.neighbour) == ([], None)
    FormerName.objects.create(
        territory=city.communities[0], name="旧街社区", stem="旧街", code="1", until=date(2020, 1, 1)
    )
    other = merging.found("桥头社区", "421202001077", like=first, act=act)
    FormerName.objects.create(territory=other, name="旧街社区", stem="旧街", code="2", until=date(2021, 1, 1))
    assert placed("旧街社区", "第1网格", city.township) == (["双鹤社区", "桥头社区"], None)
    assert placed("旧街村", "第1网格", city.township) == ([], None)  # 社区 and 村 are two kinds


def test_a_line_with_an_old_name_bears_a_remark(city: Any, act: Act) -> None:
    first, second = city.communities[:2]
    merging.merge([first, second], into=first, act=act)
    drawn = Map.draw()
    (found,) = drawn.community("西大街社区", city.township)
    grid = drawn.grid("第1网格", found)
    values = {"township": "永安街办", "community": "西大街社区", "grid": "第1网格"}
    said = drawn.remarks(values, community=found, grid=grid)
    assert [(code, column) for code, _sentence, column in said] == [
        ("former_name", "community"),
        ("former_grid", "grid"),
    ]
    assert said[0][1] == "“西大街社区”从2026年9月1日起是双鹤社区，已按双鹤社区认。"
    (found,) = drawn.community("双鹤社区", city.township)
    assert drawn.remarks(values, community=found, grid=drawn.grid("第1网格", found)) == []


@pytest.mark.postgres
def test_townships_merge_with_their_communities_and_people(
    city: Any, act: Act, worker: Worker, mentor: Any, township_admin: User
) -> None:
    gone, kept = city.townships[:2]
    plan = merging.lay_out([gone, kept], into=kept, name="", code="")
    assert [place.name for place in plan.communities] == ["双鹤社区", "西大街社区"]
    assert (plan.workers, [held.user for held in plan.grants]) == ([worker], [township_admin])
    merging.merge([gone, kept], into=kept, act=act, seen=plan.seen)
    worker.refresh_from_db()
    assert worker.township == kept
    for place in city.communities[:2]:
        place.refresh_from_db()
        assert (place.parent, place.path) == (kept, f"{kept.path}{place.pk}/")
    assert WorkerChange.objects.get().fields == [["township_id", gone.pk, kept.pk]]
    drawn = Map.draw()
    (found,) = drawn.township("永安街办")
    assert (found, found.former.name) == (kept, "永安街道")  # type: ignore[union-attr]
    (community,) = drawn.community("双鹤社区", found)
    values = {"township": "永安街道", "community": "双鹤社区"}
    assert [code for code, _text, _column in drawn.remarks(values, community=community)] == ["former_name"]


def test_what_cannot_be_merged(city: Any, act: Act, city_admin: User, now: datetime) -> None:
    first, second, third = city.communities[:3]
    wide = Act(on=DAY, by=city_admin, now=now, document="文")
    for places, into in [
        ([first], first),
        ([first, city.township], first),
        ([first, third], first),
        (city.counties, city.county),
        ([first, second], third),
    ]:
        with pytest.raises(Refused):
            merging.merge(places, into=into, act=wide)
    merging.merge([first, second], into=first, act=act)
    with pytest.raises(Refused, match="不是现行区划"):
        merging.merge([first, second], into=first, act=act)


def test_another_county_merges_nothing_here(city: Any, county_b_admin: User, now: datetime) -> None:
    act = Act(on=DAY, by=county_b_admin, now=now, document="文")
    with pytest.raises(Refused, match="不归你办理"):
        merging.merge(city.communities[:2], into=city.communities[0], act=act)


def test_what_changed_since_the_preview_is_not_done(city: Any, act: Act) -> None:
    first, second = city.communities[:2]
    plan = merging.lay_out([first, second], into=first, name="", code="")
    Grid.objects.create(community=second, code="x", name="第9网格", ordinal=9, kind="urban")
    with pytest.raises(Refused, match="预览以后"):
        merging.merge([first, second], into=first, act=act, seen=plan.seen)
    assert Territory.objects.exclude(valid_to=None).count() == 0


def test_a_wrong_merge_is_split_again(city: Any, act: Act) -> None:
    first, second = city.communities[:2]
    merging.merge([first, second], into=first, act=act)
    stay, go = city.grids[:2], city.grids[2:4]
    parts = [
        Part(first.name, first.code, tuple(grid.pk for grid in stay)),
        Part(second.name, second.code, tuple(grid.pk for grid in go)),
    ]
    splitting.split(Territory.objects.get(pk=first.pk), parts=parts, act=act)
    assert placed("西大街社区", "第1网格", city.township) == (["西大街社区"], "421202001002003")
    assert placed("西大街社区", "第3网格", city.township) == (["西大街社区"], "421202001002003")
    assert placed("双鹤社区", "第1网格", city.township) == (["双鹤社区"], "421202001001001")


# --- splitting and ending -----------------------------------------------------------------------------------------


def test_a_community_is_split_and_goes_on_as_the_part_with_its_code(city: Any, act: Act) -> None:
    place, (one, two) = city.communities[0], city.grids[:2]
    parts = [Part("双鹤社区", place.code, (one.pk,)), Part("新鹤社区", "421202001050", (two.pk,))]
    kept, fresh = splitting.split(place, parts=parts, act=act)
    assert kept == place
    assert numbers(kept) == [(1, "第1网格", "421202001001001")]
    assert numbers(fresh) == [(2, "第2网格", "421202001050002")]
    # a list of last year says 双鹤社区第2网格, which has gone to the other one
    assert placed("双鹤社区", "第2网格", city.township) == (["双鹤社区"], "421202001050002")


def test_a_community_that_ends_in_two_is_asked_about(city: Any, act: Act) -> None:
    place, (one, two) = city.communities[0], city.grids[:2]
    parts = [Part("东鹤社区", "421202001051", (one.pk,)), Part("新鹤社区", "421202001050", (two.pk,))]
    splitting.split(place, parts=parts, act=act)
    place.refresh_from_db()
    assert place.valid_to == DAY
    names, grid = placed("双鹤社区", "第2网格", city.township)
    assert (sorted(names), grid) == (["东鹤社区", "新鹤社区"], None)


def test_every_grid_goes_into_exactly_one_part(city: Any, act: Act) -> None:
    place, (one, two) = city.communities[0], city.grids[:2]
    for first, second in [((one.pk,), ()), ((one.pk, two.pk), (two.pk,)), ((one.pk,), (city.grids[4].pk,))]:
        parts = [Part("甲社区", place.code, first), Part("乙社区", "421202001050", second)]
        with pytest.raises(Refused):
            splitting.split(place, parts=parts, act=act)
    with pytest.raises(Refused, match="只有村"):
        splitting.plan_split(city.township, parts)


def test_only_what_is_empty_ends(city: Any, act: Act) -> None:
    place = city.communities[0]
    with pytest.raises(Refused, match="还有 2 个网格"):
        boundaries.end(place, act=act)
    Grid.objects.filter(community=place).update(valid_to=DAY)
    boundaries.end(place, act=act)
    boundaries.end(place, act=act)
    place.refresh_from_db()
    assert place.valid_to == DAY
    assert TerritoryChange.objects.count() == 1


# --- the arithmetic -----------------------------------------------------------------------------------------------

ORDINALS = st.lists(st.one_of(st.none(), st.integers(1, 40)), max_size=12)


@given(staying=st.sets(st.integers(1, 40), max_size=12), coming=ORDINALS)
def test_no_grid_is_lost_and_no_number_given_twice(staying: set[int], coming: list[int | None]) -> None:
    joined = numbering.join(staying, list(enumerate(coming)))
    assert set(joined) == set(range(len(coming)))
    given_ = [number for number in joined.values() if number]
    assert len(given_) == len(set(given_))
    assert not staying & set(given_)
    assert [number is None for number in coming] == [joined[grid] is None for grid in range(len(coming))]


@given(number=st.integers(1, 999))
def test_han_numerals_are_read_as_they_are_written(number: int) -> None:
    assert identity.grid_ordinal(f"第{numbering.han(number)}网格") == number


@given(
    old=st.integers(1, 99),
    new=st.integers(1, 99),
    form=st.sampled_from(["第{}网格", "{}网格", "双鹤社区第{}网格"]),
    han=st.booleans(),
)
def test_a_name_follows_its_number(old: int, new: int, form: str, han: bool) -> None:
    written = form.format(numbering.han(old) if han else old)
    name = numbering.named(written, "双鹤社区", old=old, new=new)
    assert identity.grid_ordinal(name, "双鹤社区") == new
    assert numbering.named("菜市场网格", "双鹤社区", old=old, new=new) == "菜市场网格"


NUMBERS = st.sets(st.integers(1, 9), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=NUMBERS, second=NUMBERS, new=st.booleans())
def test_whatever_is_merged_each_grid_is_found_by_what_it_was(
    city: Any, act: Act, first: set[int], second: set[int], new: bool
) -> None:
    places = city.communities[:2]
    with transaction.atomic():
        Grid.objects.filter(community__in=places).delete()
        was = {}
        for place, ordinals in zip(places, [first, second], strict=True):
            for number in ordinals:
                grid = Grid.objects.create(
                    community=place,
                    code=numbering.compose(place.code, number),
                    name=f"第{numbering.han(number)}网格",
                    ordinal=number,
                    kind="urban",
                )
                was[place.name, number] = grid.pk, grid.code
        into = None if new else places[0]
        heir = merging.merge(
            places, into=into, name="合鹤社区", code="421202001090" if new else places[0].code, act=act
        )
        merged = list(Grid.objects.current().filter(community=heir))
        assert {grid.pk for grid in merged} == {pk for pk, _code in was.values()}
        assert len({grid.ordinal for grid in merged}) == len({grid.code for grid in merged}) == len(was)
        drawn = Map.draw()
        for (name, number), (pk, code) in was.items():
            (place,) = drawn.community(name, city.township)
            found, coded = drawn.grid(f"第{number}网格", place), drawn.by_code(code)
            assert found is not None
            assert coded is not None
            assert (found.pk, coded.pk) == (pk, pk)
        transaction.set_rollback(True)


# --- screens ------------------------------------------------------------------------------------------------------


def test_a_county_admin_merges_two_villages_alone(client_of: ClientOf, county_admin: User, city: Any) -> None:
    client, (first, second) = client_of(county_admin), city.communities[:2]
    url = f"/cms/divisions/{city.township.pk}/merge/"
    assert "西大街社区" in client.get(url).content.decode()
    data = {"places": [first.pk, second.pk], "into": first.pk, "on": "2026-09-01", "document": "咸安政函〔2026〕12号"}
    preview = client.post(url, data)
    page = preview.content.decode()
    for words in ["确认以前什么都没有动", "西大街社区第1网格", "421202001001003", "不再是现行区划"]:
        assert words in page
    assert Territory.objects.exclude(valid_to=None).count() == 0
    seen = preview.context["plan"].seen
    again = client.post(url, {**data, "again": "1"}).content.decode()
    assert "看看会怎样" in again
    assert "咸安政函〔2026〕12号" in again
    reply = client.post(url, {**data, "confirm": "1", "seen": seen}, follow=True)
    assert "已合并为双鹤社区" in reply.content.decode()
    assert "西大街社区" in reply.content.decode()  # among the former names
    tree = client.get(f"/cms/divisions/{city.township.pk}/").content.decode()
    assert "已并入别处或撤销的 1 个" in tree
    moved = client.get(f"/cms/grids/inspect/{city.grids[2].pk}/").content.decode()
    assert "西大街社区第 1 网格" in " ".join(moved.split())
    ended = client.get(f"/cms/divisions/{second.pk}/").content.decode()
    assert "不再是现行区划" in ended


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"places": []}, "请勾选两个以上要合并的。"),
        ({"into": ""}, "请选保留哪一个"),
        ({"into": "new"}, "请填新的名称和区划代码"),
        ({"document": ""}, "没有文号的写明原因"),
        ({"on": "2027-01-01", "confirm": "1"}, "生效日期还没有到"),
        ({"code": "abc"}, "区划代码是 6 到 12 位数字"),
    ],
)
def test_a_merge_badly_filled_explains_itself(
    client_of: ClientOf, county_admin: User, city: Any, change: dict[str, Any], sentence: str
) -> None:
    first, second = city.communities[:2]
    data = {"places": [first.pk, second.pk], "into": first.pk, "on": "2026-09-01", "document": "文", **change}
    page = client_of(county_admin).post(f"/cms/divisions/{city.township.pk}/merge/", data).content.decode()
    assert sentence in page
    assert Territory.objects.exclude(valid_to=None).count() == 0


def test_splitting_renaming_and_ending_on_the_screen(client_of: ClientOf, county_admin: User, city: Any) -> None:
    client, place, (one, two) = client_of(county_admin), city.communities[0], city.grids[:2]
    act = {"on": "2026-09-01", "reason": "人太多"}
    data = {"name-1": "双鹤社区", "code-1": place.code, "name-2": "新鹤社区", "code-2": "421202001050", **act}
    data |= {f"grid-{one.pk}": "1", f"grid-{two.pk}": "2"}
    url = f"/cms/divisions/{place.pk}/split/"
    assert "第2网格" in client.get(url).content.decode()
    assert "第 3 个" in client.get(f"{url}?parts=3").content.decode()
    preview = client.post(url, data)
    assert "421202001050002" in preview.content.decode()
    client.post(url, {**data, "confirm": "1", "seen": preview.context["plan"].seen})
    fresh = Territory.objects.get(code="421202001050")
    rename = f"/cms/divisions/{fresh.pk}/rename/"
    page = client.post(rename, {"name": "双鹤社区", "code": fresh.code, **act}).content.decode()
    assert "这里已经有一个双鹤社区" in page
    assert client.post(rename, {"name": "北鹤社区", "code": fresh.code, **act}).status_code == 302
    end = f"/cms/divisions/{fresh.pk}/end/"
    assert "还有 1 个网格" in client.get(end).content.decode()
    Grid.objects.filter(community=fresh).update(valid_to=DAY)
    assert client.post(end, act).status_code == 302
    fresh.refresh_from_db()
    assert (fresh.name, fresh.valid_to) == ("北鹤社区", DAY)


def test_places_are_found_by_their_old_names(client_of: ClientOf, county_admin: User, city: Any, act: Act) -> None:
    boundaries.rename(city.communities[0], name="新鹤社区", code=city.communities[0].code, act=act)
    client = client_of(county_admin)
    assert "新鹤社区" in client.get("/cms/divisions/?q=双鹤").content.decode()
    assert "没有找到" in client.get("/cms/divisions/?q=鱼岳").content.decode()


def test_the_tree_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, county_admin: User, city: Any, hire: Any, act: Act, django_assert_max_num_queries: Any
) -> None:
    client, url = client_of(county_admin), f"/cms/divisions/{city.county.pk}/"
    boundaries.rename(city.township, name="永安新街道", code=city.township.code, act=act)
    client.get(url)
    with django_assert_max_num_queries(19) as few:
        client.get(url)
    for number, township in enumerate(city.townships, 30):
        hire(f"W00{number}", "孙秋", township)
    with django_assert_max_num_queries(19) as many:
        client.get(url)
    assert len(many) == len(few)


def test_the_page_of_a_community_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, county_admin: User, city: Any, hire: Any, act: Act, django_assert_max_num_queries: Any
) -> None:
    client, url = client_of(county_admin), f"/cms/divisions/{city.communities[0].pk}/"
    hire("W0030", "孙秋", city.township)
    boundaries.rename(city.communities[0], name="新鹤社区", code=city.communities[0].code, act=act)
    client.get(url)
    with django_assert_max_num_queries(19) as few:
        client.get(url)
    hire("W0031", "李冬", city.township, grid=1)
    for number in range(3, 6):
        Grid.objects.create(community=city.communities[0], code=f"c{number}", name="x", ordinal=number, kind="urban")
    with django_assert_max_num_queries(19) as many:
        client.get(url)
    assert len(many) == len(few)


# --- two at once --------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_merge_and_an_assignment_at_once(
    city: Any, worker: Worker, colleague: Worker, county_admin: User, now: datetime
) -> None:
    """Whichever comes first, every posting stands on a grid that is current and of a current community."""
    first, second = city.communities[:2]
    target = Grid.objects.get(community=second, ordinal=1)
    act = Act(on=DAY, by=county_admin, now=now, document="文")

    def merge() -> Any:
        try:
            return merging.merge([first, second], into=first, act=act)
        finally:
            connections.close_all()

    def assign() -> Any:
        try:
            return grids.assign([(worker, target), (colleague, target)], since=DAY, by=county_admin, now=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        done = [job.result() for job in [pool.submit(merge), pool.submit(assign)]]
    assert done[0] == first
    held = Posting.objects.current().filter(grid=target).select_related("grid__community")
    assert {one.worker for one in held} == {worker, colleague}
    assert all(one.grid.community == first and one.grid.ordinal == 3 for one in held)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_do_not_both_happen(city: Any, county_admin: User, now: datetime) -> None:
    first, second = city.communities[:2]
    act = Act(on=DAY, by=county_admin, now=now, document="文")

    def merge(into: Territory) -> str:
        try:
            merging.merge([first, second], into=into, act=act)
            return "done"
        except (Refused, IntegrityError) as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(merge, [first, second])) == ["Refused", "done"]
    assert Grid.objects.current().filter(community__in=[first, second]).count() == 4
    assert Territory.objects.current().filter(pk__in=[first.pk, second.pk]).count() == 1


def test_a_role_in_a_place_that_is_merged_is_shown(city: Any, grant: Any, county_admin: User, client_of: Any) -> None:
    grant("boss", "赵乡办", Role.TOWNSHIP_ADMIN, city.townships[0])
    data = {"places": [one.pk for one in city.townships[:2]], "into": city.townships[1].pk}
    data |= {"on": "2026-09-01", "document": "文"}
    page = client_of(county_admin).post(f"/cms/divisions/{city.county.pk}/merge/", data).content.decode()
    assert "赵乡办（永安街道乡镇管理员）" in page

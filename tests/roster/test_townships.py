"""Townships split, and communities moved to another: nobody goes unseen, and lists that write the old township still find their place."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.models import AuditEntry, ImportRow, ImportRun, Outcome
from lms.refusal import Refused
from lms.resources import Line
from roster import boundaries, gazetteer, grids, merging, moving, reach, townships
from roster.boundaries import Act
from roster.models import (
    ChangeKind,
    FormerName,
    Grid,
    Posting,
    Role,
    RoleGrant,
    Territory,
    TerritoryChange,
    User,
    Worker,
    WorkerChange,
)
from roster.places import Map
from roster.townships import Part

ClientOf = Callable[[User], Client]
DAY = date(2026, 9, 1)
NEW = "421202050"
HEAD = "姓名,身份证号,手机号,乡镇,社区,网格\n"


@pytest.fixture
def act(county_admin: User, now: datetime) -> Act:
    return Act(on=DAY, by=county_admin, now=now, document="咸安政函〔2026〕12号")


@pytest.fixture
def wide(city_admin: User, now: datetime) -> Act:
    return Act(on=DAY, by=city_admin, now=now, document="咸政函〔2026〕3号")


def parts_of(city: Any, **people: tuple[int, ...]) -> list[Part]:
    """永安街道 keeps 双鹤社区, 西大街社区 becomes a township."""
    first, second = city.communities[:2]
    return [
        Part("永安街道", city.township.code, (first.pk,), people.get("kept", ())),
        Part("西河街道", NEW, (second.pk,), people.get("fresh", ())),
    ]


def read(township: str, community: str, *, county: str = "", by: User | None = None) -> tuple[str, list[str], str]:
    """The township in which a line with these words finds its community, the codes said of it and what it is told."""
    line = Line("", 2, {}, {}, {"township": township, "community": community, "county": county})
    drawn = Map.draw()
    place = gazetteer.find_community(line, drawn, reach.paths(by) if by else [""])
    if place:
        for remark in drawn.remarks(line.values, community=place):
            line.remark(*remark)
    codes = [note.code for note in line.notes]
    told = line.notes[0].message if line.notes else ""
    return (drawn.by_id[place.parent_id or 0].name if place else ""), codes, told


def fresh(place: Any) -> Any:
    place.refresh_from_db()
    return place


# --- splitting ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_township_is_split_and_goes_on_as_the_part_with_its_code(city: Any, act: Act, hire: Any) -> None:
    here, there = hire("W0011", "王东", city.township), hire("W0012", "李西", city.township, grid=2)
    plan = townships.lay_out(city.township, parts_of(city))
    assert [[one.worker for one in share.following] for share in plan.shares] == [[here], [there]]
    assert (plan.asked, plan.moved, plan.ending) == ([], 1, [])
    kept, new = townships.split(city.township, parts=parts_of(city), act=act, seen=plan.seen)
    assert (kept, new.level, new.parent, new.code) == (city.township, "township", city.county, NEW)
    moved = fresh(city.communities[1])
    assert (moved.parent, moved.path) == (new, f"{new.path}{moved.pk}/")
    assert fresh(city.communities[0]).parent == kept
    assert (fresh(here).township, fresh(there).township) == (kept, new)
    change = TerritoryChange.objects.get()
    assert (change.kind, list(change.before.all()), set(change.after.all())) == (ChangeKind.SPLIT, [kept], {kept, new})
    assert change.detail["workers"] == [[there.pk, kept.pk]]
    told = WorkerChange.objects.get()
    assert (told.worker, told.fields) == (there, [["township_id", kept.pk, new.pk]])
    assert (told.source, told.reason) == (f"roster.territorychange:{change.pk}", "咸安政函〔2026〕12号")
    assert AuditEntry.objects.get(action="territory.split").territory == kept.path
    assert Posting.objects.current().filter(worker=there, grid=city.grids[2]).exists()


def test_who_is_placed_by_no_grid_must_be_put_somewhere(city: Any, act: Act, hire: Any) -> None:
    both, none = hire("W0011", "王东", city.township), hire("W0012", "李西", city.township)
    Posting.objects.create(worker=both, grid=city.grids[2], since=DAY)
    Posting.objects.filter(worker=none).update(until=DAY)
    left = hire("W0013", "赵去", city.township, state="left")
    Posting.objects.filter(worker=left).update(until=DAY)
    plan = townships.lay_out(city.township, parts_of(city))
    assert [one.worker for one in plan.asked] == [one.worker for one in plan.open] == [both, none]
    assert [[one.worker for one in share.gone] for share in plan.shares] == [[left], []]
    with pytest.raises(Refused, match="还没有定到哪个乡镇：王东、李西"):
        townships.split(city.township, parts=parts_of(city), act=act)
    assert TerritoryChange.objects.count() == 0
    wanted = parts_of(city, kept=(none.pk,), fresh=(both.pk,))
    plan = townships.lay_out(city.township, wanted)
    _kept, new = townships.split(city.township, parts=wanted, act=act, seen=plan.seen)
    assert [fresh(one).township for one in (both, none, left)] == [new, city.township, city.township]


def test_who_holds_a_grid_of_another_township_as_well_is_asked_about(city: Any, hire: Any) -> None:
    worker = hire("W0011", "王东", city.township)
    Posting.objects.create(worker=worker, grid=city.grids_of(city.neighbour)[0], since=DAY)
    stranger = hire("W0012", "李西", city.neighbour)
    Posting.objects.create(worker=stranger, grid=city.grids[2], since=DAY)
    plan = townships.lay_out(city.township, parts_of(city))
    assert [one.worker for one in plan.asked] == [worker]
    assert stranger not in [one for share in plan.shares for one in share.workers]


def test_roles_stay_with_the_part_that_keeps_the_code_and_are_told_where_none_does(
    city: Any, act: Act, township_admin: User
) -> None:
    assert townships.lay_out(city.township, parts_of(city)).grants == []
    first, second = city.communities[:2]
    parts = [Part("东永街道", "421202051", (first.pk,)), Part("西永街道", NEW, (second.pk,))]
    plan = townships.lay_out(city.township, parts)
    assert [held.user for held in plan.grants] == [township_admin]
    townships.split(city.township, parts=parts, act=act, seen=plan.seen)
    assert fresh(city.township).valid_to == DAY
    assert RoleGrant.objects.get(user=township_admin).territory == city.township
    # both bear the old name; the village says which is meant
    for community, township in [("双鹤社区", "东永街道"), ("西大街社区", "西永街道")]:
        assert read("永安街办", community)[:2] == (township, ["former_name"])
    assert read("永安街办", "古塘村")[1] == ["community_unknown"]


def test_what_cannot_be_split(city: Any, act: Act, county_b_admin: User, now: datetime) -> None:
    first, second = city.communities[:2]
    code = city.township.code
    for parts, sentence in [
        ([Part("甲街道", code, (first.pk, second.pk))], "至少要拆成两个"),
        ([Part("甲街道", code, (first.pk, second.pk)), Part("乙街道", NEW, ())], "至少要拆成两个"),
        ([Part("甲街道", code, (first.pk,)), Part("甲街道", NEW, (second.pk,))], "不能重复"),
        ([Part("甲街道", code, (first.pk,)), Part("乙街道", NEW, (first.pk,))], "只能分到一个里"),
        ([Part("甲街道", code, (first.pk,)), Part("乙街道", NEW, (second.pk, city.communities[2].pk))], "只能分到"),
        ([Part("甲街道", code, (first.pk,)), Part("汀泗桥镇", NEW, (second.pk,))], "已经有一个汀泗桥镇"),
        ([Part("甲街道", code, (first.pk,)), Part("乙街道", city.neighbour.code, (second.pk,))], "已经用在汀泗桥镇上"),
        ([Part("甲街道", code, (first.pk,), (1,)), Part("乙街道", NEW, (second.pk,), (1,))], "一个人只能"),
    ]:
        with pytest.raises(Refused, match=sentence):
            townships.split(city.township, parts=parts, act=act)
    with pytest.raises(Refused, match="村（社区）请在它自己的"):
        townships.split(first, parts=parts, act=act)
    with pytest.raises(Refused, match="不归你办理"):
        townships.split(city.township, parts=parts_of(city), act=Act(on=DAY, by=county_b_admin, now=now, document="文"))
    later = Act(on=timezone.localdate(now) + timedelta(days=1), by=act.by, now=now, document="文")
    with pytest.raises(Refused, match="还没有到"):
        townships.split(city.township, parts=parts_of(city), act=later)
    assert not TerritoryChange.objects.exists()
    assert not FormerName.objects.exists()


def test_what_changed_since_the_preview_of_a_split_is_not_done(city: Any, act: Act, hire: Any) -> None:
    plan = townships.lay_out(city.township, parts_of(city))
    hire("W0011", "王东", city.township)
    with pytest.raises(Refused, match="预览以后"):
        townships.split(city.township, parts=parts_of(city), act=act, seen=plan.seen)


def test_a_wrong_split_is_merged_again(city: Any, act: Act, hire: Any) -> None:
    there = hire("W0012", "李西", city.township, grid=2)
    kept, new = townships.split(city.township, parts=parts_of(city), act=act)
    merging.merge([kept, new], into=kept, act=act)
    assert (fresh(city.communities[1]).parent, fresh(there).township) == (kept, kept)
    assert read("永安街道", "西大街社区") == ("永安街道", [], "")
    assert read("西河街道", "西大街社区")[:2] == ("永安街道", ["former_name"])


# --- moving -------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_communities_move_with_their_grids_and_whose_grids_are_all_there(city: Any, act: Act, hire: Any) -> None:
    place = city.communities[0]
    going = hire("W0011", "王东", city.township)
    divided, none, other = (hire(f"W001{n}", name, city.township, grid=2) for n, name in enumerate("李赵孙", 2))
    Posting.objects.create(worker=divided, grid=city.grids[0], since=DAY)
    Posting.objects.filter(worker=none).update(until=DAY)
    plan = moving.lay_out([place], place=city.township, to=city.neighbour, by=act.by)
    people = [[one.worker for one in some] for some in (plan.going, plan.divided, plan.without)]
    assert (people, plan.grids, plan.moves) == ([[going], [divided], [none]], 2, [])
    moving.move([place], place=city.township, to=city.neighbour, act=act, seen=plan.seen)
    assert (fresh(place).parent, place.path) == (city.neighbour, f"{city.neighbour.path}{place.pk}/")
    assert (place.code, place.valid_to) == ("421202001001", None)
    townships_now = [fresh(one).township for one in (going, divided, none, other)]
    assert townships_now == [city.neighbour, city.township, city.township, city.township]
    assert Posting.objects.current().filter(grid__community=place).count() == 2
    change = TerritoryChange.objects.get()
    assert (change.kind, set(change.before.all())) == (ChangeKind.MOVE, {city.township, place})
    assert change.detail["workers"] == [[going.pk, city.township.pk]]
    assert WorkerChange.objects.get().fields == [["township_id", city.township.pk, city.neighbour.pk]]
    assert AuditEntry.objects.get(action="territory.move").territory == city.township.path


def test_a_new_code_takes_the_grids_along(city: Any, act: Act) -> None:
    place = city.communities[0]
    codes = {place.pk: "421202002050"}
    plan = moving.lay_out([place], place=city.township, to=city.neighbour, by=act.by, codes=codes)
    assert [move.code for move in plan.moves] == ["421202002050001", "421202002050002"]
    moving.move([place], place=city.township, to=city.neighbour, codes=codes, act=act, seen=plan.seen)
    assert fresh(place).code == "421202002050"
    assert list(place.grids.order_by("ordinal").values_list("code", flat=True)) == [one.code for one in plan.moves]
    drawn = Map.draw()
    assert drawn.by_code("421202001001002").code == "421202002050002"  # type: ignore[union-attr]
    (found,) = drawn.community("双鹤社区", city.township)
    assert drawn.grid("第2网格", found).code == "421202002050002"  # type: ignore[union-attr]


def test_a_list_with_the_old_township_finds_what_moved_and_says_so(city: Any, act: Act) -> None:
    boundaries.rename(city.communities[0], name="双鹤桥社区", code=city.communities[0].code, act=act)
    moving.move([city.communities[0]], place=city.township, to=city.neighbour, act=act)
    told = "双鹤桥社区从2026年9月1日起划归汀泗桥镇，已按汀泗桥镇认。"
    assert read("永安街办", "双鹤桥社区") == ("汀泗桥镇", ["former_township"], told)
    assert read("汀泗桥镇", "双鹤桥社区") == ("汀泗桥镇", [], "")
    # a list of before the new name says both
    assert read("永安街办", "双鹤社区")[:2] == ("汀泗桥镇", ["former_township", "former_name"])
    assert read("汀泗桥镇", "双鹤社区")[:2] == ("汀泗桥镇", ["former_name"])
    assert read("永安街办", "西大街社区") == ("永安街道", [], "")


def test_the_old_township_is_still_understood_when_it_is_merged_away_itself(city: Any, act: Act) -> None:
    moving.move([city.communities[0]], place=city.township, to=city.neighbour, act=act)
    third = merging.found("贺胜桥镇", "421202003", like=city.township, act=act)
    merging.merge([city.township, third], into=third, act=act)
    assert read("永安街道", "双鹤社区")[:2] == ("汀泗桥镇", ["former_township"])
    assert read("永安街道", "西大街社区")[:2] == ("贺胜桥镇", ["former_name"])
    assert read("贺胜桥镇", "双鹤社区")[1] == ["community_unknown"]


def test_what_moved_and_was_merged_there_is_found_by_what_it_was(city: Any, act: Act) -> None:
    first, third = city.communities[0], city.communities[2]
    moving.move([first], place=city.township, to=city.neighbour, act=act)
    merging.merge([fresh(first), third], into=third, act=act)
    assert read("永安街道", "双鹤社区")[:2] == ("汀泗桥镇", ["former_township", "former_name"])
    drawn = Map.draw()
    (found,) = drawn.community("双鹤社区", city.township)
    assert found == third
    assert drawn.grid("第2网格", found) == city.grids[1]


def test_what_a_township_has_now_goes_before_what_it_had(city: Any, act: Act) -> None:
    moving.move([city.communities[0]], place=city.township, to=city.neighbour, act=act)
    again = merging.found("双鹤社区", "421202001099", like=city.communities[1], act=act)
    assert again.parent == city.township
    assert read("永安街道", "双鹤社区") == ("永安街道", [], "")


def test_what_was_moved_out_of_reach_is_not_the_uploaders(
    city: Any, wide: Act, county_admin: User, county_b_admin: User, city_admin: User
) -> None:
    moving.move([city.communities[0]], place=city.township, to=city.township_b, act=wide)
    assert read("永安街道", "双鹤社区", by=county_admin) == ("", ["out_of_reach"], "双鹤社区不在你的管辖范围内。")
    assert read("永安街道", "双鹤社区", county="咸安区", by=county_b_admin)[:2] == ("鱼岳镇", ["former_township"])
    assert read("永安街道", "西大街社区", by=county_b_admin)[1:] == (["out_of_reach"], "永安街道不在你的管辖范围内。")
    assert read("永安街道", "双鹤社区", by=city_admin)[0] == "鱼岳镇"


def test_who_may_move_where(city: Any, act: Act, wide: Act, grant: Any, now: datetime) -> None:
    places = [city.communities[0]]
    with pytest.raises(Refused, match="鱼岳镇的变动不归你办理"):
        moving.move(places, place=city.township, to=city.township_b, act=act)
    both = grant("both", "两县办", Role.COUNTY_ADMIN, city.county)
    RoleGrant.objects.create(user=both, role=Role.COUNTY_ADMIN, territory=city.county_b, since=DAY)
    with pytest.raises(Refused, match="请市级管理员办理"):
        moving.move(places, place=city.township, to=city.township_b, act=Act(on=DAY, by=both, now=now, document="文"))
    moving.move(places, place=city.township, to=city.township_b, act=wide)
    assert fresh(city.communities[0]).path.startswith(city.county_b.path)


def test_what_cannot_be_moved(city: Any, act: Act) -> None:
    first, second, third = city.communities[:3]
    merging.found("双鹤社区", "421202002099", like=third, act=act)
    for places, to, codes, sentence in [
        ([], city.neighbour, {}, "请勾选"),
        ([third], city.neighbour, {}, "不在这个乡镇"),
        ([second], city.township, {}, "另一个乡镇"),
        ([second], third, {}, "另一个乡镇"),
        ([first], city.neighbour, {}, "已经有一个双鹤社区"),
        ([second], city.neighbour, {second.pk: third.code}, "已经用在古塘村上"),
        ([first, second], city.neighbour, {first.pk: second.code}, "有重复"),
    ]:
        with pytest.raises(Refused, match=sentence):
            moving.move(places, place=city.township, to=to, codes=codes, act=act)
    assert not TerritoryChange.objects.exists()


def test_what_changed_since_the_preview_of_a_move_is_not_done(city: Any, act: Act, hire: Any) -> None:
    plan = moving.lay_out([city.communities[0]], place=city.township, to=city.neighbour, by=act.by)
    hire("W0011", "王东", city.township)
    with pytest.raises(Refused, match="预览以后"):
        moving.move([city.communities[0]], place=city.township, to=city.neighbour, act=act, seen=plan.seen)


def test_a_wrong_move_is_moved_back(city: Any, act: Act, worker: Worker) -> None:
    place = city.communities[0]
    moving.move([place], place=city.township, to=city.neighbour, act=act)
    moving.move([fresh(place)], place=city.neighbour, to=city.township, act=act)
    assert (fresh(place).parent, fresh(worker).township) == (city.township, city.township)
    assert read("永安街道", "双鹤社区") == ("永安街道", [], "")
    assert read("汀泗桥镇", "双鹤社区")[:2] == ("永安街道", ["former_township"])


# --- lists that were waiting --------------------------------------------------------------------------------------


def send(client: Client, kind: str, text: str) -> ImportRun:
    file = SimpleUploadedFile("表.csv", text.encode())
    answer = client.post(reverse("imports"), {"kind": kind, "file": file})
    return ImportRun.objects.get(pk=int(answer["Location"].rstrip("/").rpartition("/")[2]))


def confirm(client: Client, run: ImportRun) -> list[str]:
    """Confirm a list as it lies there; the outcomes of its rows."""
    changes = {"changes": run.brake["changes"]} if run.brake else {}
    client.post(reverse("import_confirm", args=[run.pk]), changes)
    return list(ImportRow.objects.filter(run=run).order_by("position").values_list("outcome", flat=True))


@pytest.mark.django_db(transaction=True)
def test_rows_that_waited_go_into_no_wrong_township(
    city: Any, act: Act, worker: Worker, client_of: ClientOf, county_admin: User
) -> None:
    client = client_of(county_admin)
    lines = [
        "新来的,,13907150091,永安街道,双鹤社区,第2网格",
        "另来的,,13907150092,永安街道,西大街社区,第2网格",
        "王桂兰,,13907150001,永安街道,西大街社区,第1网格",
    ]
    run = send(client, "roster", HEAD + "\n".join(lines))
    moving.move([city.communities[0]], place=city.township, to=city.neighbour, act=act)
    assert confirm(client, run) == [Outcome.SKIPPED, Outcome.NEW, Outcome.SKIPPED]
    assert not Worker.objects.filter(name="新来的").exists()
    assert Worker.objects.get(name="另来的").township == city.township
    assert (fresh(worker).township, worker.postings.get().grid) == (city.neighbour, city.grids[0])


@pytest.mark.django_db(transaction=True)
def test_a_register_that_waited_brings_back_no_old_code_and_no_ended_community(
    city: Any, act: Act, client_of: ClientOf, county_admin: User
) -> None:
    client, (first, second, third) = client_of(county_admin), city.communities[:3]
    text = "乡镇,社区,网格,网格编码,户数\n" + "\n".join(
        f"{place.parent.name},{place.name},第1网格,{place.code}001,31{n}"
        for n, place in enumerate([first, second, third])
    )
    run = send(client, "grids", text)
    codes = {first.pk: "421202002050"}
    moving.move([first], place=city.township, to=city.neighbour, codes=codes, act=act)
    merging.merge([third, city.communities[3]], into=city.communities[3], act=act)
    assert confirm(client, run) == [Outcome.SKIPPED, Outcome.UPDATED, Outcome.SKIPPED]
    assert Grid.objects.count() == len(city.grids)
    assert not Grid.objects.filter(community=third).exists()


@pytest.mark.django_db(transaction=True)
def test_a_division_list_that_waited_founds_nothing_in_the_old_township(
    city: Any, act: Act, client_of: ClientOf, city_admin: User
) -> None:
    client, (first, second) = client_of(city_admin), city.communities[:2]
    text = "层级,区划代码,名称,上级代码\n" + "\n".join(
        f"村,{code},{name},{city.township.code}"
        for code, name in [(first.code, "双鹤新社区"), (second.code, "西街社区"), ("421202001077", "新社区")]
    )
    run = send(client, "divisions", text)
    codes = {first.pk: "421202002050"}
    moving.move([first], place=city.township, to=city.neighbour, codes=codes, act=act)
    assert confirm(client, run) == [Outcome.SKIPPED, Outcome.UPDATED, Outcome.NEW]
    assert set(city.township.children.current().values_list("name", flat=True)) == {"西街社区", "新社区"}


# --- roles that go along with a merge -------------------------------------------------------------------------------


def test_a_merge_hands_the_roles_over_where_that_is_wanted(
    city: Any, act: Act, township_admin: User, grant: Any, now: datetime
) -> None:
    gone, kept = city.townships[:2]
    dated = grant("dated", "孙代办", Role.TOWNSHIP_ADMIN, gone)
    RoleGrant.objects.filter(user=dated).update(until=date(2027, 3, 1))
    over = grant("over", "旧乡办", Role.TOWNSHIP_ADMIN, gone)
    RoleGrant.objects.filter(user=over).update(until=date(2026, 9, 10))
    merging.merge([gone, kept], into=kept, act=act, hand_over=True)
    today = timezone.localdate(now)
    for user, until in [(township_admin, None), (dated, date(2027, 3, 1))]:
        old, new = RoleGrant.objects.filter(user=user).order_by("pk")
        assert (old.territory, old.until, old.end_reason) == (gone, today, "咸安政函〔2026〕12号")
        assert (new.territory, new.role, new.since, new.until) == (kept, Role.TOWNSHIP_ADMIN, today, until)
        assert (new.granted_by, new.reason) == (act.by, "咸安政函〔2026〕12号")
    assert RoleGrant.objects.get(user=over).until == date(2026, 9, 10)


def test_an_own_role_is_handed_over_by_somebody_else(city: Any, act: Act) -> None:
    gone, kept = city.townships[:2]
    RoleGrant.objects.create(user=act.by, role=Role.TOWNSHIP_ADMIN, territory=gone, since=DAY)
    with pytest.raises(Refused, match="不能终止自己的角色"):
        merging.merge([gone, kept], into=kept, act=act, hand_over=True)
    assert fresh(gone).valid_to is None


def test_the_screen_of_a_merge_offers_to_hand_over(
    city: Any, township_admin: User, county_admin: User, client_of: ClientOf
) -> None:
    client, url = client_of(county_admin), f"/cms/divisions/{city.county.pk}/merge/"
    data = {"places": [one.pk for one in city.townships[:2]], "into": city.neighbour.pk, "on": "2026-09-01"}
    data |= {"document": "文"}
    preview = client.post(url, data)
    assert "这些角色一并转到汀泗桥镇" in preview.content.decode()
    client.post(url, {**data, "confirm": "1", "seen": preview.context["plan"].seen, "hand_over": "1"})
    assert [held.territory for held in reach.grants(township_admin)] == [city.neighbour]


# --- screens ------------------------------------------------------------------------------------------------------


def test_a_county_admin_splits_a_township_on_the_screen(
    client_of: ClientOf, county_admin: User, city: Any, hire: Any
) -> None:
    both = hire("W0011", "王东", city.township)
    Posting.objects.create(worker=both, grid=city.grids[2], since=DAY)
    hire("W0012", "李西", city.township, grid=2)
    client, (first, second) = client_of(county_admin), city.communities[:2]
    url = f"/cms/divisions/{city.township.pk}/divide/"
    assert url in client.get(f"/cms/divisions/{city.township.pk}/").content.decode()
    assert "第 3 个" in client.get(f"{url}?parts=3").content.decode()
    data = {"name-1": "永安街道", "code-1": city.township.code, "name-2": "西河街道", "code-2": NEW}
    data |= {f"community-{first.pk}": "1", f"community-{second.pk}": "2", "on": "2026-09-01", "document": "文"}
    page = client.post(url, data).content.decode()
    for words in ["下面 1 人", "王东", "双鹤社区第1网格、西大街社区第1网格", "已经先选在永安街道"]:
        assert words in page
    assert "李西" not in page
    assert "请给每个人选一个" in client.post(url, {**data, "people": "1"}).content.decode()
    data |= {"people": "1", f"worker-{both.pk}": "2"}
    preview = client.post(url, data)
    page = preview.content.decode()
    for words in ["确认以前什么都没有动", "由你定在这里的", "跟着网格的 1 人", "把拆出来的并回永安街道"]:
        assert words in page
    again = client.post(url, {**data, "again": "1"}).content.decode()
    assert "西河街道" in again
    assert not TerritoryChange.objects.exists()
    reply = client.post(url, {**data, "confirm": "1", "seen": preview.context["plan"].seen}, follow=True)
    assert "永安街道已拆分" in reply.content.decode()
    new = Territory.objects.get(code=NEW)
    assert (fresh(both).township, fresh(second).parent) == (new, new)
    assert "永安街道" in client.get(f"/cms/divisions/{new.pk}/").content.decode()
    assert "永安街道西大街社区" in client.get("/cms/divisions/?q=西大街").content.decode()


def test_a_county_admin_moves_a_community_on_the_screen(
    client_of: ClientOf, county_admin: User, city: Any, worker: Worker, hire: Any
) -> None:
    none = hire("W0013", "赵闲", city.township)
    Posting.objects.filter(worker=none).update(until=DAY)
    client, place = client_of(county_admin), city.communities[0]
    url = f"/cms/divisions/{city.township.pk}/move/"
    form = client.get(url).content.decode()
    assert "汀泗桥镇" in form
    assert "鱼岳镇" not in form
    data = {"communities": [place.pk], "to": city.neighbour.pk, "on": "2026-09-01", "document": "文"}
    data |= {f"code-{place.pk}": "421202002050"}
    for change, sentence in [
        ({"communities": []}, "请勾选要划走的"),
        ({"to": ""}, "请选要划到的"),
        ({"to": city.township_b.pk}, "有效"),
        ({f"code-{place.pk}": "abc"}, "6 到 12 位数字"),
        ({f"code-{place.pk}": city.communities[2].code}, "已经用在古塘村上"),
        ({"document": ""}, "没有文号的写明原因"),
    ]:
        assert sentence in client.post(url, {**data, **change}).content.decode()
    preview = client.post(url, data)
    page = preview.content.decode()
    for words in ["一起走的人", worker.name, "没有负责的网格", "赵闲", "421202002050001", "再划回永安街道"]:
        assert words in page
    assert "看看会怎样" in client.post(url, {**data, "again": "1"}).content.decode()
    reply = client.post(url, {**data, "confirm": "1", "seen": preview.context["plan"].seen}, follow=True)
    assert "已划到汀泗桥镇" in reply.content.decode()
    assert "永安街道的双鹤社区" in reply.content.decode()
    assert fresh(worker).township == city.neighbour
    assert "永安街道双鹤社区" in client.get(f"/cms/divisions/{place.pk}/").content.decode()
    assert "区划变动" in client.get(f"/cms/workers/inspect/{worker.pk}/").content.decode()


def test_an_admin_of_the_city_moves_into_another_county_and_is_told_what_that_means(
    client_of: ClientOf, city_admin: User, city: Any
) -> None:
    client, url = client_of(city_admin), f"/cms/divisions/{city.township.pk}/move/"
    assert '<optgroup label="嘉鱼县">' in client.get(url).content.decode()
    data = {"communities": [city.communities[0].pk], "to": city.township_b.pk, "on": "2026-09-01", "document": "文"}
    assert "办理以后由嘉鱼县管理" in client.post(url, data).content.decode()


def test_only_townships_are_split_and_given_from_there(client_of: ClientOf, county_admin: User, city: Any) -> None:
    client = client_of(county_admin)
    for place in (city.communities[0], city.township_b):
        for name in ("divide", "move"):
            assert client.get(f"/cms/divisions/{place.pk}/{name}/").status_code == 404


def test_the_preview_of_a_move_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, county_admin: User, city: Any, hire: Any, django_assert_max_num_queries: Any
) -> None:
    client, url = client_of(county_admin), f"/cms/divisions/{city.township.pk}/move/"
    data = {"communities": [city.communities[0].pk], "to": city.neighbour.pk, "on": "2026-09-01", "document": "文"}
    hire("W0030", "孙秋", city.township)
    client.post(url, data)
    with django_assert_max_num_queries(24) as few:
        client.post(url, data)
    for number in range(31, 36):
        hire(f"W00{number}", "李冬", city.township, grid=number % 4)
    with django_assert_max_num_queries(24) as many:
        client.post(url, data)
    assert len(many) == len(few)


# --- two at once --------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_move_and_an_assignment_at_once(city: Any, worker: Worker, county_admin: User, now: datetime) -> None:
    """Whichever comes first: who went along has no grid outside, and who was given one outside before has stayed."""
    act = Act(on=DAY, by=county_admin, now=now, document="文")

    def move() -> Any:
        try:
            return moving.move([city.communities[0]], place=city.township, to=city.neighbour, act=act)
        finally:
            connections.close_all()

    def assign() -> str:
        try:
            grids.assign([(worker, city.grids[2])], since=DAY, by=county_admin, now=now)
            return "stays"
        except Refused:
            return "goes"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        _moved, assigned = (job.result() for job in [pool.submit(move), pool.submit(assign)])
    assert fresh(city.communities[0]).parent == city.neighbour
    assert fresh(worker).township == {"stays": city.township, "goes": city.neighbour}[assigned]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_split_and_a_move_at_once_do_not_both_happen(city: Any, county_admin: User, now: datetime) -> None:
    act = Act(on=DAY, by=county_admin, now=now, document="文")

    def done(verb: Callable[..., Any], *args: Any, **how: Any) -> str:
        try:
            verb(*args, **how, act=act)
            return "done"
        except (Refused, IntegrityError) as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        split = pool.submit(done, townships.split, city.township, parts=parts_of(city))
        move = pool.submit(done, moving.move, [city.communities[1]], place=city.township, to=city.neighbour)
        assert sorted([split.result(), move.result()]) == ["Refused", "done"]
    assert TerritoryChange.objects.count() == 1

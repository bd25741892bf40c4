"""Lists of workers and grids, people and roles: what each admin sees, exports and does."""

from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.admin.menu import admin_menu

from lms import menus
from lms.models import AuditEntry
from roster import reach
from roster.models import Duty, Posting, Role, RoleGrant, User, Worker

ClientOf = Callable[[User], Client]
# a role of the whole work, from the day of the tests on
WHOLE = {"since": "2026-09-16", "duties": list(Duty.values)}
LISTS = ["/cms/workers/", "/cms/workers/results/", "/cms/grids/", "/cms/roles/", "/cms/passwords/"]
MENU = {
    "township_admin": {"网格员", "区划", "网格", "网格覆盖", "首次密码"},
    "county_admin": {"网格员", "区划", "网格", "网格覆盖", "首次密码", "人员与角色"},
    "city_admin": {"网格员", "区划", "网格", "网格覆盖", "首次密码", "人员与角色"},
    "editor": set(),
    "system_admin": {"运行情况"},
    "security_admin": {"人员与角色", "账号"},
    "auditor": set(),
}


def cells(response: Any) -> list[list[Any]]:
    book = openpyxl.load_workbook(BytesIO(b"".join(response.streaming_content)))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


# --- lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LISTS)
def test_a_county_admin_sees_their_own_county_alone(
    client_of: ClientOf, county_admin: User, worker: Worker, outsider: Worker, township_admin: User, path: str
) -> None:
    page = client_of(county_admin).get(path).content.decode()
    assert "永安街道" in page
    for foreign in ["陈秀英", "W0003", "鱼岳镇", "官桥镇", "嘉鱼县"]:
        assert foreign not in page


@pytest.mark.parametrize(
    "query", ["q=陈秀英", "q=W0003", "township=999", "state=active", "account=own", "account=waiting"]
)
def test_neither_search_nor_filter_reaches_farther(
    client_of: ClientOf, county_admin: User, worker: Worker, outsider: Worker, city: Any, query: str
) -> None:
    client = client_of(county_admin)
    for path in ["/cms/workers/", "/cms/workers/results/"]:
        response = client.get(f"{path}?{query}&township={city.township_b.pk}" if "q=" in query else f"{path}?{query}")
        assert response.status_code == 200
        assert f"/cms/workers/inspect/{outsider.pk}/" not in response.content.decode()


def test_filters_find(
    client_of: ClientOf, city_admin: User, worker: Worker, mentor: Any, outsider: Worker, city: Any
) -> None:
    client = client_of(city_admin)

    def found(query: str) -> set[str]:
        page = client.get(f"/cms/workers/results/?{query}").content.decode()
        return {person.number for person in Worker.objects.all() if person.number in page}

    User.objects.filter(pk=outsider.user_id).update(must_change_password=True)
    assert found("") == {"W0001", "W0003", "W0004"}
    assert found("q=桂兰") == found("q=W0001") == found(f"township={city.township.pk}") == {"W0001"}
    assert found(f"county={city.county.pk}") == {"W0001", "W0004"}
    assert found("account=waiting") == {"W0003"}
    assert found("account=own") == {"W0001", "W0004"}
    assert found("state=left") == set()


def test_what_is_personal_is_masked(client_of: ClientOf, city_admin: User, worker: Worker) -> None:
    worker.id_number = "421202198001011239"
    worker.save()
    client = client_of(city_admin)
    for path in ["/cms/workers/", f"/cms/workers/inspect/{worker.pk}/"]:
        page = client.get(path).content.decode()
        assert "139****0001" in page
        assert worker.mobile not in page
        assert worker.id_number not in page
    assert "4212**********1239" in page


def test_a_worker_with_their_postings(client_of: ClientOf, county_admin: User, worker: Worker, city: Any) -> None:
    Posting.objects.create(
        worker=worker, grid=city.grids_of(city.township)[1], since=date(2020, 5, 6), until=date(2022, 3, 1)
    )
    page = client_of(county_admin).get(f"/cms/workers/inspect/{worker.pk}/").content.decode()
    assert page.index("双鹤社区第1网格") < page.index("双鹤社区第2网格")
    for words in ["2022年3月1日", "2020年5月6日", "上岗时间", "本人已设密码", "没有登记"]:
        assert words in page


def test_a_grid_with_its_people(client_of: ClientOf, county_admin: User, worker: Worker, city: Any) -> None:
    held, empty = city.grids_of(city.township)[0], city.grids_of(city.township)[2]
    client = client_of(county_admin)
    assert "王桂兰" in client.get(f"/cms/grids/inspect/{held.pk}/").content.decode()
    assert "这个网格眼下没有人负责" in client.get(f"/cms/grids/inspect/{empty.pk}/").content.decode()
    foreign = city.grids_of(city.township_b)[0]
    assert client.get(f"/cms/grids/inspect/{foreign.pk}/").status_code == 404
    assert client.get("/cms/grids/inspect/999999/").status_code == 404


def test_the_export_holds_the_columns_of_the_screen_for_ones_own_people(
    client_of: ClientOf, county_admin: User, worker: Worker, outsider: Worker, hire: Callable[..., Worker], city: Any
) -> None:
    hire("W0009", "=1+1", city.neighbour, joined_precision="year", employment="parttime")
    response = client_of(county_admin).get("/cms/workers/?export=xlsx&purpose=manage")
    assert cells(response) == [
        ["姓名", "登录号", "手机号", "乡镇（街道）", "网格", "专兼职", "状态"],
        ["王桂兰", "W0001", "139****0001", "永安街道", "双鹤社区第1网格", "专职", "在岗"],
        ["=1+1", "W0009", None, "汀泗桥镇", "古塘村第1网格", "兼职", "在岗"],
    ]
    entry = AuditEntry.objects.get(action="personal.exported")
    assert (entry.actor_id, entry.detail) == (county_admin.pk, {"kind": "roster.worker", "rows": 2, "reason": "manage"})


def test_no_other_format_and_no_list_of_grids_leaves_the_house(
    client_of: ClientOf, county_admin: User, worker: Worker
) -> None:
    client = client_of(county_admin)
    for path in ["/cms/workers/?export=csv", "/cms/grids/?export=xlsx", "/cms/grids/?export=csv"]:
        assert client.get(path).headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/cms/workers/", "/cms/grids/"])
def test_a_list_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, city_admin: User, hire: Callable[..., Worker], city: Any, path: str
) -> None:
    hire("W0020", "孙秋", city.township)
    client = client_of(city_admin)
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    for number, township in enumerate(city.townships, 21):
        hire(f"W00{number}", "李冬", township)
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(one) <= 18


@pytest.mark.parametrize("path", ["/cms/workers/", "/cms/grids/"])
def test_lists_do_not_exist_for_editors(client_of: ClientOf, editor: User, path: str) -> None:
    assert client_of(editor).get(path).status_code == 404


@pytest.mark.parametrize("persona", MENU)
def test_the_menu_shows_what_one_may_do(client_of: ClientOf, persona: str, request: pytest.FixtureRequest) -> None:
    page = client_of(request.getfixturevalue(persona)).get("/cms/").content.decode()
    labels = {"网格员", "区划", "网格", "网格覆盖", "首次密码", "人员与角色", "账号", "运行情况"}
    import json

    shown = {label for label in labels if f'"label": {json.dumps(label)}' in page or f'"label": "{label}"' in page}
    assert shown == MENU[persona]


@pytest.mark.parametrize("persona", ["township_admin", "county_admin", "city_admin"])
def test_the_menu_fits_a_small_screen_and_the_dashboard_names_every_place(
    client_of: ClientOf, persona: str, request: pytest.FixtureRequest
) -> None:
    asking = client_of(request.getfixturevalue(persona)).get("/cms/")
    lines = admin_menu.menu_items_for_request(asking.wsgi_request)
    assert len(lines) <= 9
    reached = [place for line in lines for place in menus.places(line, asking.wsgi_request)]
    page = asking.content.decode()
    for place in reached:
        assert f'<a class="bo-choice" href="{place.url}">' in page
    # of whom may enter only one place of a group, that place stands in the menu itself
    alone = [line for line in lines if isinstance(line, menus.Group) and len(line.places(asking.wsgi_request)) == 1]
    for line in alone:
        assert line.render_component(asking.wsgi_request).name == line.places(asking.wsgi_request)[0].name


def test_the_dashboard_counts_what_waits_within_reach(
    client_of: ClientOf, county_admin: User, county_b_admin: User, worker: Worker, colleague: Worker, outsider: Worker
) -> None:
    User.objects.filter(worker__in=[worker, colleague]).update(must_change_password=True)
    page = client_of(county_admin).get("/cms/").content.decode()
    assert "钱县办，这些事等你办" in page
    assert "<b>2</b><span>人还没有自己的密码，登不上</span>" in page
    assert "人还没有自己的密码" not in client_of(county_b_admin).get("/cms/").content.decode()


# --- people and roles ---------------------------------------------------------------------------------------------


def test_the_list_of_roles_says_by_whom_and_why(client_of: ClientOf, county_admin: User, township_admin: User) -> None:
    township_admin.role_grants.update(granted_by=county_admin, reason="接替老赵")
    page = client_of(county_admin).get("/cms/roles/").content.decode()
    for words in ["赵乡办", "乡镇管理员", "永安街道", "2025年9月16日", "接替老赵", "钱县办"]:
        assert words in page
    assert "周市办" not in page


def test_an_account_is_opened_with_a_role_and_a_first_password(
    client_of: ClientOf, county_admin: User, city: Any, now: datetime
) -> None:
    form = {"name": "冯新", "username": "Yongan.Feng", "role": Role.TOWNSHIP_ADMIN, "reason": "新任综治专干", **WHOLE}
    response = client_of(county_admin).post("/cms/roles/new/", {**form, "territory": city.township.pk})
    page = response.content.decode()
    password = page.split("<code>")[1].split("</code>")[0]
    assert "no-store" in response.headers["Cache-Control"]
    user = User.objects.get(username="yongan.feng")
    assert user.check_password(password)
    assert (user.name, user.must_change_password) == ("冯新", True)
    held = user.role_grants.get()
    assert (held.role, held.territory, held.granted_by, held.reason) == (
        "township_admin",
        city.township,
        county_admin,
        "新任综治专干",
    )
    assert held.since == timezone.localdate(now)


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"username": "county-admin"}, {"username": ["登录名“county-admin”已经有人用了，请换一个。"]}),
        ({"username": "W0001"}, {"username": ["W 加数字是网格员的登录号，请换一个登录名。"]}),
        ({"username": "冯"}, {"username": ["登录名要 3 到 30 位，字母开头，只能有字母、数字、点和短横。"]}),
        ({"reason": ""}, {"reason": ["请写明给这个角色的原因。"]}),
        ({"role": "county_admin"}, {"role": ["选择一个有效的选项。 county_admin 不在可用的选项中。"]}),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said(
    client_of: ClientOf, county_admin: User, city: Any, change: dict[str, str], errors: dict[str, list[str]]
) -> None:
    form = {"name": "冯新", "username": "feng", "role": "township_admin", "reason": "新任", **WHOLE}
    data = {**form, "territory": city.township.pk, **change}
    response = client_of(county_admin).post("/cms/roles/new/", data)
    assert response.context["form"].errors == errors
    assert not User.objects.filter(name="冯新").exists()


def test_a_territory_out_of_reach_is_no_choice(client_of: ClientOf, county_admin: User, city: Any) -> None:
    client = client_of(county_admin)
    page = client.get("/cms/roles/new/").content.decode()
    assert "永安街道" in page
    assert "鱼岳镇" not in page
    form = {"name": "冯新", "username": "feng", "role": "township_admin", "reason": "新任", **WHOLE}
    response = client.post("/cms/roles/new/", {**form, "territory": city.township_b.pk})
    assert set(response.context["form"].errors) == {"territory"}


def test_a_role_is_given_to_someone_with_an_account(
    client_of: ClientOf, county_admin: User, worker: Worker, outsider: Worker, city: Any
) -> None:
    form = {"role": "township_admin", "territory": city.township.pk, "reason": "兼任", **WHOLE}
    client = client_of(county_admin)
    assert client.post("/cms/roles/give/", {**form, "username": "w0001"}).url == "/cms/roles/"
    assert reach.roles(User.objects.get(pk=worker.user_id)) == {"township_admin"}
    unknown = client.post("/cms/roles/give/", {**form, "username": "nobody"}).context["form"].errors
    foreign = client.post("/cms/roles/give/", {**form, "username": "W0003"}).context["form"].errors
    assert foreign == unknown == {"username": ["没有找到这个登录名，请核对；也可能这个人不在你的管理范围内。"]}


def test_a_role_is_ended_with_a_reason(client_of: ClientOf, county_admin: User, township_admin: User) -> None:
    held, client = township_admin.role_grants.get(), client_of(county_admin)
    assert "赵乡办，永安街道乡镇管理员" in client.get(f"/cms/roles/{held.pk}/end/").content.decode()
    empty = client.post(f"/cms/roles/{held.pk}/end/", {"reason": ""})
    assert empty.context["form"].errors == {"reason": ["请写明终止的原因。"]}
    assert client.post(f"/cms/roles/{held.pk}/end/", {"reason": "调离"}).url == "/cms/roles/"
    assert reach.roles(User.objects.get(pk=township_admin.pk)) == set()
    assert "调离" in client.get("/cms/roles/?show=ended").content.decode()
    assert client.get(f"/cms/roles/{held.pk}/end/").status_code == 404


def test_one_may_not_end_what_one_may_not_give(
    client_of: ClientOf, county_admin: User, city: Any, leader: User
) -> None:
    client = client_of(county_admin)
    assert client.post(f"/cms/roles/{county_admin.role_grants.get().pk}/end/", {"reason": "…"}).status_code == 404
    assert client.post(f"/cms/roles/{leader.role_grants.get().pk}/end/", {"reason": "…"}).status_code == 404


def test_a_holder_gets_a_new_first_password(client_of: ClientOf, county_admin: User, township_admin: User) -> None:
    held = township_admin.role_grants.get()
    client = client_of(county_admin)
    assert client.get(f"/cms/roles/{held.pk}/password/").status_code == 200
    assert "请先当面核对本人" in client.post(f"/cms/roles/{held.pk}/password/").content.decode()
    assert not AuditEntry.objects.filter(action="password.reissued").exists()
    page = client.post(f"/cms/roles/{held.pk}/password/", {"proof": "badge"}).content.decode()
    assert User.objects.get(pk=township_admin.pk).check_password(page.split("<code>")[1].split("</code>")[0])
    assert AuditEntry.objects.get(action="password.reissued").detail == {"proof": "badge"}


@pytest.mark.parametrize("persona", ["county_b_admin", "township_admin", "editor", "leader", "worker"])
def test_people_and_roles_of_a_county_are_its_admins_alone(
    client_of: ClientOf, city: Any, persona: str, grant: Callable[..., User], request: pytest.FixtureRequest
) -> None:
    target = grant("target", "目标", Role.TOWNSHIP_ADMIN, city.neighbour).role_grants.get()
    person = request.getfixturevalue(persona)
    client = client_of(person if isinstance(person, User) else person.user)
    for path in [f"/cms/roles/{target.pk}/end/", f"/cms/roles/{target.pk}/password/"]:
        for response in [client.get(path), client.post(path, {"reason": "…"})]:
            # those with other work in the back office are shown their own dashboard
            assert response.status_code == 404 or (response.status_code, response.url) == (302, "/cms/")
    assert RoleGrant.objects.get(pk=target.pk).until is None


def test_the_list_of_roles_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, security_admin: User, grant: Callable[..., User], city: Any
) -> None:
    client = client_of(security_admin)
    client.get("/cms/roles/")
    with CaptureQueriesContext(connection) as one:
        client.get("/cms/roles/")
    for number, township in enumerate(city.townships):
        grant(f"t{number}", f"某{number}", Role.TOWNSHIP_ADMIN, township)
    with CaptureQueriesContext(connection) as many:
        client.get("/cms/roles/")
    assert len(many) == len(one)


def test_large_print_chosen_on_a_device_holds_in_the_back_office_too(client_of: ClientOf, county_admin: User) -> None:
    client = client_of(county_admin)
    assert "css/backoffice-large" not in client.get("/cms/").text
    client.post("/display/", {"print": "large", "next": "/"})
    assert "css/backoffice-large" in client.get("/cms/").text

"""Who may see whom, who may give which role, and what is a 404."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import reach, roles
from roster.models import Role, RoleGrant, User, Worker

ClientOf = Callable[[User], Client]
PAGES_OF_A_WORKER = ["/agreement/", "/records/", "/records/hours/"]


@pytest.fixture
def people(worker: Worker, colleague: Worker, mentor: Any, outsider: Worker) -> dict[str, Worker]:
    return {"worker": worker, "colleague": colleague, "mentor": mentor.worker, "outsider": outsider}


@pytest.mark.parametrize(
    ("persona", "seen"),
    [
        ("township_admin", {"W0001", "W0002"}),
        ("county_admin", {"W0001", "W0002", "W0004"}),
        ("county_b_admin", {"W0003"}),
        ("city_admin", {"W0001", "W0002", "W0003", "W0004"}),
        ("leader", set()),
        ("editor", set()),
    ],
)
def test_an_admin_sees_the_workers_below_their_territory(
    people: dict[str, Worker], persona: str, seen: set[str], request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(persona)
    assert set(reach.workers(user).values_list("number", flat=True)) == seen
    client = Client()
    client.force_login(user)
    for person in people.values():
        expected = 200 if person.number in seen else 404
        assert client.get(f"/cms/workers/inspect/{person.pk}/").status_code == expected


def test_a_worker_sees_no_other_worker(people: dict[str, Worker]) -> None:
    assert not reach.workers(people["worker"].user).exists()


def test_a_role_lost_is_refused_at_once(
    client_of: ClientOf, county_admin: User, security_admin: User, now: datetime
) -> None:
    client = client_of(county_admin)
    assert client.get("/cms/workers/").status_code == 200
    held = county_admin.role_grants.get()
    roles.revoke(held, by=security_admin, now=now, on=timezone.localdate(now), reason="调离")
    for path in ["/cms/", "/cms/workers/", "/cms/workers/?export=xlsx", "/cms/roles/"]:
        assert client.get(path).status_code == 404
    assert client.get("/").url == "/me/"
    assert "眼下没有角色" in client.get("/me/").content.decode()


def test_a_role_of_tomorrow_opens_nothing_today(county_admin: User, now: datetime) -> None:
    county_admin.role_grants.update(since=timezone.localdate(now) + timedelta(days=1))
    assert reach.roles(county_admin) == set()


@pytest.mark.parametrize("persona", ["worker", "leader"])
def test_the_back_office_does_not_exist_for_those_without_work_there(
    client_of: ClientOf, persona: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(persona)
    client = client_of(person if isinstance(person, User) else person.user)
    for path in ["/cms/", "/cms/workers/", "/cms/pages/", "/cms/login/", "/cms/nowhere/"]:
        response = client.get(path)
        assert response.status_code == 404
        assert "没有找到这个页面" in response.content.decode()


@pytest.mark.parametrize("path", PAGES_OF_A_WORKER)
def test_an_admin_who_is_nobodys_worker_gets_a_way_on_from_a_workers_page(
    client_of: ClientOf, city_admin: User, path: str
) -> None:
    client = client_of(city_admin)
    response = client.get(path)
    assert response.status_code == 404
    assert 'href="/">回首页' in response.content.decode()
    assert client.get("/").url == "/cms/"


def test_the_account_page_of_those_who_are_nobodys_worker(client_of: ClientOf, leader: User) -> None:
    page = client_of(leader).get("/me/").content.decode()
    assert "吴部长" in page
    assert "领导" in page
    assert 'href="/bulletin/">看通报' in page
    assert client_of(leader).get("/cms/account/").status_code == 404


def test_wagtails_account_page_gives_way_to_ours(client_of: ClientOf, city_admin: User) -> None:
    assert client_of(city_admin).get("/cms/account/").url == "/me/"


# --- giving and ending roles --------------------------------------------------------------------------------------


@pytest.fixture
def give(now: datetime) -> Callable[..., RoleGrant]:
    def give(user: User, role: str, territory: Any, by: User, reason: str = "接任") -> RoleGrant:
        return roles.grant(user, role, territory, since=timezone.localdate(now), by=by, now=now, reason=reason)

    return give


def test_what_each_admin_may_give(
    city_admin: User,
    county_admin: User,
    township_admin: User,
    leader: User,
    system_admin: User,
    security_admin: User,
    auditor: User,
    city: Any,
) -> None:
    def given(by: User) -> set[tuple[str, str]]:
        places = [city.territory, *city.counties, *city.townships]
        return {
            (role, place.name)
            for role in Role.values
            for place in places
            if place.level in roles.LEVELS[role] and roles.may_give(by, role, place)
        }

    counties, townships = ["咸安区", "嘉鱼县"], ["永安街道", "汀泗桥镇", "鱼岳镇", "官桥镇"]
    assert given(security_admin) == {
        (Role.CITY_ADMIN, "咸宁市"),
        *((Role.COUNTY_ADMIN, name) for name in counties),
        *((Role.TOWNSHIP_ADMIN, name) for name in townships),
        *((Role.LEADER, name) for name in ["咸宁市", *counties]),
        (Role.EDITOR, "咸宁市"),
    }
    assert given(county_admin) == {(Role.TOWNSHIP_ADMIN, "永安街道"), (Role.TOWNSHIP_ADMIN, "汀泗桥镇")}
    # who does the city's business lets nobody in, and the keepers come and go on the command line
    for nobody in [city_admin, township_admin, leader, system_admin, auditor]:
        assert given(nobody) == set()


def test_a_role_is_given_once_and_noted(
    give: Callable[..., RoleGrant], colleague: Worker, county_admin: User, city: Any
) -> None:
    held = give(colleague.user, Role.TOWNSHIP_ADMIN, city.township, county_admin)
    assert give(colleague.user, Role.TOWNSHIP_ADMIN, city.township, county_admin, "再给一次") == held
    assert (held.granted_by, held.reason) == (county_admin, "接任")
    entry = AuditEntry.objects.get(action="role.granted", actor_id=county_admin.pk)
    assert (entry.territory, entry.detail["role"], entry.detail["since"]) == (
        city.township.path,
        "township_admin",
        "2026-09-16",
    )


@pytest.mark.parametrize(
    ("role", "place", "by", "reason", "sentence"),
    [
        (Role.TOWNSHIP_ADMIN, "county", "county_admin", "接任", "“乡镇管理员”要管一个乡镇（街道），请改选区划。"),
        (Role.LEADER, "township", "security_admin", "接任", "“领导”要管一个市或县（市、区），请改选区划。"),
        (Role.TOWNSHIP_ADMIN, "township_b", "county_admin", "接任", "这个角色不归你给，请上一级管理员办理。"),
        (Role.COUNTY_ADMIN, "county", "county_admin", "接任", "这个角色不归你给，请上一级管理员办理。"),
        (Role.COUNTY_ADMIN, "county_b", "city_admin", "接任", "这个角色不归你给，请上一级管理员办理。"),
        (Role.AUDITOR, "territory", "security_admin", "接任", "这个角色不归你给，请上一级管理员办理。"),
        (Role.TOWNSHIP_ADMIN, "township", "township_admin", "接任", "这个角色不归你给，请上一级管理员办理。"),
        (Role.TOWNSHIP_ADMIN, "township", "county_admin", "  ", "请写明给这个角色的原因。"),
    ],
)
def test_a_role_is_refused(
    give: Callable[..., RoleGrant],
    colleague: Worker,
    city: Any,
    role: str,
    place: str,
    by: str,
    reason: str,
    sentence: str,
    request: pytest.FixtureRequest,
) -> None:
    giver = request.getfixturevalue(by)
    with pytest.raises(Refused) as refusal:
        give(colleague.user, role, getattr(city, place), giver, reason)
    assert refusal.value.sentence == sentence
    assert not RoleGrant.objects.filter(user=colleague.user).exists()


def test_nobody_gives_or_ends_their_own_role(
    give: Callable[..., RoleGrant], county_admin: User, city: Any, now: datetime
) -> None:
    with pytest.raises(Refused, match="不能给自己角色"):
        give(county_admin, Role.TOWNSHIP_ADMIN, city.township, county_admin)
    own = county_admin.role_grants.get()
    with pytest.raises(Refused, match="不能终止自己的角色"):
        roles.revoke(own, by=county_admin, now=now, on=timezone.localdate(now), reason="不干了")


def test_ending_a_role_keeps_who_and_why(
    township_admin: User, county_admin: User, county_b_admin: User, now: datetime
) -> None:
    held, today = township_admin.role_grants.get(), timezone.localdate(now)
    with pytest.raises(Refused, match="不归你终止"):
        roles.revoke(held, by=county_b_admin, now=now, on=today, reason="调离")
    with pytest.raises(Refused, match="请写明终止的原因"):
        roles.revoke(held, by=county_admin, now=now, on=today, reason=" ")
    roles.revoke(held, by=county_admin, now=now, on=today, reason="调离")
    roles.revoke(held, by=county_admin, now=now, on=today, reason="又一次")
    held.refresh_from_db()
    assert (held.until, held.ended_by, held.end_reason) == (today, county_admin, "调离")
    assert AuditEntry.objects.filter(action="role.revoked").count() == 1


def test_the_editors_group_goes_with_the_role(editor: User, security_admin: User, now: datetime) -> None:
    assert [group.name for group in editor.groups.all()] == ["内容编辑"]
    roles.revoke(editor.role_grants.get(), by=security_admin, now=now, on=timezone.localdate(now), reason="调离")
    assert not editor.groups.exists()


def test_the_command_gives_a_role(worker: Worker, city: Any) -> None:
    out = StringIO()
    call_command("grant_role", "w0001", "city_admin", "421200", stdout=out)
    assert out.getvalue() == "王桂兰 市级管理员 咸宁市\n"
    assert reach.roles(User.objects.get(pk=worker.user_id)) == {"city_admin"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nobody", "leader", "421200"], "没有这个登录名：nobody"),
        (["W0001", "leader", "999999"], "没有这个区划代码：999999"),
        (["W0001", "county_admin", "421200"], "“县级管理员”要管一个县（市、区），请改选区划。"),
    ],
)
def test_the_command_says_what_is_wrong(worker: Worker, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        call_command("grant_role", *words)
    assert str(error.value) == sentence

"""Django and Wagtail permissions say what, reach says where; whatever a permission opens, reach limits the rows of."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exams.models import Bank, Question
from roster import gate, reach, roles
from roster.backoffice import LISTS
from roster.models import Duty, Grid, Role, User, Worker

PLACES = {"city": "territory", "county": "county_b", "township": "township_b"}


@pytest.fixture(autouse=True)
def _lists_are_known() -> None:
    """They are registered with the addresses."""
    reverse("workers:index")


@pytest.fixture
def holder(grant: Callable[..., User], city: Any) -> Callable[[str], User]:
    """Somebody with one role and nothing else, as far from county A as the role allows."""

    def holder(role: str) -> User:
        return grant(f"only-{role}", "某人", role, getattr(city, PLACES[roles.LEVELS[role][-1]]))

    return holder


@pytest.fixture
def rows(worker: Worker, outsider: Worker) -> None:
    """At least one row on either side in every list."""
    bank = Bank.objects.create(name="库", subject="policy")
    Question.objects.create(bank=bank, kind="truefalse", stem="走访要做记录。", key=[0])


def where(row: Any) -> str:
    """The path of the territory of a row; "" for what belongs to the whole city and names nobody."""
    if isinstance(row, Worker):
        return row.township.path
    return row.community.path if isinstance(row, Grid) else ""


def named(name: str) -> str:
    return f"{LISTS[name].model._meta.app_label}.view_{LISTS[name].model._meta.model_name}"


@pytest.mark.parametrize("role", Role.values)
def test_a_permission_opens_a_list_only_where_reach_gives_its_rows(
    role: str, holder: Callable[[str], User], rows: None
) -> None:
    user = holder(role)
    client = Client()
    client.force_login(user)
    for name, listing in LISTS.items():
        allowed, found = named(name) in roles.PERMISSIONS[role], list(listing.scope(user))
        # the two never disagree: in what they say, in the menu, on the screen
        assert allowed == reach.has(user, *listing.readers) == bool(found), name
        assert listing.open_to(user) == allowed == user.has_perm(named(name)), name
        assert client.get(reverse(f"{name}:index")).status_code == (200 if allowed else 404), name
        reached = reach.paths(user, *listing.readers)
        assert all(any(where(row).startswith(path) for path in reached) or not where(row) for row in found), name


def test_a_list_gives_nobody_else_a_row(worker: Worker, rows: None) -> None:
    for name, listing in LISTS.items():
        assert listing.readers, name
        assert not listing.scope(worker.user).exists(), name


@pytest.mark.parametrize("role", [Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.TOWNSHIP_ADMIN])
def test_a_duty_taken_away_takes_the_list_along(role: str, holder: Callable[[str], User], rows: None) -> None:
    user = holder(role)
    for name, listing in LISTS.items():
        duty = next(iter(reach.DUTIES & set(listing.readers)))
        user.role_grants.update(duties=[other for other in Duty.values if other != duty])
        asking = User.objects.get(pk=user.pk)
        assert not listing.open_to(asking), name
        assert not listing.scope(asking).exists(), name


def test_every_permission_of_a_role_is_one_of_these(db: None) -> None:
    """A permission that no list of ours stands behind would open something of Wagtail's that knows no reach."""
    known = {named(name) for name in LISTS} | roles.BACK_OFFICE
    # the editors' on what is the whole city's: their screens are Wagtail's and stand in the gate
    known |= {permission for permission in roles.PERMISSIONS[Role.EDITOR] if permission.startswith("exams.")}
    for role, permissions in roles.PERMISSIONS.items():
        assert permissions <= known, role
    for role in reach.ADMINS | {Role.LEADER} | set(roles.PERMISSIONS) - {Role.EDITOR}:
        changing = [name for name in roles.PERMISSIONS[role] if ".view_" not in name and name not in roles.BACK_OFFICE]
        assert changing == [], role
    assert not {name for name in gate.EDITORS | gate.EVERYBODY if name.startswith(("wagtailusers", "wagtailsites"))}

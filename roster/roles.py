"""Giving and taking roles, and what each may do in the back office."""

from datetime import date, datetime

from django.contrib.auth.models import Group
from django.db import transaction

from lms import audit
from roster.models import Role, RoleGrant, Territory, User

EDITORS = "内容编辑"

BACK_OFFICE = frozenset({"wagtailadmin.access_admin"})
# what a role may do; where it may do it is `roster.reach`
PERMISSIONS: dict[str, frozenset[str]] = {
    Role.TOWNSHIP_ADMIN: BACK_OFFICE,
    Role.COUNTY_ADMIN: BACK_OFFICE
    | {
        "exams.add_exam",
        "exams.change_exam",
        "exams.view_exam",
        "courses.add_requirement",
        "courses.change_requirement",
    },
    Role.CITY_ADMIN: BACK_OFFICE
    | {"exams.add_exam", "exams.change_exam", "exams.view_exam", "exams.view_question", "exams.view_bank"}
    | {"courses.add_requirement", "courses.change_requirement", "courses.view_requirement"},
    Role.EDITOR: BACK_OFFICE
    | {"exams.add_question", "exams.change_question", "exams.view_question"}
    | {"exams.add_bank", "exams.change_bank", "exams.view_bank"},
    Role.LEADER: frozenset(),
}


@transaction.atomic
def grant(
    user: User,
    role: str,
    territory: Territory,
    *,
    since: date,
    by: User | None,
    now: datetime,
    reason: str = "",
    until: date | None = None,
) -> RoleGrant:
    """Give a role in a territory; giving it again while it is held changes nothing."""
    held = RoleGrant.objects.filter(user=user, role=role, territory=territory, until=None).first()
    if held:
        return held
    given = RoleGrant.objects.create(
        user=user, role=role, territory=territory, since=since, until=until, granted_by=by, reason=reason
    )
    if role == Role.EDITOR:
        user.groups.add(Group.objects.get_or_create(name=EDITORS)[0])
    audit.note("role.granted", now=now, actor=by, subject=user, territory=territory.path, role=role)
    return given


@transaction.atomic
def revoke(held: RoleGrant, *, by: User, now: datetime, on: date) -> None:
    """End a role on a day; from that day on every request is refused."""
    held = RoleGrant.objects.select_for_update().get(pk=held.pk)
    held.until = on
    held.save(update_fields=["until"])
    if held.role == Role.EDITOR:
        held.user.groups.remove(*Group.objects.filter(name=EDITORS))
    audit.note("role.revoked", now=now, actor=by, subject=held.user, territory=held.territory.path, role=held.role)

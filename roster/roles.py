"""Giving and taking roles, and what each may do in the back office."""

from datetime import date, datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from roster import reach
from roster.models import Level, Role, RoleGrant, RoleGrantQuerySet, Territory, User

EDITORS = "内容编辑"

BACK_OFFICE = frozenset({"wagtailadmin.access_admin"})
ROSTER = BACK_OFFICE | {"roster.view_worker", "roster.view_grid"}
# what a role may do on the generic screens; where it may do it, and who opens any other screen, is `roster.reach`
PERMISSIONS: dict[str, frozenset[str]] = {
    Role.TOWNSHIP_ADMIN: ROSTER,
    Role.COUNTY_ADMIN: ROSTER,
    Role.CITY_ADMIN: ROSTER | {"exams.view_question", "exams.view_bank"},
    Role.EDITOR: BACK_OFFICE
    | {"exams.add_question", "exams.change_question", "exams.view_question"}
    | {"exams.add_bank", "exams.change_bank", "exams.view_bank"},
    Role.LEADER: frozenset(),
    Role.SYSTEM_ADMIN: BACK_OFFICE,
    Role.SECURITY_ADMIN: BACK_OFFICE,
    Role.AUDITOR: BACK_OFFICE,
}

# the levels of territory that a role is held in
LEVELS: dict[str, tuple[str, ...]] = {
    Role.CITY_ADMIN: (Level.CITY,),
    Role.COUNTY_ADMIN: (Level.COUNTY,),
    Role.TOWNSHIP_ADMIN: (Level.TOWNSHIP,),
    Role.EDITOR: (Level.CITY,),
    Role.LEADER: (Level.CITY, Level.COUNTY),
    Role.SYSTEM_ADMIN: (Level.CITY,),
    Role.SECURITY_ADMIN: (Level.CITY,),
    Role.AUDITOR: (Level.CITY,),
}
# the roles that a role may give, within its own territory; city admins are made on the command line
GIVES: dict[str, tuple[str, ...]] = {
    Role.CITY_ADMIN: (Role.COUNTY_ADMIN, Role.TOWNSHIP_ADMIN, Role.LEADER, Role.EDITOR),
    Role.COUNTY_ADMIN: (Role.TOWNSHIP_ADMIN,),
}
GIVERS = tuple(GIVES)


def givable(by: User) -> set[str]:
    """The roles this person may give somewhere."""
    return {given for held in reach.roles(by) for given in GIVES.get(held, ())}


def may_give(by: User, role: str, territory: Territory) -> bool:
    """Whether this person may give, and end, this role in this territory."""
    return any(role in given and reach.covers(by, territory, held) for held, given in GIVES.items())


def may_reset(by: User, user: User) -> bool:
    """Whether this person may hand out a new first password: for a plain worker the admins above them, for holders of roles their givers."""
    if user.pk == by.pk or user.is_superuser:
        return False
    held = user.role_grants.holding(on=timezone.localdate()).select_related("territory")
    if held:
        return all(may_give(by, grant.role, grant.territory) for grant in held)
    worker = getattr(user, "worker", None)
    return worker is not None and reach.covers(by, worker.township)


def within(by: User) -> RoleGrantQuerySet:
    """The roles held now or before in the territories of this admin."""
    places = reach.territories(by, *GIVERS)
    return RoleGrant.objects.filter(territory__in=places).select_related("user", "territory", "granted_by", "ended_by")


def places(by: User) -> list[Territory]:
    """Where this admin may give a role at all: the city, its counties, then the townships."""
    levels = {level for role in givable(by) for level in LEVELS[role]}
    mine = reach.territories(by, *GIVERS).current().filter(level__in=levels)
    return sorted(mine.select_related("parent"), key=lambda place: (Level.values.index(place.level), place.code))


def known(username: str, *, by: User) -> User | None:
    """Someone with an account whom this admin may know of: a worker in their territory, or a holder of a role in it."""
    mine = Q(worker__in=reach.workers(by, *GIVERS)) | Q(role_grants__territory__in=reach.territories(by, *GIVERS))
    return User.objects.filter(mine, username__iexact=username.strip(), is_active=True).distinct().first()


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
    """Give a role in a territory; giving it again while it is held changes nothing.

    Refuses a territory of the wrong level, a giver without the right or without a reason, and a role for oneself.
    `by` is None on the command line alone.
    """
    check(user, role, territory, by=by, reason=reason)
    User.objects.select_for_update().get(pk=user.pk)
    held = RoleGrant.objects.filter(user=user, role=role, territory=territory, until=None).first()
    if held:
        return held
    given = RoleGrant.objects.create(
        user=user, role=role, territory=territory, since=since, until=until, granted_by=by, reason=reason.strip()
    )
    if role == Role.EDITOR:
        user.groups.add(Group.objects.get_or_create(name=EDITORS)[0])
    audit.note("role.granted", now=now, actor=by, subject=user, territory=territory.path, role=role)
    return given


def check(user: User, role: str, territory: Territory, *, by: User | None, reason: str) -> None:
    """Refuse what `grant` may not do, in words; the codes say which field of a form is to blame."""
    if territory.level not in LEVELS[role]:
        levels = _("或").join(str(Level(level).label) for level in LEVELS[role])
        raise Refused(
            _("“%(role)s”要管一个%(levels)s，请改选区划。") % {"role": Role(role).label, "levels": levels}, code="level"
        )
    if by is None:
        return
    if user.pk == by.pk:
        raise Refused(_("不能给自己角色，请上一级管理员办理。"))
    if not may_give(by, role, territory):
        raise Refused(_("这个角色不归你给，请上一级管理员办理。"))
    if not reason.strip():
        raise Refused(_("请写明给这个角色的原因。"))


@transaction.atomic
def open_account(
    username: str,
    *,
    name: str,
    role: str,
    territory: Territory,
    password: str,
    expires: datetime,
    by: User,
    now: datetime,
    reason: str,
) -> RoleGrant:
    """A new user with a first password and a role. Refuses a sign-in name that is taken, and whatever `grant` refuses."""
    if User.objects.filter(username__iexact=username).exists():
        raise Refused(_("登录名“%(name)s”已经有人用了，请换一个。") % {"name": username}, code="taken")
    user = User.objects.create(
        username=username.lower(),
        name=name,
        password=make_password(password),
        must_change_password=True,
        first_password_expires_at=expires,
    )
    return grant(user, role, territory, since=timezone.localdate(now), by=by, now=now, reason=reason)


@transaction.atomic
def revoke(held: RoleGrant, *, by: User, now: datetime, on: date, reason: str) -> None:
    """End a role on a day; from that day on every request is refused. Ending it again changes nothing.

    Refuses one's own role, a role that is not this person's to give, and an end without a reason.
    """
    held = RoleGrant.objects.select_for_update().get(pk=held.pk)
    if held.until and held.until <= on:
        return
    if held.user_id == by.pk:
        raise Refused(_("不能终止自己的角色，请上一级管理员办理。"))
    if not may_give(by, held.role, held.territory):
        raise Refused(_("这个角色不归你终止，请上一级管理员办理。"))
    if not reason.strip():
        raise Refused(_("请写明终止的原因。"))
    held.until, held.ended_by, held.end_reason = on, by, reason.strip()
    held.save(update_fields=["until", "ended_by", "end_reason"])
    if held.role == Role.EDITOR and not still_edits(held.user, on=on):
        held.user.groups.remove(*Group.objects.filter(name=EDITORS))
    audit.note("role.revoked", now=now, actor=by, subject=held.user, territory=held.territory.path, role=held.role)


@transaction.atomic
def hand_over(held: RoleGrant, *, to: Territory, by: User, now: datetime, reason: str) -> RoleGrant:
    """End a role in one territory and give the same in another, without a gap and until the same day. Refuses what ending or giving would."""
    on = max(timezone.localdate(now), held.since)
    until = held.until
    revoke(held, by=by, now=now, on=on, reason=reason)
    return grant(held.user, held.role, to, since=on, until=until, by=by, now=now, reason=reason)


def still_edits(user: User, *, on: date) -> bool:
    return user.role_grants.holding(on=on).filter(role=Role.EDITOR).exists()

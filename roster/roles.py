"""Giving and taking roles, and what each may do in the back office."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import audit
from lms.refusal import Refused
from roster import reach
from roster.models import KEEPERS, Duty, Level, Role, RoleGrant, RoleGrantQuerySet, Territory, User

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
# The roles that a role may give and end, within its own territory. Who does the city's business lets nobody in: that is the security
# administrator's, who does none of it. A county hands down a part of its own work to its townships, no more than it does itself, and the
# security administrator sees and ends that too. The three keepers come and go on the command line alone, or one could make away with
# another.
GIVES: dict[str, tuple[str, ...]] = {
    Role.SECURITY_ADMIN: (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.TOWNSHIP_ADMIN, Role.LEADER, Role.EDITOR),
    Role.COUNTY_ADMIN: (Role.TOWNSHIP_ADMIN,),
}
GIVERS = (*GIVES, Duty.ACCOUNTS)
# who sees the register of their territory
READERS = (*GIVES, Role.CITY_ADMIN, Duty.ACCOUNTS)
# offices that manage grid workers, one or another by county; others are written out
LINES = (lazy("政法委"), lazy("社会工作部"), lazy("民政"), lazy("组织部"), lazy("人社"), lazy("乡镇（街道）"))
SOON = timedelta(days=30)


def givable(by: User) -> set[str]:
    """The roles this person may give somewhere."""
    return {given for held, roles in GIVES.items() if reach.has(by, held, Duty.ACCOUNTS) for given in roles}


def may_give(by: User, role: str, territory: Territory) -> bool:
    """Whether this person may give, and end, this role in this territory."""
    return any(role in given and reach.covers(by, territory, held, Duty.ACCOUNTS) for held, given in GIVES.items())


def duties_to_give(by: User, territory: Territory) -> set[str]:
    """The duties this person may hand on there: all by the security administrator, of others those they have themselves."""
    if reach.covers(by, territory, Role.SECURITY_ADMIN):
        return set(Duty.values)
    return {duty for duty in Duty.values if reach.covers(by, territory, Role.COUNTY_ADMIN, duty)}


def may_reset(by: User, user: User) -> bool:
    """Whether this person may hand out a new first password: for a plain worker the admins above them, for holders of roles their givers."""
    if user.pk == by.pk or user.is_superuser:
        return False
    held = user.role_grants.overlapping(timezone.localdate(), None).select_related("territory")
    if held:
        return all(may_give(by, grant.role, grant.territory) for grant in held)
    worker = getattr(user, "worker", None)
    return worker is not None and reach.covers(by, worker.township, Duty.ACCOUNTS)


def within(by: User) -> RoleGrantQuerySet:
    """The roles held now, before or later in the territories of this admin."""
    places = reach.territories(by, *READERS)
    return RoleGrant.objects.filter(territory__in=places).select_related("user", "territory", "granted_by", "ended_by")


def given_by(by: User) -> RoleGrantQuerySet:
    """Those roles of the register that are this person's to give and to end; one's own is refused by the verb."""
    found = Q(pk__in=[])
    for held, given in GIVES.items():
        found |= Q(role__in=given) & Q(territory__in=reach.territories(by, held, Duty.ACCOUNTS))
    return within(by).filter(found)


def expiring(by: User, *, today: date) -> RoleGrantQuerySet:
    """Held today and not for long."""
    return within(by).holding(on=today).filter(until__lte=today + SOON)


def places(by: User) -> list[Territory]:
    """Where this admin may give a role at all: the city, its counties, then the townships."""
    levels = {level for role in givable(by) for level in LEVELS[role]}
    mine = reach.territories(by, *GIVERS).current().filter(level__in=levels)
    return sorted(mine.select_related("parent"), key=lambda place: (Level.values.index(place.level), place.code))


def known(username: str, *, by: User) -> User | None:
    """
    Someone with an account whom this admin may know of: a worker in their territory, or a holder of a role in it. The security
    administrator knows every account by its sign-in name, none of the keepers' and the superuser's.
    """
    mine = Q(worker__in=reach.workers(by, *GIVERS)) | Q(role_grants__territory__in=reach.territories(by, *GIVERS))
    if reach.has(by, Role.SECURITY_ADMIN):
        mine |= Q(pk__isnull=False)  # those too whose roles have all ended elsewhere, and who never had one
    return ordinary().filter(mine, username__iexact=username.strip(), is_active=True).distinct().first()


def ordinary() -> QuerySet[User]:
    """Accounts that are in the hands of the security administrator: all but those of the three and of the command line."""
    keepers = RoleGrant.objects.overlapping(timezone.localdate(), None).filter(role__in=KEEPERS)
    return User.objects.filter(is_superuser=False).exclude(pk__in=keepers.values("user"))


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
    line: str = "",
    duties: Collection[str] = (),
) -> RoleGrant:
    """Give a role in a territory, from a day to before another; giving it again while it is held changes nothing.

    Refuses a territory of the wrong level, a giver without the right or without a reason, a role for oneself, and one of the three
    keepers' beside any other role. No `duties` are all of them. `by` is None on the command line alone.
    """
    check(user, role, territory, by=by, reason=reason, duties=duties)
    check_days(since, until, by=by, now=now)
    User.objects.select_for_update().get(pk=user.pk)
    meanwhile = RoleGrant.objects.overlapping(since, until).filter(user=user)
    same = meanwhile.filter(role=role, territory=territory).order_by("since").first()
    if same and same.since <= since and (same.until is None or (until is not None and same.until >= until)):
        return same
    if same:
        raise Refused(_("这段时间里已经有这个角色了。要延长的，请从到期的那天起再给；要改的，请先终止。"))
    check_alone(user, role, {one.role for one in meanwhile})
    given = RoleGrant.objects.create(
        user=user,
        role=role,
        territory=territory,
        since=since,
        until=until,
        granted_by=by,
        reason=reason.strip(),
        line=line.strip() if role in reach.ADMINS else "",
        duties=narrowed(role, duties),
    )
    if role == Role.EDITOR:
        user.groups.add(Group.objects.get_or_create(name=EDITORS)[0])
    days = {"since": str(since), "until": str(until) if until else ""}
    audit.note(
        "role.granted",
        now=now,
        actor=by,
        subject=user,
        territory=territory.path,
        role=role,
        duties=given.duties,
        **days,
    )
    return given


def narrowed(role: str, duties: Collection[str]) -> list[str]:
    """What is written down of the duties: none for all of them, and for roles that are no admin's."""
    chosen = [duty for duty in Duty.values if duty in duties]
    return chosen if role in reach.ADMINS and len(chosen) < len(Duty.values) else []


def check(
    user: User, role: str, territory: Territory, *, by: User | None, reason: str, duties: Collection[str] = ()
) -> None:
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
    if role in reach.ADMINS and not set(duties or Duty.values) <= duties_to_give(by, territory):
        raise Refused(_("只能把你自己分管的工作分给别人，请改选分工。"), code="duties")
    if not reason.strip():
        raise Refused(_("请写明给这个角色的原因。"))


def check_days(since: date, until: date | None, *, by: User | None, now: datetime) -> None:
    if until is not None and until <= since:
        raise Refused(_("最后一天不能早于第一天，请改日期。"), code="until")
    if by is not None and since < timezone.localdate(now):
        raise Refused(_("角色不能从过去的日子算起，请从今天或以后开始。"), code="since")


def check_alone(user: User, role: str, others: set[str]) -> None:
    """Who holds one of the three (三员) holds nothing else; and it is nobody who does, or has done, the work that is looked after."""
    if role in KEEPERS and (user.is_superuser or hasattr(user, "worker")):
        raise Refused(_("系统、安全、审计管理员要用单独的账号，不能是网格员或系统的初始账号。"), code="alone")
    if (others - {role}) & KEEPERS or (role in KEEPERS and others - {role}):
        raise Refused(_("系统、安全、审计管理员三员分立，不能兼任，也不能有别的角色。"), code="alone")


@transaction.atomic
def open_account(
    username: str,
    *,
    name: str,
    role: str,
    territory: Territory,
    password: str,
    expires: datetime,
    by: User | None,
    now: datetime,
    reason: str,
    since: date | None = None,
    until: date | None = None,
    line: str = "",
    duties: Collection[str] = (),
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
    since = since or timezone.localdate(now)
    return grant(
        user, role, territory, since=since, until=until, line=line, duties=duties, by=by, now=now, reason=reason
    )


@transaction.atomic
def revoke(held: RoleGrant, *, by: User | None, now: datetime, on: date, reason: str) -> None:
    """End a role on a day; from that day on every request is refused. Ending it again changes nothing.

    Refuses one's own role, a role that is not this person's to give, and an end without a reason. `by` is None on the command line alone.
    """
    held = RoleGrant.objects.select_for_update().get(pk=held.pk)
    if held.until and held.until <= on:
        return
    if by is not None and held.user_id == by.pk:
        raise Refused(_("不能终止自己的角色，请上一级管理员办理。"))
    if by is not None and not may_give(by, held.role, held.territory):
        raise Refused(_("这个角色不归你终止，请上一级管理员办理。"))
    if not reason.strip():
        raise Refused(_("请写明终止的原因。"))
    # one that has not begun never was
    held.until, held.ended_by, held.end_reason = max(on, held.since), by, reason.strip()
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
    return user.role_grants.overlapping(on, None).filter(role=Role.EDITOR).exists()

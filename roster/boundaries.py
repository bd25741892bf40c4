"""
What becomes of divisions: renamed, ended. Merging stands in `roster.merging`, splitting in `roster.splitting` and `roster.townships`,
moving in `roster.moving`; all of them keep what was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from roster import employment, reach
from roster.models import (
    ChangeKind,
    Duty,
    FormerName,
    Grid,
    Level,
    Role,
    RoleGrant,
    Territory,
    TerritoryChange,
    User,
    Worker,
)
from roster.territories import stem_of, was_called

CHANGERS = (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ROSTER)


@dataclass(frozen=True)
class Act:
    """What every change of divisions says of itself: from which day, by which document, why, who did it and when."""

    on: date
    by: User
    now: datetime
    document: str = ""
    reason: str = ""

    def check(self) -> None:
        if self.on > timezone.localdate(self.now):
            raise Refused(_("生效日期还没有到，请到那一天再办理，或改填已经生效的日期。"), code="on")
        if not (self.document.strip() or self.reason.strip()):
            raise Refused(_("请写明文号，没有文号的写明原因。"), code="reason")


def may_change(by: User, place: Territory) -> bool:
    """Townships and communities are changed by the admins of their county and of the city, counties by those of the city."""
    if place.level in (Level.TOWNSHIP, Level.COMMUNITY):
        return reach.covers(by, place, *CHANGERS)
    return place.level == Level.COUNTY and reach.covers(by, place, Role.CITY_ADMIN, Duty.ROSTER)


def hold(places: Sequence[Territory], *, by: User) -> list[Territory]:
    """The places as they stand, alone in changing divisions, grids and people until the transaction ends."""
    employment.hold_numbers()
    ids = [place.pk for place in places]
    held = list(Territory.objects.select_related("parent").filter(pk__in=ids).order_by("code"))
    for place in held:
        if not may_change(by, place):
            raise Refused(_("%s的变动不归你办理，请联系上一级管理员。") % place.name)
        if place.valid_to:
            raise Refused(_("%s已经不是现行区划，不能再变动。请回区划页看看它并到了哪里。") % place.name)
    return held


def check_name(name: str, code: str, *, parent: Territory | None, instead_of: Sequence[Territory]) -> None:
    """Refuse a name that a neighbour bears and a code that any current place has; `instead_of` are those that give theirs up."""
    others = Territory.objects.current().exclude(pk__in=[place.pk for place in instead_of])
    if not name.strip() or not code.strip():
        raise Refused(_("请把名称和区划代码都填上。"), code="name")
    if others.filter(parent=parent, name=name).exists():
        raise Refused(_("这里已经有一个%s，请换一个名称。") % name, code="name")
    if taken := others.filter(code=code).first():
        words = {"code": code, "name": taken.name}
        raise Refused(_("区划代码 %(code)s 已经用在%(name)s上，请核对代码。") % words, code="code")


@transaction.atomic
def rename(place: Territory, *, name: str, code: str, act: Act) -> Territory:
    """
    Give a place a new name, a new code or both; the row stays, and lists with the old name still find it. Repeating it changes nothing.

    Refuses a name that a neighbour bears, a code that is in use, a day to come and a change without document and reason.
    """
    (place,) = hold([place], by=act.by)
    name, code = name.strip(), code.strip()
    if (place.name, place.code) == (name, code):
        return place
    act.check()
    check_name(name, code, parent=place.parent, instead_of=[place])
    was_called(place, until=act.on).save()
    names = [[place.name, place.code]]
    call(place, name, code)
    note(ChangeKind.RENAME, act, before=[place], after=[place], detail={"names": names})
    return place


def call(place: Territory, name: str, code: str) -> None:
    place.name, place.code, place.stem = name, code, stem_of(place.level, name)
    place.save(update_fields=["name", "code", "stem"])


@transaction.atomic
def end(place: Territory, *, act: Act) -> None:
    """A place is no more. Refuses while anything current is in it; ending it again changes nothing."""
    if Territory.objects.filter(pk=place.pk).exclude(valid_to=None).exists():
        return
    (place,) = hold([place], by=act.by)
    act.check()
    if found := standing_in(place):
        raise Refused(
            _("%(name)s里还有 %(what)s，不能撤销。请先把它们合并或调整到别处。") % {"name": place.name, "what": found}
        )
    Territory.objects.filter(pk=place.pk).update(valid_to=act.on)
    note(ChangeKind.END, act, before=[place], after=[], detail={"names": [[place.name, place.code]]})


def standing_in(place: Territory) -> str:
    """What is current in a place, in words; "" for an empty one."""
    counts = [
        (place.children.current().count(), _("%d 个下级区划")),
        (Grid.objects.current().within([place.path]).count(), _("%d 个网格")),
        (Worker.objects.listed().within([place.path]).count(), _("%d 名网格员")),
        (grants_in([place]).count(), _("%d 个角色")),
    ]
    return "、".join(text % count for count, text in counts if count)


def grants_in(places: Sequence[Territory]) -> Any:
    """The roles that are held in these places, today or from a day to come."""
    held = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=timezone.localdate()), territory__in=places)
    return held.select_related("user", "territory").order_by("pk")


def note(
    kind: str, act: Act, *, before: Sequence[Territory], after: Sequence[Territory], detail: dict[str, Any]
) -> TerritoryChange:
    change = TerritoryChange.objects.create(
        kind=kind,
        on=act.on,
        document=act.document.strip(),
        reason=act.reason.strip(),
        operator=act.by,
        at=act.now,
        detail=detail,
    )
    change.before.set(before)
    change.after.set(after)
    place = before[0]
    figures = {"before": [one.pk for one in before], "after": [one.pk for one in after]}
    audit.note(f"territory.{kind}", now=act.now, actor=act.by, subject=place, territory=place.path, **figures)
    return change


def hand_down_names(ending: Sequence[Territory], *, to: Sequence[Territory], on: date) -> None:
    """What those that end were called, last and before, finds from now on those they became."""
    formers = []
    for place in ending:
        formers += [was_called(place, until=on, now=heir) for heir in to if heir.pk != place.pk]
        for former in place.former_names.all():
            formers += [
                FormerName(
                    territory=heir,
                    name=former.name,
                    stem=former.stem,
                    code=former.code,
                    until=former.until,
                    parent_id=former.parent_id,
                )
                for heir in to
                if heir.pk != place.pk
            ]
    FormerName.objects.bulk_create(formers)

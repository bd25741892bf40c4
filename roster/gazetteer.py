"""The places that lists name: those of an admin's reach, as templates offer them, and the one that a line means."""

from functools import lru_cache
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from lms import sheets
from lms.resources import Line, SheetResource
from roster import reach
from roster.models import Duty, Level, Territory
from roster.places import Map, covered

FEW = 60  # communities that can still be picked from a list


class PlacedResource(SheetResource):
    """
    A kind of import whose rows name counties, townships and communities: brought in in the name of the uploader's territory, and seen
    by all whose reach covers that.
    """

    @classmethod
    def place_of(cls, user: Any) -> str:
        return reach.home_path(user, Duty.ROSTER)

    @classmethod
    def remembered_for(cls, place: str) -> str:
        return in_county(place)

    @classmethod
    def seen_by(cls, user: Any) -> Q:
        return reach.within_paths("place", reach.paths(user, Duty.ROSTER))

    @classmethod
    def lists(cls, user: Any) -> dict[str, list[str]]:
        counties, townships, communities = (
            list(dict.fromkeys(within(user, level))) for level in (Level.COUNTY, Level.TOWNSHIP, Level.COMMUNITY)
        )
        found = {"county": counties or counties_above(user), "township": townships}
        return found | ({"community": communities} if len(communities) <= FEW else {})

    @classmethod
    def gazetteer(cls, user: Any) -> list[tuple[str, ...]]:
        places = reach.territories(user, Duty.ROSTER).current().filter(level=Level.COMMUNITY).order_by("code")
        names = places.values_list("parent__parent__name", "parent__name", "name")
        return [(_("县市区"), _("乡镇街道"), _("村社区")), *names] if names else []

    @classmethod
    def place_named(cls, place: str) -> str:
        found = Territory.objects.filter(path=place).first() if place else None
        return found.name if found else ""


def within(user: Any, level: str) -> list[str]:
    return list(
        reach.territories(user, Duty.ROSTER)
        .current()
        .filter(level=level)
        .order_by("code")
        .values_list("name", flat=True)
    )


def counties_above(user: Any) -> list[str]:
    """The counties of the townships of an admin who has no county of their own."""
    own = reach.territories(user, Duty.ROSTER).current().filter(level=Level.TOWNSHIP)
    return list(Territory.objects.filter(pk__in=own.values("parent")).order_by("code").values_list("name", flat=True))


@lru_cache(maxsize=10_000)
def in_county(path: str) -> str:
    """The part of a territory's path down to its county."""
    return "".join(f"{step}/" for step in path.split("/")[:2] if step)


def find_community(line: Line, drawn: Map, paths: list[str], sheet_township: str = "") -> Territory | None:
    """The community a line means; a fault on the line where it means none or several; out of reach where its township is."""
    values = line.values
    named = values.get("township") or sheets.bare_name(sheet_township)
    found = drawn.township(named, county=values.get("county", ""), paths=paths) if named else []
    if not found or (len(found) > 1 and not all(place.former for place in found)):
        unknown = _("“%s”不是这个县（市、区）的乡镇（街道）。") % named
        line.fault("township_unknown", unknown if values.get("township") else _("没有写乡镇（街道）。"), "township")
        return None
    communities = in_any(found, values.get("community", ""), drawn)
    only = communities[0] if len(communities) == 1 else None
    # a community that has moved is theirs to whom it went, whatever township is written beside it
    if not any(covered(place.path, paths) for place in ([only] if only else found)):
        line.out_of_reach(_("%s不在你的管辖范围内。") % (only if only and only.moved else found[0]).name)
        return None
    if not communities:
        text = _("%(township)s没有叫“%(name)s”的村或社区。请核对名称，或先更新区划表。")
        line.fault(
            "community_unknown", text % {"township": found[0].name, "name": values.get("community", "")}, "community"
        )
        return None
    if len(communities) > 1:
        names = "、".join(place.name for place in communities)
        line.fault("community_ambiguous", _("名称对得上几个：%s。请写明是社区还是村。") % names, "community")
        return None
    return communities[0]


def in_any(townships: list[Territory], name: str, drawn: Map) -> list[Territory]:
    """The communities of this name in townships that were one before; the one that still stands where it is looked for comes first."""
    found: dict[int, Territory] = {}
    for township in townships:
        for place in drawn.community(name, township):
            if place.pk not in found or found[place.pk].former:
                found[place.pk] = place
    current = [place for place in found.values() if not place.former]
    return current or list(found.values())

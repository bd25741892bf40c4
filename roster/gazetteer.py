"""The names of places within an admin's reach, as the templates of the roster's lists offer them and as screens call them."""

from functools import lru_cache
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from lms.resources import SheetResource
from roster import reach
from roster.models import Level, Territory

FEW = 60  # communities that can still be picked from a list


class PlacedResource(SheetResource):
    """
    A kind of import whose rows name counties, townships and communities: brought in in the name of the uploader's territory, and seen
    by all whose reach covers that.
    """

    @classmethod
    def place_of(cls, user: Any) -> str:
        return reach.home_path(user)

    @classmethod
    def remembered_for(cls, place: str) -> str:
        return in_county(place)

    @classmethod
    def seen_by(cls, user: Any) -> Q:
        return reach.within_paths("place", reach.paths(user))

    @classmethod
    def lists(cls, user: Any) -> dict[str, list[str]]:
        counties, townships, communities = (
            list(dict.fromkeys(within(user, level))) for level in (Level.COUNTY, Level.TOWNSHIP, Level.COMMUNITY)
        )
        found = {"county": counties or counties_above(user), "township": townships}
        return found | ({"community": communities} if len(communities) <= FEW else {})

    @classmethod
    def gazetteer(cls, user: Any) -> list[tuple[str, ...]]:
        places = reach.territories(user).current().filter(level=Level.COMMUNITY).order_by("code")
        names = places.values_list("parent__parent__name", "parent__name", "name")
        return [(_("县市区"), _("乡镇街道"), _("村社区")), *names] if names else []

    @classmethod
    def place_named(cls, place: str) -> str:
        found = Territory.objects.filter(path=place).first() if place else None
        return found.name if found else ""


def within(user: Any, level: str) -> list[str]:
    return list(reach.territories(user).current().filter(level=level).order_by("code").values_list("name", flat=True))


def counties_above(user: Any) -> list[str]:
    """The counties of the townships of an admin who has no county of their own."""
    own = reach.territories(user).current().filter(level=Level.TOWNSHIP)
    return list(Territory.objects.filter(pk__in=own.values("parent")).order_by("code").values_list("name", flat=True))


@lru_cache(maxsize=10_000)
def in_county(path: str) -> str:
    """The part of a territory's path down to its county."""
    return "".join(f"{step}/" for step in path.split("/")[:2] if step)

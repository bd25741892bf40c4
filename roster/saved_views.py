"""The views of a list that somebody keeps for themselves: filters, order and columns under a name."""

from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from lms.refusal import Refused
from roster.models import SavedView, User

# what belongs to one look at a list and not to the way somebody likes to see it
PASSING = {"p", "export", "purpose", "_w_filter_fragment", "act", "id", "all", "csrfmiddlewaretoken"}
MOST = 20
LONGEST = 1000


def kept_part(query: QueryDict | str) -> str:
    """The part of a query string that a view keeps, always in the same order, so that two can be compared."""
    values = QueryDict(query) if isinstance(query, str) else query
    pairs = [
        (name, value)
        for name in sorted(values)
        if name not in PASSING
        for value in sorted(values.getlist(name))
        if value
    ]
    return urlencode(pairs)


@transaction.atomic
def keep(user: User, *, listing: str, name: str, query: str, now: datetime) -> SavedView:
    """Keep a view under a name; the same name again takes the place of the old one. Refuses an empty name and one too many."""
    name, kept = " ".join(name.split()), kept_part(query)
    _check(name)
    if len(kept) > LONGEST:
        raise Refused(_("筛选条件太长，存不下。请减少条件或列以后再存。"))
    list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
    others = SavedView.objects.filter(user=user, listing=listing).exclude(name=name)
    if others.count() >= MOST:
        raise Refused(_("一个列表最多存 %(most)d 个视图。请先删除不用的。") % {"most": MOST})
    view, _new = SavedView.objects.update_or_create(
        user=user, listing=listing, name=name, defaults={"query": kept, "made_at": now}
    )
    return view


@transaction.atomic
def rename(view: SavedView, *, name: str) -> SavedView:
    """Give a view another name. Refuses an empty one and one that another view of the list has."""
    name = " ".join(name.split())
    _check(name)
    view = SavedView.objects.select_for_update().get(pk=view.pk)
    if SavedView.objects.filter(user=view.user, listing=view.listing, name=name).exclude(pk=view.pk).exists():
        raise Refused(_("已有一个视图叫“%(name)s”，请换一个名称。") % {"name": name})
    view.name = name
    view.save(update_fields=["name"])
    return view


def drop(view: SavedView) -> None:
    """The view is gone; the list and its rows stay."""
    view.delete()


def _check(name: str) -> None:
    longest: int = SavedView._meta.get_field("name").max_length or 0
    if not name:
        raise Refused(_("请给视图起一个名称。"))
    if len(name) > longest:
        raise Refused(_("名称最多 %(most)d 个字，请改短一些。") % {"most": longest})

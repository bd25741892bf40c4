"""Back-office screens of divisions: the tree with what each was, and the changes, each laid out before it is done."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Prefetch, Q, QuerySet
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lms import numbers
from lms.refusal import Refused
from roster import boundaries, merging, reach, splitting
from roster.asking import Asking
from roster.backoffice import sent
from roster.boundary_forms import MOST_PARTS, ActForm, MergeForm, RenameForm, SplitForm
from roster.cms_coverage import above, list_of
from roster.models import Duty, FormerName, Grid, Level, Posting, Territory, TerritoryChange, Worker

ADMINS = reach.only(Duty.ROSTER)
CHANGERS = reach.only(*boundaries.CHANGERS)
FOUND_AT_MOST = 50


@ADMINS
@require_safe
def territories(request: Asking) -> HttpResponse:
    """The highest place of this admin, or what a search finds."""
    query = request.GET.get("q", "").strip()
    within = reach.territories(request.user)
    if not query:
        highest = within.current().order_by("path").first()
        if highest is None:
            raise Http404
        return territory(request, highest.pk)
    named = Q(name__icontains=query) | Q(former_names__name__icontains=query) | Q(code__startswith=query)
    found = within.current().filter(named).distinct().select_related("parent__parent").order_by("code")
    formers = FormerName.objects.select_related("parent").order_by("until", "pk")
    rows = list(found.prefetch_related(Prefetch("former_names", formers))[:FOUND_AT_MOST])
    context = {"query": query, "rows": rows, "page_title": _("区划"), "most": FOUND_AT_MOST}
    return render(request, "roster/cms_territory_found.html", context)


@ADMINS
@require_safe
def territory(request: Asking, place: int) -> HttpResponse:
    found = within(request, place, current=False)
    concerned = Q(before=found) | Q(after=found) | Q(before__parent=found) | Q(after__parent=found)
    changes = TerritoryChange.objects.filter(concerned).distinct().select_related("operator")
    rows, ended = children(found)
    here = grids_below(found) if found.level == Level.COMMUNITY else []
    may = found.valid_to is None and boundaries.may_change(request.user, found)
    context = {
        "place": found,
        "above": above(request, found),
        "rows": rows,
        "here": here,
        "ended": ended,
        "former": found.former_names.select_related("parent").order_by("-until", "-pk"),
        "changes": changes.prefetch_related("after")[:20],
        "may_change": may,
        "may_assign": found.valid_to is None and found.level in (Level.TOWNSHIP, Level.COMMUNITY),
        "grids_href": list_of(found, "all"),
        "workers_href": workers_of(found),
        "may_merge": found.valid_to is None and may_merge_in(request, found),
        "grids": len(here) or sum(row.grid_count for row in rows),
        "workers": workers_in(found, rows),
        "page_title": found.name,
        "page_subtitle": _("区划"),
    }
    return render(request, "roster/cms_territory.html", context)


def workers_of(place: Territory) -> str:
    """The address of the list of a place's workers."""
    names = {Level.COUNTY: "county", Level.TOWNSHIP: "township"}
    where = f"?{names[Level(place.level)]}={place.pk}" if place.level in names else ""
    return reverse("workers:index") + where


def grids_below(place: Territory) -> list[Grid]:
    """The current grids of a community with who is in charge, for its page."""
    return list(with_people(Grid.objects.current().filter(community=place)).order_by("ordinal", "code"))


def within(request: Asking, place: int, *, current: bool = True) -> Territory:
    places = reach.territories(request.user).select_related("parent__parent__parent")
    return get_object_or_404(places.current() if current else places, pk=place)


def changeable(request: Asking, place: int) -> Territory:
    """A current place that this admin may change: another's is unknown, one's own county is not one's own to change."""
    found = within(request, place)
    if not boundaries.may_change(request.user, found):
        raise Http404
    return found


def may_merge_in(request: Asking, place: Territory) -> bool:
    return place.level in (Level.COUNTY, Level.TOWNSHIP) and reach.covers(request.user, place, *boundaries.CHANGERS)


def children(place: Territory) -> tuple[list[Any], list[Territory]]:
    """The places right below: the current ones with their counts of grids and of people, and those that ended."""
    if place.level == Level.COMMUNITY:
        return [], []
    below: list[Any] = list(place.children.order_by("code"))
    rows = [row for row in below if row.valid_to is None]
    up = {Level.CITY: "community__parent__parent", Level.COUNTY: "community__parent", Level.TOWNSHIP: "community"}
    at = up[Level(place.level)]
    inside = Grid.objects.current().filter(community__path__startswith=place.path).order_by()
    grids = dict(inside.values_list(at).annotate(n=Count("pk")))
    people: QuerySet[Any] = Worker.objects.listed().filter(township__path__startswith=place.path).order_by()
    if place.level == Level.TOWNSHIP:
        held = Posting.objects.current().filter(grid__in=inside).order_by()
        workers = dict(held.values_list("grid__community").annotate(n=Count("worker", distinct=True)))
    else:
        workers = dict(
            people.values_list("township__parent" if place.level == Level.CITY else "township").annotate(n=Count("pk"))
        )
    for row in rows:
        row.grid_count, row.worker_count = grids.get(row.pk, 0), workers.get(row.pk, 0)
    return rows, [row for row in below if row.valid_to]


def workers_in(place: Territory, rows: list[Any]) -> int:
    """The workers listed in a place; of a township they are not the sum of those in charge of its grids."""
    if place.level == Level.TOWNSHIP:
        return Worker.objects.listed().filter(township=place).count()
    return sum(row.worker_count for row in rows)


def with_people(found: Any) -> Any:
    """The grids with who is in charge of them today as `current`."""
    standing = Posting.objects.current().select_related("worker").order_by("since", "pk")
    return found.select_related("community").prefetch_related(Prefetch("postings", standing, to_attr="current"))


# --- changes --------------------------------------------------------------------------------------------------------


def blame(form: Form, refusal: Refused) -> None:
    form.add_error(refusal.code if refusal.code in form.fields else None, refusal.sentence)


def today(request: Asking) -> dict[str, Any]:
    return {"on": timezone.localdate(request.now)}


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def rename_territory(request: Asking, place: int) -> HttpResponse:
    found = changeable(request, place)
    form = RenameForm(request.POST or None, initial={"name": found.name, "code": found.code, **today(request)})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            renamed = boundaries.rename(
                found, name=data["name"], code=data["code"], act=form.act(by=request.user, now=request.now)
            )
        except Refused as refusal:
            blame(form, refusal)
        else:
            messages.success(request, _("已更名为%s。写着旧名称的名单仍然认得出来。") % renamed.name)
            return redirect("territory", found.pk)
    context = {"form": form, "place": found, "page_title": _("更名"), "page_subtitle": found.name}
    return render(request, "roster/cms_territory_rename.html", context)


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def end_territory(request: Asking, place: int) -> HttpResponse:
    found = changeable(request, place)
    form = ActForm(request.POST or None, initial=today(request))
    if request.method == "POST" and form.is_valid():
        try:
            boundaries.end(found, act=form.act(by=request.user, now=request.now))
        except Refused as refusal:
            blame(form, refusal)
        else:
            messages.success(request, _("%s已撤销，历史还查得到。") % found.name)
            return redirect("territory", found.parent_id)
    context = {"form": form, "place": found, "standing": boundaries.standing_in(found)}
    context |= {"page_title": _("撤销区划"), "page_subtitle": found.name}
    return render(request, "roster/cms_territory_end.html", context)


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def merge_territories(request: Asking, place: int) -> HttpResponse:
    """Of the places right below this one, several become one: form, then preview, then done."""
    found = within(request, place)
    if not may_merge_in(request, found):
        raise Http404
    rows, _ended = children(found)
    form = MergeForm(request.POST or None, children=rows, initial=today(request))
    context = {"form": form, "place": found, "rows": rows, "page_title": _("合并"), "page_subtitle": found.name}
    if request.method == "POST" and form.is_valid() and "again" not in request.POST:
        wanted = form.merging()
        try:
            if "confirm" in request.POST:
                act = form.act(by=request.user, now=request.now)
                hand_over = form.cleaned_data["hand_over"]
                heir = merging.merge(**wanted, act=act, seen=request.POST.get("seen", ""), hand_over=hand_over)
                messages.success(request, _("已合并为%s。写着旧名称、旧编号的名单仍然认得出来。") % heir.name)
                return redirect("territory", heir.pk)
            plan = merging.lay_out(**wanted)
            context |= {"plan": plan, "sent": sent(request), "act": form.cleaned_data}
            return render(request, "roster/cms_territory_plan.html", context)
        except Refused as refusal:
            blame(form, refusal)
    return render(request, "roster/cms_territory_merge.html", context)


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def split_territory(request: Asking, place: int) -> HttpResponse:
    found = changeable(request, place)
    if found.level != Level.COMMUNITY:
        raise Http404
    parts = min(max(numbers.row(request.GET.get("parts", "")) or 2, 2), MOST_PARTS)
    grids = merging.grids_of([found])
    form = SplitForm(request.POST or None, place=found, pieces=grids, parts=parts, initial=today(request))
    context = {"form": form, "place": found, "parts": parts, "more": parts + 1 if parts < MOST_PARTS else 0}
    context |= {"page_title": _("拆分"), "page_subtitle": found.name}
    if request.method == "POST" and form.is_valid() and "again" not in request.POST:
        try:
            if "confirm" in request.POST:
                act = form.act(by=request.user, now=request.now)
                splitting.split(found, parts=form.parts(), act=act, seen=request.POST.get("seen", ""))
                messages.success(request, _("%s已拆分。") % found.name)
                return redirect("territory", found.parent_id)
            plan = splitting.lay_out(found, form.parts())
            context |= {"plan": plan, "sent": sent(request), "act": form.cleaned_data}
            return render(request, "roster/cms_territory_plan.html", context)
        except Refused as refusal:
            blame(form, refusal)
    return render(request, "roster/cms_territory_split.html", context)

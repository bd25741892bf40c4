"""Back-office screens of townships that are split and of communities that go to another: form, then preview, then done."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from lms import numbers
from lms.refusal import Refused
from roster import moving, reach, townships
from roster.asking import Asking
from roster.backoffice import sent
from roster.boundary_forms import MOST_PARTS
from roster.cms_territory import CHANGERS, blame, changeable, children, today
from roster.models import Duty, Level, Role, Territory
from roster.township_forms import MoveForm, PeopleForm, TownshipSplitForm


def township(request: Asking, place: int) -> Territory:
    found = changeable(request, place)
    if found.level != Level.TOWNSHIP:
        raise Http404
    return found


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def split_township(request: Asking, place: int) -> HttpResponse:
    """Form, then whom the grids do not place where there are any, then preview, then done."""
    found = township(request, place)
    parts = min(max(numbers.row(request.GET.get("parts", "")) or 2, 2), MOST_PARTS)
    rows, _ended = children(found)
    form = TownshipSplitForm(request.POST or None, place=found, pieces=rows, parts=parts, initial=today(request))
    context = {"form": form, "place": found, "parts": parts, "more": parts + 1 if parts < MOST_PARTS else 0}
    context |= {"page_title": _("拆分"), "page_subtitle": found.name}
    if request.method == "POST" and form.is_valid() and "again" not in request.POST:
        try:
            return divided(request, found, form, context)
        except Refused as refusal:
            blame(form, refusal)
    return render(request, "roster/cms_territory_split.html", context)


def divided(request: Asking, place: Territory, form: TownshipSplitForm, context: dict[str, Any]) -> HttpResponse:
    plan = townships.lay_out(place, form.parts())
    people = PeopleForm(request.POST if "people" in request.POST else None, plan=plan)
    context |= {"plan": plan, "people": people, "sent": sent(request), "act": form.cleaned_data}
    if plan.asked and not people.is_valid():
        context["sent"] = [(name, value) for name, value in sent(request) if not name.startswith(("worker-", "people"))]
        return render(request, "roster/cms_township_people.html", context)
    wanted = form.parts(people.chosen() if plan.asked else None)
    if "confirm" in request.POST:
        act = form.act(by=request.user, now=request.now)
        townships.split(place, parts=wanted, act=act, seen=request.POST.get("seen", ""))
        messages.success(request, _("%s已拆分。写着原来乡镇（街道）的名单仍然认得出来。") % place.name)
        return redirect("territory", place.parent_id)
    context["plan"] = townships.lay_out(place, wanted)
    return render(request, "roster/cms_township_plan.html", context)


def targets(request: Asking, place: Territory) -> list[Territory]:
    """The townships to which communities of this one may go: those of its county first; of other counties for admins of the city alone."""
    found = Territory.objects.current().filter(level=Level.TOWNSHIP).exclude(pk=place.pk).select_related("parent")
    if reach.covers(request.user, place, Role.CITY_ADMIN, Duty.ROSTER):
        found = found.within(reach.paths(request.user, Role.CITY_ADMIN, Duty.ROSTER))
    else:
        found = found.filter(parent=place.parent_id)
    return sorted(found, key=lambda one: (one.parent_id != place.parent_id, one.code))


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def move_communities(request: Asking, place: int) -> HttpResponse:
    found = township(request, place)
    rows, _ended = children(found)
    form = MoveForm(request.POST or None, communities=rows, targets=targets(request, found), initial=today(request))
    context = {"form": form, "place": found, "page_title": _("划转村（社区）"), "page_subtitle": found.name}
    if request.method == "POST" and form.is_valid() and "again" not in request.POST:
        wanted = form.moving()
        try:
            if "confirm" in request.POST:
                act = form.act(by=request.user, now=request.now)
                to = moving.move(**wanted, place=found, act=act, seen=request.POST.get("seen", ""))
                messages.success(request, _("已划到%s。写着原来乡镇（街道）的名单仍然认得出来。") % to.name)
                return redirect("territory", to.pk)
            plan = moving.lay_out(**wanted, place=found, by=request.user)
            context |= {"plan": plan, "sent": sent(request), "act": form.cleaned_data}
            return render(request, "roster/cms_move_plan.html", context)
        except Refused as refusal:
            blame(form, refusal)
    return render(request, "roster/cms_move.html", context)

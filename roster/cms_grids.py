"""Back-office screens of grids: who takes charge, splitting, new numbers, retiring, and taking an act back. Each is previewed."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms import numbers
from lms.refusal import Refused
from roster import boundaries, coverage, grids, reach, undoing
from roster.asking import Asking
from roster.backoffice import sent
from roster.boundary_forms import MOST_PARTS, AssignForm, DayForm, PiecesForm, RenumberForm
from roster.cms_territory import blame, changeable, today, with_people, within
from roster.models import Batch, Duty, Grid, Level, Posting, Worker

ADMINS = reach.only(Duty.ROSTER)
CHANGERS = reach.only(*boundaries.CHANGERS)
ROWS_OF_ASSIGNING = 120
ACTS = {
    "grids.assign": lazy("指派"),
    "grids.unassign": lazy("结束在岗"),
    "grids.split": lazy("拆分网格"),
    "grids.renumber": lazy("重新编号"),
    "grids.retire": lazy("停用网格"),
}


def to_confirm(request: Asking, form: Any) -> bool:
    return request.method == "POST" and form.is_valid() and "again" not in request.POST


def said(request: Asking, batch: Batch | None, sentence: str) -> HttpResponse:
    """Done: told with its count, on the page of acts where it can be taken back."""
    if batch is None:
        messages.info(request, _("没有要变的，什么也没有动。"))
    else:
        messages.success(request, sentence % batch.count)
    return redirect("grid_batches")


@ADMINS
@require_http_methods(["GET", "HEAD", "POST"])
def assign_grids(request: Asking, place: int) -> HttpResponse:
    """The grids of a township or community with nobody (or all, or one), and beside each who is to take charge."""
    found = within(request, place)
    if found.level not in (Level.TOWNSHIP, Level.COMMUNITY):
        raise Http404
    here = Grid.objects.current().within([found.path])
    one, every = numbers.row(request.GET.get("grid", "")), request.GET.get("show") == "all"
    chosen = here.filter(pk=one) if one else here if every else coverage.narrowed(here, "nobody")
    rows = list(with_people(chosen).order_by("community__code", "ordinal")[:ROWS_OF_ASSIGNING])
    township = found if found.level == Level.TOWNSHIP else found.parent
    workers = list(Worker.objects.listed().filter(township=township).order_by("number"))
    form = AssignForm(request.POST or None, grids=rows, workers=workers, initial=today(request))
    context = {"form": form, "place": found, "workers": workers, "one": one, "every": every, "most": ROWS_OF_ASSIGNING}
    context |= {"page_title": _("指派网格员"), "page_subtitle": found.name}
    if to_confirm(request, form):
        on = form.cleaned_data["on"]
        try:
            if "confirm" in request.POST:
                batch = grids.assign(form.pairs, since=on, by=request.user, now=request.now)
                return said(request, batch, _("已指派，新增在岗 %d 条。"))
            return render(request, "roster/cms_grids_assign_plan.html", {**context, "sent": sent(request), "on": on})
        except Refused as refusal:
            blame(form, refusal)
    return render(request, "roster/cms_grids_assign.html", context)


@ADMINS
@require_http_methods(["GET", "HEAD", "POST"])
def end_posting(request: Asking, posting: int) -> HttpResponse:
    mine = Posting.objects.current().filter(grid__community__in=reach.territories(request.user))
    found = get_object_or_404(mine.select_related("worker", "grid__community"), pk=posting)
    others = found.grid.postings.current().exclude(pk=found.pk).count()
    form = DayForm(request.POST or None, initial=today(request))
    if request.method == "POST" and form.is_valid():
        try:
            batch = grids.unassign([found], on=form.cleaned_data["on"], by=request.user, now=request.now)
            return said(request, batch, _("已结束在岗 %d 条。"))
        except Refused as refusal:
            blame(form, refusal)
    context = {
        "form": form,
        "posting": found,
        "others": others,
        "page_title": _("结束在岗"),
        "page_subtitle": str(found.grid),
    }
    return render(request, "roster/cms_grids_end.html", context)


def grid_of(request: Asking, pk: int) -> Grid:
    """A current grid that this admin may change."""
    places = reach.territories(request.user, *boundaries.CHANGERS)
    return get_object_or_404(with_people(Grid.objects.current().filter(community__in=places)), pk=pk)


def added(figures: list[int | None]) -> int | None:
    """Their sum; None where none is given."""
    given = [one for one in figures if one is not None]
    return sum(given) if given else None


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def split_one_grid(request: Asking, grid: int) -> HttpResponse:
    found = grid_of(request, grid)
    parts = min(max(numbers.row(request.GET.get("parts", "")) or 2, 2), MOST_PARTS)
    form = PiecesForm(request.POST or None, parts=parts, initial=today(request))
    context = {"form": form, "grid": found, "parts": parts, "more": parts + 1 if parts < MOST_PARTS else 0}
    context |= {"page_title": _("拆分网格"), "page_subtitle": str(found)}
    if to_confirm(request, form):
        data = form.cleaned_data
        into = [grids.Piece(data[f"households-{number}"], data[f"population-{number}"]) for number in form.numbers]
        try:
            if "confirm" in request.POST:
                batch = grids.split_grid(found, into=into, on=data["on"], by=request.user, now=request.now)
                return said(request, batch, _("已拆成 %d 个网格。新的网格还没有人负责，请记得指派。"))
            fresh = grids.pieces(found, into[1:])
            total = {name: added([getattr(one, name) for one in into]) for name in ("households", "population")}
            context |= {"first": into[0], "fresh": fresh, "total": total, "sent": sent(request), "on": data["on"]}
            return render(request, "roster/cms_grids_split_plan.html", context)
        except Refused as refusal:
            blame(form, refusal)
    return render(request, "roster/cms_grids_split.html", context)


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def renumber_grids(request: Asking, place: int) -> HttpResponse:
    found = changeable(request, place)
    if found.level != Level.COMMUNITY:
        raise Http404
    here = list(Grid.objects.current().filter(community=found).order_by("ordinal", "code"))
    form = RenumberForm(request.POST or None, grids=here, initial=today(request))
    context = {"form": form, "place": found, "page_title": _("重新编号"), "page_subtitle": found.name}
    if to_confirm(request, form):
        on = form.cleaned_data["on"]
        try:
            if "confirm" in request.POST:
                batch = grids.renumber(found, form.wanted(), on=on, by=request.user, now=request.now)
                return said(request, batch, _("已重新编号 %d 个网格。写着旧编号的名单仍然认得出来。"))
            plan = [one for one in grids.plan_numbers(found, form.wanted()) if one.changed]
            swapped = {one.ordinal for one in plan} & {one.grid.ordinal for one in plan} - {None}
            context |= {"plan": plan, "swapped": swapped, "sent": sent(request), "on": on}
            return render(request, "roster/cms_grids_renumber_plan.html", context)
        except Refused as refusal:
            blame(form, refusal)
    return render(request, "roster/cms_grids_renumber.html", context)


@CHANGERS
@require_http_methods(["GET", "HEAD", "POST"])
def retire_grid(request: Asking, grid: int) -> HttpResponse:
    found = grid_of(request, grid)
    form = DayForm(request.POST or None, initial=today(request))
    if request.method == "POST" and form.is_valid():
        try:
            batch = grids.retire(found, on=form.cleaned_data["on"], by=request.user, now=request.now)
            return said(request, batch, _("已停用 %d 个网格，历史还查得到。"))
        except Refused as refusal:
            blame(form, refusal)
    context = {"form": form, "grid": found, "page_title": _("停用网格"), "page_subtitle": str(found)}
    return render(request, "roster/cms_grids_retire.html", context)


@ADMINS
@require_safe
def grid_batches(request: Asking) -> HttpResponse:
    """What was done to grids lately, each to be taken back as a whole."""
    mine = undoing.batches(request.user)
    page = Paginator(mine, 30).get_page(request.GET.get("page"))
    rows = [(batch, ACTS.get(batch.kind, batch.kind)) for batch in page]
    context = {"page": page, "rows": rows, "page_title": _("网格办理记录")}
    return render(request, "roster/cms_grids_batches.html", context)


@ADMINS
@require_POST
def undo_batch(request: Asking, batch: int) -> HttpResponse:
    found = get_object_or_404(undoing.batches(request.user), pk=batch)
    try:
        undoing.undo(found, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("已撤回，网格和在岗回到办理以前的样子。"))
    return redirect("grid_batches")

"""What goes with the lists of the back office: views that are kept, acts on many rows, and the record of those acts."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from wagtail.admin import messages

from lms import numbers
from lms.refusal import Refused
from roster import act_forms, acts, reach
from roster import batches as records
from roster import saved_views as views
from roster.asking import Asking
from roster.backoffice import listing_of
from roster.models import Batch, Duty, Role, SavedView, Worker

OFFICE = reach.only(*reach.BACK_OFFICE)
ADMINS = reach.only(Duty.ROSTER)
NAMED = 8  # people named where an act asks for confirmation


# --- views of a list --------------------------------------------------------------------------------------------------


def list_url(listing: str, query: str = "") -> str:
    """Where a list is; 404 for what is none."""
    try:
        return reverse(f"{listing}:index") + (f"?{query}" if query else "")
    except NoReverseMatch as wrong:
        raise Http404 from wrong


@OFFICE
@require_safe
def saved_views(request: Asking) -> HttpResponse:
    """One's own views of a list, to rename and to delete."""
    listing = listing_of(request, request.GET.get("listing", ""))
    found = SavedView.objects.filter(user=request.user, listing=listing.name)
    context = {"views": found, "back": list_url(listing.name), "page_title": _("管理视图")}
    return render(request, "roster/cms_views.html", {**context, "page_subtitle": listing.menu_label})


@OFFICE
@require_POST
def keep_view(request: Asking) -> HttpResponse:
    listing = listing_of(request, request.POST.get("listing", ""))
    query = request.POST.get("query", "")
    try:
        kept = views.keep(
            request.user, listing=listing.name, name=request.POST.get("name", ""), query=query, now=request.now
        )
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect(list_url(listing.name, views.kept_part(query)))
    messages.success(request, _("已存为视图“%(name)s”，在列表上方一点就到。") % {"name": kept.name})
    return redirect(list_url(listing.name, kept.query))


@OFFICE
@require_POST
def rename_view(request: Asking, view: int) -> HttpResponse:
    mine = get_object_or_404(SavedView, pk=view, user=request.user)
    try:
        views.rename(mine, name=request.POST.get("name", ""))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect(f"{reverse('saved_views')}?listing={mine.listing}")


@OFFICE
@require_POST
def drop_view(request: Asking, view: int) -> HttpResponse:
    mine = get_object_or_404(SavedView, pk=view, user=request.user)
    views.drop(mine)
    messages.success(request, _("已删除视图“%(name)s”，列表里的内容没有变。") % {"name": mine.name})
    return redirect(f"{reverse('saved_views')}?listing={mine.listing}")


# --- acts on many -----------------------------------------------------------------------------------------------------


def picked(request: Asking) -> QuerySet[Worker]:
    """The workers ticked, or all that the list shows under these filters; 404 when any of them is out of reach or unknown."""
    listing = listing_of(request, "workers")
    if request.GET.get("all"):
        return listing.rows(request)
    keys = {numbers.row(value) for value in request.GET.getlist("id")}
    people = listing.scope(request.user).filter(pk__in=keys - {None})
    if None in keys or people.count() != len(keys):
        raise Http404
    return people


@ADMINS
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_workers(request: Asking) -> HttpResponse:
    """Says what an act would do to how many people and asks for what it needs; then does it."""
    people, back = picked(request), list_url("workers", views.kept_part(request.GET))
    act = acts.ACTS.get(request.GET.get("act", ""))
    outlook = act.outlook(people) if act else acts.Outlook(0)
    if act is None or not (outlook.can or outlook.cannot):
        messages.error(request, _("请先勾选网格员，再选要办的事。"))
        return redirect(back)
    form: Any = act.form(request.POST or None, today=timezone.localdate(request.now))
    if request.method == "POST" and still_so(request, outlook) and form.is_valid():
        keys = list(people.order_by("township__code", "number").values_list("pk", flat=True))
        try:
            batch = records.begin(act, keys, act_forms.values_of(form), by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error(refusal.code if refusal.code in form.fields else None, refusal.sentence)
        else:
            return told(request, batch, back)
    names = list(people.order_by("township__code", "number").values_list("name", flat=True)[:NAMED])
    context = {"act": act, "form": form, "outlook": outlook, "names": names, "back": back}
    return render(request, "roster/cms_act.html", {**context, "page_title": act.label, "page_subtitle": _("批量操作")})


def still_so(request: Asking, outlook: acts.Outlook) -> bool:
    """Whether the number that was confirmed is still the number it would be done to."""
    if request.POST.get("count") == str(outlook.can):
        return True
    messages.error(request, _("你打开这一页以后，人数变了。请看过现在的人数，再确认一次。"))
    return False


def told(request: Asking, batch: Batch, back: str) -> HttpResponse:
    """Back to the list with what was done and the way to undo it; to the batch where it goes on, or where somebody was passed over."""
    where = reverse("batch", args=[batch.pk])
    if records.under_way(batch) or records.kept(batch)["passed"]:
        return redirect(where)
    said = {"act": records.title_of(batch), "n": batch.count}
    messages.success(request, _("%(act)s：已办 %(n)d 人。") % said, buttons=[messages.button(where, _("查看或撤回"))])
    return redirect(back)


# --- the record -------------------------------------------------------------------------------------------------------


def seen_by(request: Asking) -> QuerySet[Batch]:
    """One's own acts; a city admin sees everybody's."""
    found = Batch.objects.filter(listing="workers").select_related("actor", "undone_by")
    return found if reach.has(request.user, Role.CITY_ADMIN) else found.filter(actor=request.user)


@ADMINS
@require_safe
def batches(request: Asking) -> HttpResponse:
    page = Paginator(seen_by(request), 30).get_page(request.GET.get("page"))
    rows = [(batch, records.title_of(batch)) for batch in page]
    context = {"page": page, "rows": rows, "page_title": _("批量操作记录")}
    return render(request, "roster/cms_batches.html", context)


@ADMINS
@require_safe
def batch(request: Asking, batch: int) -> HttpResponse:
    found = get_object_or_404(seen_by(request), pk=batch)
    act, done = acts.ACTS.get(found.kind), records.kept(found)
    people = act.reached(found).filter(pk__in=reach.workers(request.user)) if act else Worker.objects.none()
    context = {
        "batch": found,
        "job": records.job_of(found),
        "under_way": records.under_way(found),
        "undoing": bool(done.get("undo")),
        "told": act.told(done["values"]) if act else [],
        "passed": passed_over(request, done.get("passed", [])),
        "page": Paginator(people.select_related("township").order_by("number"), 50).get_page(request.GET.get("page")),
        "page_title": records.title_of(found),
        "page_subtitle": _("批量操作"),
    }
    return render(request, "roster/cms_batch.html", context)


def passed_over(request: Asking, passed: list[tuple[int | None, str]]) -> list[str]:
    """Why some were passed over; of who is out of reach by now, not even the name."""
    reached = set(
        reach.workers(request.user).filter(pk__in=[pk for pk, _said in passed if pk]).values_list("pk", flat=True)
    )
    return [sentence for pk, sentence in passed if pk is None or pk in reached]


@ADMINS
@require_POST
def undo_batch(request: Asking, batch: int) -> HttpResponse:
    found = get_object_or_404(seen_by(request), pk=batch)
    try:
        found = records.undo(found, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        if found.undone_at:
            messages.success(request, _("已撤回，%(n)d 人恢复到办理以前。") % {"n": found.count})
    return redirect("batch", found.pk)

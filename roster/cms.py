"""Back-office screens of the roster that are not plain lists: first passwords."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from lms.refusal import Refused
from roster import passwords, reach
from roster.models import Level, PasswordSheet, TerritoryQuerySet, WorkerState

ADMINS = reach.only(*reach.ADMINS)


def townships(request: HttpRequest) -> TerritoryQuerySet:
    """Townships within reach that have workers, with how many of them still wait for a password of their own."""
    waiting = Q(workers__state=WorkerState.ACTIVE) & (
        Q(workers__user=None) | Q(workers__user__must_change_password=True)
    )
    return (
        reach.territories(request.user)  # type: ignore[arg-type]
        .filter(level=Level.TOWNSHIP, workers__isnull=False)
        .select_related("parent")
        .annotate(waiting=Count("workers", filter=waiting, distinct=True), people=Count("workers", distinct=True))
        .order_by("code")
    )


@ADMINS
@require_safe
def password_sheets(request: HttpRequest) -> HttpResponse:
    sheets = PasswordSheet.objects.filter(township__in=reach.territories(request.user)).select_related(  # type: ignore[arg-type]
        "township", "made_by", "job"
    )
    page = Paginator(townships(request), 30).get_page(request.GET.get("page"))
    context = {"page": page, "sheets": sheets[:20], "page_title": _("首次密码")}
    return render(request, "roster/cms_passwords.html", context)


@ADMINS
@require_POST
def prepare_passwords(request: HttpRequest) -> HttpResponse:
    township = get_object_or_404(townships(request), pk=request.POST.get("township"))
    try:
        sheet = passwords.prepare(township, by=request.user, now=request.now)  # type: ignore[arg-type, attr-defined]
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("password_sheets")
    return redirect("password_sheet", sheet.pk)


@ADMINS
@never_cache
@require_safe
def password_sheet(request: HttpRequest, sheet: int) -> HttpResponse:
    found = mine(request, sheet)
    context = {"sheet": found, "job": found.job, "page_title": _("首次密码"), "page_subtitle": found.township.name}
    return render(request, "roster/cms_password_sheet.html", context)


@ADMINS
@never_cache
@require_POST
def open_passwords(request: HttpRequest, sheet: int) -> HttpResponse:
    found = mine(request, sheet)
    try:
        slips = passwords.open_once(found, by=request.user, now=request.now)  # type: ignore[arg-type, attr-defined]
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("password_sheet", sheet)
    return render(request, "roster/password_slips.html", {"sheet": found, "slips": slips})


def mine(request: HttpRequest, sheet: int) -> PasswordSheet:
    """A sheet that this admin made, in a township still within reach: nobody else's sealed passwords."""
    sheets = PasswordSheet.objects.select_related("township", "job").filter(made_by=request.user)
    return get_object_or_404(sheets.filter(township__in=reach.territories(request.user)), pk=sheet)  # type: ignore[arg-type]

"""Back-office screens of the roster that are not plain lists: first passwords."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms import numbers
from lms.refusal import Refused
from roster import passwords, reach
from roster.asking import Asking
from roster.models import Duty, Level, PasswordSheet, TerritoryQuerySet, User, Worker
from roster.signin_forms import IdentityForm

ADMINS = reach.only(Duty.ACCOUNTS)


def townships(request: Asking) -> TerritoryQuerySet:
    """Townships within reach that have workers, with how many of them still wait for a password of their own."""
    here = Worker.objects.filter(township=OuterRef("pk")).values("township")
    active, waiting = passwords.WITH_ACCOUNT, passwords.WAITING
    return (
        reach.territories(request.user)
        .filter(level=Level.TOWNSHIP, workers__isnull=False)
        .distinct()
        .select_related("parent")
        .annotate(
            waiting=Subquery(here.filter(waiting).annotate(n=Count("pk")).values("n")),
            people=Subquery(here.filter(active).annotate(n=Count("pk")).values("n")),
        )
        .order_by("code")
    )


def waiting_within(user: User) -> int:
    """How many workers within reach have no password of their own yet."""
    return reach.workers(user, Duty.ACCOUNTS).filter(passwords.WAITING).count()


@ADMINS
@require_safe
def password_sheets(request: Asking) -> HttpResponse:
    sheets = PasswordSheet.objects.filter(township__in=reach.territories(request.user)).select_related(
        "township", "made_by", "job"
    )
    page = Paginator(townships(request), 30).get_page(request.GET.get("page"))
    context = {"page": page, "sheets": sheets[:20], "page_title": _("首次密码")}
    return render(request, "roster/cms_passwords.html", context)


@ADMINS
@require_POST
def prepare_passwords(request: Asking) -> HttpResponse:
    township = get_object_or_404(townships(request), pk=numbers.row(request.POST.get("township", "")))
    again = [pk for pk in map(numbers.row, request.POST.getlist("again")) if pk is not None]
    if "chosen" in request.POST and not again:
        messages.error(request, _("请先勾选要重新发的人。"))
        return redirect("password_sheets")
    try:
        sheet = passwords.prepare(township, by=request.user, now=request.now, again=again or None)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("password_sheets")
    return redirect("password_sheet", sheet.pk)


@ADMINS
@never_cache
@require_safe
def password_sheet(request: Asking, sheet: int) -> HttpResponse:
    found = mine(request, sheet)
    people = passwords.progress(found, now=request.now) if found.slips is not None else []
    counts = Counter(became for _worker, became in people)
    context = {
        "sheet": found,
        "job": found.job,
        "people": people,
        "own": counts["own"],
        "unused": counts["unused"] + counts["expired"] + counts["entered"],
        "page_title": _("首次密码"),
        "page_subtitle": found.township.name,
    }
    return render(request, "roster/cms_password_sheet.html", context)


@ADMINS
@never_cache
@require_POST
def open_passwords(request: Asking, sheet: int) -> HttpResponse:
    found = mine(request, sheet)
    try:
        slips = passwords.open_once(found, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("password_sheet", sheet)
    context = {"slips": slips, "place": found.township.name, "expires": found.expires_at, "back": "password_sheets"}
    return render(request, "roster/password_slips.html", {**context, "site": settings.SITE_URL})


@ADMINS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset_worker(request: Asking, worker: int) -> HttpResponse:
    """A new first password for a worker who forgot theirs and stands before the admin."""
    found = get_object_or_404(reach.workers(request.user).exclude(user=None), pk=worker)
    account: Any = found.user
    form = IdentityForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            slip = passwords.reissue(account, by=request.user, now=request.now, proof=form.cleaned_data["proof"])
            return hand_over(request, slip, back="workers:index")
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect("workers:inspect", found.pk)
    context = {"person": found, "form": form, "back": "workers:index", "page_title": _("重新发放密码")}
    return render(request, "roster/cms_reissue.html", context)


def hand_over(request: Asking, slip: passwords.Slip, *, back: str) -> HttpResponse:
    """The one time a password is shown: in the answer to the form that made it, never under an address of its own."""
    expires = passwords.expiry(request.now)
    context = {"slips": [slip], "expires": expires, "back": back, "site": settings.SITE_URL}
    return render(request, "roster/password_slips.html", context)


def mine(request: Asking, sheet: int) -> PasswordSheet:
    """A sheet that this admin made, in a township still within reach: nobody else's sealed passwords."""
    sheets = PasswordSheet.objects.select_related("township", "job").filter(made_by=request.user)
    return get_object_or_404(sheets.filter(township__in=reach.territories(request.user)), pk=sheet)

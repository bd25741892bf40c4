"""Back-office screens of a worker's file: changing it, and the corrections that workers ask for."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from lms.refusal import Refused
from roster import corrections, fields, files, reach, unmasking
from roster.asking import Asking
from roster.cms_life import blame, mine
from roster.file_forms import DecideForm, FileForm
from roster.models import Correction, CorrectionState, Duty, Employment

ADMINS = reach.only(Duty.ROSTER)
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@ADMINS
@never_cache
@read_or_post
def change(request: Asking, worker: int) -> HttpResponse:
    """Change the file by hand, with a reason."""
    found = mine(request, worker)
    unmasking.opened(found, by=request.user, now=request.now)
    ladder = (
        set() if found.employment == Employment.PART_TIME and not (found.post_id or found.step) else {"post", "step"}
    )
    named = set(fields.FIELDS) - {"post", "step"} | ladder
    open_to = {name for name in named if files.may_change(request.user, found, name)}
    form = FileForm(request.POST or None, worker=found, open_to=open_to)
    if request.method == "POST" and form.is_valid():
        said: dict[str, Any] = {"reason": form.cleaned_data["reason"], "seen": form.cleaned_data["seen"]}
        try:
            changed = files.change(found, form.new(), source="file", by=request.user, now=request.now, **said)
        except Refused as refusal:
            blame(form, refusal)
        else:
            done = _("%s的资料改好了，改前的内容留在档案里。") if changed else _("%s的资料没有变化。")
            messages.success(request, done % (changed.worker.name if changed else found.name))
            return redirect("workers:inspect", found.pk)
    context = {"form": form, "worker": found, "reserved": sorted(map(fields.label, named - open_to))}
    return render(request, "roster/cms_change.html", {**context, "page_title": _("更改资料")})


@ADMINS
@require_safe
def waiting(request: Asking) -> HttpResponse:
    """What workers have asked for, the oldest first; or what has been decided, the newest first."""
    decided = request.GET.get("show") == "decided"
    rows = corrections.visible_to(request.user)
    open_ones = rows.filter(state=CorrectionState.WAITING)
    rows = (
        rows.exclude(state=CorrectionState.WAITING).order_by("-decided_at")
        if decided
        else open_ones.order_by("asked_at")
    )
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [described(row) for row in page], "decided": decided, "waiting": open_ones.count()}
    return render(request, "roster/cms_corrections.html", {**context, "page_title": _("更正申请")})


def described(row: Correction, names: dict[tuple[str, Any], str] | None = None) -> dict[str, Any]:
    """A request in words, numbers masked."""
    if names is None and row.field == "post":
        names = files.names_of((row.field, int(text)) for text in (row.held, row.proposed) if text)
    held, proposed = fields.told(row.field, row.held, names), fields.told(row.field, row.proposed, names)
    return {"row": row, "label": fields.label(row.field), "held": held, "proposed": proposed}


@ADMINS
@read_or_post
def decide(request: Asking, correction: int) -> HttpResponse:
    found = get_object_or_404(corrections.visible_to(request.user), pk=correction)
    form = DecideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        verb = corrections.accept if form.cleaned_data["decision"] == "accept" else corrections.refuse
        try:
            verb(found, reason=form.cleaned_data["reason"], by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error("reason" if refusal.code == "reason" else None, refusal.sentence)
        else:
            messages.success(request, _("%s的申请处理好了，本人能看到结果和理由。") % found.worker.name)
            return redirect("corrections")
    context = {**described(found), "form": form, "may": corrections.may_decide(request.user, found)}
    return render(request, "roster/cms_correction.html", {**context, "page_title": _("处理更正申请")})

"""The worker's own file on the phone: all that is held about them, and what they say is wrong in it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.refusal import Refused
from roster import certificates, corrections, fields, files, reach
from roster.asking import Asking
from roster.cms_file import described
from roster.file_forms import GROUPS, CorrectionForm
from roster.models import CorrectionState, Worker
from roster.timeline import Life


@never_cache
@require_safe
def show(request: Asking) -> HttpResponse:
    worker = reach.worker_of(request)
    asked = list(worker.corrections.all()[:20])
    waiting = {row.field for row in asked if row.state == CorrectionState.WAITING}
    life = Life.of(worker)
    context = {
        "worker": worker,
        "groups": groups(worker, waiting),
        "listed": fields.listed(worker),
        "postings": [posting for posting in life.postings if posting.until is None],
        "events": life.events(reader=None),
        "asked": [described(row) for row in asked],
        "certificate": certificates.standing(worker, today=timezone.localdate(request.now)),
    }
    return render(request, "roster/my_file.html", context)


def groups(worker: Worker, waiting: set[str]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Every field in words, with whether a correction of it waits. Posts and steps are the full-time workers' alone."""
    names = files.names_of([("post", worker.post_id)])
    found = []
    for title, group in GROUPS:
        rows = [
            {
                "name": name,
                "label": fields.label(name),
                "shown": fields.shown(name, fields.value_of(worker, name), names),
                "empty": fields.value_of(worker, name) in (None, ""),
                "waiting": name in waiting,
            }
            for name in group
            if name in questionable(worker)
        ]
        if rows:
            found.append((title, rows))
    return found


def questionable(worker: Worker) -> set[str]:
    """The fields that this worker may ask to be put right."""
    return set(fields.FIELDS) - (set() if worker.employment == "fulltime" else {"post", "step"})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: Asking, field: str) -> HttpResponse:
    worker = reach.worker_of(request)
    if field not in questionable(worker):
        raise Http404
    form = CorrectionForm(request.POST or None, field=field)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            corrections.ask(worker, field, proposed=data["proposed"], note=data["note"], now=request.now)
        except Refused as refusal:
            form.add_error("proposed" if refusal.code else None, refusal.sentence)
        else:
            messages.success(request, _("申请交上去了，管理员核对后你会在这里看到结果。"))
            return redirect("my_file")
    held = fields.value_of(worker, field)
    shown = fields.shown(field, held, files.names_of([(field, held)]) if field == "post" else None)
    context = {"form": form, "label": fields.label(field), "held": shown, "reserved": field in files.RESERVED}
    context["waiting"] = worker.corrections.filter(field=field, state=CorrectionState.WAITING).first()
    return render(request, "roster/correct.html", context)


@require_POST
def withdraw(request: Asking, correction: int) -> HttpResponse:
    found = get_object_or_404(reach.worker_of(request).corrections, pk=correction)
    try:
        corrections.withdraw(found, now=request.now)
        messages.success(request, _("申请撤回了，档案没有变化。"))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("my_file")

"""Back-office screens of a worker's service: a step, its document, taking it back, someone about to be employed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from lms import audit, numbers
from lms.refusal import Refused
from roster import consequences, reach, scans, service, steps
from roster.asking import Asking
from roster.employment import Person
from roster.models import Duty, Level, Step, StepKind, Worker
from roster.standing import may_take, name_of, newest_step
from roster.step_forms import ProposeForm, StepForm, TakeBackForm

ADMINS = reach.only(Duty.ROSTER)
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


def mine(request: Asking, worker: int) -> Worker:
    within = reach.workers(request.user).select_related("township__parent", "user")
    return get_object_or_404(within, pk=worker)


def blame(form: forms.Form, refusal: Refused) -> None:
    """Put a refusal beside the field that it is about, else above the form."""
    form.add_error(refusal.code if refusal.code in form.fields else None, refusal.sentence)


@ADMINS
@read_or_post
def step(request: Asking, worker: int, kind: str) -> HttpResponse:
    """One step of one worker: what it will bring about, and what has to be said."""
    found = mine(request, worker)
    if kind not in steps.TRANSITIONS or kind == StepKind.PROPOSE:
        raise Http404
    if not may_take(request.user, kind, found):
        raise PermissionDenied
    newest, today = newest_step(found), timezone.localdate(request.now)
    shown: dict[str, Any] = {"kind": kind, "state": found.state, "today": today}
    initial = {"seen": newest.pk if newest else 0}
    form = StepForm(request.POST or None, request.FILES or None, initial=initial, **shown)
    if request.method == "POST" and form.is_valid():
        try:
            service.take_step(found, kind, **form.cleaned_data, by=request.user, now=request.now)
        except Refused as refusal:
            blame(form, refusal)
        else:
            messages.success(request, _("%(name)s的“%(kind)s”办好了。") % {"name": found.name, "kind": name_of(kind)})
            return redirect("workers:inspect", found.pk)
    context = {"form": form, "worker": found, "kind": name_of(kind), "page_title": name_of(kind)}
    context["possible"] = kind in steps.possible(found.state)
    context["consequences"] = consequences.of(found, kind) if context["possible"] else []
    context["ending"] = kind in steps.CLOSING
    return render(request, "roster/cms_step.html", context)


@ADMINS
@read_or_post
def take_back(request: Asking, worker: int) -> HttpResponse:
    """Take back the newest step; what stands in the way is said before and after."""
    found = mine(request, worker)
    newest = newest_step(found)
    if newest is None:
        messages.info(request, _("%s没有可以撤回的办理。") % found.name)
        return redirect("workers:inspect", found.pk)
    if not may_take(request.user, newest.kind, found):
        raise PermissionDenied
    form = TakeBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = get_object_or_404(Step, worker=found, pk=numbers.row(request.POST.get("step", "")))
            service.take_back(asked, note=form.cleaned_data["note"], by=request.user, now=request.now)
        except Refused as refusal:
            blame(form, refusal)
        else:
            said = {"name": found.name, "kind": newest.get_kind_display()}
            messages.success(request, _("%(name)s的“%(kind)s”撤回了，一切恢复到办理以前。") % said)
            return redirect("workers:inspect", found.pk)
    context = {"form": form, "worker": found, "step": newest, "page_title": _("撤回上一步")}
    return render(request, "roster/cms_take_back.html", context)


@ADMINS
@never_cache
@require_safe
def scan(request: Asking, step: int) -> HttpResponse:
    """The document behind a step, opened for whoever reaches the worker; each opening is noted."""
    found = get_object_or_404(Step.objects.exclude(scan=""), worker__in=reach.workers(request.user), pk=step)
    data, kind = scans.opened(str(found.scan.name))
    audit.note("scan.opened", now=request.now, actor=request.user, subject=found)
    response = HttpResponse(data, content_type=kind)
    name, way = ("document.pdf", "attachment") if kind == "application/pdf" else ("document.jpg", "inline")
    response.headers["Content-Disposition"] = f'{way}; filename="{name}"'
    return response


@ADMINS
@never_cache
@read_or_post
def propose(request: Asking) -> HttpResponse:
    """A file for someone about to be employed."""
    within = reach.territories(request.user).current().filter(level=Level.TOWNSHIP)
    today = timezone.localdate(request.now)
    townships = within.select_related("parent").order_by("code")
    form = ProposeForm(request.POST or None, request.FILES or None, within=townships, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            person = Person(**form.person())
            said = {name: form.cleaned_data[name] for name in ("on", "decided_by", "document", "note", "scan")}
            made = service.propose(
                person, **said, identity=form.cleaned_data["identity"], by=request.user, now=request.now
            )
        except Refused as refusal:
            blame(form, refusal)
        else:
            messages.success(request, _("%s的档案建好了，下一步是岗前培训。") % made.worker.name)
            return redirect("workers:inspect", made.worker_id)
    return render(request, "roster/cms_propose.html", {"form": form, "page_title": _("登记拟聘人员")})

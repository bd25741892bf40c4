"""Back-office screens of one attempt: what happened, what a proctor writes down, and what two people decide."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from exams.day import incidents
from exams.models import Attempt, Intervention
from exams.room import interventions, rooms, seats, story
from exams.room.room_forms import MeasureForm, NoteForm
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Duty

ADMINS = reach.only(Duty.EXAMS)


def reached(request: Asking, attempt: int) -> Attempt:
    found = rooms.within(request.user).select_related("exam__territory", "worker__township__parent")
    return get_object_or_404(found, pk=attempt)


@ADMINS
@never_cache
@require_safe
def sitter(request: Asking, attempt: int) -> HttpResponse:
    return page(request, reached(request, attempt))


def page(
    request: Asking, attempt: Attempt, *, note: NoteForm | None = None, measure: MeasureForm | None = None
) -> HttpResponse:
    line = seats.lines(seats.in_moods(Attempt.objects.filter(pk=attempt.pk), now=request.now)).get()
    line.exam = attempt.exam
    context: dict[str, Any] = {
        "attempt": attempt,
        "exam": attempt.exam,
        "person": seats.Person(line, request.now),
        "events": story.events(attempt),
        "bars": story.bars(attempt),
        "answered": attempt.answers.exclude(value="").count(),
        "waiting": attempt.interventions.filter(agreed=None).select_related("asked_by").order_by("pk"),
        "own": attempt.worker.user_id == request.user.pk,
        "note_form": note or NoteForm(prefix="note"),
        "measure_form": measure or MeasureForm(prefix="ask"),
        "page_title": attempt.worker.name,
        "page_subtitle": attempt.exam.title,
        "header_icon": "user",
    }
    return render(request, "exams/cms_sitter.html", context, status=422 if note or measure else 200)


@ADMINS
@require_POST
def note(request: Asking, attempt: int) -> HttpResponse:
    found = reached(request, attempt)
    form = NoteForm(request.POST, prefix="note")
    if not form.is_valid():
        return page(request, found, note=form)
    incidents.note(found, text=form.cleaned_data["text"], by=request.user, now=request.now)
    messages.success(request, _("已记下。"))
    return redirect("exam_sitter", found.pk)


@ADMINS
@require_POST
def ask(request: Asking, attempt: int) -> HttpResponse:
    """Ask for closing or voiding; another person decides."""
    found = reached(request, attempt)
    form = MeasureForm(request.POST, prefix="ask")
    if form.is_valid():
        try:
            interventions.ask(found, **form.cleaned_data, by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error("reason", refusal.sentence)
        else:
            messages.success(request, _("已提出，等另一名管得到这个人的管理员决定。"))
            return redirect("exam_sitter", found.pk)
    return page(request, found, measure=form)


@ADMINS
@require_POST
def decide(request: Asking, intervention: int) -> HttpResponse:
    open_ = Intervention.objects.filter(attempt__in=rooms.within(request.user))
    asked = get_object_or_404(open_, pk=intervention)
    agreed = request.POST.get("agreed") == "1"
    try:
        interventions.decide(asked, agreed=agreed, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("已同意并办理。") if agreed else _("已记为不同意。"))
    return redirect("exam_sitter", asked.attempt_id)

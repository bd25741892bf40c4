"""What a worker sees of exams: the list, the entry page, the paper, the hand-in with its receipt, and the result."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exams import attempts, listing, saves, screens
from exams.forms import PledgeForm
from exams.models import Attempt, AttemptQuerySet, AttemptState
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking


def own(request: Asking) -> AttemptQuerySet:
    """The attempts of the worker who asks; anyone else's do not exist."""
    mine = Attempt.objects.filter(worker=reach.worker_of(request), exam__published_at__isnull=False)
    return mine.select_related("exam__territory")


def own_attempt(request: Asking, pk: int) -> Attempt:
    """One of them, closed on the spot if its time is over and the sweep has not been by yet."""
    attempt = get_object_or_404(own(request), pk=pk)
    attempt.worker = reach.worker_of(request)
    if attempt.state == AttemptState.SITTING and request.now >= attempt.ends_at:
        attempt = attempts.hand_in(attempt, now=request.now)
    return attempt


@require_safe
@never_cache
def exams(request: Asking) -> HttpResponse:
    mine = own(request).order_by("exam__closes_at")
    return render(request, "exams/list.html", listing.grouped(mine, now=request.now))


@require_safe
@never_cache
def exam(request: Asking, exam: int) -> HttpResponse:
    return entry_page(request, get_object_or_404(own(request), exam=exam), PledgeForm())


def entry_page(request: Asking, attempt: Attempt, form: PledgeForm, status: int = 200) -> HttpResponse:
    context = {"attempt": attempt, "exam": attempt.exam, "form": form, **listing.terms(attempt, now=request.now)}
    return render(request, "exams/entry.html", context, status=status)


@require_POST
def start(request: Asking, exam: int) -> HttpResponse:
    attempt = get_object_or_404(own(request), exam=exam)
    form = PledgeForm(request.POST)
    if attempt.state == AttemptState.DUE and not form.is_valid():
        return entry_page(request, attempt, form, status=422)
    try:
        attempts.start(attempt, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("exam", exam=exam)
    return redirect("attempt", attempt=attempt.pk)


@require_safe
@never_cache
def attempt(request: Asking, attempt: int) -> HttpResponse:
    found = own_attempt(request, attempt)
    if found.finished:
        return redirect("hand_in", attempt=found.pk)
    if found.state != AttemptState.SITTING:
        return redirect("exam", exam=found.exam_id)
    sheet = screens.sheet(found)
    context = {"attempt": found, "exam": found.exam, "sheet": sheet, "left": found.seconds_left(request.now)}
    return render(request, "exams/attempt.html", context)


@require_POST
def save(request: Asking, attempt: int) -> HttpResponse:
    """One address for both ways of answering: JSON from the script, the plain form where there is none."""
    worker = reach.worker_of(request)
    if request.content_type == "application/json":
        return saves.from_script(request, attempt, worker=worker)
    return saves.from_form(request, own_attempt(request, attempt))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def hand_in(request: Asking, attempt: int) -> HttpResponse:
    """Before: what is still open, and the question. After: the receipt, each time the same."""
    found = own_attempt(request, attempt)
    if found.state in {AttemptState.DUE, AttemptState.ABSENT}:
        return redirect("exam", exam=found.exam_id)
    if request.method == "POST":
        attempts.hand_in(found, now=request.now)
        return redirect("hand_in", attempt=found.pk)
    sheet = screens.sheet(found)
    context = {"attempt": found, "exam": found.exam, "sheet": sheet, "left": found.seconds_left(request.now)}
    if not found.finished:
        return render(request, "exams/check.html", context)
    return render(request, "exams/receipt.html", {**context, **listing.afterwards(found, now=request.now)})


@require_safe
@never_cache
def result(request: Asking, attempt: int) -> HttpResponse:
    """Marks, right answers and explanations, once the exam shows them and nothing is left to mark."""
    found = own_attempt(request, attempt)
    if not listing.afterwards(found, now=request.now)["shown"]:
        return redirect("hand_in" if found.finished else "exam", found.pk if found.finished else found.exam_id)
    sheet = screens.sheet(found, marked=True)
    return render(request, "exams/result.html", {"attempt": found, "exam": found.exam, "sheet": sheet})

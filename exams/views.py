"""What a worker sees of exams: the list, the entry page, the paper, the hand-in with its receipt, and the result."""

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from exams import attempts, lane, listing, passes, screens
from exams.forms import PledgeForm
from exams.models import Attempt, AttemptQuerySet, AttemptState
from roster import reach
from roster.asking import Asking


def own(request: Asking) -> AttemptQuerySet:
    """The attempts of the worker who asks; anyone else's do not exist."""
    mine = Attempt.objects.filter(worker=reach.worker_of(request), exam__published_at__isnull=False)
    return mine.select_related("exam__territory")


def newest(request: Asking, exam: int) -> Attempt:
    """The last of the asking worker's tries at an exam; 404 when there is none."""
    found = own(request).filter(exam=exam).order_by("-number").first()
    if found is None:
        raise Http404
    return found


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
    return entry_page(request, newest(request, exam))


def entry_page(request: Asking, attempt: Attempt) -> HttpResponse:
    unpledged = "pledge" in request.GET
    form = PledgeForm({} if unpledged else None, initial={"pledge": attempt.ready_at is not None})
    context = {"attempt": attempt, "exam": attempt.exam, "form": form, **listing.terms(attempt, now=request.now)}
    response = render(request, "exams/entry.html", context)
    return with_pass(request, response, attempt)


def with_pass(request: Asking, response: HttpResponse, attempt: Attempt) -> HttpResponse:
    """Let the fast lane know this person on this device, for an attempt that is still to be sat."""
    if attempt.state not in {AttemptState.DUE, AttemptState.SITTING}:
        return response
    device = passes.device_of(request) or passes.new_device()
    return passes.give(response, attempt, user=request.user.pk, device=device, now=request.now)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def attempt(request: Asking, attempt: int) -> HttpResponse:
    """The door to the paper: with a pass for this device, after asking when another device holds it."""
    found = own_attempt(request, attempt)
    if found.finished:
        return redirect("hand_in", attempt=found.pk)
    if found.state != AttemptState.SITTING:
        return redirect("exam", exam=found.exam_id)
    device = passes.device_of(request) or passes.new_device()
    if found.device not in {"", device} and request.method != "POST":
        return render(request, "exams/take_over.html", {"attempt": found, "exam": found.exam})
    attempts.take_over(found, device=device, now=request.now)
    to_paper = HttpResponseRedirect(f"{lane.PREFIX}{found.pk}/paper")
    return passes.give(to_paper, found, user=request.user.pk, device=device, now=request.now)


@csrf_exempt  # the lane looks at Origin and at its own pass
def in_lane(request: Asking, attempt: int, act: str) -> HttpResponse:
    """The fast lane where no `lms.wsgi` stands before Django: the same answers, only slower."""
    reply = lane.respond(request.environ)  # type: ignore[attr-defined]
    if reply.status == 303:
        return HttpResponseRedirect(dict(reply.more)["Location"], status=303)
    return HttpResponse(reply.body, status=reply.status, content_type=reply.kind, headers=dict(reply.more))


@require_safe
@never_cache
def hand_in(request: Asking, attempt: int) -> HttpResponse:
    """Before: what is still open, and the question. After: the receipt, each time the same."""
    found = own_attempt(request, attempt)
    if not (found.finished or found.state == AttemptState.SITTING):
        return redirect("exam", exam=found.exam_id)
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

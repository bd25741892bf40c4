"""What a worker sees of exams: the list, the entry page, the paper, the hand-in with its receipt, and the result."""

from pathlib import Path

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exams.before import showing
from exams.claims import late_screens
from exams.day import attempts, lane, late, passes, rescue_keys, warming
from exams.marks import tries
from exams.models import TRYOUT, Attempt, AttemptQuerySet, AttemptState, Picture
from exams.worker import entry, listing, receiptlist, screens, tryout
from exams.worker.forms import PledgeForm
from lms.compiled import Compiled, Given
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Worker


def own(worker: Worker | Given) -> AttemptQuerySet:
    """The attempts of the worker who asks; anyone else's do not exist."""
    return Attempt.objects.filter(worker=worker, exam__published_at__isnull=False).select_related("exam__territory")


# of the pages that everybody asks for at the bell
NEWEST = Compiled(
    lambda: own(Given("worker")).filter(exam=Given("exam")).order_by("-number").defer("paper", "flags")[:1]
)
ONE = Compiled(lambda: own(Given("worker")).filter(pk=Given("attempt")))


def asked(request: Asking, query: Compiled[Attempt], **which: int) -> Attempt:
    """The one of them that the query finds; 404 when there is none."""
    worker = reach.worker_of(request)
    found = query.first(worker=worker.pk, **which)
    if found is None:
        raise Http404
    found.worker = worker
    return found


def newest(request: Asking, exam: int) -> Attempt:
    """The last of the asking worker's tries at an exam; 404 when there is none."""
    return asked(request, NEWEST, exam=exam)


def own_attempt(request: Asking, pk: int) -> Attempt:
    """One of them, closed on the spot if its time is over, the sweep has not been by, and no phone may still come back with answers."""
    attempt = asked(request, ONE, attempt=pk)
    over = attempt.state == AttemptState.SITTING and request.now >= attempt.ends_at
    if over and not late.waits_until(attempt, now=request.now):
        attempt = attempts.hand_in(attempt, now=request.now)
    return attempt


@require_safe
@never_cache
def exams(request: Asking) -> HttpResponse:
    mine = own(reach.worker_of(request)).exclude(exam__seed=TRYOUT).order_by("exam__closes_at", "number")
    return render(request, "exams/list.html", listing.grouped(mine, now=request.now))


@require_safe
@never_cache
def exam(request: Asking, exam: int) -> HttpResponse:
    return entry_page(request, newest(request, exam))


def entry_page(request: Asking, attempt: Attempt, form: PledgeForm | None = None) -> HttpResponse:
    warming.ahead(attempt.exam_id, opens=attempt.opens, now=request.now)
    form = form or PledgeForm({} if "pledge" in request.GET else None)
    context = {"attempt": attempt, "exam": attempt.exam, "form": form, **entry.terms(attempt, now=request.now)}
    response = render(request, "exams/entry.html", context, status=422 if request.method == "POST" else 200)
    return with_pass(request, response, attempt)


@require_POST
@never_cache
def ready(request: Asking, exam: int) -> HttpResponse:
    """The rules are accepted before the bell; from then on one tap begins."""
    found, form = newest(request, exam), PledgeForm(request.POST)
    if not form.is_valid():
        return entry_page(request, found, form)
    try:
        entry.accept(found, now=request.now)
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("exam", exam)


@require_safe
@never_cache
def clock(request: Asking, exam: int) -> HttpResponse:
    """Seconds to the bell, for the page that waits."""
    attempt = newest(request, exam)
    warming.ahead(exam, opens=attempt.opens, now=request.now)
    return JsonResponse(entry.clock(attempt, now=request.now))


@require_POST
@never_cache
def again(request: Asking, attempt: int) -> HttpResponse:
    """The next try, ready to be begun."""
    found = own_attempt(request, attempt)
    try:
        tries.again(found, now=request.now)
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("hand_in" if found.receipt else "exam", found.pk if found.receipt else found.exam_id)
    return redirect("exam", found.exam_id)


@require_POST
@never_cache
def try_out(request: Asking) -> HttpResponse:
    """A mock paper of three questions on this device, to try the screen."""
    device = passes.device_of(request) or passes.new_device()
    try:
        begun = tryout.begin(reach.worker_of(request), now=request.now, device=device)
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("exams")
    to_paper = HttpResponseRedirect(f"{lane.PREFIX}{begun.pk}/paper")
    return passes.give(to_paper, begun, user=request.user, device=device, now=request.now)


def with_pass(request: Asking, response: HttpResponse, attempt: Attempt) -> HttpResponse:
    """Let the fast lane know this person on this device, for an attempt that is still to be sat."""
    if attempt.state not in {AttemptState.DUE, AttemptState.SITTING}:
        return response
    device = passes.device_of(request) or passes.new_device()
    return passes.give(response, attempt, user=request.user, device=device, now=request.now)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def attempt(request: Asking, attempt: int) -> HttpResponse:
    """The door to the paper: with a pass for this device, after asking when another device holds it."""
    found = own_attempt(request, attempt)
    if found.finished or late.waits_until(found, now=request.now):
        return redirect("hand_in", attempt=found.pk)
    if found.state != AttemptState.SITTING:
        return redirect("exam", exam=found.exam_id)
    device = passes.device_of(request) or passes.new_device()
    if found.device not in {"", device} and request.method != "POST":
        return render(request, "exams/take_over.html", {"attempt": found, "exam": found.exam})
    attempts.take_over(found, device=device, now=request.now)
    to_paper = HttpResponseRedirect(f"{lane.PREFIX}{found.pk}/paper")
    return passes.give(to_paper, found, user=request.user, device=device, now=request.now)


@csrf_exempt  # the lane looks at Origin and at its own pass
def in_lane(request: Asking, attempt: int, act: str) -> HttpResponse:
    """The fast lane where no `lms.wsgi` stands before Django: the same answers, only slower."""
    reply = lane.respond(request.environ)  # type: ignore[attr-defined]
    headers = dict(reply.more)
    if reply.status == 303:
        return HttpResponseRedirect(headers.pop("Location"), status=303, headers=headers)
    return HttpResponse(reply.body, status=reply.status, content_type=reply.kind, headers=headers)


@require_safe
@never_cache
def hand_in(request: Asking, attempt: int) -> HttpResponse:
    """Before: what is still open, and the question. After: the receipt, each time the same."""
    found = own_attempt(request, attempt)
    if found.state != AttemptState.SITTING and not found.receipt:
        return redirect("exam", exam=found.exam_id)
    if found.state != AttemptState.SITTING:
        return receipt(request, found)
    sheet = screens.sheet(found)
    context = {"attempt": found, "exam": found.exam, "sheet": sheet, "left": found.seconds_left(request.now)}
    if until := late.waits_until(found, now=request.now):
        here = passes.device_of(request) == found.device
        page = render(request, "exams/waits.html", {**context, "until": until, "here": here})
        return with_pass(request, page, found)
    return render(request, "exams/check.html", context)


def receipt(request: Asking, attempt: Attempt) -> HttpResponse:
    """Of an attempt that was handed in, however its hand-in came about."""
    context = {"attempt": attempt, "exam": attempt.exam, "sheet": screens.done(attempt)}
    token = rescue_keys.token(attempt.pk, passes.device_of(request))
    context |= {"late": late_screens.told(attempt), "token": token, "rescue_key": rescue_keys.public_key()}
    return render(request, "exams/receipt.html", {**context, **listing.afterwards(attempt, now=request.now)})


@require_safe
@never_cache
def receipt_list(request: Asking, attempt: int) -> HttpResponse:
    """After the hand-in: each save that counted, with its time and code."""
    found = own_attempt(request, attempt)
    if not found.receipt:
        return redirect("hand_in", attempt=found.pk)
    context = {"attempt": found, "exam": found.exam, "questions": receiptlist.of(found)}
    return render(request, "exams/receipts.html", context)


@require_safe
@never_cache
def result(request: Asking, attempt: int) -> HttpResponse:
    """Marks, right answers and explanations, once the exam shows them and nothing is left to mark."""
    found = own_attempt(request, attempt)
    if not listing.afterwards(found, now=request.now)["shown"]:
        return redirect("hand_in" if found.finished else "exam", found.pk if found.finished else found.exam_id)
    sheet = screens.sheet(found, marked=True)
    context = {"attempt": found, "exam": found.exam, "sheet": sheet, **listing.afterwards(found, now=request.now)}
    context["pictured"] = context["keyed"] and sheet.pictured
    return render(request, "exams/result.html", context)


@require_safe
def picture(request: Asking, attempt: int, key: str) -> HttpResponseBase:
    """A picture on the page of the result, for whom that page shows the questions. While one sits it comes by the fast lane."""
    found = own_attempt(request, attempt)
    after = listing.afterwards(found, now=request.now)
    if not (after["shown"] and after["keyed"]):
        raise Http404
    return showing.reply(
        request, get_object_or_404(Picture.objects.filter(items__exam=found.exam_id).distinct(), key=key)
    )


@require_safe
@cache_control(private=True, max_age=3600)
def worker(request: Asking) -> HttpResponse:
    """The service worker: at this address, because it may only keep pages below its own."""
    found = finders.find("js/exam-worker.js")
    assert found is not None
    script = Path(found).read_bytes()
    return HttpResponse(script, content_type="text/javascript", headers={"Service-Worker-Allowed": "/exams/"})


@require_safe
def offline(request: Asking) -> HttpResponse:
    """What the service worker shows where there is no network: nothing of anyone, the way back is found on the phone."""
    return render(request, "exams/offline.html")

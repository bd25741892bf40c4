from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exams.before import showing
from exams.models import Award
from lms import numbers
from lms.refusal import Refused
from mentors import desk, queue, script
from mentors.appointment import mentor_of
from mentors.forms import MarkForm
from mentors.models import Mentor
from roster.asking import Asking


def serving(request: Asking) -> Mentor:
    mentor = mentor_of(request)
    if mentor is None:
        raise Http404
    return mentor


@never_cache
@require_safe
def marking(request: Asking) -> HttpResponse:
    mentor, now = serving(request), request.now
    piles = desk.piles(mentor, now=now)
    mine = desk.done_this_year(mentor, now=now)
    context = {
        "mentor": mentor,
        "piles": piles,
        "left": sum(pile.left for pile in piles),
        "mine": mine,
        "hours": mine * queue.HOURS_EACH,
        "held": script.of(mentor).filter(done_at=None, expires_at__gt=now).first(),
        "after_my_own": desk.after_my_own(mentor, now=now),
        "recent": desk.recent(mentor, now=now),
    }
    return render(request, "mentors/desk.html", context)


@require_POST
def marking_next(request: Asking) -> HttpResponse:
    return on_to_next(request, serving(request))


def on_to_next(request: Asking, mentor: Mentor) -> HttpResponse:
    try:
        taken = queue.claim(mentor, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("home")
    if taken is None:
        messages.info(request, _("眼下没有等你评的答卷了，有新的会出现在首页。"))
        return redirect("marking")
    return redirect("marking_claim", key=taken.key)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def marking_claim(request: Asking, key: str) -> HttpResponse:
    mentor = serving(request)
    claim = script.of(mentor).filter(key=key).first()
    if claim is None:
        return render(request, "mentors/gone.html", status=404)
    if "give_back" in request.POST:
        queue.give_back(claim)
        messages.success(request, _("这份答卷已放回，会交给别的小教员评。"))
        return redirect("marking")
    form = MarkForm(request.POST if request.method == "POST" else None, count=len(claim.item.content["points"]))
    if request.method == "POST" and form.is_valid() and save(claim, form, request):
        return on_to_next(request, mentor)
    return render(request, "mentors/mark.html", sheet(claim, form, mentor, request))


@require_safe
def marking_picture(request: Asking, key: str) -> HttpResponseBase:
    """The picture of the question, for whose hands the answer is in."""
    claim = script.of(serving(request)).select_related("item__picture").filter(key=key).first()
    if claim is None or claim.item.picture is None:
        raise Http404
    return showing.reply(request, claim.item.picture)


def save(claim: Any, form: MarkForm, request: Asking) -> bool:
    given = form.cleaned_data
    try:
        queue.award(claim, points=given["points"], remark=given["remark"], now=request.now)
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return False
    return True


def sheet(claim: Any, form: MarkForm, mentor: Mentor, request: Asking) -> dict[str, Any]:
    """Everything the marking page shows; of the worker who wrote the answer it holds nothing."""
    now = request.now
    standing = Award.objects.filter(attempt=claim.attempt_id, item=claim.item_id, superseded=False).first()
    standing = standing if claim.done_at else None
    ticked = [entry["point"] for entry in standing.points] if standing else []
    if form.is_bound:
        sent = map(numbers.row, form.data.getlist("points"))  # type: ignore[attr-defined]
        ticked = [point for point in sent if point is not None]
    others = script.of(mentor).filter(done_at__isnull=False).exclude(pk=claim.pk)
    return {
        "form": form,
        "script": script.read(claim, ticked=ticked),
        "none": form.data.get("none") if form.is_bound else standing is not None and not ticked,
        "remark": form.data.get("remark", "") if form.is_bound else standing.remark if standing else "",
        "remarks": script.remarks(request.user, item_id=claim.item_id),
        "done": claim.done_at,
        "locked": claim.done_at and not script.changeable(claim, now=now),
        "late": claim.done_at is None and claim.expires_at <= now,
        "until": claim.expires_at,
        "mine": mentor.claims.filter(item=claim.item_id, done_at__isnull=False).count(),
        "left": queue.waiting(mentor, now=now).filter(item=claim.item_id).count() + (claim.done_at is None),
        "last": others.order_by("-done_at").first(),
    }

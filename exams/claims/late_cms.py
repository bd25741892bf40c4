"""Back-office screens of late answers: what waits of an exam, and the decision about one person's."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from exams.claims import deciding, late_screens
from exams.day import late
from exams.marks import tally
from exams.models import Attempt, AttemptQuerySet, AttemptState, Exam, LateDecision
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Duty, User

ADMINS = reach.only(Duty.EXAMS)
ACCEPT, REFUSE = "accept", "refuse"


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label=gettext_lazy("怎么处理"),
        choices=[
            (ACCEPT, gettext_lazy("计入：用迟到的答案代替现在的，重新算分")),
            (REFUSE, gettext_lazy("不计入：成绩按截止前保存的答案算")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选计入还是不计入。")},
    )
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=200,
        help_text=gettext_lazy("本人会看到。例如：监考记录写明该考点 10:40 起断网。"),
        error_messages={"required": gettext_lazy("请写明理由，本人和以后查的人都会看到。")},
    )
    seen = forms.CharField(widget=forms.HiddenInput)


def undecided(user: User, exam: Exam | None = None) -> AttemptQuerySet:
    """Attempts within reach that are closed and have late answers about which nobody has decided."""
    within = tally.attempts_within(user, exam).exclude(state=AttemptState.SITTING)
    return within.undecided(*late.KEPT)


def touching(request: Asking, exam: int) -> Exam:
    seen = Exam.objects.published().touching(reach.paths(request.user)).select_related("territory")
    return get_object_or_404(seen, pk=exam)


@ADMINS
@never_cache
@require_safe
def exam_late(request: Asking, exam: int) -> HttpResponse:
    """What waits of one exam, or what was decided."""
    found = touching(request, exam)
    decided, waiting = "decided" in request.GET.getlist("show"), undecided(request.user, found)
    past = LateDecision.objects.filter(attempt__in=tally.attempts_within(request.user, found))
    rows = past.select_related("attempt__worker__township", "by") if decided else people(waiting)
    order = ["-at"] if decided else ["finished_at", "pk"]
    page: Page[Any] = Paginator(rows.order_by(*order), 30).get_page(request.GET.get("page"))
    context = {
        "exam": found,
        "decided": decided,
        "waiting": waiting.count(),
        "page": page,
        "rows": page if decided else [late_screens.standing(one) for one in page],
        "page_title": _("迟到的答案"),
        "page_subtitle": found.title,
        "header_icon": "form",
    }
    return render(request, "exams/cms_late.html", context)


def people(attempts: AttemptQuerySet) -> AttemptQuerySet:
    return attempts.select_related("worker__township", "exam")


@ADMINS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def late_answers(request: Asking, exam: int, attempt: int) -> HttpResponse:
    """What one person's late answers would change; and the decision."""
    within = people(tally.attempts_within(request.user, touching(request, exam)))
    found = get_object_or_404(within, pk=attempt)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and decided(request, found, form):
        return redirect("exam_late", found.exam_id)
    context = {
        "attempt": found,
        "waits": late_screens.standing(found),
        "decisions": found.late_decisions.order_by("-at").select_related("by"),
        "form": form,
        "own": found.worker.user_id == request.user.pk,
        "page_title": _("%s的迟到答案") % found.worker.name,
        "page_subtitle": found.exam.title,
        "header_icon": "form",
    }
    return render(request, "exams/cms_late_one.html", context, status=422 if request.method == "POST" else 200)


def decided(request: Asking, attempt: Attempt, form: DecisionForm) -> bool:
    said = form.cleaned_data
    try:
        done = deciding.decide(
            attempt.pk,
            accept=said["decision"] == ACCEPT,
            reason=said["reason"],
            seen=moment(said["seen"]),
            by=request.user,
            now=request.now,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return False
    words = (
        _("已计入%(name)s的 %(n)d 题答案，成绩重新算过。")
        if done.accepted
        else _("已决定不计入%(name)s的 %(n)d 题答案。")
    )
    messages.success(request, words % {"name": attempt.worker.name, "n": done.answers})
    return True


def moment(text: str) -> datetime | None:
    """As the page wrote it, None for what no page of ours writes."""
    try:
        return parse_datetime(text)
    except ValueError:
        return None

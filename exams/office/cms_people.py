"""Back-office screens of who sits: the list of an exam by list, and the resit of one that is over."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from exams.before import drafts, listed
from exams.models import Exam
from exams.office.cms import SETTERS, settable
from exams.office.forms import NamesForm
from lms import jobs
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking

SHOWN = 50  # lines that did not go in


@SETTERS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def names(request: Asking, exam: int) -> HttpResponse:
    """Who is on the list, and more of them by their roster numbers; after publication they get papers at once."""
    found = get_object_or_404(settable(request).select_related("territory"), pk=exam, by_list=True)
    form = NamesForm(request.POST or None, request.FILES or None)
    outcome = added(request, found, form) if request.method == "POST" and form.is_valid() else None
    if outcome and outcome.added and not outcome.problems:
        return redirect("exam_names", found.pk)
    people = found.listed.select_related("worker__township").order_by("worker__township__code", "worker__number")
    context = {
        "exam": found,
        "form": form,
        "outcome": outcome,
        "problems": outcome.problems[:SHOWN] if outcome else [],
        "more": max(0, len(outcome.problems) - SHOWN) if outcome else 0,
        "page": Paginator(people, 100).get_page(request.GET.get("page")),
        "closed": found.published_at and request.now >= found.closes_at,
        "page_title": _("考试名单"),
        "page_subtitle": found.title,
        "header_icon": "group",
    }
    return render(request, "exams/cms_names.html", context, status=422 if request.method == "POST" else 200)


def added(request: Asking, exam: Exam, form: NamesForm) -> listed.Outcome | None:
    """Take the lines in, and say how many; of a published exam papers are drawn for the new ones."""
    try:
        outcome = listed.add(exam, form.lines, by=request.user, now=request.now)
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return None
    if outcome.added:
        text = _("名单上新加了 %(n)d 人。") % {"n": outcome.added}
        if exam.published_at:
            jobs.enqueue("exams.draw", owner=request.user, exam=exam.pk)
            text += _("正在给他们发卷。")
        messages.success(request, text)
    elif not outcome.problems:
        said = _("这些人都已经在名单上。") if outcome.known else _("请粘贴登录号，一行一个，或者选一个文本文件。")
        form.add_error(None, said)
    return outcome


@SETTERS
@require_POST
def drop_name(request: Asking, exam: int, worker: int) -> HttpResponse:
    found = get_object_or_404(settable(request), pk=exam, by_list=True)
    person = get_object_or_404(reach.workers(request.user, *drafts.SETTERS), pk=worker)
    try:
        listed.remove(found, person, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("已把%s移出名单。") % person.name)
    return redirect("exam_names", found.pk)


@SETTERS
@require_POST
def resit(request: Asking, exam: int) -> HttpResponse:
    """A draft of a resit, to be completed on the form."""
    found = get_object_or_404(settable(request), pk=exam)
    try:
        draft = drafts.resit(found, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("exam_state", found.pk)
    return redirect("edit_exam", draft.pk)

"""Back-office screens of exams: the list, writing one down, publishing it, and how it stands."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exams import tasks
from exams.before import candidates, drafts, papers
from exams.marks import resits, tally
from exams.models import Exam, ExamQuerySet
from exams.office.forms import USUAL, ExamForm, SectionFormSet, blank_exam
from lms import jobs
from lms.models import Job, JobState
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Duty, Level, TerritoryQuerySet

__all__ = ["tasks"]  # imported so that the work of drawing is known wherever it can be asked for

ADMINS = reach.only(Duty.EXAMS)
SETTERS = reach.only(*drafts.SETTERS)


def visible(request: Asking) -> ExamQuerySet:
    """Exams that concern this admin's people; drafts only for those who may set them."""
    touching = Exam.objects.ordinary().touching(reach.paths(request.user)).select_related("territory")
    return touching.published() | touching.filter(pk__in=settable(request))


def settable(request: Asking) -> ExamQuerySet:
    """Those whose whole territory this admin may set exams for."""
    return Exam.objects.ordinary().filter(territory__in=reach.territories(request.user, *drafts.SETTERS))


def places(request: Asking) -> TerritoryQuerySet:
    own = reach.territories(request.user, *drafts.SETTERS).current()
    return own.exclude(level=Level.COMMUNITY).select_related("parent").order_by("code")


@ADMINS
@require_safe
def exam_list(request: Asking) -> HttpResponse:
    page = Paginator(visible(request).order_by("-opens_at", "-pk"), 50).get_page(request.GET.get("page"))
    rows = tally.totals(request.user, list(page))
    context = {
        "page": page,
        "lines": [(exam, rows[exam.pk]) for exam in page],
        "may_set": reach.has(request.user, *drafts.SETTERS),
        "now": request.now,
        "page_title": _("考试"),
        "header_icon": "form",
    }
    return render(request, "exams/cms_exams.html", context)


@SETTERS
@require_http_methods(["GET", "HEAD", "POST"])
def new_exam(request: Asking) -> HttpResponse:
    return write(request, Exam(), initial=blank_exam(request.now), sections=USUAL)


@SETTERS
@require_http_methods(["GET", "HEAD", "POST"])
def edit_exam(request: Asking, exam: int) -> HttpResponse:
    found = get_object_or_404(settable(request), pk=exam)
    if found.published_at:
        messages.warning(request, _("这场考试已经发布，试卷不能再改；要改时间，请点“改考试时间”。"))
        return redirect("exam_state", found.pk)
    return write(request, found, initial={}, sections=found.sections)


def write(request: Asking, exam: Exam, *, initial: dict[str, Any], sections: list[dict]) -> HttpResponse:
    form = ExamForm(request.POST or None, instance=exam, initial=initial, within=places(request))
    rows: Any = SectionFormSet(request.POST or None, initial=sections, prefix="section")
    if request.method == "POST" and all([form.is_valid(), rows.is_valid()]):
        exam = form.save(commit=False)
        exam.sections, exam.results_at = rows.sections, form.cleaned_data["results_at"]
        try:
            drafts.save(exam, by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return redirect("exam_names" if exam.by_list and not exam.listed.exists() else "publish_exam", exam.pk)
    context = {
        "form": form,
        "rows": rows,
        "exam": exam,
        "page_title": exam.title or _("新建考试"),
        "header_icon": "form",
    }
    return render(request, "exams/cms_write.html", context, status=422 if request.method == "POST" else 200)


@SETTERS
@require_http_methods(["GET", "HEAD", "POST"])
def publish_exam(request: Asking, exam: int) -> HttpResponse:
    """What publishing would freeze and whom it concerns; then the act."""
    found = get_object_or_404(settable(request).select_related("territory", "resit_of"), pk=exam)
    if found.published_at:
        return redirect("exam_state", found.pk)
    if request.method == "POST" and published(found, request):
        return redirect("exam_state", found.pk)
    context = {
        "exam": found,
        "sections": papers.plan(found),
        "objections": papers.objections(found, now=request.now),
        "people": candidates.of(found).count(),
        "counts": resits.RULES.get(found.counts, ""),
        "other_year": found.resit_of and year(found.closes_at) != year(found.resit_of.closes_at),
        "page_title": _("发布前核对"),
        "page_subtitle": found.title,
        "header_icon": "form",
    }
    return render(request, "exams/cms_publish.html", context)


def year(moment: datetime) -> int:
    return timezone.localtime(moment).year


def published(exam: Exam, request: Asking) -> bool:
    """Publish and have the papers drawn; False when it is refused: the page then says why."""
    try:
        papers.publish(exam, by=request.user, now=request.now)
    except Refused:
        return False
    jobs.enqueue("exams.draw", owner=request.user, exam=exam.pk)
    messages.success(request, _("已发布，正在给每个人发卷。"))
    return True


@SETTERS
@require_POST
def drop_exam(request: Asking, exam: int) -> HttpResponse:
    found = get_object_or_404(settable(request), pk=exam)
    try:
        drafts.drop(found, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("exam_state", found.pk)
    messages.success(request, _("已删除“%s”。") % found.title)
    return redirect("exam_list")


@ADMINS
@never_cache
@require_safe
def exam_state(request: Asking, exam: int) -> HttpResponse:
    found = get_object_or_404(visible(request), pk=exam)
    if not found.published_at:
        return redirect("publish_exam", found.pk)
    rows, total = tally.by_place(request.user, found)
    receipt = request.GET.get("receipt", "").strip().upper()
    attempts = tally.attempts_within(request.user, found).select_related("worker__township")
    job = Job.objects.filter(kind="exams.draw", args__exam=found.pk).order_by("-pk").first()
    context = {
        "exam": found,
        "rows": rows,
        "total": total,
        "states": tally.labels(),
        "receipt": receipt,
        "attempt": attempts.filter(receipt=receipt).first() if receipt else None,
        "job": job if job and job.state != JobState.DONE else None,
        "headings": [papers.heading(place, section) for place, section in enumerate(found.sections)],
        "may_set": settable(request).filter(pk=found.pk).exists(),
        "movable": found.movable(request.now),
        "resits": found.resits.published().order_by("opens_at"),
        "counts": resits.RULES.get(found.counts, ""),
        "now": request.now,
        "page_title": found.title,
        "header_icon": "form",
    }
    return render(request, "exams/cms_state.html", context)

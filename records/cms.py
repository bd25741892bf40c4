"""The back office of the yearly assessment: rounds, their workers, one worker with the evidence, settlement, schemes."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Avg, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms import exported, exports_cms, jobs, numbers, workbooks
from lms.models import Job
from lms.refusal import Refused
from records import assessments, rounds, schemes, tasks
from records.forms import DraftForm, SettleForm
from records.models import Assessment, Round, Scheme
from records.views import evidence
from roster import reach, unmasking
from roster.asking import Asking
from roster.models import Duty, TerritoryQuerySet

__all__ = ["tasks"]  # imported so that the work of drafting is known wherever a draft can be asked for

ADMINS = reach.only(Duty.ASSESSMENT)


def counties(request: Asking) -> TerritoryQuerySet:
    """The counties this admin may draft and settle."""
    return reach.territories(request.user, *assessments.SETTLERS).counties()


@ADMINS
@require_safe
def index(request: Asking) -> HttpResponse:
    years = list(Scheme.objects.values_list("year", flat=True).distinct().order_by("-year"))
    asked = request.GET.get("year", "")
    year = numbers.row(asked) if numbers.row(asked) in years else (years[0] if years else None)
    context = {
        "years": years,
        "year": year,
        "rows": rounds.overview(request.user, year=year) if year else [],
        "may_draft": counties(request).exists(),
        "page_title": _("考核"),
        "header_icon": "list-ul",
    }
    return render(request, "records/cms_assessments.html", context)


@ADMINS
@require_POST
def draft(request: Asking) -> HttpResponse:
    form = DraftForm(request.POST, counties=counties(request))
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("assessments")
    county, scheme = form.cleaned_data["county"], form.cleaned_data["scheme"]
    try:
        assessments.check_open(scheme, county)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("assessments")
    job = jobs.enqueue("records.draft", owner=request.user, scheme=scheme.pk, county=county.pk, by=request.user.pk)
    return redirect("assessment_job", job.pk)


@ADMINS
@never_cache
@require_safe
def progress(request: Asking, job: int) -> HttpResponse:
    found = get_object_or_404(Job, pk=job, kind="records.draft", owner=request.user)
    done = Round.objects.filter(
        scheme=found.args["scheme"], county=found.args["county"], data_as_of=found.created_at
    ).first()
    if done:
        messages.success(request, _("初评做好了，请核对后审定。"))
        return redirect("assessment_round", done.pk)
    return render(request, "records/cms_progress.html", {"job": found, "page_title": _("正在初评")})


@ADMINS
@require_safe
def detail(request: Asking, pk: int) -> HttpResponse:
    held = mine(request, pk)
    people = rounds.people(request.user, held)
    grades = Counter(people.order_by().values_list("grade", flat=True))
    shown = filtered(people, request)
    limit, holding = assessments.excellent_quota(held)
    context = {
        "round": held,
        "page": Paginator(shown, 50).get_page(request.GET.get("page")),
        "grades": [(grade, grades[grade]) for grade in rounds.grades_of(held) if grades[grade]],
        "count": sum(grades.values()),
        "mean": people.order_by().aggregate(mean=Avg("score"))["mean"],
        "townships": rounds.townships(people),
        "quota": limit,
        "holding": holding,
        "versions": Round.objects.filter(scheme=held.scheme_id, county=held.county_id).order_by("-version"),
        "may_settle": reach.covers(request.user, held.county, *assessments.SETTLERS),
        "newest": rounds.is_newest(held),
        "page_title": held.county.name,
        "page_subtitle": held.scheme.name,
    }
    return render(request, "records/cms_round.html", context)


def filtered(people: QuerySet[Assessment], request: Asking) -> QuerySet[Assessment]:
    township, grade, name = (request.GET.get(key, "").strip() for key in ("township", "grade", "name"))
    if number := numbers.row(township):
        people = people.filter(township=number)
    if grade:
        people = people.filter(grade=grade)
    return people.filter(worker__name__contains=name) if name else people


@ADMINS
@require_safe
def person(request: Asking, pk: int, assessment: int) -> HttpResponse:
    held = mine(request, pk)
    found = get_object_or_404(rounds.people(request.user, held), pk=assessment)
    unmasking.opened(found.worker, by=request.user, now=request.now)
    context = {
        "round": held,
        "assessment": found,
        "standing": rounds.standing(found),
        "versions": rounds.versions_of(found),
        "page_title": found.worker.name,
        "page_subtitle": held.scheme.name,
    }
    return render(request, "records/cms_person.html", context)


@ADMINS
@require_safe
def person_evidence(request: Asking, pk: int, assessment: int, line: int) -> HttpResponse:
    held = mine(request, pk)
    found = get_object_or_404(rounds.people(request.user, held), pk=assessment)
    shown = evidence(found, line)
    context = {**shown, "round": held, "page_title": found.worker.name, "page_subtitle": shown["line"]["indicator"]}
    return render(request, "records/cms_evidence.html", context)


@ADMINS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: Asking, pk: int) -> HttpResponse:
    held = get_object_or_404(rounds.visible_to(request.user), pk=pk, county__in=counties(request))
    form = SettleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            assessments.settle(held, by=request.user, now=request.now, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, _("已经审定，网格员现在可以看到自己的结果。"))
            return redirect("assessment_round", pk)
    return render(request, "records/cms_settle.html", settle_context(held, form), status=409 if form.errors else 200)


def settle_context(held: Round, form: SettleForm) -> dict[str, Any]:
    limit, holding = assessments.excellent_quota(held)
    grades = Counter(held.assessments.values_list("grade", flat=True))
    return {
        "round": held,
        "form": form,
        "quota": limit,
        "holding": holding,
        "grades": [(grade, grades[grade]) for grade in rounds.grades_of(held)],
        "over": holding > limit.places,
        "page_title": _("审定"),
        "page_subtitle": f"{held.county.name} {held.scheme.name}",
    }


@ADMINS
@require_safe
def export(request: Asking, pk: int) -> HttpResponseBase:
    held = mine(request, pk)
    reason = exports_cms.purpose(request)
    if not reason:
        return exports_cms.ask(request, what=str(held), back=reverse("assessment_round", args=[pk]))
    found = filtered(rounds.people(request.user, held), request)
    mark = exported.mark(
        request.user, now=request.now, place=held.county.name, reason=reason, more=_("含个人信息，请妥善保管")
    )
    data = rounds.workbook(held, found, mark=mark)
    rows, where = found.count(), {"subject": held, "territory": held.county.path}
    exported.note(request.user, kind="records.assessment", rows=rows, reason=reason, now=request.now, **where)
    name = f"{held.county.name}{held.scheme.name}第{held.version}版.xlsx"
    return workbooks.answer(data, name=name)


@ADMINS
@require_safe
def scheme(request: Asking, pk: int) -> HttpResponse:
    found = get_object_or_404(Scheme, pk=pk)
    context = {
        **schemes.described(found),
        "required": schemes.required_skills(found.employment),
        "page_title": str(found),
    }
    return render(request, "records/cms_scheme.html", context)


def mine(request: Asking, pk: int) -> Round:
    return get_object_or_404(rounds.visible_to(request.user), pk=pk)

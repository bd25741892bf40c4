"""What workers see of their record, the public check of a certificate, and the leader's bulletin."""

from typing import Any

from django.db.models import Min, QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from lms import audit, numbers, workbooks
from records import bulletins, certificates, overview, plots
from records.models import Assessment, Certificate, Kind, Round, SkillRecord
from roster import reach
from roster.asking import Asking
from roster.models import Level, Role, Territory, Worker


@require_safe
def my_records(request: Asking) -> HttpResponse:
    worker, year = reach.worker_of(request), timezone.localtime(request.now).year
    records = overview.standing(worker, year=year)
    subjects = overview.subjects(worker, records)
    work = [record for record in records if record.kind == Kind.WORK]
    context = {
        "worker": worker,
        "subjects": subjects,
        "needed": sum(subject.needed for subject in subjects),
        "reached": sum(subject.reached for subject in subjects),
        "hours": overview.hours(worker, records, year=year),
        "exams": [record for record in reversed(records) if record.kind == Kind.EXAM],
        "work": work,
        "work_mean": overview.mean(work),
        "certificates": worker.certificates.order_by("-issued_on", "-pk"),
        "assessments": settled_of(worker).order_by("-round__scheme__year"),
    }
    return render(request, "records/my_records.html", context)


@require_safe
def my_hours(request: Asking) -> HttpResponse:
    context, counting = every_record(request, Kind.HOURS)
    hours = overview.hours(reach.worker_of(request), counting, year=context["year"])
    return render(request, "records/my_hours.html", {**context, "hours": hours})


@require_safe
def my_work(request: Asking) -> HttpResponse:
    context, counting = every_record(request, Kind.WORK)
    return render(request, "records/my_work.html", {**context, "mean": overview.mean(counting)})


@require_safe
def my_exams(request: Asking) -> HttpResponse:
    """Every result of a year, those in whose place another stands among them."""
    context, _counting = every_record(request, Kind.EXAM)
    return render(request, "records/my_exams.html", context)


def every_record(request: Asking, kind: str) -> tuple[dict[str, Any], list[SkillRecord]]:
    """What the page of one kind and year shows, and those of its records that count."""
    worker, this_year = reach.worker_of(request), timezone.localtime(request.now).year
    years = overview.years_with(worker, kind, now_year=this_year)
    asked = request.GET.get("year", "")
    year = int(asked) if asked in map(str, years) else this_year
    records = overview.every(worker, kind, year=year)
    counting = [record for record in records if not hasattr(record, "reversal")]
    return {"records": records, "year": year, "years": years, "counting": len(counting)}, counting


@never_cache
@require_safe
def my_assessment(request: Asking, year: int) -> HttpResponse:
    worker = reach.worker_of(request)
    assessment = settled_of(worker).filter(round__scheme__year=year).first()
    context: dict[str, Any] = {"year": year, "assessment": assessment, "years": years_settled(worker)}
    if assessment:
        held = assessment.round
        drafts = Round.objects.filter(scheme=held.scheme_id, county=held.county_id).order_by("version")
        context |= {"drafts": drafts, "bands": held.scheme.bands}
    return render(request, "records/my_assessment.html", context)


@never_cache
@require_safe
def my_evidence(request: Asking, year: int, line: int) -> HttpResponse:
    """The records behind one line of the worker's own assessment, as they were frozen."""
    worker = reach.worker_of(request)
    assessment = get_object_or_404(settled_of(worker), round__scheme__year=year)
    return render(request, "records/my_evidence.html", {"year": year, **evidence(assessment, line)})


def evidence(assessment: Assessment, line: int) -> dict[str, Any]:
    """One frozen line and the records it names, the reversed ones among them."""
    if line >= len(assessment.lines):
        raise Http404
    frozen = assessment.lines[line]
    records = SkillRecord.objects.filter(pk__in=frozen["records"], worker=assessment.worker_id)
    return {
        "assessment": assessment,
        "line": frozen,
        "records": records.select_related("reversal").order_by("occurred_at", "pk"),
    }


def settled_of(worker: Worker) -> QuerySet[Assessment]:
    """The worker's assessments that have been settled; a draft is nobody's to see but the admins'."""
    settled = Assessment.objects.filter(worker=worker, round__state=Round.SETTLED)
    return settled.select_related("round__scheme", "round__county", "round__settled_by")


def years_settled(worker: Worker) -> list[int]:
    return list(settled_of(worker).values_list("round__scheme__year", flat=True).order_by("-round__scheme__year"))


@require_safe
def certificate(request: Asking, number: str) -> HttpResponse:
    found = get_object_or_404(certificates.visible_to(request.user), number=number)
    return render(request, "records/certificate.html", {"certificate": found})


@cache_control(private=True, max_age=600)
@require_safe
def certificate_image(request: Asking, number: str) -> HttpResponseBase:
    found = get_object_or_404(certificates.visible_to(request.user), number=number, revoked_at=None)
    return FileResponse(certificates.picture(found), content_type="image/png")


@never_cache
@require_safe
def certificate_check(request: Asking, token: str) -> HttpResponse:
    """Open to anyone who scanned the code: says only what the paper says, with the name masked."""
    found = Certificate.objects.filter(token=token).first()
    response = render(request, "records/check.html", {"certificate": found}, status=200 if found else 404)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


READERS = (Role.LEADER, *reach.ADMINS)
PLACES = (Level.CITY, Level.COUNTY, Level.TOWNSHIP)


@reach.only(*READERS)
@require_safe
def bulletin(request: Asking) -> HttpResponse:
    years = bulletin_years(request)
    drawn = asked_bulletin(request, years)
    scope, year = drawn.scope, drawn.year
    context = {
        "bulletin": drawn,
        "plots": plots.plots(drawn),
        "years": years,
        "crumbs": [*ancestors_within(request, scope), scope],
        "weakest": sorted((r for r in drawn.rows if r.now.uncovered), key=lambda r: -r.now.uncovered)[:3],
    }
    if scope.level == Level.TOWNSHIP:
        context["without_hours"] = bulletins.without_hours(scope, year=year)
        context["absentees"] = bulletins.absentees(scope, year=year)
    return render(request, "records/bulletin.html", context)


@reach.only(*READERS)
@require_safe
def bulletin_xlsx(request: Asking) -> HttpResponseBase:
    drawn = asked_bulletin(request, bulletin_years(request))
    data = bulletins.workbook(drawn, by=request.user, now=request.now)
    audit.note(
        "bulletin.exported",
        now=request.now,
        actor=request.user,
        territory=drawn.scope.path,
        rows=len(drawn.rows),
        year=drawn.year,
    )
    name = f"{drawn.scope.name}{drawn.year}年培训考试通报.xlsx"
    return workbooks.answer(data, name=name)


def asked_bulletin(request: Asking, years: list[int]) -> bulletins.Bulletin:
    """The bulletin of the place and year in the address: within reach, or 404; by default the reader's own place, this year."""
    asked = request.GET.get("year") or str(years[0])
    if asked not in {str(year) for year in years}:
        raise Http404
    return bulletins.draw_up(asked_place(request), year=int(asked), now=request.now)


def asked_place(request: Asking) -> Territory:
    places = reach.territories(request.user, *READERS).filter(level__in=PLACES)
    asked = request.GET.get("in", "")
    if asked:
        return get_object_or_404(places, pk=numbers.row(asked))
    own = [grant.territory for grant in reach.grants(request.user) if grant.role in READERS]
    # a superuser holds no grant and reads the whole city, once there is one
    found = own or list(places)
    if not found:
        raise Http404
    return min(found, key=lambda place: len(place.path))


def ancestors_within(request: Asking, place: Territory) -> list[Territory]:
    above = [int(part) for part in place.path.rstrip("/").split("/")][:-1]
    if not above:
        return []
    reachable = reach.territories(request.user, *READERS).filter(pk__in=above)
    return sorted(reachable, key=lambda territory: len(territory.path))


def bulletin_years(request: Asking) -> list[int]:
    """This year and those before it of which anything is on record, the newest first."""
    this_year = timezone.localtime(request.now).year
    first = SkillRecord.objects.aggregate(first=Min("year"))["first"] or this_year
    return list(range(this_year, min(first, this_year) - 1, -1))

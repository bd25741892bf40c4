"""Back-office screens of the courses that are not pages: what is required, and trainings with who came."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses import obligations, sessions
from courses.forms import PresentForm, RequirementForm, SessionForm
from courses.models import Attendance, Requirement, Session
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Duty, Level, Role, Territory, TerritoryQuerySet, WorkerQuerySet

ADMINS = reach.only(Duty.TRAINING)
WHO_MAY_REQUIRE = (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.TRAINING)
MAY_REQUIRE = reach.only(*WHO_MAY_REQUIRE)
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


def places(request: Asking, *roles: str) -> TerritoryQuerySet:
    """Territories an admin may arrange something for: their own and those below, down to the township."""
    levels = [Level.CITY, Level.COUNTY, Level.TOWNSHIP]
    within = reach.territories(request.user, *roles)
    return within.current().filter(level__in=levels).select_related("parent").order_by("path")


@ADMINS
@require_safe
def requirements(request: Asking) -> HttpResponse:
    """The rules that bind this admin's people: their own and those of the territories above."""
    rules = Requirement.objects.visible_to(request.user).select_related("course", "territory")
    page = Paginator(rules.order_by("-due_on", "-pk"), 30).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "mine": {rule.pk for rule in page if reach.covers(request.user, rule.territory, *WHO_MAY_REQUIRE)},
        "may": reach.has(request.user, *WHO_MAY_REQUIRE),
        "today": timezone.localdate(request.now),
        "page_title": _("必修安排"),
    }
    return render(request, "courses/cms_requirements.html", context)


@MAY_REQUIRE
@read_or_post
def require(request: Asking) -> HttpResponse:
    today = timezone.localdate(request.now)
    form = RequirementForm(request.POST or None, within=places(request, *WHO_MAY_REQUIRE), today=today)
    if form.is_valid():
        course, admin = form.cleaned_data.pop("course"), request.user
        obligations.require(course, **form.cleaned_data, by=admin, now=request.now)
        messages.success(request, _("已经安排，相关网格员的首页会出现这门课。"))
        return redirect("courses_requirements")
    return render(request, "courses/cms_form.html", {"form": form, "page_title": _("安排必修"), "save": _("安排")})


@MAY_REQUIRE
@require_POST
def withdraw(request: Asking, requirement: int) -> HttpResponse:
    within = reach.territories(request.user, *WHO_MAY_REQUIRE)
    rule = get_object_or_404(Requirement.objects.filter(territory__in=within), pk=requirement)
    obligations.withdraw(rule, by=request.user, now=request.now)
    messages.success(request, _("已经撤回，学过的照样算数。"))
    return redirect("courses_requirements")


@ADMINS
@require_safe
def trainings(request: Asking) -> HttpResponse:
    held = Session.objects.visible_to(request.user).select_related("territory")
    counted = held.annotate(people=Count("attendances")).order_by("-starts_at")
    page = Paginator(counted, 30).get_page(request.GET.get("page"))
    return render(request, "courses/cms_sessions.html", {"page": page, "page_title": _("培训活动")})


@ADMINS
@read_or_post
def hold(request: Asking) -> HttpResponse:
    form = SessionForm(request.POST or None, within=places(request))
    if form.is_valid():
        try:
            session = sessions.hold(form.save(commit=False), by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error("territory", refusal.sentence)
        else:
            messages.success(request, _("已经登记。培训开始以后可以勾选到场的人。"))
            return redirect("courses_session", session.pk)
    return render(request, "courses/cms_form.html", {"form": form, "page_title": _("登记一次培训"), "save": _("登记")})


def invited(request: Asking, session: Session) -> WorkerQuerySet:
    """Those whom the training is for and whom this admin may see."""
    return reach.workers(request.user).active().within([session.territory.path])


@ADMINS
@require_safe
def session(request: Asking, session: int) -> HttpResponse:
    """One township at a time: a list that can be read out and ticked."""
    found = get_object_or_404(Session.objects.visible_to(request.user).select_related("territory"), pk=session)
    townships = townships_of(invited(request, found), found)
    chosen = next(
        (t for t in townships if str(t.pk) == request.GET.get("township")), townships[0] if townships else None
    )
    came = Attendance.objects.filter(session=found, worker=OuterRef("pk"))
    people = invited(request, found).filter(township=chosen).annotate(came=Exists(came)).order_by("number")
    context = {
        "session": found,
        "townships": townships,
        "chosen": chosen,
        "people": people,
        "came": found.attendances.filter(worker__in=invited(request, found)).count(),
        "mine": reach.covers(request.user, found.territory),
        "begun": request.now >= found.starts_at,
        "over": request.now >= found.ends_at,
        "page_title": found.title,
        "page_subtitle": found.territory.name,
    }
    return render(request, "courses/cms_session.html", context)


def townships_of(people: WorkerQuerySet, session: Session) -> list[Territory]:
    """Their townships, each with how many are invited and how many came."""
    there = Q(workers__in=session.attendances.values("worker"))
    counted: QuerySet[Territory] = Territory.objects.filter(workers__in=people).annotate(
        people=Count("workers", filter=Q(workers__in=people), distinct=True),
        came=Count("workers", filter=there, distinct=True),
    )
    return list(counted.order_by("code"))


@ADMINS
@require_POST
def attendance(request: Asking, session: int) -> HttpResponse:
    found = get_object_or_404(Session.objects.visible_to(request.user), pk=session)
    people = invited(request, found)
    form = PresentForm(request.POST, townships=reach.territories(request.user), people=people)
    if not form.is_valid():
        raise Http404
    township, present = form.cleaned_data["township"], [worker.pk for worker in form.cleaned_data["present"]]
    among = list(people.filter(township=township).values_list("pk", flat=True))
    try:
        sessions.record(found, present=present, among=among, by=request.user, now=request.now)
        messages.success(request, _("%(place)s的到场名单已经保存。") % {"place": township.name})
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect(f"{reverse('courses_session', args=[found.pk])}?township={township.pk}")


@ADMINS
@require_POST
def close(request: Asking, session: int) -> HttpResponse:
    found = get_object_or_404(Session.objects.visible_to(request.user).select_related("territory"), pk=session)
    if not reach.covers(request.user, found.territory):
        raise PermissionDenied
    try:
        count = sessions.close(found, by=request.user, now=request.now)
        messages.success(request, _("登记已经结束，给 %(n)s 人记了学时。") % {"n": count})
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("courses_session", found.pk)

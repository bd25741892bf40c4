"""Back-office screens: who is 小教员 within reach, appointing those the roster lists, ending a term."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, DecimalField, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lms.refusal import Refused
from mentors import appointment
from mentors.forms import EndForm
from mentors.models import Mentor
from records.models import Kind, SkillRecord
from roster import reach
from roster.asking import Asking
from roster.models import Duty


def counted(request: Asking) -> QuerySet[Mentor]:
    """The mentors within reach with what they did this year: answers marked, hours of service."""
    year = timezone.localtime(request.now).year
    service = SkillRecord.objects.standing().in_year(year).filter(worker=OuterRef("worker"), kind=Kind.SERVICE)
    hours = service.order_by().values("worker").annotate(total=Sum("amount")).values("total")
    return (
        appointment.visible_to(request.user)
        .select_related("worker__township__parent", "territory")
        .annotate(
            marked=Count("claims", filter=Q(claims__done_at__year=year)),
            hours=Subquery(hours, output_field=DecimalField()),
        )
        .order_by("worker__township__code", "level", "worker__number")
    )


@reach.only(Duty.TRAINING)
@require_safe
def mentor_list(request: Asking) -> HttpResponse:
    today = timezone.localdate(request.now)
    ended = request.GET.get("show") == "ended"
    mentors = counted(request)
    mentors = mentors.filter(until__lte=today) if ended else mentors.exclude(until__lte=today)
    appoints = reach.has(request.user, *appointment.APPOINTING)
    context = {
        "page": Paginator(mentors, 60).get_page(request.GET.get("page")),
        "ended": ended,
        "appoints": appoints,
        "listed": appointment.listed(request.user).count() if appoints else 0,
        "page_title": _("小教员"),
    }
    return render(request, "mentors/cms_mentors.html", context)


@reach.only(*appointment.APPOINTING)
@require_http_methods(["GET", "HEAD", "POST"])
def appoint_listed(request: Asking) -> HttpResponse:
    if request.method == "POST":
        count = appointment.appoint_listed(by=request.user, now=request.now)
        messages.success(request, _("已聘任 %(count)d 名小教员，他们登录后就能看到“评卷”。") % {"count": count})
        return redirect("mentors")
    people = [
        (worker, appointment.territory_for(worker, worker.listed_as_mentor))
        for worker in appointment.listed(request.user)
    ]
    context = {"people": people, "page_title": _("按名册聘任小教员")}
    return render(request, "mentors/cms_appoint.html", context)


@reach.only(*appointment.APPOINTING)
@require_http_methods(["GET", "HEAD", "POST"])
def end_mentor(request: Asking, mentor: int) -> HttpResponse:
    found = get_object_or_404(counted(request), pk=mentor)
    form = EndForm(request.POST or None, initial={"on": timezone.localdate(request.now)})
    if request.method == "POST" and form.is_valid():
        try:
            appointment.end(found, on=form.cleaned_data["on"], by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error("on", refusal.sentence)
        else:
            messages.success(request, _("%(name)s的聘期已记为结束。") % {"name": found.worker.name})
            return redirect("mentors")
    context = {"mentor": found, "form": form, "page_title": _("结束聘期"), "page_subtitle": found.worker.name}
    return render(request, "mentors/cms_end.html", context)

"""Back-office screens of what the city lays down for its roster: the ladder of posts, the agreement; and certificates that run out."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lms.refusal import Refused
from roster import agreements, certificates, ladder, reach
from roster.asking import Asking
from roster.cms_life import blame
from roster.file_forms import BandForm, PublishForm
from roster.models import Duty, PostBand, Role, WorkerState

ADMINS = reach.only(Duty.ROSTER)
CITY = reach.only(Role.CITY_ADMIN, Duty.ROSTER)
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@ADMINS
@require_safe
def bands(request: Asking) -> HttpResponse:
    """The posts of the ladder, with how many of one's own people stand on each."""
    mine = reach.workers(request.user).exclude(state__in=[WorkerState.LEFT, WorkerState.REASSIGNED])
    standing = dict(mine.filter(post__isnull=False).values_list("post").annotate(n=Count("pk")).order_by())
    rows = [(band, standing.get(band.pk, 0)) for band in PostBand.objects.all()]
    context = {"rows": rows, "may": reach.has(request.user, Role.CITY_ADMIN), "page_title": _("岗位等级")}
    return render(request, "roster/cms_bands.html", context)


@CITY
@read_or_post
def band(request: Asking, band: int) -> HttpResponse:
    """Change one post of the ladder; 0 is a new one."""
    found = get_object_or_404(PostBand, pk=band) if band else None
    form = BandForm(request.POST or None, initial=model_to_dict(found) if found else {})
    if request.method == "POST" and form.is_valid():
        try:
            kept = ladder.set_band(found, **form.cleaned_data, by=request.user, now=request.now)
        except Refused as refusal:
            blame(form, refusal)
        else:
            messages.success(request, _("“%s”存好了。") % kept.name)
            return redirect("post_bands")
    title = found.name if found else _("增加一个岗位")
    return render(request, "roster/cms_band.html", {"form": form, "band": found, "page_title": title})


@ADMINS
@require_safe
def agreement_versions(request: Asking) -> HttpResponse:
    """All versions of the agreement, and how many of one's own people have signed the newest."""
    versions = list(agreements.versions())
    counts = agreements.signed(versions)
    mine = reach.workers(request.user).listed()
    newest = versions[0] if versions else None
    signed = Q(signatures__agreement=newest)
    own = mine.aggregate(people=Count("pk", distinct=True), signed=Count("pk", filter=signed, distinct=True))
    rows = [(version, counts.get(version.pk, 0)) for version in versions]
    context = {"rows": rows, "own": own, "newest": newest, "may": reach.has(request.user, Role.CITY_ADMIN)}
    return render(request, "roster/cms_agreements.html", {**context, "page_title": _("保密协议")})


@CITY
@read_or_post
def publish_agreement(request: Asking) -> HttpResponse:
    """Write a new version, look at it with the warning, publish it."""
    newest = agreements.versions().first()
    initial = {"title": newest.title, "text": newest.text} if newest else {}
    form = PublishForm(request.POST or None, initial=initial)
    ready = request.method == "POST" and form.is_valid()
    sure = bool(request.POST.get("confirm"))
    if ready and not sure and agreements.same(newest, **form.cleaned_data):
        form.add_error("text", _("和现在的一版一字不差，没有要发布的。请先改好再发布。"))
        ready = False
    if ready and sure:
        try:
            made = agreements.publish(**form.cleaned_data, by=request.user, now=request.now)
        except Refused as refusal:
            blame(form, refusal)
            ready = False
        else:
            messages.success(request, _("第 %d 版已经发布，从现在起每个人打开时先签这一版。") % made.version)
            return redirect("agreement_versions")
    context = {"form": form, "ready": ready, "people": agreements.asked_anew() if ready else 0}
    return render(request, "roster/cms_publish.html", {**context, "page_title": _("发布新的保密协议")})


@ADMINS
@require_safe
def expiring(request: Asking) -> HttpResponse:
    """Social-work certificates within reach that have run out or soon will, the most urgent first."""
    today = timezone.localdate(request.now)
    rows = certificates.due(reach.workers(request.user), today=today).select_related("township")
    page = Paginator(rows.order_by("certificate_expires_on", "pk"), 50).get_page(request.GET.get("page"))
    context = {"page": page, "today": today, "page_title": _("社工证登记到期")}
    return render(request, "roster/cms_expiring.html", context)

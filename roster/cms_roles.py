"""Back-office screens of who holds which role: list, give, end, and a new first password for a holder."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from lms.refusal import Refused
from roster import passwords, reach, roles
from roster.asking import Asking
from roster.cms import hand_over
from roster.models import RoleGrant, RoleGrantQuerySet
from roster.role_forms import EndRoleForm, KnownPersonForm, NewPersonForm, RoleForm
from roster.signin_forms import IdentityForm

READERS = reach.only(*roles.READERS)
GIVERS = reach.only(*roles.GIVERS)
# which part of the register is shown: those of today unless another is asked for
SHOWN = {"": lazy("现任"), "soon": lazy("快到期"), "later": lazy("还没开始"), "ended": lazy("已结束")}


@READERS
@require_safe
def role_holders(request: Asking) -> HttpResponse:
    shown = request.GET.get("show", "")
    shown = shown if shown in SHOWN else ""
    parts = register(request)
    rows = Paginator(parts[shown], 50).get_page(request.GET.get("page"))
    today = timezone.localdate(request.now)
    # one's own role and that of an equal are nobody's own to end
    others = [row for row in rows if row.user_id != request.user.pk and (row.until is None or row.until > today)]
    context = {
        "page": rows,
        "mine": {row.pk for row in others if roles.may_give(request.user, row.role, row.territory)},
        "shown": shown,
        "tabs": [(key, label, parts[key].count()) for key, label in SHOWN.items()],
        "ended": shown == "ended",
        "may_give": reach.has(request.user, *roles.GIVERS),
        "today": today,
        "page_title": _("人员与角色"),
    }
    return render(request, "roster/cms_roles.html", context)


def register(request: Asking) -> dict[str, RoleGrantQuerySet]:
    """The register in the parts of SHOWN, each in its order."""
    today, found = timezone.localdate(request.now), roles.within(request.user)
    parts: dict[str, Any] = {
        "": found.holding(on=today).order_by("territory__code", "role", "user__name", "pk"),
        "soon": roles.expiring(request.user, today=today).order_by("until", "pk"),
        "later": found.overlapping(today, None).filter(since__gt=today).order_by("since", "pk"),
        "ended": found.filter(until__lte=today).order_by("-until", "-pk"),
    }
    return parts


@GIVERS
@require_http_methods(["GET", "HEAD", "POST"])
def give_role(request: Asking) -> HttpResponse:
    """Give a role to someone who has an account already."""
    form = KnownPersonForm(request.POST or None, by=request.user, today=timezone.localdate(request.now))
    if request.method == "POST" and form.is_valid():
        data, now = form.cleaned_data, request.now
        try:
            held = roles.grant(data.pop("username"), **data, by=request.user, now=now)
        except Refused as refusal:
            blame(form, refusal)
        else:
            messages.success(request, told(held))
            return redirect("role_holders")
    return render(request, "roster/cms_role_give.html", {"form": form, "page_title": _("给已有账号的人一个角色")})


def told(held: RoleGrant) -> str:
    words = {"name": held.user.name, "place": held.territory.name, "role": held.get_role_display()}
    words["since"] = date_format(held.since)
    return _("%(name)s从%(since)s起是%(place)s的%(role)s。") % words


@GIVERS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_holder(request: Asking) -> HttpResponse:
    """Open an account with a role; the first password is shown once, in the answer to the form."""
    form = NewPersonForm(request.POST or None, by=request.user, today=timezone.localdate(request.now))
    if request.method == "POST" and form.is_valid():
        now, password = request.now, passwords.draw()
        try:
            held = roles.open_account(
                **form.cleaned_data, password=password, expires=passwords.expiry(now), by=request.user, now=now
            )
        except Refused as refusal:
            blame(form, refusal)
        else:
            place = f"{held.territory.name} {held.get_role_display()}"
            slip = passwords.Slip(held.user.name, held.user.username, password, place=place)
            return hand_over(request, slip, back="role_holders")
    return render(request, "roster/cms_role_give.html", {"form": form, "new": True, "page_title": _("新开管理账号")})


def blame(form: RoleForm, refusal: Refused) -> None:
    fields = {"level": "territory", "taken": "username", "alone": "username"}
    field = fields.get(refusal.code, refusal.code)
    form.add_error(field if field in form.fields else None, refusal.sentence)


@GIVERS
@require_http_methods(["GET", "HEAD", "POST"])
def end_role(request: Asking, grant: int) -> HttpResponse:
    held = standing(request, grant)
    form = EndRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now, reason = request.now, form.cleaned_data["reason"]
        try:
            roles.revoke(held, by=request.user, now=now, on=timezone.localdate(now), reason=reason)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, _("%(name)s的角色已终止，即刻生效。") % {"name": held.user.name})
            return redirect("role_holders")
    return render(request, "roster/cms_role_end.html", {"form": form, "held": held, "page_title": _("终止角色")})


@GIVERS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset_holder(request: Asking, grant: int) -> HttpResponse:
    held = standing(request, grant)
    form = IdentityForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            slip = passwords.reissue(held.user, by=request.user, now=request.now, proof=form.cleaned_data["proof"])
            return hand_over(request, slip, back="role_holders")
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect("role_holders")
    context = {"person": held.user, "form": form, "back": "role_holders", "page_title": _("重新发放密码")}
    return render(request, "roster/cms_reissue.html", context)


def standing(request: Asking, grant: int) -> RoleGrant:
    """A role held today or given for later, within this admin's reach and theirs to give; no keeper's, nobody's above them."""
    today = timezone.localdate(request.now)
    return get_object_or_404(roles.given_by(request.user).overlapping(today, None), pk=grant)

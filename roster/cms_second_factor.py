"""Back-office screens of the security administrator: who has a second factor, and taking it away from who lost their phone."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from wagtail.admin.menu import MenuItem

from lms.refusal import Refused
from roster import reach, second_factor
from roster.account_forms import ResetForm
from roster.asking import Asking
from roster.models import Role, RoleGrant, User

KEEPER = reach.only(Role.SECURITY_ADMIN)


def people(by: User) -> QuerySet[Any]:
    """Those this administrator looks after, with their roles today and what guards their account."""
    mine = {"user": OuterRef("pk")}
    today = RoleGrant.objects.holding(on=timezone.localdate()).select_related("territory").order_by("territory__code")
    return (
        second_factor.holders(by)
        .annotate(
            has=Exists(Authenticator.objects.filter(type=second_factor.KEY, **mine)),
            tied=Exists(SocialAccount.objects.filter(**mine)),
        )
        .prefetch_related(Prefetch("role_grants", today, to_attr="held"))
        .order_by("has", "name", "pk")
    )


@KEEPER
@require_safe
def second_factors(request: Asking) -> HttpResponse:
    found = people(request.user)
    without = found.filter(has=False).count()
    if request.GET.get("show") == "without":
        found = found.filter(has=False)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"page": page, "without": without, "show": request.GET.get("show", "")}
    return render(request, "roster/cms_second_factors.html", {**context, "page_title": _("第二重验证")})


@KEEPER
@require_http_methods(["GET", "HEAD", "POST"])
def reset_second_factor(request: Asking, user: int) -> HttpResponse:
    person = get_object_or_404(people(request.user), pk=user)
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            second_factor.reset(person, by=request.user, reason=form.cleaned_data["reason"], now=request.now)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            said = _("%(name)s的第二重验证已重置，各处的登录都已退出。请本人马上登录，重新绑定手机。")
            messages.success(request, said % {"name": person.name})
            return redirect("second_factors")
    context = {"form": form, "person": person, "page_title": _("重置第二重验证")}
    return render(request, "roster/cms_second_factor_reset.html", context)


ADDRESSES: list[URLPattern] = [
    path("second-factors/", second_factors, name="second_factors"),
    path("second-factors/<int:user>/reset/", reset_second_factor, name="reset_second_factor"),
]


class KeeperMenuItem(MenuItem):
    """Shown to the security administrators."""

    def is_shown(self, request: Asking) -> bool:
        return reach.has(request.user, Role.SECURITY_ADMIN)


def menu_item() -> MenuItem:
    hint = gettext_lazy("谁还没有开启；手机丢了的，当面核对后重置")
    return KeeperMenuItem(
        gettext_lazy("第二重验证"),
        reverse("second_factors"),
        name="second-factors",
        icon_name="lock",
        attrs={"title": hint},
        order=245,
    )

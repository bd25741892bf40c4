"""The security administrator's screens of accounts: find one by its sign-in name, suspend it, open it again, end its sessions."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lms.refusal import Refused
from roster import accounts, reach
from roster.asking import Asking
from roster.models import Role
from roster.role_forms import AccountForm, WhyForm

SECURITY = reach.only(Role.SECURITY_ADMIN)
# code → what it does, what the button says, what is said of it before, what afterwards, and for which reasons
ACTS: dict[str, tuple[Any, Any, Any, Any, Any]] = {
    "suspend": (
        accounts.suspend,
        lazy("停用账号"),
        lazy("停用以后立即不能登录，已登录的也会退出。角色和办过的事都保留，可以再启用。"),
        lazy("%(name)s的账号已停用。"),
        accounts.SUSPENDING,
    ),
    "reopen": (
        accounts.reopen,
        lazy("重新启用"),
        lazy("启用以后可以用原来的密码登录。已退出网格员队伍的人，账号由名册管理员办理。"),
        lazy("%(name)s的账号已重新启用。"),
        accounts.REOPENING,
    ),
    "sessions": (
        accounts.end_sessions,
        lazy("全部退出登录"),
        lazy("这个账号在所有手机和电脑上都退出，要重新登录。手机丢失、怀疑被人冒用时用。"),
        lazy("%(name)s已在所有设备上退出登录。"),
        accounts.ENDING,
    ),
}


@SECURITY
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find_account(request: Asking) -> HttpResponse:
    """By the whole sign-in name; sent, not asked for in the address, so that it stands in no log."""
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["username"].strip()
        found = accounts.within(request.user).filter(username__iexact=name).first()
        if found:
            return redirect("account", found.pk)
        form.add_error("username", _("没有找到这个登录名。系统、安全、审计管理员的账号不在这里办理。"))
    return render(request, "roster/cms_account_find.html", {"form": form, "page_title": _("账号")})


@SECURITY
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: Asking, user: int) -> HttpResponse:
    found = get_object_or_404(accounts.within(request.user), pk=user)
    forms = {code: WhyForm(prefix=code, reasons=ACTS[code][4]) for code in acts_for(found)}
    code = request.POST.get("act", "")
    if request.method == "POST" and code in forms:
        verb, _label, _before, after, reasons = ACTS[code]
        form = forms[code] = WhyForm(request.POST, prefix=code, reasons=reasons)
        if form.is_valid():
            try:
                verb(found, by=request.user, now=request.now, reason=form.cleaned_data["reason"])
            except Refused as refusal:
                form.add_error(None, refusal.sentence)
            else:
                messages.success(request, str(after) % {"name": found.name})
                return redirect("account", found.pk)
    held = found.role_grants.overlapping(timezone.localdate(request.now), None).select_related("territory")
    context = {
        "account": found,
        "grants": held,
        "acts": [(key, *ACTS[key][1:3], form) for key, form in forms.items()],
        "page_title": found.name,
        "page_subtitle": _("账号"),
    }
    return render(request, "roster/cms_account.html", context)


def acts_for(found: Any) -> list[str]:
    if found.suspended_at:
        return ["reopen"]
    return ["sessions", "suspend"] if found.is_active else []

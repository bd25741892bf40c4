"""Back-office screens of the notice of what is kept: its versions, and publishing a new one; and the page on which it is read."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from lms.refusal import Refused
from roster import notices, reach
from roster.asking import Asking
from roster.cms_life import blame
from roster.file_forms import PublishForm
from roster.models import Acceptance, Role

ADMINS = reach.only(*reach.ADMINS)
CITY = reach.only(Role.CITY_ADMIN)
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


class ReadForm(forms.Form):
    read = forms.BooleanField(label=lazy("我已读完"), error_messages={"required": lazy("请读完后在这里打勾。")})


@never_cache
@read_or_post
def notice(request: Asking) -> HttpResponse:
    """Read the version that is due and say so; or read again what was accepted."""
    due = notices.due(request.user, now=request.now)
    if due is None:
        request.session.pop(notices.DUE, None)
        read = Acceptance.objects.filter(user=request.user).select_related("notice").order_by("-notice__version")
        return render(
            request, "roster/notice_read.html", {"acceptances": [(one, notices.parts(one.notice.text)) for one in read]}
        )
    form = ReadForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        notices.accept(request.user, due, now=request.now)
        request.session.pop(notices.DUE, None)
        return redirect(reach.landing_url(request.user))
    return render(request, "roster/notice.html", {"form": form, "notice": due, "parts": notices.parts(due.text)})


@ADMINS
@require_safe
def notice_versions(request: Asking) -> HttpResponse:
    """All versions, and how many have read each."""
    versions = list(notices.versions())
    counts = notices.accepted(versions)
    rows = [(version, counts.get(version.pk, 0)) for version in versions]
    behind = bool(versions) and not notices.says_today(versions[0])
    context = {"rows": rows, "behind": behind, "may": reach.has(request.user, Role.CITY_ADMIN)}
    return render(request, "roster/cms_notices.html", {**context, "page_title": _("个人信息告知")})


@CITY
@read_or_post
def publish_notice(request: Asking) -> HttpResponse:
    """Write a new version, look at it, publish it. It begins with what the platform declares today."""
    form = PublishForm(request.POST or None, initial={"title": notices.TITLE, "text": notices.drafted()})
    ready = request.method == "POST" and form.is_valid()
    if ready and request.POST.get("confirm"):
        before = notices.versions().first()
        try:
            made = notices.publish(**form.cleaned_data, by=request.user, now=request.now)
        except Refused as refusal:
            blame(form, refusal)
            ready = False
        else:
            if made == before:
                messages.warning(request, _("第 %d 版就是这份内容，没有再发新的一版。") % made.version)
                return redirect("notice_versions")
            messages.success(request, _("第 %d 版已经发布，每个人下次登录时先读这一版。") % made.version)
            return redirect("notice_versions")
    context = {"form": form, "ready": ready, "page_title": _("发布新的告知书")}
    return render(request, "roster/cms_publish_notice.html", context)

"""The living page of the design system: every component in every state. Routed only in debug."""

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

DOCK = [
    {"url": "#home", "label": _("首页"), "icon": "home", "current": True},
    {"url": "#study", "label": _("学习"), "icon": "study"},
    {"url": "#exam", "label": _("考试"), "icon": "exam", "count": 1, "count_label": _("场待考")},
    {"url": "#mark", "label": _("评卷"), "icon": "mark"},
    {"url": "#me", "label": _("我的"), "icon": "me"},
]


class Sample(forms.Form):
    """One field of each kind, two of them wrong."""

    mobile = forms.CharField(
        label=_("手机号"),
        help_text=_("登记在名册里的那个号码。"),
        min_length=11,
        error_messages={"min_length": _("手机号是 11 位数字，请数一数再填。")},
    )
    password = forms.CharField(label=_("密码"), widget=forms.PasswordInput)
    community = forms.ChoiceField(
        label=_("社区"),
        choices=[("", _("请选择")), ("1", _("学府社区")), ("2", _("花坛社区"))],
        error_messages={"required": _("请选择你所在的社区。")},
    )
    when = forms.ChoiceField(
        label=_("哪一天方便"), choices=[("1", _("8月12日 上午")), ("2", _("8月13日 下午"))], widget=forms.RadioSelect
    )
    remark = forms.CharField(label=_("补充说明"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agree = forms.BooleanField(label=_("我已读完保密协议，愿意遵守"))


def page(request: HttpRequest) -> HttpResponse:
    """Show everything at once, for eyes and for the accessibility checks."""
    form = Sample({"mobile": "1380000", "password": "", "when": "1", "agree": "on"})
    pages = Paginator(range(73), 20)
    context = {"dock": DOCK, "form": form, "sample_page": pages.page(2), "cells": range(1, 26)}
    return render(request, "design.html", context)

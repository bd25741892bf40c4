"""The back-office screen on which what is held of somebody who has left is deleted: looked at first, then done for good."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lms.refusal import Refused
from roster import forgetting, reach
from roster.asking import Asking
from roster.cms_life import blame, mine
from roster.models import Duty, Role


class ForgetForm(forms.Form):
    reason = forms.CharField(
        label=lazy("原因"),
        help_text=lazy("例如：本人书面申请；保存年限已满。"),
        max_length=200,
        error_messages={"required": lazy("请写明删除的原因。")},
    )
    number = forms.CharField(
        label=lazy("再填一遍登录号"),
        help_text=lazy("删除以后找不回来，填上登录号表示看清了是谁。"),
        max_length=12,
        error_messages={"required": lazy("请填登录号。")},
    )

    def __init__(self, *args: object, expected: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.expected = expected

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"].strip()
        if number.upper() != self.expected.upper():
            raise forms.ValidationError(_("登录号不对，请看清是不是这个人。"))
        return number


@reach.only(Role.CITY_ADMIN, Duty.ROSTER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forget(request: Asking, worker: int) -> HttpResponse:
    found = mine(request, worker)
    form = ForgetForm(request.POST or None, expected=found.number)
    if request.method == "POST" and form.is_valid():
        try:
            forgetting.forget(found, reason=form.cleaned_data["reason"], by=request.user, now=request.now)
        except Refused as refusal:
            blame(form, refusal)
        else:
            messages.success(request, _("%s的个人信息删除了，学时、成绩和考核只剩编号。") % found.number)
            return redirect("workers:inspect", found.pk)
    shown = forgetting.preview(found, now=request.now)
    context = {"form": form, "worker": found, "preview": shown, "page_title": _("删除个人信息")}
    return render(request, "roster/cms_forget.html", context)

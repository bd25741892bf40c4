"""The back-office screen on which one number of one worker is seen in full, for this once."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from lms.refusal import Refused
from roster import fields, reach, unmasking
from roster.asking import Asking
from roster.cms_life import blame, mine
from roster.models import Duty


class UnmaskForm(forms.Form):
    field = forms.ChoiceField(label=lazy("看哪个号码"), error_messages={"required": lazy("请选一个号码。")})
    reason = forms.ChoiceField(
        label=lazy("为什么要看"),
        help_text=lazy("本人会看到谁、什么时候、为什么看了。"),
        error_messages={"required": lazy("请先选为什么要看。")},
    )

    def __init__(self, *args: Any, able: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        empty = ("", _("请选择"))
        self.fields["field"].choices = [(name, fields.label(name)) for name in able]  # type: ignore[attr-defined]
        self.fields["reason"].choices = [empty, *unmasking.REASONS.items()]  # type: ignore[attr-defined]


@reach.only(Duty.ROSTER)
@never_cache
@sensitive_variables("number")
@require_http_methods(["GET", "HEAD", "POST"])
def unmask(request: Asking, worker: int) -> HttpResponse:
    """Ask for one number with a reason; the answer to the form shows it, and no other page does."""
    found = mine(request, worker)
    able = unmasking.open_to(request.user, found)
    if not able:
        raise Http404
    form = UnmaskForm(request.POST or None, able=able, initial={"field": able[0]})
    number, field = "", ""
    if request.method == "POST" and form.is_valid():
        field, reason = form.cleaned_data["field"], form.cleaned_data["reason"]
        try:
            number = unmasking.reveal(found, field, reason=reason, by=request.user, now=request.now)
        except Refused as refusal:
            blame(form, refusal)
    context = {"form": form, "worker": found, "number": number, "label": fields.label(field) if field else ""}
    return render(request, "roster/cms_unmask.html", {**context, "page_title": _("看完整号码")})

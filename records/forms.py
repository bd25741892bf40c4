from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from records.models import Scheme
from roster.models import Territory, TerritoryQuerySet


class DraftForm(forms.Form):
    """Which county to draft by which scheme; both only within reach."""

    county = forms.ModelChoiceField(
        label=_("县（市、区）"),
        queryset=Territory.objects.none(),
        empty_label=None,
        error_messages={"required": _("请选择县（市、区）。"), "invalid_choice": _("请在列出的县（市、区）中选择。")},
    )
    scheme = forms.ModelChoiceField(
        label=_("考核方案"),
        queryset=Scheme.objects.none(),
        empty_label=None,
        error_messages={"required": _("请选择考核方案。"), "invalid_choice": _("请在列出的考核方案中选择。")},
    )

    def __init__(self, *args: Any, counties: TerritoryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["county"].queryset = counties  # type: ignore[attr-defined]
        self.fields["scheme"].queryset = Scheme.objects.order_by("-year", "employment", "-version")  # type: ignore[attr-defined]


class SettleForm(forms.Form):
    override_reason = forms.CharField(label=_("超出名额的理由"), max_length=300, required=False, widget=forms.Textarea)

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class MarkForm(forms.Form):
    """The ticked points of one rubric, or the word that none of them was met, and a remark."""

    points = forms.TypedMultipleChoiceField(
        label=_("评分要点"),
        coerce=int,
        required=False,
        error_messages={"invalid_choice": _("评分要点和试卷对不上，请刷新页面后再评。")},
    )
    none = forms.BooleanField(label=_("一条也没有答到"), required=False)
    remark = forms.CharField(
        label=_("评语"),
        required=False,
        max_length=300,
        error_messages={"max_length": _("评语最多写 300 字，请删短一些再保存。")},
    )

    def __init__(self, *args: Any, count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points"].choices = [(str(index), str(index)) for index in range(count)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        points, none = cleaned.get("points"), cleaned.get("none")
        if points and none:
            self.add_error("points", _("勾了评分要点，又勾了“一条也没有答到”，请去掉其中一样。"))
        elif not points and not none and "points" not in self.errors:
            self.add_error("points", _("还没有勾评分要点。一条也没有答到的，请勾“一条也没有答到”，再保存。"))
        return cleaned


class EndForm(forms.Form):
    on = forms.DateField(
        label=_("从哪天起不再担任"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={"required": _("请选择结束日期。"), "invalid": _("请选择一个日期，例如 2026-12-31。")},
    )

"""Forms of the steps of a service: what a step says, why one is taken back, who is about to be employed."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from roster import fields, steps
from roster.forms import TerritoryField
from roster.models import Employment, Identity, StepKind, TerritoryQuerySet
from roster.standing import AHEAD

REQUIRED: dict[str, Any] = {"required": _("这一栏要填。")}
NOTES: dict[str, Any] = {
    StepKind.REHIRE: _("写明谁同意重新上岗。"),
    StepKind.LEND: _("写明借调到哪里、做什么、到什么时候。"),
}


class DayInput(forms.DateInput):
    def __init__(self, **attrs: str) -> None:
        super().__init__(attrs={"type": "date", **attrs}, format="%Y-%m-%d")


class DecisionForm(forms.Form):
    """What every step may say of the decision behind it."""

    on = forms.DateField(
        label=_("日期"),
        error_messages={"required": _("请选日期。"), "invalid": _("日期看不懂，请在日历上选。")},
        widget=DayInput(),
    )
    decided_by = forms.CharField(label=_("决定单位"), max_length=60, required=False)
    document = forms.CharField(
        label=_("文号"), max_length=60, required=False, help_text=_("例如：永发〔2026〕3号。没有文件的不填。")
    )
    note = forms.CharField(
        label=_("说明"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text=""
    )
    scan = forms.FileField(
        label=_("文件扫描件"),
        required=False,
        help_text=_("照片（JPG、PNG）或 PDF，最大 10 MB。加密保存，只有管得到这个人的管理员能打开。"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = today
        self.fields["on"].widget.attrs["max"] = (today + AHEAD).isoformat()


class StepForm(DecisionForm):
    reason = forms.ChoiceField(label=_("原因"), error_messages={"required": _("请选一个原因。")})
    outcome = forms.ChoiceField(
        label=_("处理"), required=False, help_text=_("因为规定的四种情形的，要选；其他原因不选。")
    )
    # the newest standing step when the page was opened
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    field_order = ["on", "reason", "outcome", "decided_by", "document", "note", "scan", "seen"]

    def __init__(self, *args: Any, kind: str, state: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons, outcomes = steps.reasons(kind, state), steps.OUTCOME_OF.get(kind, ())
        asked, outcome = self.fields["reason"], self.fields["outcome"]
        asked.required = kind in steps.MUST_HAVE_REASON
        asked.choices = [("", _("请选择")), *grouped(reasons)]  # type: ignore[attr-defined]
        outcome.choices = [("", _("不选")), *((code, steps.OUTCOMES[code]) for code in outcomes)]  # type: ignore[attr-defined]
        if not reasons:
            del self.fields["reason"]
        if not outcomes or not set(reasons) & set(steps.REMOVAL):
            del self.fields["outcome"]
        else:
            self.fields["decided_by"].help_text = _("因为规定的四种情形办理的，要写。")
        self.fields["note"].required = kind in steps.MUST_HAVE_NOTE
        self.fields["note"].error_messages = REQUIRED
        self.fields["note"].help_text = NOTES.get(kind, "")


def grouped(codes: Iterable[str]) -> list[tuple[Any, Any]]:
    """Reasons under the two headings that people know them by, where there are both."""
    removal = [(code, steps.REASONS[code]) for code in codes if code in steps.REMOVAL]
    others = [(code, steps.REASONS[code]) for code in codes if code not in steps.REMOVAL]
    return [(_("规定的四种情形"), removal), (_("其他原因"), others)] if removal else others


class TakeBackForm(forms.Form):
    note = forms.CharField(
        label=_("为什么撤回"),
        max_length=200,
        help_text=_("例如：选错了人。会记在档案里。"),
        error_messages={"required": _("请写明为什么撤回。")},
    )


class ProposeForm(DecisionForm):
    """Someone about to be employed. What else is known goes into the file afterwards."""

    name = forms.CharField(label=_("姓名"), max_length=60, error_messages=REQUIRED)
    id_number = forms.CharField(
        label=_("身份证号"),
        max_length=30,
        error_messages=REQUIRED,
        help_text=_("照证件填 18 位。系统凭它认人：已有档案的人不会重复登记。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    mobile = forms.CharField(
        label=_("手机号"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    township = TerritoryField(queryset=None, label=_("乡镇（街道）"), empty_label=_("请选择"), error_messages=REQUIRED)
    employment = forms.ChoiceField(
        label=_("专兼职"), choices=[("", _("请选择")), *Employment.choices], error_messages=REQUIRED
    )
    identity = forms.ChoiceField(label=_("身份"), choices=[("", _("请选择")), *Identity.choices], required=False)
    field_order = ["name", "id_number", "mobile", "township", "employment", "identity", "on"]

    def __init__(self, *args: Any, within: TerritoryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["township"]
        choice.queryset = within
        if len(choice.choices) == 2:
            self.fields["township"].initial = within.first()

    def person(self) -> dict[str, Any]:
        """The fields of the newcomer as the file keeps them. Refuses what they cannot hold."""
        data = self.cleaned_data
        read = {name: fields.read(name, data[name]) for name in ("name", "id_number", "mobile", "employment")}
        return {**read, "township_id": data["township"].pk}

"""What an act on many asks for. The same for everybody chosen; whom it cannot be done to is passed over."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from roster import fields, steps
from roster.models import PostBand, StepKind, Worker, WorkerState
from roster.step_forms import StepForm

LABELS = {
    "on": _("日期"),
    "reason": _("原因"),
    "outcome": _("处理"),
    "decided_by": _("决定单位"),
    "document": _("文号"),
    "note": _("说明"),
}
WHY: dict[str, Any] = {"required": _("请写明更改的原因。")}
CHOOSE: dict[str, Any] = {"required": _("请选一项。")}


def values_of(form: forms.Form) -> dict[str, Any]:
    """What was filled in, as JSON holds it."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in form.cleaned_data.items()}


class ManyStepForm(StepForm):
    """A step for many: no scan, which belongs to one file, and nothing that one person's page had shown."""

    kind: str

    def __init__(self, *args: Any, **given: Any) -> None:
        routes = steps.TRANSITIONS[self.kind]
        usual = WorkerState.ACTIVE if WorkerState.ACTIVE in routes else next(iter(routes))
        super().__init__(*args, kind=self.kind, state=usual, **given)
        del self.fields["scan"], self.fields["seen"]


def step_form(kind: StepKind) -> type[ManyStepForm]:
    return type("ManyStepForm", (ManyStepForm,), {"kind": kind})


class FileForm(forms.Form):
    """The new value of one field, and why."""

    name: str
    reason = forms.CharField(label=LABELS["reason"], max_length=200, error_messages=WHY)
    field_order = ["value", "reason"]

    def __init__(self, *args: Any, today: date, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["value"] = value_field(self.name)
        self.order_fields(self.field_order)


def file_form(name: str) -> type[FileForm]:
    return type("FileForm", (FileForm,), {"name": name})


def value_field(name: str) -> forms.Field:
    held: Any = Worker._meta.get_field(name)
    if name == "post":
        posts = [(str(band.pk), band.name) for band in PostBand.objects.all()]
        return forms.ChoiceField(label=_("改成"), required=False, choices=[("", _("不定岗位")), *posts])
    if held.choices:
        choices = [("", _("请选择")), *held.choices]
        return forms.ChoiceField(label=_("改成"), choices=choices, error_messages=CHOOSE)
    hint = _("空着就是把大家的“%(field)s”清空。") % {"field": fields.label(name)}
    return forms.CharField(label=_("改成"), required=False, max_length=held.max_length, help_text=hint)

"""What an act on many asks for. The same for everybody chosen; whom it cannot be done to is passed over."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminDateInput

from roster import fields, steps
from roster.models import PostBand, Step, StepKind, Worker

LABELS: dict[str, Any] = {
    **{
        name: Step._meta.get_field(name).verbose_name
        for name in ("on", "reason", "outcome", "decided_by", "document", "note")
    },
    "value": _("改成"),
}
CHOOSE = ("", _("请选择"))


class ActForm(forms.Form):
    """`values` are what is kept and handed to the act, as JSON holds them."""

    @property
    def values(self) -> dict[str, Any]:
        return {
            name: value.isoformat() if isinstance(value, date) else value for name, value in self.cleaned_data.items()
        }


def text(label: Any, longest: int, *, required: bool = False, hint: Any = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=longest, required=required, help_text=hint)


def step_form(kind: StepKind) -> type[ActForm]:
    """Date, reason where the step has any, outcome where it brings one about, who decided, document, remark."""
    given: dict[str, forms.Field] = {
        "on": forms.DateField(
            label=LABELS["on"],
            widget=AdminDateInput,
            error_messages={"required": _("请选日期。"), "invalid": _("日期看不懂，请写成 2026-09-16 这样。")},
        )
    }
    if reasons := steps.REASONS_OF.get(kind):
        choices = [CHOOSE, *((code, steps.REASONS[code]) for code in reasons)]
        given["reason"] = forms.ChoiceField(
            label=LABELS["reason"], choices=choices, required=kind in steps.MUST_HAVE_REASON
        )
    if outcomes := steps.OUTCOME_OF.get(kind):
        choices = [("", _("不涉及")), *((code, steps.OUTCOMES[code]) for code in outcomes)]
        hint = _("因为态度不积极、履职不到位、能力不匹配、工作不适应的，要选。")
        given["outcome"] = forms.ChoiceField(label=LABELS["outcome"], choices=choices, required=False, help_text=hint)
    given["decided_by"] = text(LABELS["decided_by"], 60)
    given["document"] = text(LABELS["document"], 60)
    given["note"] = text(LABELS["note"], 200, required=kind in steps.MUST_HAVE_NOTE)
    return type("StepForm", (ActForm,), given)


def file_form(name: str) -> type[ActForm]:
    """The new value of one field, and why."""
    held: Any = Worker._meta.get_field(name)
    given: dict[str, forms.Field] = {}
    if name == "post":
        given["value"] = PostChoice(label=LABELS["value"], required=False)
    elif held.choices:
        choices = [CHOOSE, *held.choices]
        given["value"] = forms.ChoiceField(label=LABELS["value"], choices=choices)
    else:
        hint = _("空着就是把大家的“%(field)s”清空。") % {"field": fields.label(name)}
        given["value"] = text(LABELS["value"], held.max_length, hint=hint)
    given["reason"] = text(_("原因"), 200, required=True)
    return type("FileForm", (ActForm,), given)


class PostChoice(forms.TypedChoiceField):
    """The posts of the ladder, as they are when the form is shown."""

    def __init__(self, **given: Any) -> None:
        super().__init__(choices=self.posts, coerce=str, **given)

    @staticmethod
    def posts() -> list[tuple[str, Any]]:
        return [("", _("不定岗位")), *((str(band.pk), band.name) for band in PostBand.objects.all())]

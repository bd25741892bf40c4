from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.checks import LETTERS
from courses.models import CoursePage, Requirement, Session
from lms import numbers, times
from roster.forms import TerritoryField
from roster.models import Employment, Territory, TerritoryQuerySet, Worker, WorkerQuerySet


class SearchForm(forms.Form):
    q = forms.CharField(label=_("找课"), required=False, max_length=30)


class CheckForm(forms.Form):
    """The options of one check question; `chosen` is the letters in order."""

    chosen = forms.MultipleChoiceField(error_messages={"required": _("先选一个答案，再看解析。")})

    def __init__(self, value: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chosen"].choices = [(letter, letter) for letter in LETTERS[: len(value["options"])]]  # type: ignore[attr-defined]

    def clean_chosen(self) -> str:
        return "".join(sorted(self.cleaned_data["chosen"]))


class PlainForm(forms.ModelForm):
    """A form of the back office that says what to do about an empty field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages["required"] = _("请填这一项。")


class RequirementForm(PlainForm):
    """A new rule: which course, for whom, until when, and the reason that the worker reads."""

    class Meta:
        model = Requirement
        fields = ["course", "territory", "employment", "due_on", "reason"]
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"}), "reason": forms.TextInput(attrs={"size": 60})}
        help_texts = {
            "employment": _("不选表示专职、兼职都要学。"),
            "reason": _("网格员会在首页看到这句话，写清楚为什么要学。"),
        }

    def __init__(self, *args: Any, within: TerritoryQuerySet, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["course"].queryset = CoursePage.objects.live().order_by("path")  # type: ignore[attr-defined]
        self.fields["territory"] = TerritoryField(
            queryset=within, label=_("范围"), error_messages={"required": _("请选择范围。")}
        )
        self.fields["employment"].choices = [("", _("专职和兼职")), *Employment.choices]  # type: ignore[attr-defined]

    def clean_due_on(self) -> date:
        if self.cleaned_data["due_on"] < self.today:
            raise forms.ValidationError(_("期限已经过去了，请选今天或以后的日子。"))
        return self.cleaned_data["due_on"]


class SessionForm(PlainForm):
    class Meta:
        model = Session
        fields = ["title", "subject", "mode", "territory", "place", "starts_at", "ends_at", "hours"]
        widgets = {"starts_at": times.MomentInput(), "ends_at": times.MomentInput()}
        help_texts = {"hours": _("半天记 3 学时，一天记 6 学时。"), "place": _("线上培训可以不填。")}

    def __init__(self, *args: Any, within: TerritoryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["territory"] = TerritoryField(
            queryset=within, label=_("范围"), error_messages={"required": _("请选择范围。")}
        )
        for name in ("starts_at", "ends_at"):
            self.fields[name].validators.append(times.in_our_time)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts, ends, hours = data.get("starts_at"), data.get("ends_at"), data.get("hours")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _("结束时间要晚于开始时间。"))
        if hours is not None and not 0 < hours <= 48:
            self.add_error("hours", _("学时请填 0 到 48 之间的数，半天记 3 学时。"))
        return data


class PeopleField(forms.ModelMultipleChoiceField):
    def clean(self, value: Any) -> Any:
        if any(numbers.row(str(one)) is None for one in value or []):
            raise forms.ValidationError(self.error_messages["invalid_list"], code="invalid_list")
        return super().clean(value)


class PresentForm(forms.Form):
    """Who of one township's people came."""

    township = forms.ModelChoiceField(queryset=Territory.objects.none())
    present = PeopleField(queryset=Worker.objects.none(), required=False)

    def __init__(self, *args: Any, townships: TerritoryQuerySet, people: WorkerQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["township"].queryset = townships  # type: ignore[attr-defined]
        self.fields["present"].queryset = people  # type: ignore[attr-defined]

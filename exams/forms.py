from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exams.models import Exam, QuestionKind
from lms import times
from records.models import Subject
from roster.forms import TerritoryField
from roster.models import Employment, TerritoryQuerySet

MOST_SECTIONS = 6
AFTER_CLOSE, AT_ONCE, AT_A_TIME = "close", "once", "time"


class PledgeForm(forms.Form):
    pledge = forms.BooleanField(
        label=_("我已看过考试须知，承诺独立作答，不请人代考、不替人考、不外传试题。"), required=False
    )

    def clean(self) -> None:
        # said once for the whole form: the label is too long to stand before it
        if not self.cleaned_data.get("pledge"):
            raise forms.ValidationError(_("请先看完考试须知，勾选诚信承诺，再开始作答。"))


class ExamForm(forms.ModelForm):
    """What an exam is, but for its sections."""

    results = forms.ChoiceField(
        label=_("什么时候公布成绩"),
        choices=[
            (AFTER_CLOSE, _("考试截止以后")),
            (AT_ONCE, _("交卷评完就能看")),
            (AT_A_TIME, _("指定时间（填在下面）")),
        ],
        help_text=_("公布以前，成绩、答案和解析谁也看不到。交卷就能看的，先考完的人可能告诉后考的人。"),
    )

    class Meta:
        model = Exam
        fields = [
            "title",
            "territory",
            "employment",
            "opens_at",
            "closes_at",
            "minutes",
            "pass_marks",
            "results",
            "results_at",
        ]
        labels = {"title": _("考试名称")}
        widgets = {"opens_at": times.MomentInput(), "closes_at": times.MomentInput(), "results_at": times.MomentInput()}
        help_texts = {
            "title": _("例如：2026年三季度网格员业务考试"),
            "closes_at": _("到这个时间，没交的卷子自动交卷。"),
            "minutes": _("从点“开始作答”算起；晚开始的人以截止时间为准。"),
        }

    field_order = Meta.fields

    def __init__(self, *args: Any, within: TerritoryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["territory"] = TerritoryField(queryset=within, label=_("参加范围"), empty_label=None)
        self.fields["employment"].choices = [("", _("专职和兼职都参加")), *Employment.choices]  # type: ignore[attr-defined]
        self.order_fields(self.Meta.fields)
        for field in self.fields.values():
            field.error_messages["required"] = _("请填写“%(label)s”。") % {"label": field.label}
        for name in ("opens_at", "closes_at", "results_at"):
            self.fields[name].validators.append(times.in_our_time)
        exam = self.instance
        if exam.results_at:
            self.initial["results"] = AT_ONCE if exam.results_at == exam.opens_at else AT_A_TIME

    def clean_minutes(self) -> int:
        minutes = self.cleaned_data["minutes"]
        if not 5 <= minutes <= 300:
            raise forms.ValidationError(_("作答时间请填 5 到 300 分钟。"))
        return minutes

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        opens, closes = data.get("opens_at"), data.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("截止时间要晚于开考时间。"))
        if data.get("results") == AT_A_TIME and not data.get("results_at"):
            self.add_error("results_at", _("请填公布成绩的时间，或者在上面改选别的。"))
        if data.get("results") != AT_A_TIME:
            data["results_at"] = opens if data.get("results") == AT_ONCE else None
        return data


class SectionForm(forms.Form):
    """One part of the paper: kind, how many, how much each, from which banks. A row without a kind is not there."""

    kind = forms.ChoiceField(label=_("题型"), choices=[("", _("（不要）")), *QuestionKind.choices], required=False)
    count = forms.IntegerField(label=_("题数"), min_value=1, max_value=100, required=False)
    marks = forms.DecimalField(
        label=_("每题分数"), min_value=0.5, max_value=100, max_digits=4, decimal_places=1, required=False
    )
    subject = forms.ChoiceField(label=_("科目"), choices=[("", _("全部科目")), *Subject.choices], required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("kind"):
            for name, words in (("count", _("请填题数。")), ("marks", _("请填每题分数。"))):
                if name not in self.errors and not data.get(name):
                    self.add_error(name, words)
        return data

    @property
    def section(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        if not data.get("kind"):
            return None
        return {name: data[name] for name in ("kind", "count", "subject")} | {"marks": f"{data['marks']:.1f}"}


class SectionsBase(forms.BaseFormSet):
    def clean(self) -> None:
        if not any(self.errors) and not self.sections:
            raise forms.ValidationError(_("试卷里还没有题，请至少填一行。"))

    @property
    def sections(self) -> list[dict[str, Any]]:
        return [form.section for form in self.forms if form.section]


SectionFormSet = forms.formset_factory(
    SectionForm, formset=SectionsBase, extra=MOST_SECTIONS, max_num=MOST_SECTIONS, absolute_max=MOST_SECTIONS
)
USUAL = [
    {"kind": "single", "count": 10, "marks": "4.0", "subject": ""},
    {"kind": "multiple", "count": 5, "marks": "4.0", "subject": ""},
    {"kind": "truefalse", "count": 10, "marks": "2.0", "subject": ""},
    {"kind": "case", "count": 1, "marks": "20.0", "subject": ""},
]


def blank_exam(now: datetime) -> dict[str, Any]:
    """What a new exam begins with: next week, an hour, 100 marks."""
    opens = (timezone.localtime(now) + timedelta(days=7)).replace(hour=8, minute=30, second=0, microsecond=0)
    return {
        "opens_at": opens,
        "closes_at": (opens + timedelta(days=6)).replace(hour=18, minute=0),
        "minutes": 60,
        "pass_marks": 60,
    }

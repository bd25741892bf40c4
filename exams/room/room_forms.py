"""What is asked in the room of an exam."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from exams.models import AllowanceKind, Exam, Measure
from exams.room.windows import Reason
from lms import times
from roster.forms import TerritoryField
from roster.models import TerritoryQuerySet

REASON = {"required": _("请写明理由，本人和别的管理员都看得到。")}


class ReasonField(forms.CharField):
    def __init__(self, **more: Any) -> None:
        area = forms.Textarea(attrs={"rows": 2})
        super().__init__(label=_("理由"), max_length=200, widget=area, error_messages=REASON, **more)


class MomentField(forms.DateTimeField):
    def __init__(self, **more: Any) -> None:
        wrong = {"invalid": _("日期和时间看不懂，请在日历上选。"), "required": _("请选日期和时间。")}
        super().__init__(widget=times.MomentInput(), validators=[times.in_our_time], error_messages=wrong, **more)


class AllowForm(forms.Form):
    """What is given, and what belongs to it."""

    kind = forms.ChoiceField(
        label=_("办什么"),
        choices=AllowanceKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选要办什么。")},
    )
    minutes = forms.IntegerField(
        label=_("加多少分钟"),
        required=False,
        min_value=1,
        max_value=180,
        help_text=_("选“加时”才填。正在作答的人，页面上的剩余时间会自己变长。"),
    )
    opens_at = MomentField(label=_("个人开考时间"), required=False, help_text=_("选“另定时间”才填。"))
    closes_at = MomentField(
        label=_("个人截止时间"),
        required=False,
        help_text=_("选“另定时间”或“迟到准许入场”才填。到这个时间，没交的自动交卷。"),
    )
    reason = ReasonField()

    NEEDS = {
        AllowanceKind.TIME: ("minutes",),
        AllowanceKind.WINDOW: ("opens_at", "closes_at"),
        AllowanceKind.LATE: ("closes_at",),
        AllowanceKind.EXEMPT: (),
    }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in self.NEEDS.get(data.get("kind", ""), ()):
            if name not in self.errors and not data.get(name):
                self.add_error(name, _("请填“%(label)s”。") % {"label": self.fields[name].label})
        return data


class WindowForm(forms.Form):
    opens_at = MomentField(label=_("开考时间"), help_text=_("开考以后不能再改。"))
    closes_at = MomentField(label=_("截止时间"), help_text=_("还没开始的人按新的截止时间；已经在答的人，时间不变。"))
    results_at = MomentField(
        label=_("公布成绩时间"), required=False, help_text=_("只能往后推；还没公布以前都可以改，考试截止以后也可以。")
    )
    extend = forms.BooleanField(label=_("正在作答的人也按新的截止时间延长（只会变长，不会变短）"), required=False)
    reason = forms.ChoiceField(
        label=_("原因"),
        choices=[("", _("请选…")), *Reason.choices],
        error_messages={"required": _("请选改时间的原因。")},
    )

    def __init__(self, *args: Any, exam: Exam, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {
            "opens_at": exam.opens_at,
            "closes_at": exam.closes_at,
            "results_at": exam.shows_results_at,
        }
        if exam.at_once:
            del self.fields["results_at"], self.initial["results_at"]
        elif exam.results_at is None:
            self.fields["results_at"].help_text = _("现在是截止就公布。只能往后推；还没公布以前都可以改。")

    def clean(self) -> dict[str, Any]:
        """What was left as it stood is what it was, to the second: a field of a form ends with the minute."""
        data = super().clean() or {}
        for name, stood in self.initial.items():
            if data.get(name) == stood.replace(second=0, microsecond=0):
                data[name] = stood
        return data


class NoticeForm(forms.Form):
    territory = TerritoryField(queryset=None, label=_("发给谁"), empty_label=None)
    text = forms.CharField(
        label=_("通知内容"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("显示在正在作答的人的页面上，一分钟以内到。写清楚要做什么。"),
        error_messages={"required": _("请写通知内容。")},
    )

    def __init__(self, *args: Any, within: TerritoryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["territory"].queryset = within  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("看到了什么"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("写事实，不写结论。本人交卷以后也看得到。"),
        error_messages={"required": _("请写下看到了什么。")},
    )


class MeasureForm(forms.Form):
    measure = forms.ChoiceField(
        label=_("要办什么"),
        choices=Measure.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选要办什么。")},
    )
    reason = ReasonField(help_text=_("另一名管理员凭这里写的来决定；办了以后本人也会看到，不要写别人的名字。"))

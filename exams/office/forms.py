from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exams.marks import resits
from exams.models import MOST_TRIES, REPEATED, Counts, Exam, ExamKind, Layout, QuestionKind
from lms import times
from records.models import Subject
from roster.forms import TerritoryField
from roster.models import Employment, TerritoryQuerySet

MOST_SECTIONS = 6
MOST_BYTES = 256 * 1024
AFTER_CLOSE, AT_ONCE, AT_A_TIME = "close", "once", "time"


KINDS = {
    ExamKind.FORMAL: _("成绩记入档案，合格的发证书，只考一次"),
    ExamKind.ENTRY: _("上岗以前要通过；还没有通过的人参加，可以考几次"),
    ExamKind.MOCK: _("熟悉考试，交卷就出分，不记入档案"),
    ExamKind.PRACTICE: _("平时练习，交卷就出分，不记入档案"),
}


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
            "kind",
            "counts",
            "territory",
            "employment",
            "by_list",
            "opens_at",
            "closes_at",
            "minutes",
            "late_minutes",
            "tries",
            "layout",
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
            "by_list": _("勾选后，只有名单上的人参加，名单在保存以后填。上面的范围和人员仍然要对得上。"),
            "late_minutes": _(
                "到时间手机还没有网的，时间到以前答的题，在这么多分钟里送到的照样计分。填 0 到 60；填 0 就是到时间一律不收。"
            ),
            "tries": _("只有准入测试、模拟考试和练习能填 2 到 20 次。正式考试只考一次，没考好的另外安排补考。"),
        }

    field_order = Meta.fields

    def __init__(self, *args: Any, within: TerritoryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["territory"] = TerritoryField(queryset=within, label=_("参加范围"), empty_label=None)
        self.fields["employment"].choices = [("", _("专职和兼职都参加")), *Employment.choices]  # type: ignore[attr-defined]
        self.order_fields(self.Meta.fields)
        self._by_kind()
        for field in self.fields.values():
            field.error_messages["required"] = _("请填写“%(label)s”。") % {"label": field.label}
        for name in ("opens_at", "closes_at", "results_at"):
            self.fields[name].validators.append(times.in_our_time)
        exam = self.instance
        if exam.results_at:
            self.initial["results"] = AT_ONCE if exam.results_at == exam.opens_at else AT_A_TIME

    def _by_kind(self) -> None:
        """A resit is made from its exam: whom it concerns is not asked, but which result counts. All others choose their kind."""
        layout: Any = self.fields["layout"]
        layout.choices = [(Layout.ONE, _("一次一题，手机上好看")), (Layout.ALL, _("整张卷子一页"))]
        kind: Any = self.fields["kind"]
        if self.instance.kind == ExamKind.RESIT:
            counts: Any = self.fields["counts"]
            counts.required = True
            counts.choices = Counts.choices
            counts.help_text = "".join(f"{code.label}：{resits.RULES[code]}" for code in Counts)
            for name in ("kind", "territory", "employment", "by_list", "tries"):
                del self.fields[name]
            return
        del self.fields["counts"]
        kind.choices = [(code, code.label) for code in KINDS]
        kind.help_text = "".join(f"{code.label}：{KINDS[code]}。" for code in KINDS)

    def clean_late_minutes(self) -> int:
        minutes = self.cleaned_data["late_minutes"]
        if not 0 <= minutes <= 60:
            raise forms.ValidationError(_("断网补传请填 0 到 60 分钟。"))
        return minutes

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
        self._fitting_tries(data)
        if data.get("results") == AT_A_TIME and not data.get("results_at"):
            self.add_error("results_at", _("请填公布成绩的时间，或者在上面改选别的。"))
        if data.get("results") != AT_A_TIME:
            data["results_at"] = opens if data.get("results") == AT_ONCE else None
        return data

    def _fitting_tries(self, data: dict[str, Any]) -> None:
        """A second try needs the result of the first."""
        kind, tries = data.get("kind"), data.get("tries")
        if tries is None or kind is None:
            return
        most = MOST_TRIES if kind in REPEATED else 1
        if not 1 <= tries <= most:
            self.add_error(
                "tries",
                _("可考次数请填 1 到 %d。") % MOST_TRIES if most > 1 else _("正式考试只能考一次，请填 1。"),
            )
        if kind == ExamKind.ENTRY and tries > 1 and data.get("results") != AT_ONCE:
            self.add_error(
                "results", _("可以考几次的准入测试，请选“交卷评完就能看”：不知道结果，没有合格的人不知道要再考。")
            )


class NamesForm(forms.Form):
    """Roster numbers to come onto the list of an exam: pasted, or a text file with one a line."""

    numbers = forms.CharField(
        label=_("登录号，一行一个"),
        help_text=_("可以从表格里复制“登录号”那一列，粘贴到这里。"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        strip=False,
    )
    file = forms.FileField(
        label=_("或者上传文本文件"),
        help_text=_("一行一个登录号，.txt 或只有一列的 .csv。"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".txt,.csv"}),
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("这个文件太大，请只留登录号一列，存成文本再传。"))
        content = file.read()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise forms.ValidationError(_("这个文件不是文本，请把登录号一列复制粘贴到上面。"))

    @property
    def lines(self) -> list[str]:
        text = f"{self.cleaned_data['numbers']}\n{self.cleaned_data['file']}"
        return [line.strip().strip(',"').strip() for line in text.replace("\x00", "").splitlines()]


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

"""Forms of a worker's file: changed by an admin, questioned by the worker, decided; the ladder; a new agreement."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from roster import fields, files
from roster.models import PostBand, Worker

REQUIRED: dict[str, Any] = {"required": lazy("这一栏要填。")}
CLOSED: dict[str, Any] = {"autocomplete": "off"}
GROUPS = (
    (lazy("本人"), ("name", "sex", "id_number", "mobile", "education", "political_status")),
    (lazy("身份和招录"), ("employment", "identity", "position", "channel", "recruited_by", "employer", "managed_by", "joined_on")),
    (lazy("社工证书"), ("certificate", "certificate_level", "certificate_number", "certificate_expires_on")),
    (lazy("岗位等级"), ("post", "step")),
)  # fmt: skip
HINTS: dict[str, Any] = {
    "joined_on": lazy("知道到哪天就填到哪天：2024年7月1日、2024年7月、2024年都可以。"),
    "position": lazy("例如：社区专职网格员、村党支部副书记。"),
    "channel": lazy("按统一的类别选；名册上的原话填在“选聘方式”里。"),
    "employer": lazy("和本人签合同、发工资的单位，例如劳务派遣公司。"),
    "managed_by": lazy("平时管这个人的单位，例如镇综治中心、市委政法委。"),
    "certificate_expires_on": lazy("照登记证书填到哪一天。到期前 90 天开始提醒。"),
    "post": lazy("只有专职网格员定岗位和级。每个岗位可以定的级，见“岗位等级”。"),
    "step": lazy("1 到 18。"),
}


def field_for(name: str, worker: Worker) -> forms.Field:
    """How a field of the file is asked for. A number is never written into the page: what is not typed stays as it is."""
    label, held = fields.label(name), fields.value_of(worker, name)
    shown: dict[str, Any] = {"label": label, "required": False, "help_text": HINTS.get(name, "")}
    if choices := choices_of(name):
        return forms.ChoiceField(choices=choices, initial=fields.text_of(name, held), **shown)
    if name in fields.NUMBERS:
        said = {"held": fields.shown(name, held)}
        shown["help_text"] = _("现在：%(held)s。不改就空着，要去掉就填“无”。") % said
        return forms.CharField(max_length=60, widget=forms.TextInput(attrs={**CLOSED, "inputmode": "text"}), **shown)
    if name == "certificate_expires_on":
        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.CharField(initial=held or "", max_length=30, widget=day, **shown)
    widget = forms.TextInput(attrs=CLOSED)
    return forms.CharField(initial=fields.text_of(name, held), max_length=200, widget=widget, **shown)


def choices_of(name: str) -> list[tuple[Any, Any]]:
    """What may be chosen in a field; none for one that is written."""
    empty = ("", _("没有登记"))
    if name == "post":
        return [
            empty,
            *((str(band.pk), f"{band.name}（{band.lowest}–{band.highest} 级）") for band in PostBand.objects.all()),
        ]
    choices = list(Worker._meta.get_field(name).choices or ())  # type: ignore[union-attr]
    if not choices:
        return []
    return choices if name in fields.REQUIRED else [empty, *choices]


class FileForm(forms.Form):
    """The fields that this admin may change, with a fingerprint of what each showed, and the reason."""

    reason = forms.CharField(
        label=lazy("更改的原因"),
        max_length=200,
        help_text=lazy("例如：本人换了手机号，已当面核对。会记在档案里。"),
        error_messages={"required": lazy("请写明更改的原因。")},
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, worker: Worker, open_to: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = json.dumps(files.fingerprints(worker))
        for name in fields.FIELDS:
            if name in open_to:
                self.fields[name] = field_for(name, worker)

    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        found = [(title, [self[name] for name in names if name in self.fields]) for title, names in GROUPS]
        return [(title, bound) for title, bound in found if bound]

    def clean_seen(self) -> Mapping[str, str]:
        try:
            seen = json.loads(self.cleaned_data["seen"] or "{}")
        except ValueError:
            seen = None
        if not isinstance(seen, dict):
            raise ValidationError(_("这一页不完整，请刷新后再填。"))
        return seen

    def new(self) -> dict[str, str]:
        """What was filled in; an empty number means that it stays."""
        filled = {name: self.cleaned_data[name] for name in fields.FIELDS if name in self.fields}
        return {name: value for name, value in filled.items() if value or name not in fields.NUMBERS}


class CorrectionForm(forms.Form):
    """One field as the worker says it should be."""

    note = forms.CharField(
        label=lazy("说明"),
        max_length=200,
        required=False,
        help_text=lazy("例如：去年换了号码，老号码停用了。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    field_order = ["proposed", "note"]

    def __init__(self, *args: Any, field: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown: dict[str, Any] = {"label": _("应该是"), "error_messages": {"required": _("请填应该是什么。")}}
        if choices := choices_of(field):
            answers = [(value, said) for value, said in choices if value]
            self.fields["proposed"] = forms.ChoiceField(choices=answers, widget=forms.RadioSelect, **shown)
        else:
            attrs = {"autocomplete": "off", **({"inputmode": "numeric"} if field in {"mobile", "step"} else {})}
            kind = (
                forms.DateInput(attrs={"type": "date"})
                if field == "certificate_expires_on"
                else forms.TextInput(attrs=attrs)
            )
            hint = HINTS.get(field, "") if field == "joined_on" else ""
            self.fields["proposed"] = forms.CharField(max_length=200, widget=kind, help_text=hint, **shown)
        self.order_fields(self.field_order)


class DecideForm(forms.Form):
    decision = forms.ChoiceField(
        label=lazy("处理"),
        choices=[("accept", lazy("更正：照本人说的改")), ("refuse", lazy("不采纳：档案不变"))],
        widget=forms.RadioSelect,
        error_messages={"required": lazy("请选更正还是不采纳。")},
    )
    reason = forms.CharField(
        label=lazy("理由"),
        max_length=200,
        help_text=lazy("本人会看到。例如：已核对身份证。"),
        error_messages={"required": lazy("请写明理由，本人会看到。")},
    )


class BandForm(forms.Form):
    name = forms.CharField(label=lazy("岗位"), max_length=30, error_messages=REQUIRED)
    lowest = forms.IntegerField(label=lazy("最低级"), min_value=1, max_value=18, error_messages=REQUIRED)
    highest = forms.IntegerField(label=lazy("最高级"), min_value=1, max_value=18, error_messages=REQUIRED)
    basis = forms.CharField(
        label=lazy("依据"),
        max_length=200,
        required=False,
        help_text=lazy("哪份文件定的，写文号。"),
    )
    pending = forms.BooleanField(
        label=lazy("本地待定"), required=False, help_text=lazy("本地文件还没有定的，在这里打勾，定了以后去掉。")
    )


class PublishForm(forms.Form):
    title = forms.CharField(label=lazy("标题"), max_length=100, error_messages=REQUIRED)
    text = forms.CharField(
        label=lazy("全文"),
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text=lazy("一段一行，段与段之间空一行。"),
        error_messages=REQUIRED,
    )

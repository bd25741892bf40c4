from django import forms
from django.utils.translation import gettext_lazy as _

from roster.models import Level, Territory


class AgreementForm(forms.Form):
    read = forms.BooleanField(label=_("我已读完并愿意遵守"), error_messages={"required": _("请读完后在这里打勾。")})
    name = forms.CharField(
        label=_("签名"),
        help_text=_("填写自己的姓名，和名册上一致。"),
        max_length=60,
        error_messages={"required": _("请填写自己的姓名作为签名。")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class TerritoryField(forms.ModelChoiceField):
    """Territories with what lies above them, as two townships may share a name."""

    def label_from_instance(self, territory: Territory) -> str:
        return f"{territory.parent.name} · {territory.name}" if territory.level == Level.TOWNSHIP else territory.name  # type: ignore[union-attr]

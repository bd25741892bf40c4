import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from roster import roles
from roster.models import Level, Role, Territory, User


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


class RoleForm(forms.Form):
    """Which role, where, and why. Offers only what this admin may give; the verb decides again."""

    role = forms.ChoiceField(label=_("角色"), error_messages={"required": _("请选一个角色。")})
    territory = forms.ChoiceField(label=_("管哪里"), error_messages={"required": _("请选一个区划。")})
    reason = forms.CharField(
        label=_("原因"),
        max_length=200,
        help_text=_("例如：接替某某负责本镇网格员管理。会记入日志。"),
        error_messages={"required": _("请写明给这个角色的原因。")},
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        given = roles.givable(by)
        self.fields["role"].choices = [("", _("请选择")), *((r.value, r.label) for r in Role if r in given)]  # type: ignore[attr-defined]
        self.places = {str(place.pk): place for place in roles.places(by)}
        self.fields["territory"].choices = [("", _("请选择")), *grouped(self.places.values())]  # type: ignore[attr-defined]

    def clean_territory(self) -> Territory:
        return self.places[self.cleaned_data["territory"]]


def grouped(places: Iterable[Territory]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices under the name of their county; the city and the counties themselves come first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for place in places:
        head = place.parent.name if place.level == Level.TOWNSHIP and place.parent else str(_("市、县（市、区）"))
        groups.setdefault(head, []).append((str(place.pk), place.name))
    return list(groups.items())


class KnownPersonForm(RoleForm):
    username = forms.CharField(
        label=_("登录名或登录号"),
        max_length=60,
        help_text=_("网格员填登录号（W 开头）。还没有账号的网格员，先在“首次密码”里发密码。"),
        error_messages={"required": _("请填登录名或登录号。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["username", "role", "territory", "reason"]

    def clean_username(self) -> User:
        user = roles.known(self.cleaned_data["username"], by=self.by)
        if user is None:
            raise ValidationError(_("没有找到这个登录名，请核对；也可能这个人不在你的管理范围内。"))
        return user


class NewPersonForm(RoleForm):
    name = forms.CharField(label=_("姓名"), max_length=60, error_messages={"required": _("请填姓名。")})
    username = forms.RegexField(
        r"^[A-Za-z][A-Za-z0-9._-]{2,29}$",
        label=_("登录名"),
        help_text=_("3 到 30 位，字母开头，可以有数字，例如 wenquan.zhao。"),
        error_messages={
            "required": _("请填登录名。"),
            "invalid": _("登录名要 3 到 30 位，字母开头，只能有字母、数字、点和短横。"),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["name", "username", "role", "territory", "reason"]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"].lower()
        if re.fullmatch(r"w\d+", username):
            raise ValidationError(_("W 加数字是网格员的登录号，请换一个登录名。"))
        return username


class EndRoleForm(forms.Form):
    reason = forms.CharField(
        label=_("终止的原因"),
        max_length=200,
        help_text=_("例如：已调离本镇。会记入日志。"),
        error_messages={"required": _("请写明终止的原因。")},
    )

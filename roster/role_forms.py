"""The forms by which roles are given and ended, and accounts suspended. They offer what this person may do; the verb decides again."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from roster import roles
from roster.models import Duty, Level, Role, Territory, User


def day(missing: Any = "", **kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        widget=widget, error_messages={"invalid": _("请填一个日期。"), "required": missing}, **kwargs
    )


class RoleForm(forms.Form):
    """Which role, where, which part of the work, from when to when, and why."""

    role = forms.ChoiceField(label=_("角色"), error_messages={"required": _("请选一个角色。")})
    territory = forms.ChoiceField(label=_("管哪里"), error_messages={"required": _("请选一个区划。")})
    line = forms.CharField(
        label=_("条线"),
        max_length=20,
        required=False,
        help_text=_("由哪个部门管理，从列表里选或者自己填，例如政法委。只作说明，不影响能看到谁。"),
        widget=forms.TextInput(attrs={"list": "lines", "autocomplete": "off"}),
    )
    duties = forms.MultipleChoiceField(
        label=_("分工"),
        choices=Duty.choices,
        help_text=_("管理员分管的工作，没有勾选的，后台里看不到也办不了。领导和内容编辑不分工。"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少勾选一项。")},
    )
    since = day(_("请填从哪一天开始。"), label=_("第一天"))
    until = day(
        label=_("最后一天"), required=False, help_text=_("含这一天；到期以后自动失效。不填就一直有效，直到终止。")
    )
    reason = forms.CharField(
        label=_("原因"),
        max_length=200,
        help_text=_("例如：接替某某负责本镇网格员管理。会记入日志。"),
        error_messages={"required": _("请写明给这个角色的原因。")},
    )

    def __init__(self, *args: Any, by: User, today: date, **kwargs: Any) -> None:
        kwargs["initial"] = {"since": today, "duties": Duty.values}
        super().__init__(*args, **kwargs)
        self.by = by
        given = roles.givable(by)
        self.fields["role"].choices = [("", _("请选择")), *((r.value, r.label) for r in Role if r in given)]  # type: ignore[attr-defined]
        self.places = {str(place.pk): place for place in roles.places(by)}
        self.fields["territory"].choices = [("", _("请选择")), *grouped(self.places.values())]  # type: ignore[attr-defined]
        self.lines = roles.LINES

    def clean_territory(self) -> Territory:
        return self.places[self.cleaned_data["territory"]]

    def clean_until(self) -> date | None:
        """The day from which it is over."""
        last: date | None = self.cleaned_data["until"]
        return last + timedelta(days=1) if last else None


def grouped(places: Iterable[Territory]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices under the name of their county; the city and the counties themselves come first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for place in places:
        head = place.parent.name if place.level == Level.TOWNSHIP and place.parent else str(_("市、县（市、区）"))
        groups.setdefault(head, []).append((str(place.pk), place.name))
    return list(groups.items())


ORDER = ["role", "territory", "line", "duties", "since", "until", "reason"]


class KnownPersonForm(RoleForm):
    username = forms.CharField(
        label=_("登录名或登录号"),
        max_length=60,
        help_text=_("网格员填登录号（W 开头）。还没有账号的网格员，先在“首次密码”里发密码。"),
        error_messages={"required": _("请填登录名或登录号。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["username", *ORDER]

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
    field_order = ["name", "username", *ORDER]

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


class AccountForm(forms.Form):
    """Which account; a sign-in name in full, so that nobody leafs through the city's people here."""

    username = forms.CharField(
        label=_("登录名或登录号"),
        max_length=60,
        error_messages={"required": _("请填登录名或登录号。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )


class WhyForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("原因"),
        help_text=_("会记入日志。"),
        error_messages={"required": _("请选一个原因。"), "invalid_choice": _("请从列表里选一个原因。")},
    )

    def __init__(self, *args: Any, reasons: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [("", _("请选择")), *reasons.items()]  # type: ignore[attr-defined]

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from roster import roles, signin
from roster.models import Level, Role, Territory, User


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("手机号或登录号"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
        error_messages={"required": _("请填手机号或登录号。")},
    )
    password = forms.CharField(
        label=_("密码"),
        max_length=200,
        strip=True,  # a space slips in when a password is copied from a chat
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("请填密码。")},
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        username, password = data.get("username"), data.get("password")
        if not username or not password:
            return data
        address = signin.address_of(self.request)
        if not signin.guess(username, address):
            raise ValidationError(
                _("密码错了多次，为了安全请过 15 分钟再试。忘记密码的，请找乡镇（街道）管理员当面重新发放。"),
                code="locked",
            )
        fitting = signin.matching(username, password)
        if fitting:
            signin.succeeded(username, address)
        self.user = self.only_one(fitting)
        if signin.run_out(self.user, now=self.request.now):  # type: ignore[attr-defined]
            raise ValidationError(_("这个首次密码已经过期，请找乡镇（街道）管理员重新发放。"), code="expired")
        return data

    def only_one(self, fitting: list[User]) -> User:
        if not fitting:
            raise ValidationError(
                _("手机号（登录号）或密码不对，请核对后再试。第一次登录请用发放名单上的密码。"), code="wrong"
            )
        if len(fitting) > 1:
            raise ValidationError(
                _("有几个人登记了这个手机号，密码也一样，分不清是谁。请改用发放名单上的登录号（W 开头）登录。"),
                code="shared",
            )
        return fitting[0]


class NewPasswordForm(forms.Form):
    """A password of one's own; the old one is asked for unless it is the first one, just typed."""

    old = forms.CharField(
        label=_("现在的密码"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), max_length=200
    )
    new = forms.CharField(
        label=_("新密码"),
        help_text=_("至少 8 位，字母和数字都要有；不要带自己的姓名和手机号。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        max_length=200,
    )
    again = forms.CharField(
        label=_("再填一遍新密码"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), max_length=200
    )

    def __init__(self, *args: Any, user: User, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.address = user, address
        if user.must_change_password:
            del self.fields["old"]
        for field in self.fields.values():
            field.error_messages["required"] = _("这一栏要填。")  # the label says which

    def clean_old(self) -> str:
        """Guessed at no more often than at sign-in: a session left open must not become a password."""
        old = self.cleaned_data["old"]
        if not signin.guess(self.user.username, self.address):
            raise ValidationError(_("密码错了多次，为了安全请过 15 分钟再试。"))
        if not self.user.check_password(old):
            raise ValidationError(_("现在的密码不对，请再填一遍。"))
        signin.succeeded(self.user.username, self.address)
        return old

    def clean_new(self) -> str:
        new = self.cleaned_data["new"]
        if not any(sign.isdigit() for sign in new):
            raise ValidationError(_("密码里还要有数字，请加上一两个。"))
        if not any(sign.isalpha() for sign in new):
            raise ValidationError(_("密码里还要有字母，请加上一两个。"))
        password_validation.validate_password(new, self.user)
        if self.user.check_password(new):
            raise ValidationError(_("新密码不能和现在的一样，请换一个。"))
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("两次填的不一样，请再填一遍。"))
        return data


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

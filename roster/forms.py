from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from roster import signin
from roster.models import Level, Territory, User


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

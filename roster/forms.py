from typing import Any

from django import forms
from django.contrib.auth import authenticate, password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from roster import signin
from roster.models import User


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
        address = self.request.META.get("REMOTE_ADDR", "")
        if signin.locked(username, address):
            raise ValidationError(
                _("密码错了多次，为了安全请过 15 分钟再试。忘记密码的，请找乡镇管理员重新发放。"), code="locked"
            )
        user = authenticate(self.request, username=username, password=password)
        if user is None:
            signin.failed(username, address)
            raise ValidationError(
                _("手机号（登录号）或密码不对，请核对后再试。第一次登录请用发放名单上的密码。"), code="wrong"
            )
        if signin.run_out(user, now=self.request.now):  # type: ignore[attr-defined, arg-type]
            raise ValidationError(_("这个首次密码已经过期，请找乡镇管理员重新发放。"), code="expired")
        signin.succeeded(username, address)
        self.user = user  # type: ignore[assignment]
        return data


class NewPasswordForm(forms.Form):
    """A password of one's own; the old one is asked for unless it is the first one, just typed."""

    old = forms.CharField(
        label=_("现在的密码"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), max_length=200
    )
    new = forms.CharField(
        label=_("新密码"),
        help_text=_("至少 8 个字，字母和数字都要有；不要带姓名、手机号。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        max_length=200,
    )
    again = forms.CharField(
        label=_("再填一遍新密码"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), max_length=200
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if user.must_change_password:
            del self.fields["old"]
        for field in self.fields.values():
            field.error_messages["required"] = _("这一栏要填。")

    def clean_old(self) -> str:
        old = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise ValidationError(_("现在的密码不对。"))
        return old

    def clean_new(self) -> str:
        new = self.cleaned_data["new"]
        if new.isalpha():
            raise ValidationError(_("密码里还要有数字。"))
        password_validation.validate_password(new, self.user)
        if self.user.check_password(new):
            raise ValidationError(_("新密码不能和现在的一样。"))
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

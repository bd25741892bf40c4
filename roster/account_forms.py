"""The forms that guard an account: the password once more, a code of the second factor, setting one up, resetting somebody's."""

import unicodedata
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from roster import guesses, second_factor, signin
from roster.models import User

CODE = "code"


class PasswordAgainForm(forms.Form):
    password = forms.CharField(
        label=_("现在的密码"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
        error_messages={"required": _("请填密码。")},
    )

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.now = user, now

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        fits = signin.own_password_fits(self.user, password, now=self.now)
        if fits is None:
            raise ValidationError(_("密码错了多次，为了安全请过 15 分钟再试。"), code="locked")
        if not fits:
            raise ValidationError(_("密码不对，请再填一遍。"), code="wrong")
        return password


class CodeField(forms.CharField):
    """A code as it is read off a phone or a sheet of paper: spaces, dashes and full-width figures do not matter."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none"}
        super().__init__(max_length=40, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        plain = unicodedata.normalize("NFKC", super().clean(value))
        return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())


class GuessedForm(forms.Form):
    """Codes are guessed at five times a quarter of an hour for each person, from wherever: only who has the password gets so far."""

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.now = user, now

    def guess(self) -> None:
        if not guesses.take_own(self.user.pk, now=self.now, what=CODE):
            raise ValidationError(_("验证码错了多次，为了安全请过 15 分钟再试。"), code="locked")

    def fitted(self) -> None:
        guesses.fitted_own(self.user.pk, what=CODE)


class CodeForm(GuessedForm):
    code = CodeField(
        label=_("验证码"),
        help_text=_("手机验证程序里的 6 位数字；手机不在身边的，填一个 8 位的恢复码。"),
        error_messages={"required": _("请填验证码。")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = ""
        self.fields["code"].widget.attrs["autofocus"] = True

    def clean_code(self) -> str:
        self.guess()
        self.by = second_factor.check(self.user, self.cleaned_data["code"], now=self.now)
        if not self.by:
            raise ValidationError(_("验证码不对，或者已经用过。请等手机上换出新的一组再填。"), code="wrong")
        self.fitted()
        return self.cleaned_data["code"]


class SetUpForm(GuessedForm):
    code = CodeField(
        label=_("手机上显示的 6 位验证码"),
        help_text=_("每 30 秒换一组，填现在显示的那一组。"),
        error_messages={"required": _("请填手机上显示的验证码。")},
    )

    def clean_code(self) -> str:
        self.guess()
        return self.cleaned_data["code"]


class ResetForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("为什么重置"),
        choices=[("", _("请选择")), *second_factor.Reason.choices],
        error_messages={"required": _("请选一个重置的原因。")},
    )
    seen = forms.BooleanField(
        label=_("我已当面核对，是本人"), error_messages={"required": _("请当面核对本人后在这里打勾。")}
    )

"""The password asked for once more, before something that a session left open must not be enough for."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from roster import signin
from roster.models import User


class PasswordAgainForm(forms.Form):
    password = forms.CharField(
        label=_("登录密码"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("请填登录密码。")},
    )

    def __init__(self, *args: Any, user: User, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.address = user, address

    def clean_password(self) -> str:
        """Guessed at no more often than at sign-in."""
        password = self.cleaned_data["password"]
        if not signin.guess(self.user.username, self.address):
            raise ValidationError(_("密码错了多次，为了安全请过 15 分钟再试。"))
        if not self.user.check_password(password):
            raise ValidationError(_("密码不对，请再填一遍。"))
        signin.succeeded(self.user.username, self.address)
        return password

"""What is typed at the door and where passwords are changed; each try is counted before it is looked at."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from roster import namesakes, passwordrules, passwords, questions, signin
from roster.guesses import Step
from roster.models import User

TOO_OFTEN = _("密码错了多次，为了安全请过 15 分钟再试。")
NAME = {"autocomplete": "username", "autocapitalize": "none"}


def name_field() -> forms.CharField:
    return forms.CharField(
        label=_("手机号或登录号"),
        max_length=60,
        widget=forms.TextInput(attrs={**NAME, "autofocus": True}),
        error_messages={"required": _("请填手机号或登录号。")},
    )


class SignInForm(forms.Form):
    """
    `fitting` holds, when the form is right, everyone it lets in: one, or several of whom one must be chosen. Who lets them in takes the
    try off the count, by `trial.fitted`, in the same transaction.
    """

    trial: signin.Trial

    username = name_field()
    password = forms.CharField(
        label=_("密码"),
        max_length=200,
        strip=True,  # a space slips in when a password is copied from a chat
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("请填密码。")},
    )
    # only where tries have gone wrong too often; a question of words, never a picture
    answer = forms.CharField(
        max_length=10, required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"})
    )
    question = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.now = request, signin.moment(request)
        self.fitting: list[User] = []
        self.asking: questions.Question | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        username, password = data.get("username"), data.get("password")
        if not username or not password:
            return data
        self.trial = trial = signin.Trial(self.request, username)
        self.let_try(trial, token=data.get("question", ""), answer=data.get("answer", ""))
        fitting = trial.fitting(password)
        if not fitting:
            self.failed(username, "wrong")
            raise ValidationError(
                _("手机号（登录号）或密码不对，请核对后再试。第一次登录请用管理员发给你的首次密码。"), code="wrong"
            )
        self.fitting = [user for user in fitting if not signin.run_out(user, now=self.now)]
        if not self.fitting:
            trial.fitted()
            raise ValidationError(_("这个首次密码已经过期，请找乡镇（街道）管理员重新发放。"), code="expired")
        return data

    def let_try(self, trial: signin.Trial, *, token: str, answer: str) -> None:
        answered = bool(token) and questions.answered(token, answer, now=self.now)
        verdict = trial.allowed(answered=answered)
        if verdict.step == Step.WAIT:
            self.failed(trial.one.typed, "locked")
            raise ValidationError(
                _("密码错了多次，为了安全请过 15 分钟再试。忘记密码的，请找乡镇（街道）管理员当面重新发放。"),
                code="locked",
            )
        if verdict.step == Step.ASK:
            early = questions.too_soon(token, now=self.now) if token else 0
            self.asking = questions.draw(pause=verdict.pause, now=self.now)
            raise ValidationError(self.why(early, told=bool(token)), code="asked")

    def failed(self, typed: str, reason: str) -> None:
        """For whoever keeps an eye on it; the name is not written down by them, only its keyed hash."""
        user_login_failed.send(sender=__name__, credentials={"username": typed}, request=self.request, reason=reason)

    def why(self, early: int, *, told: bool) -> str:
        if early:
            return gettext("填得太快了，请看清下面的新问题，过 %(n)s 秒再填。") % {
                "n": self.asking.pause if self.asking else early
            }
        if told:
            return gettext("问题的答案不对，请回答下面的新问题，再填一次密码。")
        return gettext("这个号码或这个网络最近错了多次。请回答下面的小问题，再填一次密码，这是为了挡住机器猜密码。")


class NamesakeForm(forms.Form):
    """Which of those who share a telephone and a password it is."""

    who = forms.TypedChoiceField(
        label=_("你是哪一位"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选一位。"), "invalid_choice": _("请从下面选一位。")},
    )

    def __init__(self, *args: Any, users: dict[int, User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            (one.place, f"{one.name} · {one.hint}" if one.hint else one.name) for one in namesakes.choices(users)
        ]


class OwnPasswordForm(forms.Form):
    """Asks for one's own password before something is changed: guessed at no more often than at the door, wherever from."""

    old = forms.CharField(
        label=_("现在的密码"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), max_length=200
    )

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.now = user, now
        for field in self.fields.values():
            field.error_messages["required"] = _("这一栏要填。")  # the label says which

    def clean_old(self) -> str:
        old = self.cleaned_data["old"]
        fits = signin.own_password_fits(self.user, old, now=self.now)
        if fits is None:
            raise ValidationError(TOO_OFTEN)
        if not fits:
            raise ValidationError(_("现在的密码不对，请再填一遍。"))
        return old


class NewPasswordForm(OwnPasswordForm):
    """A password of one's own; the old one is asked for unless it is known: the first one, typed a moment ago, or a code in its place."""

    new = forms.CharField(
        label=_("新密码"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), max_length=200
    )
    again = forms.CharField(
        label=_("再填一遍新密码"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), max_length=200
    )

    def __init__(self, *args: Any, user: User, now: datetime, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, user=user, now=now, **kwargs)
        self.rules = passwordrules.rules(user)
        self.fields["new"].widget.attrs["aria-describedby"] = "rules id_new_error"
        if known:
            del self.fields["old"]

    def clean_new(self) -> str:
        new = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        if self.user.check_password(new):
            raise ValidationError(_("新密码不能和现在的一样，请换一个。"))
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("两次填的不一样，请再填一遍。"))
        return data


class ForgottenForm(forms.Form):
    username = name_field()


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("验证码"),
        help_text=_("6 位数字，10 分钟内有效。"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
        error_messages={"required": _("请填收到的验证码。")},
    )


class EmailForm(OwnPasswordForm):
    """The address that codes are to go to; the current password is asked for, as for the password itself."""

    email = forms.EmailField(
        label=_("邮箱"), max_length=200, error_messages={"invalid": _("邮箱写得不对，请核对，例如 zhang@example.com。")}
    )
    field_order = ["email", "old"]


class IdentityForm(forms.Form):
    """How the admin made sure of who stands before them."""

    proof = forms.ChoiceField(
        label=_("怎样核对的本人"),
        widget=forms.RadioSelect,
        choices=list(passwords.PROOFS.items()),
        error_messages={"required": _("请先当面核对本人，再选一种。")},
    )

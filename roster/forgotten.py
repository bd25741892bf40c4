"""A forgotten password, put right by a one-time code; where no channel is set up, the page says whom to go to."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lms.refusal import Refused
from roster import codes, passwords, signin
from roster.asking import Asking
from roster.models import Purpose, User
from roster.signin_forms import CodeForm, ForgottenForm, NewPasswordForm

KEY = "forgotten"  # of the session: {"asking", "until"}, then {"user", "hash", "until"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: Asking) -> HttpResponse:
    """Whose password? The answer is the same whoever it is, and whether there is anyone."""
    if request.user.is_authenticated:
        return redirect("password")
    open_ = bool(settings.CODE_CHANNELS)
    form = ForgottenForm(request.POST or None) if open_ else None
    if form and request.method == "POST" and form.is_valid():
        try:
            asking = codes.ask(form.cleaned_data["username"], address=signin.address_of(request), now=request.now)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            request.session.flush()
            keep(request, asking=asking)
            return redirect("forgotten_code")
    return render(request, "roster/forgotten.html", {"form": form, "step": "ask"})


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: Asking) -> HttpResponse:
    kept = still(request, "asking")
    if kept is None:
        return start_again(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = codes.redeem(kept["asking"], form.cleaned_data["code"], purpose=Purpose.FORGOTTEN, now=request.now)
            if user:
                request.session.cycle_key()
                keep(request, user=user.pk, hash=user.get_session_auth_hash())
                return redirect("forgotten_password")
            form.add_error("code", _("验证码不对或已过期，请核对后再填；也可以重新要一个。"))
        except Refused as refusal:
            form.add_error("code", refusal.sentence)
    return render(request, "roster/forgotten.html", {"form": form, "step": "code"})


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: Asking) -> HttpResponse:
    """The new password; nobody is signed in by it, so that a second factor is asked for as always."""
    kept = still(request, "user")
    user = User.objects.select_related("worker").filter(pk=kept["user"]).first() if kept else None
    if kept is None or user is None or not signin.fitting_still(user, kept["hash"]):
        return start_again(request)
    form = NewPasswordForm(request.POST or None, user=user, now=request.now, known=True)
    if request.method == "POST" and form.is_valid():
        passwords.choose(user, password=form.cleaned_data["new"], now=request.now, way="code")
        request.session.flush()
        messages.success(request, _("密码已换好，所有设备上的登录都已退出。请用新密码登录。"))
        return redirect("sign_in")
    return render(request, "roster/forgotten.html", {"form": form, "step": "password"})


def keep(request: Asking, **what: Any) -> None:
    request.session[KEY] = {**what, "until": (request.now + codes.GOOD_FOR).timestamp()}


def still(request: Asking, what: str) -> dict[str, Any] | None:
    """What the session keeps, if it has come as far as this step and not too long ago."""
    kept: Any = request.session.get(KEY)
    return kept if kept and what in kept and kept["until"] > request.now.timestamp() else None


def start_again(request: Asking) -> HttpResponse:
    request.session.pop(KEY, None)
    messages.warning(request, _("已过 10 分钟或还没有要过验证码，请从这里重新开始。"))
    return redirect("forgotten")

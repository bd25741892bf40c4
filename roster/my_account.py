"""Screens by which everybody guards their own account: the second factor, the devices signed in, the password once more."""

from typing import Any
from urllib.parse import urlencode

import segno
from allauth.account.internal.decorators import login_stage_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.stages import AuthenticateStage
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms import sealing
from lms.refusal import Refused
from roster import devices, entrance, second_factor
from roster.account_forms import CodeForm, PasswordAgainForm, SetUpForm
from roster.asking import Asking

KEY = "second_factor_key"  # where a session keeps, sealed, the key that is being set up
FORM = require_http_methods(["GET", "HEAD", "POST"])


def back_to(request: Asking, otherwise: str) -> str:
    """The page of ours that the person came from or wants to go to."""
    target = request.POST.get("next") or request.GET.get("next", "")
    fine = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if fine else reverse(otherwise)


@never_cache
@sensitive_post_parameters()
@FORM
def password_again(request: Asking) -> HttpResponse:
    """The password once more, before something that a session left open must not be able to do."""
    form = PasswordAgainForm(request.POST or None, user=request.user, now=request.now)
    then = back_to(request, "me")
    if request.method == "POST" and form.is_valid():
        entrance.typed(request)
        return redirect(then)
    return render(request, "account/reauthenticate.html", {"form": form, "next": then})


# --- the second factor ------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def index(request: Asking) -> HttpResponse:
    has = second_factor.has(request.user)
    context = {"has": has, "left": second_factor.codes_left(request.user) if has else 0}
    return render(request, "mfa/index.html", {**context, "required": second_factor.required_of(request.user)})


@never_cache
@sensitive_variables("secret")
@entrance.guarded()
@FORM
def set_up(request: Asking) -> HttpResponse:
    """A key for a phone, drawn once and shown until a code proves that the phone has it; takes the place of an older one."""
    held = request.session.get(KEY)
    secret = sealing.unseal(held) if held else second_factor.draw()
    if not held:
        request.session[KEY] = sealing.seal(secret)
    form = SetUpForm(request.POST or None, user=request.user, now=request.now)
    then = back_to(request, "mfa_index")
    if request.method == "POST" and form.is_valid():
        session = request.session.session_key or ""
        code = form.cleaned_data["code"]
        if second_factor.set_up(request.user, secret=secret, code=code, now=request.now, session=session):
            form.fitted()
            del request.session[KEY]
            entrance.proved(request, by="totp")
            return redirect(f"{reverse('mfa_view_recovery_codes')}?{urlencode({'next': then})}")
        form.add_error("code", _("验证码不对。请看手机的时间是否准确，再填现在显示的那一组。"))
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    context = {"form": form, "groups": groups, "code": drawn(request, secret), "next": then}
    required, has = second_factor.required_of(request.user), second_factor.has(request.user)
    return render(request, "mfa/totp/activate_form.html", {**context, "required": required, "has": has})


def drawn(request: Asking, secret: str) -> str:
    """The key as a QR code on white, whatever the colours of the page, for a phone's camera."""
    address = get_adapter().build_totp_url(request.user, secret)
    svg = segno.make(address, error="m", micro=False).svg_inline(
        scale=5, border=4, omitsize=True, light="#fff", svgclass="qr", lineclass=None, title=_("给手机扫的二维码")
    )
    return mark_safe(svg)


@never_cache
@entrance.guarded()
@require_safe
def recovery_codes(request: Asking) -> HttpResponse:
    codes = second_factor.codes_once(request.user, now=request.now)
    if not codes and not second_factor.has(request.user):
        raise Http404
    context = {"codes": [f"{code[:4]} {code[4:]}" for code in codes], "next": back_to(request, "mfa_index")}
    return render(request, "mfa/recovery_codes/index.html", context)


@never_cache
@entrance.guarded(back="mfa_index")
@require_POST
def renew_codes(request: Asking) -> HttpResponse:
    try:
        second_factor.renew_codes(request.user, now=request.now, session=request.session.session_key or "")
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("mfa_index")
    return redirect("mfa_view_recovery_codes")


@never_cache
@entrance.guarded(back="mfa_index")
@require_POST
def switch_off(request: Asking) -> HttpResponse:
    try:
        second_factor.switch_off(request.user, now=request.now, session=request.session.session_key or "")
        messages.success(request, _("第二重验证已关闭，以后只用密码登录。"))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("mfa_index")


@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")
@FORM
def ask_at_sign_in(request: Any) -> HttpResponse:
    """The code after the password; only whoever typed a password just now comes here."""
    stage = request._login_stage
    user = stage.login.user
    form = CodeForm(request.POST or None, user=user, now=request.now)
    if request.method == "POST" and form.is_valid():
        entrance.record_authentication(request, user, "mfa", type=form.by)
        warn_of_few(request, user, form)
        return stage.exit()
    return render(request, "mfa/authenticate.html", {"form": form, "signing_in": True})


@never_cache
@FORM
def ask_again(request: Asking) -> HttpResponse:
    """The code in a session that has not passed it: one that was open when a role was given, or from before."""
    then = back_to(request, "me")
    if second_factor.passed(request):
        return redirect(then)
    if not second_factor.has(request.user):
        return redirect("mfa_activate_totp")
    form = CodeForm(request.POST or None, user=request.user, now=request.now)
    if request.method == "POST" and form.is_valid():
        entrance.proved(request, by=form.by)
        warn_of_few(request, request.user, form)
        return redirect(then)
    return render(request, "mfa/authenticate.html", {"form": form, "next": then})


def warn_of_few(request: Any, user: Any, form: CodeForm) -> None:
    if form.by == second_factor.CODES:
        said = _("刚才用掉了一个恢复码，还剩 %(left)s 个。用完以前请重新生成一份。")
        messages.warning(request, said % {"left": second_factor.codes_left(user)})


# --- devices ----------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def my_devices(request: Asking) -> HttpResponse:
    found = devices.mine(request, now=request.now)
    return render(request, "usersessions/usersession_list.html", {"devices": found})


@never_cache
@require_POST
def end_device(request: Asking, device: int) -> HttpResponse:
    if not devices.other(request.user, device, session=request.session.session_key or ""):
        raise Http404  # before the password is asked for, so that the ids of others answer like unknown ones
    return end_my_device(request, device)


@entrance.guarded(back="usersessions_list")
def end_my_device(request: Asking, device: int) -> HttpResponse:
    devices.end(request.user, device, session=request.session.session_key or "", now=request.now)
    messages.success(request, _("那台设备上的登录已退出。"))
    return redirect("usersessions_list")


@never_cache
@entrance.guarded(back="usersessions_list")
@require_POST
def end_other_devices(request: Asking) -> HttpResponse:
    devices.end_others(request.user, session=request.session.session_key or "", now=request.now)
    messages.success(request, _("其他设备上的登录都已退出。"))
    return redirect("usersessions_list")

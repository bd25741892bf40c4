"""The mailbox that one-time codes go to, left by whoever holds a role: current password, then a code sent there."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lms.refusal import Refused
from roster import codes
from roster.asking import Asking
from roster.models import Purpose
from roster.passwordrules import holder
from roster.signin_forms import CodeForm, EmailForm

KEY = "mailbox"  # of the session: {"asking", "email", "until"}


@never_cache
@sensitive_post_parameters("old", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def mailbox(request: Asking) -> HttpResponse:
    if not holder(request.user) or not codes.by_mail():
        raise Http404
    if request.user.must_change_password:
        return redirect("password")
    if request.method == "POST" and "code" in request.POST:
        return confirm(request)
    form = EmailForm(request.POST or None, user=request.user, now=request.now, initial={"email": request.user.email})
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            asking = codes.ask_email(request.user, email, now=request.now)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            until = (request.now + codes.GOOD_FOR).timestamp()
            request.session[KEY] = {"asking": asking, "email": email, "until": until}
            return render(request, "roster/mailbox.html", {"form": CodeForm(), "sent": email})
    return render(request, "roster/mailbox.html", {"form": form})


def confirm(request: Asking) -> HttpResponse:
    kept, form = request.session.get(KEY), CodeForm(request.POST)
    if not kept or kept["until"] <= request.now.timestamp():
        messages.warning(request, _("已过 10 分钟，请重新要一个验证码。"))
        return redirect("mailbox")
    if form.is_valid():
        try:
            user = codes.redeem(kept["asking"], form.cleaned_data["code"], purpose=Purpose.EMAIL, now=request.now)
            if user and user.pk == request.user.pk:
                codes.set_email(request.user, kept["email"], now=request.now)
                del request.session[KEY]
                messages.success(request, _("邮箱已记下。忘记密码时，验证码会发到这里。"))
                return redirect("password")
            form.add_error("code", _("验证码不对或已过期，请核对后再填；也可以重新要一个。"))
        except Refused as refusal:
            form.add_error("code", refusal.sentence)
    return render(request, "roster/mailbox.html", {"form": form, "sent": kept["email"]})

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms import departing
from lms.refusal import Refused
from roster import certificates, codes, employment, entrance, idle, namesakes, passwordrules, passwords, reach
from roster.asking import Asking
from roster.forms import AgreementForm
from roster.models import User
from roster.signin_forms import NamesakeForm, NewPasswordForm, SignInForm

# addresses that were left, not sought
NOWHERE = ("/sign-in/", "/sign-out/", "/cms/login", "/cms/logout")


# why somebody finds themselves at the door, in the words of a note; the codes are roster.idle's
WHY = {
    idle.IDLE: _lazy("有一阵没有操作，为了安全已经退出登录。登录后会回到刚才的页面，已经保存的都还在。"),
    idle.ENDED: _lazy("这台设备上的登录已经结束：可能改过密码、在别处退出了这台设备，或者隔了太久。请重新登录。"),
}


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: Asking) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = SignInForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid() and form.fitting:
        with transaction.atomic():  # one commit for the session, the list of sessions, the log and the count of tries
            response = let_in_or_ask(request, form.fitting)
            # last, since all who come from one address wait for its row
            form.trial.fitted()
        return response
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    context["why"] = WHY.get(request.GET.get("why", ""), "")
    return render(request, "roster/sign_in.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def which_one(request: Asking) -> HttpResponse:
    """After the right password of a telephone in common: which of its people is it?"""
    users = namesakes.asked(request, now=request.now)
    if request.user.is_authenticated or not users:
        return redirect("sign_in")
    form = NamesakeForm(request.POST or None, users=users)
    if request.method == "POST" and form.is_valid():
        found = namesakes.chosen(request, form.cleaned_data["who"], now=request.now)
        if found:
            return entrance.enter(request, found[0], then=found[1])
    return render(request, "roster/which_one.html", {"form": form})


def let_in_or_ask(request: Asking, fitting: list[User]) -> HttpResponse:
    """The one whose password it is comes in; several are asked first which of them it is."""
    if len(fitting) == 1:
        return entrance.enter(request, fitting[0], then=safe_next(request))
    namesakes.ask(request, fitting, then=safe_next(request), now=request.now)
    return redirect("sign_in_who")


def safe_next(request: Asking) -> str:
    target = request.POST.get("next", "")
    fine = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if fine and not target.startswith(NOWHERE) and target != "/" else ""


@require_POST
def sign_out(request: Asking) -> HttpResponse:
    logout(request)
    response = redirect("sign_in")
    # pictures and certificates that the browser kept; not its storage, where answers of an exam may still wait to be sent
    response.headers["Clear-Site-Data"] = '"cache"'
    departing.clear(request, response)
    return response


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: Asking) -> HttpResponse:
    first = request.user.must_change_password
    # a session left open before the first password was changed must not be enough to choose one
    known = first and entrance.typed_lately(request)
    form = NewPasswordForm(request.POST or None, user=request.user, now=request.now, known=known)
    if request.method == "POST" and form.is_valid():
        passwords.choose(request.user, password=form.cleaned_data["new"], now=request.now)
        update_session_auth_hash(request, request.user)
        messages.success(request, _("密码已换好，下次用新密码登录。别的设备上的登录都已退出。"))
        return redirect("home" if first else "me")
    mailbox = not first and codes.by_mail() and passwordrules.holder(request.user)
    return render(request, "roster/password.html", {"form": form, "first": first, "mailbox": mailbox})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: Asking) -> HttpResponse:
    worker = reach.worker_of(request)
    due = employment.agreement_due(worker, now=request.now)
    if due is None:
        return render(
            request,
            "roster/agreement_signed.html",
            {"signatures": worker.signatures.select_related("agreement").order_by("-signed_at")},
        )
    form = AgreementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            employment.sign_agreement(worker, agreement=due, name=form.cleaned_data["name"], now=request.now)
            return redirect("home")
        except Refused as refusal:
            form.add_error("name", refusal.sentence)
    return render(request, "roster/agreement.html", {"form": form, "agreement": due})


@require_safe
def me(request: Asking) -> HttpResponse:
    """What is known of me; for those who are nobody's worker, the account alone."""
    worker = getattr(request.user, "worker", None)
    if worker is None:
        context = {"grants": reach.grants(request.user), "landing": reach.landing(request.user)}
        return render(request, "roster/account.html", context)
    postings = worker.postings.current().select_related("grid__community__parent__parent")
    signed = worker.signatures.select_related("agreement").order_by("-signed_at").first()
    certificate = certificates.standing(worker, today=timezone.localdate(request.now))
    context = {"worker": worker, "postings": postings, "signed": signed, "certificate": certificate}
    return render(request, "roster/me.html", {**context, "site": settings.SITE_NAME})

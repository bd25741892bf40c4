from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.refusal import Refused
from roster import certificates, employment, entrance, passwords, reach, signin
from roster.asking import Asking
from roster.forms import AgreementForm, NewPasswordForm, SignInForm

# addresses that were left, not sought
NOWHERE = ("/sign-in/", "/sign-out/", "/cms/login", "/cms/logout")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: Asking) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = SignInForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid() and form.user:
        return entrance.enter(request, form.user, then=safe_next(request) or reach.landing_url(form.user))
    return render(
        request, "roster/sign_in.html", {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    )


def safe_next(request: Asking) -> str:
    target = request.POST.get("next", "")
    fine = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if fine and not target.startswith(NOWHERE) and target != "/" else ""


@require_POST
def sign_out(request: Asking) -> HttpResponse:
    logout(request)
    return redirect("sign_in")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: Asking) -> HttpResponse:
    form = NewPasswordForm(request.POST or None, user=request.user, address=signin.address_of(request))
    first = request.user.must_change_password
    if request.method == "POST" and form.is_valid():
        passwords.choose(request.user, password=form.cleaned_data["new"], now=request.now)
        update_session_auth_hash(request, request.user)
        messages.success(request, _("密码已换好，下次用新密码登录。"))
        return redirect("home" if first else "me")
    return render(request, "roster/password.html", {"form": form, "first": first})


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

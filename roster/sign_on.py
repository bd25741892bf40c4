"""A city's own sign-on by OpenID Connect: it says who somebody is; which account that is, and what it may do, is decided here."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

import jwt
import structlog
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

from lms import audit
from lms.refusal import Refused
from roster import entrance, signin, views
from roster.models import User

log = structlog.get_logger(__name__)
PROVIDER = "city"
CITY = {"provider_id": PROVIDER}
# keys that two share are no proof of who signed
SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY_SECONDS = 30
KEPT_SECONDS = 300


def offered() -> bool:
    return bool(settings.OIDC_SERVER_URL)


class CitySignOn(OpenIDConnectOAuth2Adapter):
    """Talks to the provider; takes nobody's word for an identity that is not signed, fresh, and meant for us and this sign-in."""

    def get_provider(self) -> Any:
        provider = super().get_provider()
        provider.oauth2_adapter_class = type(self)  # so that the way there asks no more often than the way back
        return provider

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's addresses, asked for once in some minutes: whoever presses the button must not make us ask each time."""
        key = f"sign_on:{hashlib.sha256(settings.OIDC_SERVER_URL.encode()).hexdigest()}"
        known = cache.get(key)
        if known is None:
            known = super().openid_config
            cache.set(key, known, KEPT_SECONDS)
        return known

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        claims = self.verified(kwargs["response"].get("id_token") or "", app)
        if settings.OIDC_CLAIM not in claims:
            more = self._fetch_user_info(token.token)
            if more.get("sub") != claims["sub"]:
                raise OAuth2Error("userinfo is about somebody else")
            claims = {**more, **claims}
        uid = hashlib.sha256(f"{claims['iss']} {claims['sub']}".encode()).hexdigest()
        login = SocialLogin(
            provider=self.get_provider(), account=SocialAccount(provider=PROVIDER, uid=uid, extra_data={})
        )
        login.claims = claims
        return login

    def verified(self, token: str, app: Any) -> dict[str, Any]:
        """The claims of an identity token: its signature by a key that the provider publishes, issuer, audience, times."""
        try:
            claims = jwt.decode(
                token,
                self.key_of(token),
                algorithms=SIGNATURES,
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
            )
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise OAuth2Error(f"identity token refused: {type(error).__name__}") from error
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("identity token was made for somebody else")
        return claims

    def key_of(self, token: str) -> jwt.PyJWK:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        keys = [key for key in jwt.PyJWKSet.from_dict(answer.json()).keys if key.public_key_use in {None, "sig"}]
        wanted = jwt.get_unverified_header(token).get("kid")
        fitting = [key for key in keys if wanted is None or key.key_id == wanted]
        if len(fitting) != 1:
            raise jwt.InvalidKeyError("no such key")
        return fitting[0]


class SignOnAdapter(DefaultSocialAccountAdapter):
    def list_apps(self, request: Any, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """The one provider that the environment names; none that a row of a table could name."""
        if not offered():
            return []
        told = {"server_url": settings.OIDC_SERVER_URL, "oauth_pkce_enabled": True}
        known = {"client_id": settings.OIDC_CLIENT_ID, "secret": settings.OIDC_CLIENT_SECRET, "settings": told}
        return [SocialApp(provider="openid_connect", provider_id=PROVIDER, name=settings.OIDC_NAME, **known)]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Accounts come from the roster and from roles alone."""
        return False

    def pre_social_login(self, request: Any, sociallogin: SocialLogin) -> None:
        """Find whose account this is, or say no; called when the token has proved good, before anybody is let in."""
        claims, state = sociallogin.claims, sociallogin.state
        asked = (state.get("data") or {}).get("nonce", "")
        if not asked or not secrets.compare_digest(asked.encode(), str(claims["nonce"]).encode()):
            raise ImmediateHttpResponse(refused(request, "nonce"))
        if not sociallogin.is_existing:
            try:
                user = link(claims, uid=sociallogin.account.uid, now=request.now)
            except Refused as refusal:
                raise ImmediateHttpResponse(refused(request, refusal.code)) from refusal
            sociallogin.account, sociallogin.user = SocialAccount.objects.get(user=user, provider=PROVIDER), user
        request.second_factor_elsewhere = has_proved_more(claims)
        sociallogin.state["next"] = entrance.first(sociallogin.user, state.get("next") or "/")
        if request.second_factor_elsewhere:
            sociallogin.state["next"] = state.get("next") or "/"

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Whatever went wrong on the way, one page in plain words; what exactly, the log knows."""
        error = kwargs.get("exception")
        log.warning("sign_on_failed", error=str(kwargs.get("error")), exception=type(error).__name__ if error else "")
        raise ImmediateHttpResponse(refused(request, "failed"))


def has_proved_more(claims: dict[str, Any]) -> bool:
    """Whether the provider says that a second factor was passed there, in words that this installation trusts."""
    methods = claims.get("amr")
    methods = methods if isinstance(methods, list) else []
    return bool(
        {*map(str, methods), str(claims.get("acr", ""))} & {value for value in settings.OIDC_SECOND_FACTOR if value}
    )


@transaction.atomic
def link(claims: dict[str, Any], *, uid: str, now: datetime) -> User:
    """Tie an identity to the one active account that its claim names, at its first sign-on.

    Refuses when no account or more than one fits, and an account that is tied to another identity.
    """
    value = claims.get(settings.OIDC_CLAIM)
    fitting = [user for user in signin.candidates_for(value if isinstance(value, str) else "") if user.is_active]
    if len(fitting) != 1:
        raise Refused(_("没有找到唯一对得上的账号。"), code="several" if fitting else "unknown")
    user = User.objects.select_for_update().get(pk=fitting[0].pk)
    if SocialAccount.objects.filter(user=user, provider=PROVIDER).exists():
        raise Refused(_("这个账号已绑定了另一个统一登录身份。"), code="tied")
    SocialAccount.objects.create(user=user, provider=PROVIDER, uid=uid)
    audit.note("sign_on.linked", now=now, actor=user, subject=user)
    return user


def refused(request: Any, why: str) -> HttpResponse:
    """The same page for every reason, so that nobody learns here who has an account.

    Noted when the provider did vouch for somebody; what any visitor can send is not worth a line that is kept for months.
    """
    if why != "failed":
        audit.note("sign_on.refused", now=request.now, why=why)
    return render(
        request, "socialaccount/refused.html", {"name": settings.OIDC_NAME, "failed": why == "failed"}, status=403
    )


@never_cache
@require_POST
def begin(request: Any, provider_id: str) -> HttpResponse:
    """Lead to the provider, by a page that refreshes: a form may be answered by our own addresses alone."""
    if not offered():
        raise Http404
    if request.user.is_authenticated:
        return redirect("home")
    target = request.POST.get("next", "")
    fine = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    nonce = secrets.token_urlsafe(24)
    try:
        away = (
            CitySignOn(request, provider_id)
            .get_provider()
            .redirect(
                request,
                AuthProcess.LOGIN,
                next_url=target if fine else None,
                data={"nonce": nonce},
                scope=["openid", "profile", *(["phone"] if "phone" in settings.OIDC_CLAIM else [])],
                auth_params={"nonce": nonce},
            )
        )
    except (RequestException, KeyError, ValueError) as error:
        log.warning("sign_on_out_of_reach", exception=type(error).__name__)
        return refused(request, "failed")
    page = render(request, "socialaccount/going.html", {"address": away["Location"], "name": settings.OIDC_NAME})
    page["Refresh"] = f"0; url={away['Location']}"
    return page


@never_cache
@require_safe
def back(request: Any, provider_id: str) -> HttpResponse:
    """Where the provider leads back to."""
    if not offered():
        raise Http404
    if request.user.is_authenticated:
        return redirect("home")
    try:
        return OAuth2CallbackView.adapter_view(CitySignOn(request, provider_id))(request)
    except (KeyError, ValueError) as error:  # an answer that is none
        log.warning("sign_on_failed", exception=type(error).__name__)
        return refused(request, "failed")


@require_POST
def sign_out(request: Any) -> HttpResponse:
    """Sign out here; whoever came by the city's sign-on is told that they are still signed in there."""
    records = get_authentication_records(request, request.user)
    came_by = offered() and any(record["method"] == "socialaccount" for record in records)
    response = views.sign_out(request)
    return redirect("sign_on_left") if came_by else response


@never_cache
@require_safe
def left(request: Any) -> HttpResponse:
    """Signed out here, with the way to sign out at the provider as well, where it has one."""
    if not offered():
        raise Http404
    try:
        end = CitySignOn(request, PROVIDER).openid_config.get("end_session_endpoint", "")
    except (RequestException, ValueError):
        end = ""
    query = {"client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": f"{settings.SITE_URL}/sign-in/"}
    address = f"{end}?{urlencode(query)}" if end else ""
    return render(request, "socialaccount/left.html", {"name": settings.OIDC_NAME, "address": address})


@never_cache
@require_safe
def inactive(request: Any) -> HttpResponse:
    return render(request, "account/account_inactive.html")

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from lms.policy import BACK_OFFICE
from roster import reach
from roster.models import Agreement, Signature

# addresses that answer before sign-in; everything else asks for it
OPEN = ("/sign-in/", "/static/", "/healthz", "/readyz", "/check/", "/display/", "/design/")
# and those that a signed-in person needs before the first things are done
FIRST = ("/sign-out/", "/password/")


def first_things_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Sign-in first; then a password of one's own; then, for workers, the confidentiality agreement (准入)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path, user = request.path, request.user
        if path.startswith(OPEN):
            return get_response(request)
        if not user.is_authenticated:
            return redirect(reverse("sign_in") + way_back(request))
        if path.startswith(FIRST):
            return get_response(request)
        if user.must_change_password:
            return redirect("password")
        if path.startswith("/agreement/"):
            return get_response(request)
        if unsigned(request):
            return redirect("agreement")
        if path == "/" and not hasattr(user, "worker"):
            return redirect(reach.landing(user))
        if path.startswith(BACK_OFFICE) and not user.has_perm("wagtailadmin.access_admin"):
            raise Http404  # for those who have no work there it does not exist
        return get_response(request)

    return middleware


def way_back(request: HttpRequest) -> str:
    """The query that brings a visitor back to the page they asked for; a form that was sent cannot be sent again by that."""
    if request.path == "/" or request.method not in {"GET", "HEAD"}:
        return ""
    return "?" + urlencode({"next": request.get_full_path()})


def unsigned(request: HttpRequest) -> bool:
    """Whether this worker has yet to sign the newest agreement. Remembered in the session by version, so that a new version asks again."""
    worker = getattr(request.user, "worker", None)
    if worker is None:
        return False
    newest = (
        Agreement.objects.filter(published_at__lte=request.now)  # type: ignore[attr-defined]
        .order_by("-version")
        .values_list("pk", flat=True)
        .first()
    )
    if newest is None or request.session.get("agreement") == newest:
        return False
    if Signature.objects.filter(worker=worker, agreement=newest).exists():
        request.session["agreement"] = newest
        return False
    return True

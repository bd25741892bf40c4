from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from roster import reach
from roster.models import Agreement, Signature

# addresses that answer before sign-in; everything else asks for it
OPEN = ("/sign-in/", "/static/", "/healthz", "/readyz", "/check/", "/display/", "/design/")
# and those that a signed-in person needs before the first things are done
UNDONE_OPEN = (*OPEN, "/sign-out/", "/password/", "/agreement/")


def first_things_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Sign-in first; then a password of one's own; then, for workers, the confidentiality agreement (准入)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path, user = request.path, request.user
        if path.startswith(OPEN):
            return get_response(request)
        if not user.is_authenticated:
            return redirect(f"{reverse('sign_in')}?{urlencode({'next': request.get_full_path()})}")
        if path.startswith(UNDONE_OPEN):
            return get_response(request)
        if user.must_change_password:
            return redirect("password")
        if unsigned(request):
            return redirect("agreement")
        if path == "/" and not hasattr(user, "worker"):
            return redirect(reach.landing(user))
        return get_response(request)

    return middleware


def unsigned(request: HttpRequest) -> bool:
    """Whether this worker has yet to sign the newest agreement. Remembered in the session by version, so that a new version asks again."""
    worker = getattr(request.user, "worker", None)
    if worker is None:
        return False
    newest = (
        Agreement.objects.filter(published_at__lte=timezone.now())
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

from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage, storages
from django.db import connection
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from lms import context, jobs

# where Wagtail keeps pictures and their renditions
PICTURES = ("images/", "original_images/")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A worker's page of what is due; `roster.middleware` has led everyone else to where their work is."""
    return render(request, "lms/home.html")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """What the process stands on answers too: database, storage, and a worker that takes up jobs."""
    checks = {"database": database_answers(), "storage": storage_answers(), "worker": worker_keeps_up()}
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Exception:
        return False


def storage_answers() -> bool:
    try:
        default_storage.exists("probe")
        storages["private"].exists("probe")
    except Exception:
        return False
    return True


def worker_keeps_up() -> bool:
    """Beat and a worker ran the sweep within the last minute."""
    try:
        return timezone.now().timestamp() - cache.get(jobs.PULSE, 0) < 60
    except Exception:
        return False


@require_POST
def display(request: HttpRequest) -> HttpResponse:
    """Keep the person's choice of theme and print size on this device, and go back to where they were."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    context.keep(response, request.POST)
    return response


@require_safe
@cache_control(private=True, max_age=86400)
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Pictures of lessons, wherever they are stored, for those who are signed in. Nothing else in the storage has an address."""
    if not path.startswith(PICTURES) or ".." in path.split("/"):  # no way round to the documents
        raise Http404
    try:
        picture = default_storage.open(path)
    except (OSError, SuspiciousFileOperation) as error:
        raise Http404 from error
    response = FileResponse(picture)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)

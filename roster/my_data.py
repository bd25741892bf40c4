"""What is kept about me: who looked at it, and all of it as a file to take home."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from lms import workbooks
from lms.personal import about_workers
from roster import copies, looked_at, reach
from roster.account_forms import PasswordAgainForm
from roster.asking import Asking


@never_cache
@require_safe
def who_looked(request: Asking) -> HttpResponse:
    page = looked_at.page(reach.worker_of(request), request.GET.get("page"))
    return render(request, "roster/looked_at.html", {"page": page})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def take_home(request: Asking) -> HttpResponseBase:
    """What kinds of data there are, and the file for who gives the password once more."""
    worker = reach.worker_of(request)
    form = PasswordAgainForm(request.POST or None, user=request.user, now=request.now)
    if request.method == "POST" and form.is_valid():
        return workbooks.answer(copies.make(worker, now=request.now), name=f"{copies.title()}.xlsx")
    kept = [one for one in about_workers() if one.rows_of(worker).exists()]
    kinds: dict[str, list[tuple[str, str]]] = {}  # by how long: said once, not at every kind
    for one in kept:
        kinds.setdefault(one.long, []).append((one.about, one.why))
    return render(request, "roster/my_data.html", {"form": form, "kinds": kinds, "count": len(kept)})

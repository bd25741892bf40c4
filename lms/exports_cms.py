"""The screen between a button that says 导出 and the file: what for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lms import exported

PURPOSE = "purpose"


def purpose(request: HttpRequest) -> str:
    """The reason that was chosen; "" for none, or for one that is none of ours."""
    chosen = request.GET.get(PURPOSE, "")
    return chosen if chosen in exported.REASONS else ""


def ask(request: HttpRequest, *, what: str, back: str) -> HttpResponse:
    """Ask for it, keeping whatever else the address says of the list."""
    context: dict[str, Any] = {
        "reasons": exported.REASONS.items(),
        "kept": [(name, value) for name, values in request.GET.lists() if name != PURPOSE for value in values],
        "asked": PURPOSE in request.GET,
        "back": back,
        "page_title": _("导出"),
        "page_subtitle": what,
    }
    return render(request, "lms/cms_export.html", context)

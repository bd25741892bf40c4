"""What an admin presses on a preview and a receipt: an answer to a row, an answer for all alike, somebody accounted for, the way back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from lms import deciding, imports, imports_cms, numbers, preview, undoing
from lms.models import ImportRow, ImportRun
from lms.refusal import Refused

KEPT_SHOWN = 50
CHECKED = 10_000  # a larger import is checked row by row while it is taken back


def row_of(run: ImportRun, request: HttpRequest) -> ImportRow:
    return get_object_or_404(run.rows.select_related("run"), pk=numbers.row(request.POST.get("row", "")))


def back_to_rows(request: HttpRequest, run: ImportRun, row: ImportRow | None = None) -> HttpResponse:
    """The page of rows that the button stood on, at its row; of those that wait, a row decided is gone and the next one has its place."""
    kept = {name: value for name in ("only", "q", "page") if (value := request.POST.get(name, "")[:60])}
    place = "rows" if row is None else "row-list" if kept.get("only") == preview.OPEN else f"row-{row.pk}"
    return redirect(f"{reverse('import_run', args=[run.pk])}?{urlencode(kept)}#{place}")


@require_POST
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """An answer for one row, or with `question` for all rows that ask it."""
    run, _resource = imports_cms.found(request, pk)
    choice, question = request.POST.get("choice", "")[:30], request.POST.get("question", "")[:30]
    row = None if question else row_of(run, request)
    asking = {"by": request.user, "now": request.now}  # type: ignore[attr-defined]
    try:
        if row:
            deciding.choose(row, choice, **asking)
        else:
            count = deciding.choose_all(run, question, choice, **asking)
            messages.success(request, _("已按这个选项定好 %s 行。") % count)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return back_to_rows(request, run, row)


@require_POST
def account_for(request: HttpRequest, pk: int) -> HttpResponse:
    run, _resource = imports_cms.found(request, pk)
    row = row_of(run, request)
    try:
        deciding.account_for(row, by=request.user, now=request.now)  # type: ignore[attr-defined]
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return back_to_rows(request, run, row)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what would be taken back and what must stay, ask once, then begin."""
    run, resource = imports_cms.found(request, pk)
    if request.method == "POST":
        try:
            undoing.undo(run, by=request.user, now=request.now)  # type: ignore[attr-defined]
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        return redirect("import_run", pk)
    if not undoing.may(run, now=request.now):  # type: ignore[attr-defined]
        return redirect("import_run", pk)
    context = {"run": run, "resource": resource, "page_title": _("撤回这次导入"), "page_subtitle": run.file_name}
    if imports.coming(run) <= CHECKED:
        able, kept = undoing.check(run)
        context |= {"able": able, "kept": kept[:KEPT_SHOWN], "kept_count": len(kept), "checked": True}
    return render(request, "lms/cms_import_undo.html", context)

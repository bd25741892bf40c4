"""Back-office screens of the import machine: choose and upload, follow, look through, confirm, and get the wrong rows back."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms import history, imports, numbers, preview, undoing, unread, workbooks, wrong_rows
from lms.import_forms import UploadForm
from lms.models import ImportRun, ImportState, Outcome
from lms.refusal import Refused
from lms.resources import SheetResource

ROWS, RUNS = 50, 20
# seconds between two looks at work in progress
LOOK_AGAIN = 2


def allowed(request: HttpRequest) -> list[type[SheetResource]]:
    """The kinds that this user may bring in; who may none finds nothing here."""
    kinds = imports.kinds_for(request.user)
    if not kinds:
        raise Http404
    return kinds


def own(request: HttpRequest) -> QuerySet[ImportRun]:
    """The runs this user uploaded, of the kinds still allowed."""
    kinds = [kind.kind for kind in allowed(request)]
    return ImportRun.objects.filter(actor=request.user.pk, kind__in=kinds)


def seen(request: HttpRequest) -> QuerySet[ImportRun]:
    """The runs this user may see: a preview shows people, so only who reaches the territory it was brought in for."""
    allowed(request)
    return imports.visible(request.user).select_related("job", "actor", "confirmed_by", "undone_by")


def found(request: HttpRequest, pk: int) -> tuple[ImportRun, type[SheetResource]]:
    run = get_object_or_404(seen(request), pk=pk)
    return run, imports.resource_of(run.kind)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Choose the kind and the file; below, what this user has brought in before."""
    kinds = allowed(request)
    form = UploadForm(
        request.POST or None, request.FILES or None, user=request.user, initial=first_choice(request, kinds)
    )
    if request.method == "POST" and form.is_valid():
        try:
            run = uploaded(request, form)
        except Refused as refusal:
            form.add_error("file", refusal.sentence)
        else:
            return redirect("import_run", run.pk)
    past = history.narrowed(seen(request), request.GET)
    page = Paginator(past, RUNS).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "kinds": [(kind, kind.missing()) for kind in kinds],
        "chosen": form["kind"].value(),
        "page": page,
        "runs": [history.told(run, now=request.now) for run in page],  # type: ignore[attr-defined]
        "asked": history.asked(request.GET),
        "page_title": _("导入"),
        "header_icon": "upload",
    }
    return render(request, "lms/cms_imports.html", context)


def first_choice(request: HttpRequest, kinds: list[type[SheetResource]]) -> dict[str, str]:
    """The kind asked for in the address, else what they brought in last, else the furthest on the way to a roster that can come in."""
    ready = [kind.kind for kind in kinds if not kind.missing()] or [kinds[0].kind]
    last = own(request).order_by("-pk").values_list("kind", flat=True).first()
    for code in (request.GET.get("kind", ""), last):
        if code in ready:
            return {"kind": str(code)}
    after = {kind.kind: kind.next_kind for kind in kinds}
    code = ready[0]
    while after[code] in ready:
        code = after[code]
    return {"kind": code}


def uploaded(request: HttpRequest, form: UploadForm) -> ImportRun:
    file = form.cleaned_data["file"]
    return imports.upload(
        file.read(),
        name=file.name,
        kind=form.cleaned_data["kind"],
        actor=request.user,
        now=request.now,  # type: ignore[attr-defined]
    )


@never_cache
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One import, by its state: at work, refused, to be confirmed, done."""
    run, resource = found(request, pk)
    context: dict[str, Any] = {
        "run": run,
        "resource": resource,
        "coming": imports.coming(run),
        "next_kind": next((kind for kind in allowed(request) if kind.kind == resource.next_kind), None),
        "look_again": LOOK_AGAIN if at_work(run) else 0,
        "late": at_work(run) and waits_long(run, request),
        "may_undo": undoing.may(run, now=request.now),  # type: ignore[attr-defined]
        "undo_until": undoing.open_until(run),
        "page_title": run.file_name,
        "page_subtitle": resource.title,
        "header_icon": "upload",
    }
    if run.state in {ImportState.READY, ImportState.DONE, ImportState.UNDONE}:
        context |= looked_through(request, run, resource)
    return render(request, "lms/cms_import.html", context)


def at_work(run: ImportRun) -> bool:
    return run.state in imports.WORKS and not run.stopped


def waits_long(run: ImportRun, request: HttpRequest) -> bool:
    """Nobody has taken up the job for a minute: there may be no worker."""
    job = run.job
    return bool(job and job.tries == 0 and (request.now - job.created_at).total_seconds() > 60)  # type: ignore[attr-defined]


def looked_through(request: HttpRequest, run: ImportRun, resource: type[SheetResource]) -> dict[str, Any]:
    only, name = request.GET.get("only", ""), request.GET.get("q", "").strip()[:60]
    page = Paginator(preview.rows(run, only=only, name=name), ROWS).get_page(request.GET.get("page"))
    left_behind, undecided = imports.left_behind(run), preview.open_count(run)
    return {
        "page": page,
        "rows": [preview.told(row, resource) for row in page],
        "only": only,
        "q": name,
        "cards": preview.cards(run),
        "chips": preview.chips(run, resource),
        "total": preview.total(run),
        "left_behind": left_behind,
        "open": undecided,
        "faulty": left_behind - undecided,
        "absent": run.counts.get(Outcome.ABSENT, 0),
        "alike": preview.alike(run, resource, only),
        "file_line": preview.file_line(run),
        "totals": preview.totals(run),
        "strangers": unread.strange(run),
        "hidden": preview.hidden(run),
        "skipped": list(preview.skipped(run)),
        "left_out": preview.left_out_sheets(run),
        "columns": preview.columns(run, resource()),
        "same_above": preview.same_above(run, resource()),
    }


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    changes = numbers.row(request.POST.get("changes", "").strip())
    return done(request, pk, imports.confirm, whole=bool(request.POST.get("whole")), changes=changes)


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return done(request, pk, imports.resume)


def done(request: HttpRequest, pk: int, verb: Any, **said: Any) -> HttpResponse:
    run, _resource = found(request, pk)
    try:
        verb(run, by=request.user, now=request.now, **said)  # type: ignore[attr-defined]
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("import_run", pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then give the upload up."""
    run, resource = found(request, pk)
    if request.method == "POST":
        try:
            imports.drop(run, by=request.user, now=request.now)  # type: ignore[attr-defined]
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect("import_run", pk)
        messages.success(request, _("已放弃“%s”，名册没有任何改动。") % Truncator(run.file_name).chars(40))
        return redirect("imports")
    context = {"run": run, "resource": resource, "page_title": _("放弃这次导入"), "page_subtitle": run.file_name}
    return render(request, "lms/cms_import_drop.html", context)


@never_cache
@require_safe
def wrong(request: HttpRequest, pk: int) -> FileResponse:
    """The rows that do not go in, with the reasons, as a workbook to put them right by."""
    run, resource = found(request, pk)
    data = wrong_rows.workbook(run, resource, by=request.user, now=request.now)  # type: ignore[attr-defined]
    name = _("%s 有误的行.xlsx") % run.file_name.rpartition(".")[0]
    return workbooks.answer(data, name=name)

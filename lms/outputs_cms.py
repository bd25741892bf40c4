"""What the import machine hands out: templates to fill in, the admin's own file with the reasons beside, the report to print."""

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lms import annotated, reports, specimens, workbooks
from lms.imports_cms import allowed, found
from lms.refusal import Refused


@never_cache
@require_safe
def template(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The empty workbook of a kind, with the places of who asks to pick from."""
    resource = next((resource for resource in allowed(request) if resource.kind == kind), None)
    if resource is None:
        raise Http404
    data = specimens.workbook(resource(), request.user)
    return workbooks.answer(data, name=_("%s模板.xlsx") % resource.title)


@never_cache
@require_safe
def annotated_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The admin's own file, with the reason beside each row that does not go in."""
    run, _resource = found(request, pk)
    try:
        file = annotated.file(run, by=request.user, now=request.now)  # type: ignore[attr-defined]
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("import_run", pk)
    return workbooks.answer(file.data, name=file.name, kind=file.kind)


@never_cache
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What came in, what did not and why, on paper to be signed."""
    run, resource = found(request, pk)
    if run.state not in reports.TOLD:
        messages.error(request, _("这份文件还没有核对完，或者已经放弃，没有报告可以打印。"))
        return redirect("import_run", pk)
    return render(request, "lms/import_report.html", reports.told(run, resource, now=request.now))  # type: ignore[attr-defined]

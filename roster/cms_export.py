"""The back-office screen on which the roster is taken out as a list, and the way to it from the list of workers."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from wagtail.admin.widgets.button import Button, HeaderButton

from lms import workbooks
from lms.refusal import Refused
from roster import export, reach
from roster.asking import Asking
from roster.backoffice import ScopedIndexView
from roster.export_forms import FULL, ExportForm
from roster.models import Duty

ADMINS = reach.only(Duty.ROSTER)
FILTERS = ("county", "township")


class WorkerIndexView(ScopedIndexView):
    """The list of workers, from which the roster of the same place can be taken out, and to which a candidate is added."""

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        chosen = {name: self.request.GET[name] for name in FILTERS if self.request.GET.get(name)}
        url = reverse("roster_export") + (f"?{urlencode(chosen)}" if chosen else "")
        own = Button(_("导出花名册（改好可以再导入）"), url=url, icon_name="download", priority=80)
        return [*super().header_more_buttons, own]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        propose = HeaderButton(_("登记拟聘人员"), url=reverse("propose_worker"), icon_name="plus")
        return [*super().header_buttons, propose]


@ADMINS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def roster_export(request: Asking) -> HttpResponseBase:
    """Choose the place and how far numbers are shown; the answer is the file."""
    full = request.POST.get("numbers") == FULL
    if full and not reach.has(request.user, *export.WHOLE):
        raise PermissionDenied
    form = ExportForm(
        request.POST if request.method == "POST" else None,
        by=request.user,
        initial={name: request.GET.get(name) for name in FILTERS},
    )
    if request.method == "POST" and form.is_valid():
        data: dict[str, Any] = {name: form.cleaned_data.get(name) or None for name in FILTERS}
        try:
            exported = export.export(
                request.user, **data, full=full, reason=form.cleaned_data.get("reason", ""), now=request.now
            )
            return workbooks.answer(exported.file, name=exported.name)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
    context = {"form": form, "people": export.within(request.user, full=False).count(), "page_title": _("导出花名册")}
    return render(request, "roster/cms_export.html", context)

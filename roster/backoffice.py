"""Wagtail's generic parts with reach: every menu, list, page and export starts from what the user may see."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail.admin.menu import MenuItem
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button

from lms import audit
from roster import reach
from roster.asking import Asking


class AdminsMenuItem(MenuItem):
    """Shown to those who hold an admin role today."""

    def is_shown(self, request: Asking) -> bool:
        return reach.has(request.user, *reach.ADMINS)


def sent(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form sent, to be sent once more when its preview is confirmed."""
    own = {"csrfmiddlewaretoken", "confirm", "seen", "again"}
    return [(name, value) for name, values in request.POST.lists() if name not in own for value in values]


class Scoped:
    """Mixed into a generic view: rows come from the viewset's `scope`, and what is outside is a 404 like the unknown."""

    scope: Any = None
    request: HttpRequest
    kwargs: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.user_has_any_permission(self.any_permission_required):  # type: ignore[attr-defined]
            raise Http404
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def scoped(self) -> QuerySet[Any]:
        return self.scope(self.request.user)

    def get_base_queryset(self) -> QuerySet[Any]:
        return self.scoped()

    def get_object(self, queryset: Any = None) -> Any:
        return get_object_or_404(self.scoped(), pk=self.kwargs["pk"])


class ScopedIndexView(Scoped, generic.IndexView):
    """A list whose export is one .xlsx of the declared columns; each export is noted with its size."""

    scope = None
    FORMATS = (generic.IndexView.FORMAT_XLSX,)

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.is_export = bool(self.list_export) and request.GET.get("export") in self.FORMATS

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        if not self.list_export:
            return []
        return [Button(_("导出表格"), url=self.xlsx_export_url, icon_name="download", priority=90)]

    def as_spreadsheet(self, queryset: QuerySet[Any], spreadsheet_format: str) -> HttpResponse:
        now, actor = self.request.now, self.request.user  # type: ignore[attr-defined]
        kind = self.model._meta.label_lower
        audit.note("list.exported", now=now, actor=actor, kind=kind, rows=queryset.count())  # type: ignore[arg-type]
        return super().as_spreadsheet(queryset, spreadsheet_format)


class ScopedInspectView(Scoped, generic.InspectView):
    scope = None
    # names of what is not a field with a name of its own
    labels: dict[str, Any] = {}

    def get_page_title(self) -> str:
        return str(self.object)

    def get_page_subtitle(self) -> str:
        return ""

    def get_field_label(self, field_name: str, field: Any) -> str:
        return self.labels.get(field_name) or super().get_field_label(field_name, field)

    def get_field_display_value(self, field_name: str, field: Any) -> Any:
        value = super().get_field_display_value(field_name, field)
        return _("没有登记") if value in ("", None) else value


class ScopedModelViewSet(ModelViewSet):
    """
    A viewset that reads within reach. `scope(user)` gives the rows; only the list and the single page are routed, because
    what changes a row is a verb with a screen of its own.
    """

    index_view_class = ScopedIndexView
    inspect_view_class = ScopedInspectView
    inspect_view_enabled = True
    copy_view_enabled = False
    add_to_reference_index = False
    list_per_page = 50
    search_backend_name = None
    # headings of exported columns that are not plain fields
    export_headings: dict[str, Any] = {}
    # what is done here, for the dashboard
    menu_hint: Any = ""

    scope: Callable[..., QuerySet[Any]]

    def get_menu_item(self, order: int | None = None) -> MenuItem:
        item: MenuItem = super().get_menu_item(order)
        if self.menu_hint:
            item.attrs["title"] = self.menu_hint
        return item

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        given = super().get_common_view_kwargs(**kwargs)
        routed = {"index_url_name", "index_results_url_name", "inspect_url_name"}
        return {name: value for name, value in given.items() if not name.endswith("_url_name") or name in routed}

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        given = super().get_index_view_kwargs(**kwargs)
        return {**given, "scope": self.scope, "export_headings": self.export_headings}

    def get_inspect_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_inspect_view_kwargs(**kwargs), "scope": self.scope}

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("inspect/<int:pk>/", self.inspect_view, name="inspect"),
        ]

    def register_admin_url_finder(self) -> None:
        """There is no edit page to be found."""

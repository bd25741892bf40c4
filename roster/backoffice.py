"""Wagtail's generic parts with reach: every menu, list, page and export starts from what the user may see."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from wagtail.admin.menu import MenuItem
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button

from lms import exported, exports_cms, workbooks
from roster import columns, reach, saved_views
from roster.asking import Asking
from roster.models import SavedView


class AdminsMenuItem(MenuItem):
    """Shown to those who hold today what its screen is for: any admin role, narrowed by the roles and duties in `wanted`."""

    def __init__(self, *args: Any, wanted: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted

    def is_shown(self, request: Asking) -> bool:
        return reach.has(request.user, *self.wanted)


def sent(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form sent, to be sent once more when its preview is confirmed."""
    own = {"csrfmiddlewaretoken", "confirm", "seen", "again"}
    return [(name, value) for name, values in request.POST.lists() if name not in own for value in values]


class Scoped:
    """Mixed into a generic view: rows come from the viewset's `scope`, and what is outside is a 404 like the unknown."""

    scope: Any = None
    readers: tuple[str, ...] = ()
    request: HttpRequest
    kwargs: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user: Any = request.user
        allowed = self.user_has_any_permission(self.any_permission_required)  # type: ignore[attr-defined]
        if not (allowed and reach.has(user, *self.readers)):
            raise Http404
        for duty in reach.DUTIES & set(self.readers):
            reach.stand_at(user, duty)
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return reach.while_held(response, user, *self.readers)

    def scoped(self) -> QuerySet[Any]:
        return self.scope(self.request.user)

    def get_base_queryset(self) -> QuerySet[Any]:
        return self.scoped()

    def get_object(self, queryset: Any = None) -> Any:
        return get_object_or_404(self.scoped(), pk=self.kwargs["pk"])


class LeanPaginator(WagtailPaginator):
    """
    Counts and cuts pages on keys alone and fetches the rows of one page: a deep page costs little more than the first, and a search
    that finds few is made once and not a second time to count.
    """

    FEW = 2500
    fetch: Callable[[list[Any]], list[Any]]
    items_count_label = ""  # the count stands above the list

    @cached_property
    def first_keys(self) -> list[Any]:
        return list(self.object_list.values_list("pk", flat=True)[: self.FEW + 1])

    @cached_property
    def count(self) -> int:
        few = len(self.first_keys)
        return few if few <= self.FEW else self.object_list.count()

    def page(self, number: Any) -> Page[Any]:
        number = self.validate_number(number)
        bottom, top = (number - 1) * self.per_page, number * self.per_page
        keys = self.first_keys[bottom:top] if min(top, self.count) <= self.FEW else self.deep_keys(bottom, top)
        return self._get_page(self.fetch(keys), number, self)

    def deep_keys(self, bottom: int, top: int) -> list[Any]:
        """Counted from whichever end is nearer."""
        rows: QuerySet[Any] = self.object_list.values_list("pk", flat=True)
        if bottom <= self.count // 2:
            return list(rows[bottom:top])
        return list(rows.reverse()[max(self.count - top, 0) : self.count - bottom])[::-1]


class ScopedIndexView(Scoped, generic.IndexView):
    """
    A list within reach, with views that are kept, columns that are chosen, and an export of what is on the screen: the same
    rows, columns and order in one .xlsx. Each export is noted with its size.
    """

    scope = None
    readers = ()
    template_name = "roster/cms_list.html"
    results_template_name = "roster/cms_list_results.html"
    paginator_class = LeanPaginator
    FORMATS = (generic.IndexView.FORMAT_XLSX,)
    # how the list is searched, where that is more than a word in `search_fields`; what is typed in, as a hint
    find: Any = None
    search_hint: Any = ""
    # acts on many rows at once: pairs of code and words, and the url name of the screen that asks what is needed
    acts: Any = ()
    act_url_name: Any = ""
    act_links: Any = ()
    unit: Any = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.is_export = bool(self.list_export) and request.GET.get("export") in self.FORMATS

    @cached_property
    def listing(self) -> str:
        return self.index_url_name.partition(":")[0]

    @cached_property
    def all_columns(self) -> list[Any]:
        return generic.IndexView.columns.func(self)

    @cached_property
    def columns(self) -> list[Any]:
        return columns.chosen(self.all_columns, self.request.GET)

    def get_valid_orderings(self) -> list[str]:
        keys = [column.sort_key for column in self.all_columns if column.sort_key]
        return [sign + key for key in keys for sign in ("", "-")]

    def get_list_more_buttons(self, instance: Any) -> list[Any]:
        return []  # the name leads to the page; a menu with that one entry would be in the way

    def get_search_form(self) -> Any:
        form = super().get_search_form()
        if form and self.search_hint:
            form.fields["q"].widget.attrs["placeholder"] = self.search_hint
        return form

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Nothing for a filter that makes no sense: everything would be taken for what it found."""
        if self.filters and not self.filters.is_valid():
            return queryset.none()
        return super().filter_queryset(queryset)

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.find and self.is_searching:
            return self.find(queryset, self.search_query)
        return super().search_queryset(queryset)

    def order_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """With the key at the end where nothing else is unique, or rows that are equal would change places between two pages."""
        ordered = super().order_queryset(queryset)
        unique = {field.name for field in self.model._meta.concrete_fields if field.unique}
        if unique & {str(name).lstrip("-") for name in ordered.query.order_by}:
            return ordered
        return ordered.order_by(*ordered.query.order_by, "pk")

    def fetch(self, keys: list[Any]) -> list[Any]:
        rows = columns.with_what_they_read(self.scoped().filter(pk__in=keys), self.columns).in_bulk(keys)
        return [rows[key] for key in keys if key in rows]

    def get_paginator(self, *args: Any, **kwargs: Any) -> Any:
        paginator = super().get_paginator(*args, **kwargs)
        paginator.fetch = self.fetch
        return paginator

    def get_table(self, object_list: Any) -> Any:
        table = super().get_table(object_list)
        if self.acts:
            table.columns = {"pick": columns.PickColumn(), **table.columns}
        return table

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if self.is_export:
            return {"object_list": self.object_list}
        context = super().get_context_data(*args, **kwargs)
        query = saved_views.kept_part(self.request.GET)
        views = SavedView.objects.filter(user=self.request.user, listing=self.listing)  # type: ignore[misc]
        return {
            **context,
            "views": [(view, view.query == query) for view in views],
            "kept_query": query,
            "kept_pairs": list(QueryDict(query).lists()),
            "choices": [(column, column in self.columns) for column in self.all_columns[1:]],
            "sheet_url": self.sheet_url(query) if self.list_export else "",
        }

    def sheet_url(self, query: str) -> str:
        return f"{self.index_url}?{query}{'&' if query else ''}export=xlsx"

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        return []  # the export stands beside the count of what it holds

    def as_spreadsheet(self, queryset: QuerySet[Any], spreadsheet_format: str) -> HttpResponseBase:
        reason = exports_cms.purpose(self.request)
        if not reason:
            back = f"{self.index_url}?{saved_views.kept_part(self.request.GET)}"
            return exports_cms.ask(self.request, what=self.get_filename(), back=back)
        rows = list(columns.with_what_they_read(queryset, self.columns))
        now, actor = self.request.now, self.request.user  # type: ignore[attr-defined]
        kind = self.model._meta.label_lower
        exported.note(actor, kind=kind, rows=len(rows), reason=reason, now=now)
        mark = exported.mark(actor, now=now, place=self.get_filename(), reason=reason)
        data = columns.table(self.get_filename(), self.columns, rows, mark)
        return workbooks.answer(data, name=f"{self.get_filename()}.xlsx")


class ScopedInspectView(Scoped, generic.InspectView):
    scope = None
    readers = ()
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


LISTS: dict[str, "ScopedModelViewSet"] = {}


def listing_of(request: HttpRequest, name: str) -> "ScopedModelViewSet":
    """A list by the name it has in addresses; 404 for whom it does not exist."""
    listing = LISTS.get(name)
    if listing is None or not listing.open_to(request.user):
        raise Http404
    return listing


class ScopedModelViewSet(ModelViewSet):
    """
    A viewset that reads within reach. `readers` says for which roles and which duty it exists, `scope(user)` gives the rows; only
    the list and the single page are routed, because what changes a row is a verb with a screen of its own.
    """

    index_view_class = ScopedIndexView
    inspect_view_class = ScopedInspectView
    inspect_view_enabled = True
    copy_view_enabled = False
    add_to_reference_index = False
    list_per_page = 50
    search_backend_name = None
    # see ScopedIndexView; a list is exported with the columns on the screen where `list_export` is set
    list_export: Any = ()
    find: Any = None
    search_hint: Any = ""
    acts: Any = ()
    act_url_name = ""
    act_links: Any = ()
    # what stands behind a count of rows: 7,280 人
    unit: Any = _lazy("条")
    # what is done here, for the dashboard
    menu_hint: Any = ""

    readers: tuple[str, ...] = ()
    scope: Callable[..., QuerySet[Any]]

    def open_to(self, user: Any) -> bool:
        """Permission says what, reach says where: only where both do."""
        allowed = self.permission_policy.user_has_any_permission(user, ["add", "change", "delete", "view"])
        return allowed and reach.has(user, *self.readers)

    def on_register(self) -> None:
        super().on_register()
        LISTS[str(self.name)] = self

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        """What the list would show under the filters and the search of this request, on all its pages."""
        made: Any = self.index_view
        view = made.view_class(**made.view_initkwargs)
        view.setup(request)
        return view.get_queryset()

    def get_menu_item(self, order: int | None = None) -> MenuItem:
        item: MenuItem = super().get_menu_item(order)
        item.is_shown = lambda request: self.open_to(request.user)
        if self.menu_hint:
            item.attrs["title"] = self.menu_hint
        return item

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        given = super().get_common_view_kwargs(**kwargs)
        routed = {"index_url_name", "index_results_url_name", "inspect_url_name"}
        return {name: value for name, value in given.items() if not name.endswith("_url_name") or name in routed}

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        given = super().get_index_view_kwargs(**kwargs)
        ours = ("scope", "readers", "find", "search_hint", "acts", "act_url_name", "act_links", "unit")
        return {**given, **{name: getattr(self, name) for name in ours}}

    def get_inspect_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_inspect_view_kwargs(**kwargs), "scope": self.scope, "readers": self.readers}

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("inspect/<int:pk>/", self.inspect_view, name="inspect"),
        ]

    def register_admin_url_finder(self) -> None:
        """There is no edit page to be found."""

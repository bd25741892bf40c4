"""The lists of the roster in the back office: workers and grids within reach."""

from typing import Any

import django_filters
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.widgets.button import HeaderButton

from roster import acts, reach, search
from roster.backoffice import ScopedIndexView, ScopedInspectView, ScopedModelViewSet
from roster.models import Grid, GridKind, Level, Territory, Worker
from roster.worker_file import WorkerInspectView
from roster.worker_list import COLUMNS, WorkerFilter, places


class WorkerIndexView(ScopedIndexView):
    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        propose = HeaderButton(_("登记拟聘人员"), url=reverse("propose_worker"), icon_name="plus")
        return [*super().header_buttons, propose]


class WorkerViewSet(ScopedModelViewSet):
    model = Worker
    name = "workers"
    icon = "group"
    menu_label = _("网格员")
    menu_hint = _("查一个人的登记、网格和在岗记录")
    menu_name = "workers"  # the default is made from the label, and 网格 begins 网格员
    add_to_admin_menu = True
    menu_order = 110
    filterset_class = WorkerFilter
    # townships in the order they were set up in, which is that of their codes; an index has the whole of it
    ordering = ["township_id", "number"]
    search_fields = ["name", "number"]
    find = staticmethod(search.found)
    search_hint = _("姓名、拼音、登录号、网格或手机尾号")
    unit = _("人")
    act_links = acts.LINKS
    acts = acts.MENU
    act_url_name = "act_on_workers"
    index_view_class = WorkerIndexView
    inspect_view_class = WorkerInspectView
    inspect_template_name = "roster/cms_worker.html"
    list_display = COLUMNS
    list_export = ["name"]
    export_filename = "网格员"
    inspect_view_fields = [
        "number",
        "sex",
        "masked_id_number",
        "masked_mobile",
        "township",
        "employment",
        "position",
        "recruited_by",
        "joined",
        "education",
        "political_status",
        "certificate",
        "state",
    ]

    def scope(self, user: Any) -> QuerySet[Worker]:
        return reach.workers(user).select_related("township__parent", "user")


class GridFilter(WagtailFilterSet):
    county = django_filters.ModelChoiceFilter(
        field_name="community__parent__parent",
        label=_("县（市、区）"),
        queryset=places(Level.COUNTY),
        empty_label=_("全部"),
    )
    township = django_filters.ModelChoiceFilter(
        field_name="community__parent",
        label=_("乡镇（街道）"),
        queryset=places(Level.TOWNSHIP),
        empty_label=_("全部"),
    )
    kind = django_filters.ChoiceFilter(label=_("类型"), choices=GridKind.choices, empty_label=_("全部"))

    class Meta:
        model = Grid
        fields = ["county", "township", "kind"]


class GridInspectView(ScopedInspectView):
    labels = {
        "code": _("网格编码"),
        "community": _("村（社区）"),
        "township": _("乡镇（街道）"),
        "kind": _("类型"),
        "households": _("户数"),
        "population": _("人口"),
    }

    def get_township_display_value(self) -> Territory:
        return self.object.community.parent

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        postings = self.object.postings.select_related("worker")
        order = F("until").desc(nulls_first=True), F("since").desc(nulls_last=True)
        return super().get_context_data(postings=postings.order_by(*order), **kwargs)


class GridViewSet(ScopedModelViewSet):
    model = Grid
    name = "grids"
    icon = "site"
    menu_label = _("网格")
    menu_hint = _("查网格的编码、类型、户数和人")
    menu_name = "grids"
    add_to_admin_menu = True
    menu_order = 115
    filterset_class = GridFilter
    ordering = ["code"]
    search_fields = ["code", "community__name", "name"]
    inspect_view_class = GridInspectView
    inspect_template_name = "roster/cms_grid.html"
    list_display = [
        "__str__",
        Column("code", label=_("网格编码"), sort_key="code"),
        Column(
            "community__parent",
            label=_("乡镇（街道）"),
            accessor="community.parent",
            sort_key="community__parent__code",
        ),
        Column("get_kind_display", label=_("类型"), sort_key="kind"),
        Column("households", label=_("户数"), sort_key="households"),
        Column("population", label=_("人口"), sort_key="population"),
    ]
    inspect_view_fields = ["code", "community", "township", "kind", "households", "population"]

    def scope(self, user: Any) -> QuerySet[Grid]:
        return Grid.objects.filter(community__in=reach.territories(user)).select_related("community__parent")

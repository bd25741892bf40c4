"""The lists of the roster in the back office: workers and grids within reach."""

from datetime import date
from typing import Any, cast

import django_filters
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.widgets.button import Button

from lms import menus, numbers
from roster import acts, boundaries, coverage, reach, search
from roster.backoffice import ScopedIndexView, ScopedInspectView, ScopedModelViewSet
from roster.cms_export import WorkerIndexView
from roster.models import Duty, Grid, GridKind, Level, Posting, Territory, User, Worker, WorkerState
from roster.worker_file import WorkerInspectView
from roster.worker_list import COLUMNS, WorkerFilter, places


class WorkerViewSet(ScopedModelViewSet):
    model = Worker
    name = "workers"
    readers = (Duty.ROSTER,)
    icon = "group"
    menu_label = _("网格员")
    menu_hint = _("查一个人的登记、网格和在岗记录")
    menu_name = "workers"  # the default is made from the label, and 网格 begins 网格员
    menu_hook = menus.ROSTER
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
        return reach.workers(user, Duty.ROSTER).select_related("township__parent", "user")


def communities(request: HttpRequest | None) -> QuerySet[Territory]:
    """The communities of the township that is filtered by; none before one is."""
    asked = numbers.row(request.GET.get("township", "")) if request else None
    if request is None or asked is None:
        return Territory.objects.none()
    within = reach.territories(request.user).current()  # type: ignore[arg-type]
    return within.filter(level=Level.COMMUNITY, parent=asked).order_by("code")


def counted(rows: QuerySet[Grid], name: str, value: str) -> QuerySet[Grid]:
    """The list behind a figure of the coverage report: the same condition."""
    return coverage.narrowed(rows, value)


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
    community = django_filters.ModelChoiceFilter(label=_("村（社区）"), queryset=communities, empty_label=_("全部"))
    kind = django_filters.ChoiceFilter(label=_("类型"), choices=GridKind.choices, empty_label=_("全部"))
    hands = django_filters.ChoiceFilter(
        label=_("谁负责"), choices=list(coverage.HANDS.items()), method=counted, empty_label=_("全部")
    )
    size = django_filters.ChoiceFilter(
        label=_("户数和人口"), choices=list(coverage.SIZES.items()), method=counted, empty_label=_("全部")
    )
    retired = django_filters.ChoiceFilter(
        label=_("停用的"), choices=[("yes", _("只看停用的"))], method="keep", empty_label=_("不看停用的")
    )

    class Meta:
        model = Grid
        fields = ["county", "township", "community", "kind", "hands", "size", "retired"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.request or not self.request.GET.get("township"):
            del self.filters["community"]  # a city has a thousand of them

    def keep(self, rows: QuerySet[Grid], name: str, value: str) -> QuerySet[Grid]:
        """The list itself has left out the others."""
        return rows


def in_charge(grid: Any) -> str:
    """The names of those in charge today; who is not in post is marked."""
    names = [
        posting.worker.name
        if posting.worker.state == WorkerState.ACTIVE
        else f"{posting.worker.name}（{posting.worker.get_state_display()}）"
        for posting in grid.current
    ]
    return "、".join(names) or str(_("没有人"))


class GridIndexView(ScopedIndexView):
    """The grids there are; those retired on demand."""

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        own = [
            Button(_("网格覆盖"), url=reverse("coverage"), icon_name="view", priority=70),
            Button(_("办理记录和撤回"), url=reverse("grid_batches"), icon_name="history", priority=80),
        ]
        return own + super().header_more_buttons

    def scoped(self) -> QuerySet[Grid]:
        standing = Posting.objects.current().select_related("worker").order_by("since", "pk")
        rows = super().scoped().prefetch_related(Prefetch("postings", standing, to_attr="current"))
        retired = self.request.GET.get("retired") == "yes"
        return rows.exclude(valid_to=None) if retired else rows.filter(valid_to=None)


class GridInspectView(ScopedInspectView):
    labels = {
        "code": _("网格编码"),
        "community": _("村（社区）"),
        "township": _("乡镇（街道）"),
        "kind": _("类型"),
        "households": _("户数"),
        "population": _("人口"),
    }

    def former(self) -> list[tuple[str, int | None, date, str]]:
        """Code, number, until when and, where it was another, in which community; the newest first."""
        entries = [[*entry, None][:4] for entry in reversed(self.object.former_codes)]
        elsewhere = {entry[3] for entry in entries} - {None, self.object.community_id}
        names = dict(Territory.objects.filter(pk__in=elsewhere).values_list("pk", "name")) if elsewhere else {}
        return [
            (code, number, date.fromisoformat(until), names.get(place, "")) for code, number, until, place in entries
        ]

    def get_township_display_value(self) -> Territory:
        return self.object.community.parent

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        postings = self.object.postings.select_related("worker")
        order = F("until").desc(nulls_first=True), F("since").desc(nulls_last=True)
        place, asking = self.object.community, cast(User, self.request.user)
        more = {
            "may_change": self.object.valid_to is None and reach.covers(asking, place, *boundaries.CHANGERS),
            "may_assign": self.object.valid_to is None,
            "former": self.former(),
        }
        return super().get_context_data(postings=postings.order_by(*order), **more, **kwargs)


class GridViewSet(ScopedModelViewSet):
    model = Grid
    name = "grids"
    readers = (Duty.ROSTER,)
    icon = "site"
    menu_label = _("网格")
    menu_hint = _("查网格的编码、类型、户数和人")
    search_hint = _("编码、村（社区）或网格名称")
    unit = _("个")
    menu_name = "grids"
    menu_hook = menus.GROUND
    menu_order = 115
    filterset_class = GridFilter
    index_view_class = GridIndexView
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
        Column("in_charge", label=_("负责的人"), accessor=in_charge),
    ]
    inspect_view_fields = ["code", "community", "township", "kind", "households", "population"]

    def scope(self, user: Any) -> QuerySet[Grid]:
        return Grid.objects.filter(community__in=reach.territories(user, Duty.ROSTER)).select_related(
            "community__parent"
        )

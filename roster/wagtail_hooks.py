from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column

from lms.panels import Waiting, WaitingPanel
from roster import cms, reach
from roster.backoffice import ScopedModelViewSet
from roster.models import Grid, Worker


class AdminsMenuItem(MenuItem):
    """Shown to those who hold an admin role today."""

    def is_shown(self, request: HttpRequest) -> bool:
        return reach.has(request.user, *reach.ADMINS)  # type: ignore[arg-type]


class WorkerFilter(WagtailFilterSet):
    class Meta:
        model = Worker
        fields = ["employment", "state", "sex"]


class WorkerViewSet(ScopedModelViewSet):
    model = Worker
    name = "workers"
    icon = "group"
    menu_label = _("网格员")
    add_to_admin_menu = True
    menu_order = 110
    filterset_class = WorkerFilter
    search_fields = ["name", "number"]
    list_display = [
        "name",
        "number",
        Column("masked_mobile", label=_("手机号")),
        Column("township", label=_("乡镇（街道）"), sort_key="township"),
        Column("get_employment_display", label=_("专兼职"), accessor="get_employment_display"),
        Column("get_state_display", label=_("状态"), accessor="get_state_display"),
    ]
    list_export = ["number", "name", "township", "employment", "position", "joined_on", "state"]
    export_filename = "网格员"
    inspect_view_fields = [
        "name",
        "number",
        "sex",
        "masked_id_number",
        "masked_mobile",
        "township",
        "employment",
        "position",
        "recruited_by",
        "joined_on",
        "education",
        "political_status",
        "certificate",
        "state",
    ]

    def scope(self, user: Any) -> Any:
        return reach.workers(user).select_related("township")


class GridViewSet(ScopedModelViewSet):
    model = Grid
    name = "grids"
    icon = "site"
    menu_label = _("网格")
    add_to_admin_menu = True
    menu_order = 115
    search_fields = ["code", "community__name", "name"]
    list_display = [
        "name",
        Column("community", label=_("村（社区）")),
        Column("township", label=_("乡镇（街道）"), accessor="community.parent"),
        "code",
        Column("get_kind_display", label=_("类型"), accessor="get_kind_display"),
        Column("households", label=_("户数"), sort_key="households"),
        Column("population", label=_("人口"), sort_key="population"),
    ]
    inspect_view_fields = ["name", "code", "community", "kind", "households", "population"]

    def scope(self, user: Any) -> Any:
        return Grid.objects.filter(community__in=reach.territories(user)).select_related("community__parent")


@hooks.register("register_admin_viewset")
def viewsets() -> list[ScopedModelViewSet]:
    return [WorkerViewSet(), GridViewSet()]


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("passwords/", cms.password_sheets, name="password_sheets"),
        path("passwords/prepare/", cms.prepare_passwords, name="prepare_passwords"),
        path("passwords/<int:sheet>/", cms.password_sheet, name="password_sheet"),
        path("passwords/<int:sheet>/open/", cms.open_passwords, name="open_passwords"),
    ]


@hooks.register("register_admin_menu_item")
def first_passwords() -> MenuItem:
    return AdminsMenuItem(_("首次密码"), "/cms/passwords/", name="passwords", icon_name="key", order=130)


@hooks.register("construct_homepage_panels")
def what_waits(request: HttpRequest, panels: list[Any]) -> None:
    if not reach.has(request.user, *reach.ADMINS):  # type: ignore[arg-type]
        return
    waiting = sum(place.waiting for place in cms.townships(request))  # type: ignore[attr-defined]
    items = (
        [Waiting(str(_("人还没有自己的密码，登不上")), waiting, reverse("password_sheets"), "warn")] if waiting else []
    )
    panels.append(WaitingPanel(str(_("名册")), items, order=10))

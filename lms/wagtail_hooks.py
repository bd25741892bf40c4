from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from lms import columns_cms, decisions_cms, imports, imports_cms, outputs_cms
from lms.models import ImportState
from lms.panels import Waiting, WaitingPanel
from lms.templatetags.imports import import_under_way


class ImportMenuItem(MenuItem):
    """Shown to those who may bring something in."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(imports.kinds_for(request.user))

    def render_component(self, request: HttpRequest) -> Any:
        """While anything goes in, every screen of the back office says so beside the word."""
        item = super().render_component(request)
        if import_under_way({"request": request}):
            item.label = _("导入（进行中）")
        return item


@hooks.register("insert_global_admin_css")
def our_colours() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("css/backoffice.css"))


@hooks.register("insert_global_admin_js")
def tables_as_cards() -> SafeString:
    return format_html('<script type="module" src="{}"></script>', static("js/cards.js"))


@hooks.register("construct_homepage_panels", order=-100)
def only_what_waits(request: HttpRequest, panels: list[Any]) -> None:
    """Wagtail's own panels speak of page workflows; this dashboard speaks of what waits for the admin. Each floor adds its panel."""
    panels.clear()


# what is done in the places that are Wagtail's own
HINTS = {
    "explorer": _("写课程和课，预览以后发布"),
    "images": _("课里用的图片"),
    "documents": _("课里用的资料和视频"),
}


@hooks.register("construct_main_menu", order=100)
def no_more_than_needed(request: HttpRequest, menu_items: list[MenuItem]) -> None:
    """Reports on pages and help for developers are nobody's work here; the tree of pages is the editors'."""
    hidden = {"reports", "help"}
    if not request.user.is_superuser and not request.user.groups.exists():
        hidden |= {"explorer", "images", "documents", "settings", "snippets"}
    menu_items[:] = [item for item in menu_items if item.name not in hidden]
    for item in menu_items:
        if item.name in HINTS:
            item.attrs["title"] = HINTS[item.name]


@hooks.register("register_admin_urls")
def import_addresses() -> list[URLPattern]:
    return [
        path("imports/", imports_cms.start, name="imports"),
        path("imports/<int:pk>/", imports_cms.show, name="import_run"),
        path("imports/<int:pk>/columns/", columns_cms.columns, name="import_columns"),
        path("imports/<int:pk>/choose/", decisions_cms.choose, name="import_choose"),
        path("imports/<int:pk>/account-for/", decisions_cms.account_for, name="import_account_for"),
        path("imports/<int:pk>/undo/", decisions_cms.undo, name="import_undo"),
        path("imports/<int:pk>/confirm/", imports_cms.confirm, name="import_confirm"),
        path("imports/<int:pk>/resume/", imports_cms.resume, name="import_resume"),
        path("imports/<int:pk>/drop/", imports_cms.drop, name="import_drop"),
        path("imports/<int:pk>/wrong.xlsx", imports_cms.wrong, name="import_wrong"),
        path("imports/<int:pk>/annotated/", outputs_cms.annotated_file, name="import_annotated"),
        path("imports/<int:pk>/report/", outputs_cms.report, name="import_report"),
        path("imports/template/<slug:kind>.xlsx", outputs_cms.template, name="import_template"),
    ]


@hooks.register("register_admin_menu_item")
def import_menu() -> MenuItem:
    hint = _("上传花名册、网格台账，核对以后写进系统")
    return ImportMenuItem(
        _("导入"), reverse("imports"), name="imports", icon_name="upload", attrs={"title": hint}, order=105
    )


@hooks.register("construct_homepage_panels")
def imports_waiting(request: HttpRequest, panels: list[Any]) -> None:
    """Imports that wait for their uploader's decision, and what is under way."""
    if not imports.kinds_for(request.user):
        return
    states = list(imports_cms.own(request).values_list("state", flat=True))
    lines = [
        (_("份上传的表核对好了，等你确认"), ImportState.READY, "warn"),
        (_("份上传的表没有认出表头，等你指出来"), ImportState.MAPPING, "warn"),
        (_("份表正在导入，名册还不完整"), ImportState.APPLYING, ""),
        (_("份导入正在撤回，名册还不完整"), ImportState.UNDOING, ""),
    ]
    items = [Waiting(str(text), states.count(state), reverse("imports"), tone) for text, state, tone in lines]
    panels.append(WaitingPanel(str(_("导入")), [item for item in items if item.count], order=5))

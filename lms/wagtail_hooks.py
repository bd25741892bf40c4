from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail import hooks
from wagtail.admin.menu import MenuItem


@hooks.register("insert_global_admin_css")
def our_colours() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("css/backoffice.css"))


@hooks.register("construct_homepage_panels", order=-100)
def only_what_waits(request: HttpRequest, panels: list[Any]) -> None:
    """Wagtail's own panels speak of page workflows; this dashboard speaks of what waits for the admin. Each floor adds its panel."""
    panels.clear()


@hooks.register("construct_main_menu", order=100)
def no_more_than_needed(request: HttpRequest, menu_items: list[MenuItem]) -> None:
    """Reports on pages and help for developers are nobody's work here; the tree of pages is the editors'."""
    hidden = {"reports", "help"}
    if not request.user.is_superuser and not request.user.groups.exists():  # type: ignore[union-attr]
        hidden |= {"explorer", "images", "documents", "settings", "snippets"}
    menu_items[:] = [item for item in menu_items if item.name not in hidden]

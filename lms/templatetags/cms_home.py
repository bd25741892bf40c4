from typing import Any

from django import template
from wagtail.admin.menu import MenuItem, admin_menu

register = template.Library()


@register.filter
def busy(panels: list[Any]) -> list[Any]:
    """The dashboard's panels in which something waits, and those that are not ours."""
    return [panel for panel in panels if getattr(panel, "items", True)]


@register.filter
def quiet(panels: list[Any]) -> list[str]:
    """The titles of the panels in which nothing waits."""
    return [str(panel.title) for panel in panels if not getattr(panel, "items", True)]


@register.simple_tag(takes_context=True)
def chores(context: dict[str, Any]) -> list[MenuItem]:
    """The places of the menu that say what is done there, for this person, in the menu's order."""
    items = admin_menu.menu_items_for_request(context["request"])
    return sorted((item for item in items if item.attrs.get("title")), key=lambda item: item.order)

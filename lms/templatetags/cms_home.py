from typing import Any

from django import template
from wagtail.admin.menu import MenuItem, admin_menu

from lms import menus

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
def chores(context: dict[str, Any]) -> list[tuple[str, list[MenuItem]]]:
    """
    The places of the menu that say what is done there, for this person, in the menu's order and under its groups; those that stand
    alone come together under no name.
    """
    request = context["request"]
    lines = sorted(admin_menu.menu_items_for_request(request), key=lambda item: item.order)
    alone, groups = [], []
    for line in lines:
        told = [place for place in menus.places(line, request) if place.attrs.get("title")]
        if len(told) > 1:
            groups.append((str(line.label), told))
        else:
            alone += told
    return [("", alone), *groups] if alone else groups

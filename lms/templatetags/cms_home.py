from typing import Any

from django import template

register = template.Library()


@register.filter
def busy(panels: list[Any]) -> list[Any]:
    """The dashboard's panels in which something waits, and those that are not ours."""
    return [panel for panel in panels if getattr(panel, "items", True)]


@register.filter
def quiet(panels: list[Any]) -> list[str]:
    """The titles of the panels in which nothing waits."""
    return [str(panel.title) for panel in panels if not getattr(panel, "items", True)]

from typing import Any

from django import template

from lms import imports

register = template.Library()


@register.simple_tag(takes_context=True)
def import_under_way(context: dict[str, Any]) -> bool:
    """Whether lists are going in or being taken back, so that what this screen shows is not whole; asked once a request."""
    request = context["request"]
    if not hasattr(request, "_import_under_way"):
        request._import_under_way = imports.under_way()
    return bool(request._import_under_way)

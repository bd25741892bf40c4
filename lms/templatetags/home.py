from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.home import Due

register = template.Library()


@register.simple_tag
def in_order(*lists: list[Due]) -> list[Due]:
    """All that is due, the nearest date first; what has no date comes last."""
    far = timezone.make_aware(datetime(9999, 1, 1))
    return sorted((due for dues in lists for due in dues or []), key=lambda due: due.by or far)


@register.simple_tag(takes_context=True)
def greeting(context: template.Context) -> str:
    hour = timezone.localtime(context["request"].now).hour
    if hour < 5 or hour >= 18:
        return _("晚上好")
    return _("早上好") if hour < 11 else _("中午好") if hour < 14 else _("下午好")

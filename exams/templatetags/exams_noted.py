from django import template

from exams import incidents
from exams.models import Attempt

register = template.Library()


@register.simple_tag(takes_context=True)
def noted(context: template.Context, attempt: Attempt) -> list[incidents.Noted]:
    """What was noted of the attempt while it was sat, for who sat it."""
    return incidents.own(attempt, now=context["request"].now)

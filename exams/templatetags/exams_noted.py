from django import template

from exams.day import incidents
from exams.models import Attempt, Intervention

register = template.Library()


@register.simple_tag(takes_context=True)
def noted(context: template.Context, attempt: Attempt) -> list[incidents.Noted]:
    """What was noted of the attempt while it was sat, for who sat it."""
    return incidents.own(attempt, now=context["request"].now)


register.filter("closed_early", incidents.closed_early)


@register.simple_tag
def measures(attempt: Attempt) -> list[Intervention]:
    """What was decided over the head of who sat it, with the reasons; what was only asked for is not theirs to hear."""
    return incidents.agreed(attempt)

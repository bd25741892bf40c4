from datetime import datetime, time, timedelta

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.translation import gettext as _

from courses import obligations
from courses.obligations import Obligation
from lms.home import Due

register = template.Library()


@register.simple_tag(takes_context=True)
def courses_due(context: Context) -> list[Due]:
    """The required courses that the asking worker has yet to finish."""
    request = context["request"]
    worker = getattr(request.user, "worker", None)
    due = obligations.due(worker, now=request.now) if worker else []
    return [_due(obligation, quiet=bool(number)) for number, obligation in enumerate(due)]


def _due(obligation: Obligation, *, quiet: bool) -> Due:
    stands, ends = obligation.standing, obligation.requirement.due_on + timedelta(days=1)
    step = stands.next
    assert step is not None
    action = _("接着学：第 %(n)s 课") if stands.begun else _("开始学：第 %(n)s 课")
    return Due(
        title=stands.course.title,
        why=obligation.requirement.reason,
        by=timezone.make_aware(datetime.combine(ends, time())),
        tag=obligation.when,
        tone=obligation.tone,
        href=step.lesson.address,
        action=action % {"n": step.number},
        done=stands.done,
        total=stands.total,
        unit=_("课"),
        quiet=quiet,
    )

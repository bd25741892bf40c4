from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from lms.home import Due
from mentors import appointment, queue
from mentors.models import Mentor
from roster.models import Worker, WorkerState

register = template.Library()


@register.inclusion_tag("components/dock.html", takes_context=True)
def dock(context: Context, here: str = "") -> dict[str, Any]:
    """
    The places at the foot of the screen: four for a worker, five for a 小教员, none for those who are nobody's worker.

    `here` names the current place (home, study, exam, mark, me) where the address does not tell it.
    """
    request = context.get("request")
    if request is None or not hasattr(request, "now") or getattr(request.user, "worker", None) is None:
        return {"items": []}
    places = [
        ("home", _("首页"), "home", ["/"]),
        (None, _("学习"), "study", ["/study/", "/learn/"]),
        ("exams", _("考试"), "exam", ["/exams/"]),
        ("marking", _("评卷"), "mark", ["/marking/"]),
        ("me", _("我的"), "me", ["/me/", "/records/", "/password/", "/agreement/"]),
    ]
    path = request.path
    return {
        "items": [
            {
                "url": reverse(name) if name else "/study/",
                "label": label,
                "icon": icon,
                "current": here == icon
                or (not here and any(path == start if start == "/" else path.startswith(start) for start in starts)),
            }
            for name, label, icon, starts in places
            if name != "marking" or appointment.mentor_of(request)
        ]
    }


@register.simple_tag(takes_context=True)
def mentors_due(context: Context) -> list[Due]:
    """What waits for this 小教员 to mark; nothing for anybody else."""
    request = context["request"]
    mentor = appointment.mentor_of(request)
    left = queue.waiting(mentor, now=request.now).count() if mentor else 0
    if mentor is None or not left:
        return []
    return [
        Due(
            title=_("评案例答卷"),
            why=_("你是%(level)s小教员。有 %(left)d 份案例答卷等你评，评完才能出成绩。")
            % {"level": mentor.get_level_display(), "left": left},
            by=None,
            tag=_("%(left)d 份") % {"left": left},
            tone="brand",
            href=reverse("marking"),
            action=_("去评卷"),
        )
    ]


@register.inclusion_tag("mentors/_my_mentors.html", takes_context=True)
def my_mentors(context: Context) -> dict[str, Any]:
    """The 小教员 of my township and county, whom I may ask: name, level, masked telephone number."""
    request = context["request"]
    worker: Worker = request.user.worker
    home = worker.township
    here = {"territory__in": {home.pk, home.parent_id}, "worker__state": WorkerState.ACTIVE}
    mentors = Mentor.objects.serving(now=request.now).filter(**here).exclude(worker=worker)
    return {"mentors": list(mentors.select_related("worker", "territory").order_by("-level", "worker__name"))}

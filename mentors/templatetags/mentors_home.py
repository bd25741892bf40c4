from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from mentors.models import Mentor

register = template.Library()


def mentor_of(request: Any) -> Mentor | None:
    """The serving mentor who is asking; looked up once a request."""
    if not hasattr(request, "_mentor"):
        worker = getattr(request.user, "worker", None)
        request._mentor = Mentor.objects.serving(now=request.now).filter(worker=worker).first() if worker else None
    return request._mentor


@register.inclusion_tag("components/dock.html", takes_context=True)
def dock(context: Context) -> dict[str, Any]:
    """The places at the foot of the screen: four for a worker, five for a 小教员, none for those who are nobody's worker."""
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
                "current": any(path == start if start == "/" else path.startswith(start) for start in starts),
            }
            for name, label, icon, starts in places
            if name != "marking" or mentor_of(request)
        ]
    }

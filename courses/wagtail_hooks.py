from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from courses import cms, views
from courses.models import Session
from lms import menus
from lms.panels import Waiting, WaitingPanel
from roster import reach
from roster.asking import Asking
from roster.backoffice import AdminsMenuItem
from roster.models import Duty


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("courses/required/", cms.requirements, name="courses_requirements"),
        path("courses/required/new/", cms.require, name="courses_require"),
        path("courses/required/<int:requirement>/withdraw/", cms.withdraw, name="courses_withdraw"),
        path("courses/sessions/", cms.trainings, name="courses_sessions"),
        path("courses/sessions/new/", cms.hold, name="courses_hold"),
        path("courses/sessions/<int:session>/", cms.session, name="courses_session"),
        path("courses/sessions/<int:session>/attendance/", cms.attendance, name="courses_attendance"),
        path("courses/sessions/<int:session>/close/", cms.close, name="courses_close"),
    ]


@hooks.register("register_admin_menu_item")
def training_group() -> MenuItem:
    return menus.Group(_("培训"), menus.TRAINING, name="training", icon_name="calendar", order=130)


@hooks.register(menus.TRAINING)
def required() -> MenuItem:
    return AdminsMenuItem(
        _("必修安排"),
        reverse("courses_requirements"),
        wanted=(Duty.TRAINING,),
        name="required",
        icon_name="calendar-check",
        attrs={"title": _("谁要在哪天前学完哪门课")},
        order=210,
    )


@hooks.register(menus.TRAINING)
def trainings() -> MenuItem:
    hint = _("登记培训和现场指导，勾选到场的人")
    return AdminsMenuItem(
        _("培训活动"),
        reverse("courses_sessions"),
        wanted=(Duty.TRAINING,),
        name="sessions",
        icon_name="calendar",
        attrs={"title": hint},
        order=220,
    )


@hooks.register("construct_homepage_panels")
def what_waits(request: Asking, panels: list[Any]) -> None:
    """Trainings that are over and whose attendance is still open."""
    if not reach.has(request.user, Duty.TRAINING):
        return
    own = Session.objects.filter(territory__in=reach.territories(request.user, Duty.TRAINING))
    waiting = own.filter(closed_at=None, ends_at__lte=request.now).count()
    address = reverse("courses_sessions")
    items = [Waiting(str(_("次培训办完了，还没登记到场的人")), waiting, address, "warn")] if waiting else []
    panels.append(WaitingPanel(str(_("培训")), items, order=30))


@hooks.register("before_serve_document")
def readers_alone(document: Any, request: Asking) -> None:
    """Handouts are for those who may read the lessons; anyone else gets the 404 that the lesson gives."""
    views.reader(request)

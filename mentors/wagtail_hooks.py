from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from exams.marks import marking
from lms.panels import Waiting, WaitingPanel
from mentors import appointment, cms
from roster import reach
from roster.asking import Asking
from roster.backoffice import AdminsMenuItem
from roster.models import Duty


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("mentors/", cms.mentor_list, name="mentors"),
        path("mentors/appoint/", cms.appoint_listed, name="appoint_mentors"),
        path("mentors/<int:mentor>/end/", cms.end_mentor, name="end_mentor"),
    ]


@hooks.register("register_admin_menu_item")
def menu() -> MenuItem:
    hint = _("聘任小教员，看每个人评了多少")
    return AdminsMenuItem(
        _("小教员"),
        reverse("mentors"),
        wanted=(Duty.TRAINING,),
        name="mentors",
        icon_name="user",
        attrs={"title": hint},
        order=120,
    )


@hooks.register("construct_homepage_panels")
def what_waits(request: Asking, panels: list[Any]) -> None:
    user = request.user
    if not reach.has(user, Duty.TRAINING):
        return
    unmarked = marking.waiting().filter(attempt__worker__in=reach.workers(user, Duty.TRAINING)).count()
    listed = appointment.listed(user).count() if reach.has(user, *appointment.APPOINTING) else 0
    items = []
    if listed:
        text = str(_("人在名册中标为小教员，还没有聘任"))
        items.append(Waiting(text, listed, reverse("appoint_mentors"), "warn"))
    if unmarked:
        items.append(Waiting(str(_("份案例答卷等小教员评")), unmarked, reverse("mentors"), ""))
    panels.append(WaitingPanel(str(_("小教员和评卷")), items, order=40))

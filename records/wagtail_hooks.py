from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from lms.panels import Waiting, WaitingPanel
from records import assessments, cms, kinds, rounds
from records.models import Round
from roster import reach
from roster.asking import Asking
from roster.backoffice import AdminsMenuItem
from roster.models import Duty

# the back office knows the kinds of import that post to the ledger by importing them here
__all__ = ["kinds"]


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("assessments/", cms.index, name="assessments"),
        path("assessments/draft/", cms.draft, name="assessment_draft"),
        path("assessments/jobs/<int:job>/", cms.progress, name="assessment_job"),
        path("assessments/schemes/<int:pk>/", cms.scheme, name="assessment_scheme"),
        path("assessments/<int:pk>/", cms.detail, name="assessment_round"),
        path("assessments/<int:pk>/settle/", cms.settle, name="assessment_settle"),
        path("assessments/<int:pk>/export.xlsx", cms.export, name="assessment_export"),
        path("assessments/<int:pk>/<int:assessment>/", cms.person, name="assessment_person"),
        path("assessments/<int:pk>/<int:assessment>/<int:line>/", cms.person_evidence, name="assessment_evidence"),
    ]


@hooks.register("register_admin_menu_item")
def assessment_menu() -> MenuItem:
    hint = _("年度初评，核对依据，审定等次")
    return AdminsMenuItem(
        _("考核"),
        reverse("assessments"),
        wanted=(Duty.ASSESSMENT,),
        name="assessments",
        icon_name="list-ul",
        attrs={"title": hint},
        order=150,
    )


@hooks.register("register_admin_menu_item")
def bulletin_menu() -> MenuItem:
    hint = _("看培训和考试的数字，导出表格")
    return AdminsMenuItem(
        _("通报"), reverse("bulletin"), name="bulletin", icon_name="doc-full-inverse", attrs={"title": hint}, order=160
    )


@hooks.register("construct_homepage_panels")
def what_waits(request: Asking, panels: list[Any]) -> None:
    """Drafts that nobody has settled, for those who may settle them."""
    user: Any = request.user
    if not reach.has(user, *assessments.SETTLERS):
        return
    done = set(Round.objects.filter(state=Round.SETTLED).values_list("scheme", "county"))
    drafts = set(rounds.visible_to(user).filter(state=Round.DRAFT).values_list("scheme", "county"))
    waiting = len(drafts - done)
    href = reverse("assessments")
    items = [Waiting(str(_("个初评等审定")), waiting, href, "warn")] if waiting else []
    panels.append(WaitingPanel(str(_("考核")), items, order=40))

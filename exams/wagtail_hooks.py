from typing import Any

from django.db.models import Count
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from exams.before import drafts
from exams.claims import late_cms, rescue_cms
from exams.marks import tally
from exams.models import AttemptState, Exam, Intervention
from exams.office import cms, cms_people, cms_pictures
from exams.office.viewsets import BankViewSet, QuestionViewSet
from exams.room import cms_room, cms_sitter, rooms
from lms import menus, times
from lms.panels import Waiting, WaitingPanel
from roster import reach
from roster.asking import Asking
from roster.backoffice import AdminsMenuItem, ScopedModelViewSet
from roster.models import Duty


@hooks.register("register_admin_viewset")
def viewsets() -> list[ScopedModelViewSet]:
    return [BankViewSet(), QuestionViewSet()]


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("exams/", cms.exam_list, name="exam_list"),
        path("exams/new/", cms.new_exam, name="new_exam"),
        path("exams/<int:exam>/", cms.exam_state, name="exam_state"),
        path("exams/<int:exam>/edit/", cms.edit_exam, name="edit_exam"),
        path("exams/<int:exam>/publish/", cms.publish_exam, name="publish_exam"),
        path("exams/<int:exam>/names/", cms_people.names, name="exam_names"),
        path("exams/<int:exam>/names/<int:worker>/drop/", cms_people.drop_name, name="drop_exam_name"),
        path("exams/<int:exam>/resit/", cms_people.resit, name="exam_resit"),
        path("exams/<int:exam>/drop/", cms.drop_exam, name="drop_exam"),
        path("exams/<int:exam>/late/", late_cms.exam_late, name="exam_late"),
        path("exams/<int:exam>/late/<int:attempt>/", late_cms.late_answers, name="late_answers"),
        path("exams/rescue/", rescue_cms.exam_rescue, name="exam_rescue"),
        path("exams/verify/", rescue_cms.exam_verify, name="exam_verify"),
        path("exams/<int:exam>/window/", cms_room.window, name="exam_window"),
        path("exams/<int:exam>/room/", cms_room.room, name="exam_room"),
        path("exams/<int:exam>/room/part/", cms_room.room_part, name="exam_room_part"),
        path("exams/<int:exam>/allow/", cms_room.allow, name="exam_allow"),
        path("exams/<int:exam>/notice/", cms_room.notice, name="exam_notice"),
        path("exams/<int:exam>/weigh/", cms_room.weigh, name="exam_weigh"),
        path("exams/attempt/<int:attempt>/", cms_sitter.sitter, name="exam_sitter"),
        path("exams/attempt/<int:attempt>/note/", cms_sitter.note, name="exam_note"),
        path("exams/attempt/<int:attempt>/ask/", cms_sitter.ask, name="exam_ask"),
        path("questions/<int:question>/picture/", cms_pictures.question_picture, name="question_picture"),
        path("questions/<int:question>/picture/drop/", cms_pictures.drop_picture, name="drop_question_picture"),
        path("questions/<int:question>/picture/file/", cms_pictures.picture_file, name="question_picture_file"),
        path("exams/intervention/<int:intervention>/", cms_sitter.decide, name="exam_decide"),
    ]


@hooks.register("register_admin_menu_item")
def exams_group() -> MenuItem:
    return menus.Group(gettext_lazy("考试"), menus.EXAMS, name="exams-group", icon_name="form", order=145)


@hooks.register(menus.EXAMS)
def menu() -> MenuItem:
    hint = gettext_lazy("出卷、发布，看参考和评分的进度")
    return AdminsMenuItem(
        gettext_lazy("考试"),
        reverse("exam_list"),
        wanted=(Duty.EXAMS,),
        name="exams",
        icon_name="form",
        attrs={"title": hint},
        order=145,
    )


@hooks.register(menus.EXAMS)
def rescue_menu() -> MenuItem:
    hint = gettext_lazy("把断网手机上的作答备份交进来")
    return AdminsMenuItem(
        gettext_lazy("作答备份"),
        reverse("exam_rescue"),
        wanted=(Duty.EXAMS,),
        name="exam-rescue",
        icon_name="upload",
        attrs={"title": hint},
        order=150,
    )


@hooks.register(menus.EXAMS)
def verify_menu() -> MenuItem:
    hint = gettext_lazy("用核对码查一次保存是真是假")
    return AdminsMenuItem(
        gettext_lazy("核对码"),
        reverse("exam_verify"),
        wanted=(Duty.EXAMS,),
        name="exam-verify",
        icon_name="check",
        attrs={"title": hint},
        order=155,
    )


@hooks.register("construct_homepage_panels")
def what_waits(request: Asking, panels: list[Any]) -> None:
    """Exams nobody has published yet, for those who may; and those that are open now."""
    user: Any = request.user
    if not reach.has(user, Duty.EXAMS):
        return
    now = request.now
    items = []
    if reach.has(user, *drafts.SETTERS):
        waiting = cms.settable(request).filter(published_at=None).count()
        if waiting:
            items.append(Waiting(_("场考试还没有发布"), waiting, reverse("exam_list"), "warn"))
    running = (
        Exam.objects.published()
        .ordinary()
        .touching(reach.paths(user, Duty.EXAMS))
        .filter(opens_at__lte=now, closes_at__gt=now)
    )
    items += still_to_sit(user, list(running.order_by("closes_at")))
    items += late_answers_wait(request)
    panels.append(WaitingPanel(_("考试"), [*to_decide(user), *items], order=30))


def still_to_sit(user: Any, running: list[Exam]) -> list[Waiting]:
    """The three exams that close first of those that somebody has yet to begin; where all have begun nobody need be called."""
    due = {pk: row.counts[AttemptState.DUE] for pk, row in tally.totals(user, running).items()} if running else {}
    return [
        Waiting(
            _("人还没考“%(title)s”，%(at)s 截止") % {"title": exam.title, "at": times.in_short(exam.closes_at)},
            due[exam.pk],
            reverse("exam_state", args=[exam.pk]),
        )
        for exam in running
        if due[exam.pk]
    ][:3]


def late_answers_wait(request: Asking) -> list[Waiting]:
    """Answers that came too late, one line for each exam that has some to decide about."""
    counted = late_cms.undecided(request.user).order_by("exam__closes_at").values_list("exam", "exam__title")
    return [
        Waiting(_("人在“%s”有迟到的答案，等你决定") % title, count, reverse("exam_late", args=[pk]), "warn")
        for pk, title, count in counted.annotate(n=Count("pk"))[:3]
    ]


def to_decide(user: Any) -> list[Waiting]:
    """Closing or voiding that somebody else has asked for, by exam."""
    asked = Intervention.objects.filter(agreed=None, attempt__in=rooms.within(user)).exclude(asked_by=user)
    by_exam = (
        asked.values_list("attempt__exam", "attempt__exam__title").annotate(n=Count("pk")).order_by("attempt__exam")
    )
    return [
        Waiting(
            _("条考场措施等第二个人决定，“%s”") % title,
            n,
            f"{reverse('exam_room', args=[pk])}?state={rooms.ASKED}",
            "bad",
        )
        for pk, title, n in by_exam[:5]
    ]

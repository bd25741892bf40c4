"""The catalog in Wagtail, what is required of whom, and how far each worker has come."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Length, Substr
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page, PageManager, PageQuerySet

from courses import hours
from courses.blocks import LessonBody, words
from records.models import Skill, Subject
from roster import reach
from roster.models import Duty, Employment, Territory, User, Worker


class StudyPage(Page):
    """What the pages of the catalog have in common: their address, and that everyone who may sign in may read them."""

    promote_panels = [FieldPanel("slug")]
    private_page_options: list[str] = []

    class Meta:
        abstract = True

    @property
    def address(self) -> str:
        """Where it is read. The catalog is the root of the site, so that no look-up is needed."""
        return reverse("wagtail_serve", args=[self.url_path.split("/", 2)[2]])

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What an editor's preview shows: the page as someone sees it who has studied nothing yet."""
        from courses import screens

        return {**super().get_context(request, *args, **kwargs), **screens.preview(self)}


class CatalogPage(StudyPage):
    """The one door to all courses."""

    intro = models.TextField(_("引言"), blank=True)

    template = "courses/catalog.html"
    content_panels = [*Page.content_panels, FieldPanel("intro")]
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["courses.CoursePage"]
    max_count = 1

    class Meta:
        verbose_name = _("课程目录")


class CoursePage(StudyPage):
    subject = models.CharField(_("科目"), max_length=10, choices=Subject.choices)
    summary = models.TextField(_("学完能做什么"))
    audience = models.CharField(
        _("适合人员"), max_length=10, blank=True, choices=Employment.choices, help_text=_("不选表示都适合。")
    )
    skill = models.ForeignKey(
        Skill, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("学完获得的技能")
    )

    template = "courses/course.html"
    content_panels = [
        *Page.content_panels,
        FieldPanel("subject"),
        FieldPanel("summary"),
        FieldPanel("audience"),
        FieldPanel("skill"),
    ]
    parent_page_types = ["courses.CatalogPage"]
    subpage_types = ["courses.LessonPage"]

    class Meta:
        verbose_name = _("课程")

    def lessons(self) -> "LessonQuerySet":
        return LessonPage.objects.child_of(self).live().order_by("path")


class LessonQuerySet(PageQuerySet):
    def open(self) -> "LessonQuerySet":
        """Live lessons of live courses: what may be studied."""
        above = Substr(OuterRef("path"), Value(1), Length(OuterRef("path")) - CoursePage.steplen)
        return self.live().filter(Exists(CoursePage.objects.live().filter(path=above)))


class LessonPage(StudyPage):
    minutes = models.PositiveSmallIntegerField(
        _("学习时间（分钟）"), help_text=_("照实填写读完、看完需要的时间，学时按它折算。")
    )
    body = LessonBody(verbose_name=_("内容"))
    # the words of the body, for the search box; JSON escapes Han characters
    text = models.TextField(editable=False, blank=True)

    objects = PageManager.from_queryset(LessonQuerySet)()

    template = "courses/lesson.html"
    content_panels = [*Page.content_panels, FieldPanel("minutes"), FieldPanel("body")]
    parent_page_types = ["courses.CoursePage"]
    subpage_types: list[str] = []

    class Meta:
        verbose_name = _("课")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.text = words(self.body)
        super().save(*args, **kwargs)

    @property
    def hours(self) -> Decimal:
        return hours.for_minutes(self.minutes)

    @property
    def course(self) -> CoursePage:
        return CoursePage.objects.get(path=self.path[: -self.steplen])


def around(user: User) -> Q:
    """Rows whose territory lies within an admin's reach or above it: what is arranged up there is for their people too."""
    own = reach.paths(user, Duty.TRAINING)
    above = {path[: end + 1] for path in own for end, sign in enumerate(path) if sign == "/"}
    return Q(territory__in=Territory.objects.within(own)) | Q(territory__path__in=above)


class RequirementQuerySet(models.QuerySet["Requirement"]):
    def visible_to(self, user: User) -> "RequirementQuerySet":
        return self.filter(around(user))

    def of(self, worker: Worker) -> "RequirementQuerySet":
        """Those whose territory the worker's township lies in and whose employment fits."""
        inside = Worker.objects.filter(pk=worker.pk, township__path__startswith=OuterRef("territory__path"))
        return self.filter(Exists(inside), employment__in=["", worker.employment])


class Requirement(models.Model):
    """A rule that makes a course due: for whom, until when, and the reason that the worker reads."""

    course = models.ForeignKey(
        CoursePage, on_delete=models.CASCADE, related_name="requirements", verbose_name=_("课程")
    )
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+", verbose_name=_("范围"))
    employment = models.CharField(_("人员"), max_length=10, blank=True, choices=Employment.choices)
    due_on = models.DateField(_("完成期限"))
    reason = models.CharField(_("为什么要学"), max_length=120)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = RequirementQuerySet.as_manager()

    class Meta:
        verbose_name = _("必修安排")
        verbose_name_plural = _("必修安排")
        constraints = [
            models.UniqueConstraint(fields=["course", "territory", "employment", "due_on"], name="required_once")
        ]

    def __str__(self) -> str:
        return f"{self.course} {self.territory}"


class LessonProgress(models.Model):
    """How far one worker is in one lesson: place, seconds the server has witnessed, and when it was finished."""

    worker = models.ForeignKey(Worker, on_delete=models.CASCADE, related_name="lesson_progress")
    lesson = models.ForeignKey(LessonPage, on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=40, blank=True, help_text="id of the block that was at the top of the screen")
    seconds = models.PositiveIntegerField(default=0)
    # {block id: chosen letters} of the check questions
    checks = models.JSONField(default=dict, blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("学习进度")
        verbose_name_plural = _("学习进度")
        constraints = [models.UniqueConstraint(fields=["worker", "lesson"], name="lesson_progress_once")]

    def __str__(self) -> str:
        return f"{self.worker_id}/{self.lesson_id}"


class StudyClock(models.Model):
    """The one lesson a worker is in now, and when the server last heard of it. Two lessons at once are credited once."""

    worker = models.OneToOneField(Worker, on_delete=models.CASCADE, primary_key=True, related_name="+")
    lesson = models.ForeignKey(LessonPage, on_delete=models.CASCADE, related_name="+")
    heard_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("学习计时")
        verbose_name_plural = _("学习计时")

    def __str__(self) -> str:
        return f"{self.worker_id}/{self.lesson_id}"


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User) -> "SessionQuerySet":
        return self.filter(around(user))


class Session(models.Model):
    """A training held at a time: 线上培训 or 现场业务指导."""

    ONLINE, ONSITE = "online", "onsite"

    title = models.CharField(_("名称"), max_length=80)
    subject = models.CharField(_("科目"), max_length=10, choices=Subject.choices)
    mode = models.CharField(_("形式"), max_length=10, choices=[(ONLINE, _("线上培训")), (ONSITE, _("现场业务指导"))])
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+", verbose_name=_("范围"))
    place = models.CharField(_("地点"), max_length=80, blank=True)
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    hours = models.DecimalField(_("学时"), max_digits=5, decimal_places=2)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("培训活动")
        verbose_name_plural = _("培训活动")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="session_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(hours__gt=0), name="session_gives_hours"),
        ]

    def __str__(self) -> str:
        return self.title


class Attendance(models.Model):
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="attendances")
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("签到")
        verbose_name_plural = _("签到")
        constraints = [models.UniqueConstraint(fields=["session", "worker"], name="attended_once")]

    def __str__(self) -> str:
        return f"{self.session_id}/{self.worker_id}"

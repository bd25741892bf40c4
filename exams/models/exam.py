"""Exams: who sits, when, for how long, by which rules; and the paper as it was frozen."""

from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from exams.models.banks import Picture, Question, QuestionKind
from exams.models.sitting import Attempt
from roster.models import Employment, Territory, User, Worker


class ExamKind(models.TextChoices):
    FORMAL = "formal", _("正式考试")
    ENTRY = "entry", _("准入测试")
    RESIT = "resit", _("补考")
    MOCK = "mock", _("模拟考试")
    PRACTICE = "practice", _("练习")


# what goes to the ledger; a mock and a practice leave nothing behind
RECORDED = frozenset({ExamKind.FORMAL, ExamKind.ENTRY, ExamKind.RESIT})
# what may be sat more than once
REPEATED = frozenset({ExamKind.ENTRY, ExamKind.MOCK, ExamKind.PRACTICE})
MOST_TRIES = 20
# the seed of the standing exam in which everybody tries the screen (`exams.worker.tryout`); all others draw theirs by chance
TRYOUT = "tryout"


class Layout(models.TextChoices):
    ONE = "one", _("一次一题")
    ALL = "all", _("整卷一页")


class Counts(models.TextChoices):
    """Which result stands when somebody sat an exam and its resit."""

    BEST = "best", _("取最高分")
    LAST = "last", _("以补考为准")
    CAPPED = "capped", _("补考合格按及格分计")


class ExamQuerySet(models.QuerySet["Exam"]):
    def published(self) -> "ExamQuerySet":
        return self.exclude(published_at=None)

    def ordinary(self) -> "ExamQuerySet":
        """All but the one in which everybody tries the screen."""
        return self.exclude(seed=TRYOUT)

    def to_finish(self, *, now: datetime) -> "ExamQuerySet":
        """With papers that nobody began and nobody may begin any more."""
        return self.published().filter(Exists(Attempt.objects.missed(now=now).filter(exam=OuterRef("pk"))))

    def to_post(self, *, now: datetime) -> "ExamQuerySet":
        """Showing results, with some that are not in the ledger yet."""
        shown = Q(results_at__lte=now) | Q(results_at=None, closes_at__lte=now)
        settled = Attempt.objects.to_post().filter(exam=OuterRef("pk"))
        return self.filter(shown, Exists(settled), kind__in=RECORDED)

    def touching(self, paths: list[str]) -> "ExamQuerySet":
        """Those whose people may lie at or below one of the paths: exams held inside it, and exams of the levels above it."""
        above = {int(part) for path in paths for part in path.strip("/").split("/") if part}
        return self.filter(Q(territory__in=Territory.objects.within(paths)) | Q(territory__in=above))


class Exam(models.Model):
    """An exam. Published once; from then on its paper and its rules are frozen, only the window may still be moved, under audit."""

    title = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("类型"), max_length=10, choices=ExamKind.choices, default=ExamKind.FORMAL)
    opens_at = models.DateTimeField(_("开考时间"))
    closes_at = models.DateTimeField(_("截止时间"))
    minutes = models.PositiveSmallIntegerField(_("作答时间（分钟）"), default=60)
    # [{"kind": "single", "count": 20, "marks": "2.0", "subject": "" or a subject}, …] in the order of the paper
    sections = models.JSONField(_("试卷结构"))
    pass_marks = models.DecimalField(_("及格分"), max_digits=5, decimal_places=1, default=60)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+", verbose_name=_("参加范围"))
    employment = models.CharField(_("参加人员"), max_length=10, choices=Employment.choices, blank=True)
    by_list = models.BooleanField(_("只按名单参加"), default=False)
    tries = models.PositiveSmallIntegerField(_("可考次数"), default=1)
    layout = models.CharField(_("试卷显示"), max_length=5, choices=Layout.choices, default=Layout.ONE)
    # how long after the deadline answers still count that a phone without network could not send before
    late_minutes = models.PositiveSmallIntegerField(_("断网补传（分钟）"), default=10)
    resit_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="resits", verbose_name=_("补考哪一场")
    )
    counts = models.CharField(_("补考成绩怎么算"), max_length=10, choices=Counts.choices, blank=True)
    seed = models.CharField(max_length=32)
    published_at = models.DateTimeField(null=True, blank=True)
    results_at = models.DateTimeField(_("公布成绩时间"), null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ExamQuerySet.as_manager()

    class Meta:
        verbose_name = _("考试")
        verbose_name_plural = _("考试")
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="exam_closes_after_it_opens"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="exam_takes_time"),
            models.CheckConstraint(condition=Q(tries__gt=0), name="exam_is_sat_once_at_least"),
            models.CheckConstraint(
                condition=Q(kind="resit", resit_of__isnull=False, counts__gt="")
                | (~Q(kind="resit") & Q(resit_of=None, counts="")),
                name="resit_names_its_exam",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def full_marks(self) -> Decimal:
        return sum((Decimal(s["marks"]) * int(s["count"]) for s in self.sections), Decimal(0))

    @property
    def question_count(self) -> int:
        return sum(int(section["count"]) for section in self.sections)

    @property
    def recorded(self) -> bool:
        """Whether its results go to the ledger."""
        return self.kind in RECORDED

    @property
    def tryout(self) -> bool:
        """Whether this is where everybody tries the screen: no exam that anybody has to sit."""
        return self.seed == TRYOUT

    @property
    def shows_results_at(self) -> datetime:
        return self.results_at or self.closes_at

    @property
    def at_once(self) -> bool:
        """Whether who has handed in sees the result while others still sit: chosen so when the exam was set."""
        return self.shows_results_at < self.closes_at

    def released(self, now: datetime) -> bool:
        """Whether marks, right answers and explanations may be seen; before that they are in no page, reply or record."""
        return now >= self.shows_results_at

    def movable(self, now: datetime) -> bool:
        """Whether its window, or when its results are shown, may still be moved."""
        return now < self.closes_at or not (self.at_once or self.released(now))

    def open_at(self, now: datetime) -> bool:
        return self.opens_at <= now < self.closes_at


class Listed(models.Model):
    """A person on the list of an exam that only those on its list sit."""

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="listed", verbose_name=_("考试"))
    worker = models.ForeignKey(Worker, on_delete=models.CASCADE, related_name="+", verbose_name=_("考生"))

    class Meta:
        verbose_name = _("考试名单")
        verbose_name_plural = _("考试名单")
        constraints = [models.UniqueConstraint(fields=["exam", "worker"], name="listed_once")]

    def __str__(self) -> str:
        return f"{self.exam_id}/{self.worker_id}"


class PaperItem(models.Model):
    """A question as it was when the exam was published: text, options, key, marks. Nothing changes it."""

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="items")
    question = models.ForeignKey(Question, on_delete=models.SET_NULL, null=True, related_name="+")
    section = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=QuestionKind.choices)
    marks = models.DecimalField(max_digits=5, decimal_places=1)
    # material, stem, options, key, points, reference, explanation, basis; picture (key, text, width, height) where there is one
    content = models.JSONField()
    # its file, which stays as long as this does, whatever becomes of the question
    picture = models.ForeignKey(
        Picture, on_delete=models.PROTECT, null=True, related_name="items", verbose_name=_("图片")
    )

    class Meta:
        verbose_name = _("试题")
        verbose_name_plural = _("试题")

    def __str__(self) -> str:
        return f"{self.exam_id}/{self.pk}"

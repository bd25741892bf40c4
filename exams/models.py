"""Question banks, exams, and what one person sat: attempt, answers, marks."""

from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import Subject
from roster.models import Employment, Territory, User, Worker


class QuestionKind(models.TextChoices):
    SINGLE = "single", _("单项选择题")
    MULTIPLE = "multiple", _("多项选择题")
    TRUE_FALSE = "truefalse", _("判断题")
    CASE = "case", _("案例分析题")


class Bank(models.Model):
    name = models.CharField(_("名称"), max_length=60, unique=True)
    subject = models.CharField(_("科目"), max_length=10, choices=Subject.choices)

    class Meta:
        verbose_name = _("题库")
        verbose_name_plural = _("题库")

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """A question as it stands in its bank. An exam copies it; changing it here changes no paper."""

    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="questions")
    kind = models.CharField(_("题型"), max_length=10, choices=QuestionKind.choices)
    material = models.TextField(_("案例材料"), blank=True)
    stem = models.TextField(_("题干"))
    options = models.JSONField(_("选项"), default=list, blank=True)
    # indexes of the right options; [0] is 对 and [1] is 错 for true/false; empty for a case
    key = models.JSONField(_("答案"), default=list, blank=True)
    # [{"text": …, "marks": "4.0"}] for a case: what a marker ticks
    points = models.JSONField(_("评分要点"), default=list, blank=True)
    reference = models.TextField(_("参考答案"), blank=True)
    explanation = models.TextField(_("解析"), blank=True)
    basis = models.CharField(_("依据"), max_length=200, blank=True)
    difficulty = models.PositiveSmallIntegerField(_("难度"), default=2)
    course_slug = models.SlugField(_("对应课程"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("题目")
        verbose_name_plural = _("题目")
        constraints = [models.UniqueConstraint(fields=["bank", "stem"], name="question_stem_once_a_bank")]

    def __str__(self) -> str:
        return self.stem[:40]


class ExamQuerySet(models.QuerySet["Exam"]):
    def published(self) -> "ExamQuerySet":
        return self.exclude(published_at=None)

    def to_finish(self, *, now: datetime) -> "ExamQuerySet":
        """Closed, with papers that nobody began."""
        due = Attempt.objects.filter(exam=OuterRef("pk"), state=AttemptState.DUE)
        return self.filter(Exists(due), closes_at__lte=now)

    def to_post(self, *, now: datetime) -> "ExamQuerySet":
        """Showing results, with some that are not in the ledger yet."""
        shown = Q(results_at__lte=now) | Q(results_at=None, closes_at__lte=now)
        settled = Attempt.objects.settled().filter(exam=OuterRef("pk"), posted_at=None)
        return self.filter(shown, Exists(settled))

    def touching(self, paths: list[str]) -> "ExamQuerySet":
        """Those whose people may lie at or below one of the paths: exams held inside it, and exams of the levels above it."""
        above = {int(part) for path in paths for part in path.strip("/").split("/") if part}
        return self.filter(Q(territory__in=Territory.objects.within(paths)) | Q(territory__in=above))


class Exam(models.Model):
    """An exam: who sits, when, for how long, and by which rules. Published once; from then on its paper is frozen."""

    title = models.CharField(_("名称"), max_length=80)
    opens_at = models.DateTimeField(_("开考时间"))
    closes_at = models.DateTimeField(_("截止时间"))
    minutes = models.PositiveSmallIntegerField(_("作答时间（分钟）"), default=60)
    # [{"kind": "single", "count": 20, "marks": "2.0", "subject": "" or a subject}, …] in the order of the paper
    sections = models.JSONField(_("试卷结构"))
    pass_marks = models.DecimalField(_("及格分"), max_digits=5, decimal_places=1, default=60)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+", verbose_name=_("参加范围"))
    employment = models.CharField(_("参加人员"), max_length=10, choices=Employment.choices, blank=True)
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
    def shows_results_at(self) -> datetime:
        return self.results_at or self.closes_at

    def released(self, now: datetime) -> bool:
        """Whether marks, right answers and explanations may be seen; before that they are in no page, reply or record."""
        return now >= self.shows_results_at

    def open_at(self, now: datetime) -> bool:
        return self.opens_at <= now < self.closes_at


class PaperItem(models.Model):
    """A question as it was when the exam was published: text, options, key, marks. Nothing changes it."""

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="items")
    question = models.ForeignKey(Question, on_delete=models.SET_NULL, null=True, related_name="+")
    section = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=QuestionKind.choices)
    marks = models.DecimalField(max_digits=5, decimal_places=1)
    # material, stem, options, key, points, reference, explanation, basis
    content = models.JSONField()

    class Meta:
        verbose_name = _("试题")
        verbose_name_plural = _("试题")

    def __str__(self) -> str:
        return f"{self.exam_id}/{self.pk}"


class AttemptState(models.TextChoices):
    DUE = "due", _("未开始")
    SITTING = "sitting", _("作答中")
    HANDED_IN = "handed_in", _("等待评分")
    MARKED = "marked", _("已出分")
    ABSENT = "absent", _("缺考")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def overdue(self, *, now: datetime) -> "AttemptQuerySet":
        return self.filter(state=AttemptState.SITTING, deadline__lte=now)

    def settled(self) -> "AttemptQuerySet":
        """Nothing is left to judge: marked, or absent."""
        return self.filter(state__in=[AttemptState.MARKED, AttemptState.ABSENT])


class Attempt(models.Model):
    """One person's sitting of one exam. Drawn before the bell; deadline and marks are its own, judged by the server's clock."""

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="attempts")
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="attempts")
    # [[item id, [option order]], …] in the order this person sees them
    paper = models.JSONField()
    state = models.CharField(max_length=10, choices=AttemptState.choices, default=AttemptState.DUE)
    started_at = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    closed_by_clock = models.BooleanField(default=False)
    receipt = models.CharField(max_length=20, null=True, blank=True, unique=True)
    machine_marks = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    marks = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    flags = models.JSONField(default=list, blank=True)
    # when the result went to the ledger: not before the exam shows its results
    posted_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("应试")
        verbose_name_plural = _("应试")
        constraints = [
            models.UniqueConstraint(fields=["exam", "worker"], name="one_attempt_each"),
            models.CheckConstraint(
                condition=~Q(state="sitting") | Q(deadline__isnull=False), name="sitting_has_a_deadline"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "deadline"], name="attempt_overdue"),
            models.Index(
                fields=["exam"],
                condition=Q(state__in=["marked", "absent"], posted_at=None),
                name="attempt_to_post",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam_id}/{self.worker_id}"

    @classmethod
    def untouched(cls) -> Q:
        """Laid out by itself and not begun by anybody: who came in by a mistaken list can be taken back together with it."""
        return Q(state=AttemptState.DUE)

    @classmethod
    def under_way(cls, now: datetime) -> Q:
        """Being sat at this moment: nothing that could wait may come in between."""
        return Q(state=AttemptState.SITTING, deadline__gt=now)

    @classmethod
    def unsettled(cls) -> Q:
        """Begun and not judged to the end: whoever sat it is still needed as they are."""
        return Q(state__in=[AttemptState.SITTING, AttemptState.HANDED_IN]) | Q(
            state=AttemptState.MARKED, posted_at=None
        )

    @property
    def finished(self) -> bool:
        return self.state in {AttemptState.HANDED_IN, AttemptState.MARKED}

    @property
    def ends_at(self) -> datetime:
        """The deadline of an attempt that was begun."""
        assert self.deadline is not None
        return self.deadline

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds to the deadline by the server's clock, never negative."""
        return max(0, int((self.deadline - now).total_seconds())) if self.deadline else 0

    @property
    def passed(self) -> bool | None:
        return None if self.marks is None else self.marks >= self.exam.pass_marks


class Answer(models.Model):
    """The newest answer to one question of one attempt. The pair is the key: a save is one statement."""

    pk = models.CompositePrimaryKey("attempt_id", "item_id")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answers", db_index=False)
    item = models.ForeignKey(PaperItem, on_delete=models.PROTECT, related_name="+", db_index=False)
    # JSON text: indexes into the frozen options, or the words of a case answer
    value = models.TextField(blank=True)
    seq = models.PositiveIntegerField()
    saved_at = models.DateTimeField()
    marks = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)

    class Meta:
        verbose_name = _("作答")
        verbose_name_plural = _("作答")

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.item_id}"


class Award(models.Model):
    """The marks a person gave to one case answer: which points of the rubric, by whom, when. A later award stands before an earlier."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="awards")
    item = models.ForeignKey(PaperItem, on_delete=models.PROTECT, related_name="+")
    marker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # [{"point": 0, "marks": "4.0"}, …]
    points = models.JSONField()
    marks = models.DecimalField(max_digits=5, decimal_places=1)
    remark = models.TextField(blank=True)
    awarded_at = models.DateTimeField(default=timezone.now)
    superseded = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("评分")
        verbose_name_plural = _("评分")
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "item"], condition=Q(superseded=False), name="one_standing_award_an_answer"
            ),
            models.CheckConstraint(condition=Q(marks__gte=0), name="award_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.item_id}: {self.marks}"

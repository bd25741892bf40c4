"""What one person sat: the attempt, its answers, the journal of how they came about, and the marks a person gave."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from roster.models import User, Worker


class AttemptState(models.TextChoices):
    DUE = "due", _("未开始")
    SITTING = "sitting", _("作答中")
    HANDED_IN = "handed_in", _("等待评分")
    MARKED = "marked", _("已出分")
    ABSENT = "absent", _("缺考")
    EXEMPT = "exempt", _("免考")
    VOID = "void", _("作废")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def overdue(self, *, now: datetime) -> "AttemptQuerySet":
        return self.filter(state=AttemptState.SITTING, deadline__lte=now)

    def undecided(self, *fates: "Fate") -> "AttemptQuerySet":
        """With answers that came too late and about which nobody has decided yet."""
        return self.filter(Exists(JournalEntry.objects.waiting(*fates).filter(attempt=OuterRef("pk"))))

    def to_post(self) -> "AttemptQuerySet":
        """Settled and not in the ledger yet; what still waits for a decision about late answers is not."""
        late = JournalEntry.objects.waiting().filter(attempt=OuterRef("pk"))
        return self.settled().filter(~Exists(late), posted_at=None)

    def missed(self, *, now: datetime) -> "AttemptQuerySet":
        """Not begun, and too late for it: the exam has closed, or the window of their own."""
        return self.ending().filter(Q(closed_at__lte=now), state=AttemptState.DUE)

    def ending(self) -> "AttemptQuerySet":
        """With `closed_at`: when it can be begun no more, by the window of their own or by the exam's."""
        return self.alias(closed_at=Coalesce("closes_at", F("exam__closes_at")))

    def newest(self) -> "AttemptQuerySet":
        """Of several tries of one person at one exam the last."""
        later = Attempt.objects.filter(exam=OuterRef("exam"), worker=OuterRef("worker"), number__gt=OuterRef("number"))
        return self.filter(~Exists(later))

    def unsettled(self) -> "AttemptQuerySet":
        """Something is still to come: to be sat, being sat, to be marked, or a result that is not in the ledger."""
        coming = Q(state__in=[AttemptState.DUE, AttemptState.SITTING, AttemptState.HANDED_IN])
        return self.filter(coming | Q(state__in=[AttemptState.MARKED, AttemptState.ABSENT], posted_at=None))

    def settled(self) -> "AttemptQuerySet":
        """Nothing is left to judge, and it counts: marked, or absent."""
        return self.filter(state__in=[AttemptState.MARKED, AttemptState.ABSENT])


class Attempt(models.Model):
    """One person's sitting of one exam. Drawn before the bell; deadline and marks are its own, judged by the server's clock."""

    # no index of its own: `one_attempt_each_try` begins with it, and each index is written anew at the bell and at the hand-in
    exam = models.ForeignKey("exams.Exam", on_delete=models.PROTECT, related_name="attempts", db_index=False)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="attempts")
    # the first, second … time this person sits this exam
    number = models.PositiveSmallIntegerField(_("第几次"), default=1)
    # [[item id, [option order]], …] in the order this person sees them
    paper = models.JSONField()
    state = models.CharField(max_length=10, choices=AttemptState.choices, default=AttemptState.DUE)
    # a window of their own, in place of the exam's; and seconds on top of everything (`allowances` writes them)
    opens_at = models.DateTimeField(_("个人开考时间"), null=True, blank=True)
    closes_at = models.DateTimeField(_("个人截止时间"), null=True, blank=True)
    granted = models.PositiveIntegerField(_("另加的秒数"), default=0)
    # rules accepted and the phone tried, hours before; and by which device it is sat: only that one may write
    ready_at = models.DateTimeField(_("检查完的时间"), null=True, blank=True)
    device = models.CharField(_("作答设备"), max_length=22, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    # min(started + time allowed, close) + what was granted; nothing but a grant changes it
    deadline = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    closed_by_clock = models.BooleanField(default=False)
    receipt = models.CharField(max_length=20, null=True, blank=True)
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
            models.UniqueConstraint(fields=["exam", "worker", "number"], name="one_attempt_each_try"),
            models.UniqueConstraint(fields=["receipt"], name="one_receipt_each"),
            models.UniqueConstraint(
                fields=["exam", "worker"], condition=Q(state__in=["due", "sitting"]), name="one_live_attempt_each"
            ),
            models.CheckConstraint(
                condition=~Q(state="sitting") | Q(deadline__isnull=False), name="sitting_has_a_deadline"
            ),
            models.CheckConstraint(condition=~Q(state="marked") | Q(marks__isnull=False), name="marked_has_marks"),
            models.CheckConstraint(
                condition=~Q(state__in=["handed_in", "marked"]) | Q(receipt__isnull=False, finished_at__isnull=False),
                name="handed_in_has_a_receipt",
            ),
        ]
        indexes = [
            models.Index(fields=["deadline"], condition=Q(state="sitting"), name="attempt_overdue"),
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
        return Q(state=AttemptState.DUE, allowances=None, incidents=None, interventions=None)

    @classmethod
    def under_way(cls, now: datetime) -> Q:
        """Being sat at this moment: nothing that could wait may come in between."""
        return Q(state=AttemptState.SITTING, deadline__gt=now)

    @classmethod
    def unsettled(cls) -> Q:
        """Begun and not judged to the end: whoever sat it is still needed as they are."""
        return Q(state__in=[AttemptState.SITTING, AttemptState.HANDED_IN]) | Q(
            state=AttemptState.MARKED, posted_at=None, exam__kind__in=["formal", "entry", "resit"]
        )

    @property
    def opens(self) -> datetime:
        return self.opens_at or self.exam.opens_at

    @property
    def closes(self) -> datetime:
        return self.closes_at or self.exam.closes_at

    def open_at(self, now: datetime) -> bool:
        """Whether it may be begun at this moment."""
        return self.opens <= now < self.closes

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
    """The newest answer to one question of one attempt. The pair is the key: a save is one statement.

    No foreign key is checked by the database here: the statement that writes (`exams.day.saving`) reads the attempt it guards, and
    what is not on its paper never gets that far. The check would cost as much as the save.
    """

    pk = models.CompositePrimaryKey("attempt_id", "item_id")
    attempt = models.ForeignKey(
        Attempt, on_delete=models.CASCADE, related_name="answers", db_index=False, db_constraint=False
    )
    item = models.ForeignKey(
        "exams.PaperItem", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    # JSON text: indexes into the frozen options, or the words of a case answer
    value = models.TextField(blank=True)
    seq = models.PositiveIntegerField()
    saved_at = models.DateTimeField()
    # handed in and for a person to mark; what the person gave. What a machine marks is made from value and key each time.
    waits = models.BooleanField(_("等人评分"), default=False)
    marks = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)

    class Meta:
        verbose_name = _("作答")
        verbose_name_plural = _("作答")
        indexes = [models.Index(fields=["attempt"], condition=Q(waits=True), name="answer_waiting")]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.item_id}"


class Fate(models.IntegerChoices):
    COUNTED = 1, _("计入")
    OLDER = 2, _("已有更新的答案，没有计入")
    ELSEWHERE = 3, _("已在另一台设备上作答，没有计入")
    LATE = 4, _("到得太晚，等人决定")
    LATE_COUNTED = 5, _("断网补传，按规则计入")
    DECIDED = 6, _("经人决定计入")


class JournalQuerySet(models.QuerySet["JournalEntry"]):
    def waiting(self, *fates: Fate) -> "JournalQuerySet":
        """What came too late (or from another device, where that is asked for) after the last decision about its attempt."""
        decided = LateDecision.objects.filter(attempt=models.OuterRef("attempt"), at__gte=models.OuterRef("at"))
        return self.filter(fate__in=fates or [Fate.LATE]).filter(~models.Exists(decided))


class JournalEntry(models.Model):
    """One answer as it arrived, never changed: what counted and what did not. Numbered by question and by the page that sent it."""

    pk = models.CompositePrimaryKey("attempt_id", "item_id", "seq", "page")
    attempt = models.ForeignKey(
        Attempt, on_delete=models.CASCADE, related_name="journal", db_index=False, db_constraint=False
    )
    item = models.ForeignKey(
        "exams.PaperItem", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    seq = models.PositiveIntegerField(_("次序"))
    # a number that each opened page makes for itself
    page = models.PositiveIntegerField(_("页面编号"))
    at = models.DateTimeField(_("到达时间"))
    fate = models.PositiveSmallIntegerField(_("是否计入"), choices=Fate.choices)
    # seq of the counted entry that `value` is a change of; none: `value` is the whole answer (`exams.day.journal`)
    base = models.PositiveIntegerField(_("在哪一次上改"), null=True, blank=True)
    value = models.TextField(_("内容"), blank=True)
    # milliseconds between the finger and the arrival, as the phone says; only of what came late
    age = models.PositiveIntegerField(_("手机上存了多久（毫秒）"), null=True, blank=True)

    objects = JournalQuerySet.as_manager()

    class Meta:
        verbose_name = _("作答流水")
        verbose_name_plural = _("作答流水")
        # the few that a person has to decide about, among the many
        indexes = [models.Index(fields=["attempt"], condition=Q(fate__in=[3, 4]), name="journal_late")]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.item_id}/{self.seq}"


class LateDecision(models.Model):
    """What a person decided about answers that came too late, once for all that waited of an attempt at that moment."""

    attempt = models.ForeignKey(
        Attempt, on_delete=models.PROTECT, related_name="late_decisions", verbose_name=_("应试")
    )
    accepted = models.BooleanField(_("计入"))
    answers = models.PositiveSmallIntegerField(_("几题"))
    reason = models.CharField(_("理由"), max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("决定人"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("迟到答案的决定")
        verbose_name_plural = _("迟到答案的决定")

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.accepted}"


class Presence(models.Model):
    """When the phone was last heard of, written at most about once a minute, and how much it still had to send."""

    attempt = models.OneToOneField(
        Attempt, on_delete=models.CASCADE, primary_key=True, related_name="presence", db_constraint=False
    )
    seen_at = models.DateTimeField(_("最近联系"))
    unsent = models.PositiveSmallIntegerField(_("没送到的题数"), default=0)

    class Meta:
        verbose_name = _("在线情况")
        verbose_name_plural = _("在线情况")

    def __str__(self) -> str:
        return str(self.attempt_id)


class Award(models.Model):
    """The marks a person gave to one case answer: which points of the rubric, by whom, when. A later award stands before an earlier."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="awards")
    item = models.ForeignKey("exams.PaperItem", on_delete=models.PROTECT, related_name="+")
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

"""The ledger that every floor above posts to, and what is made from it: certificates and the yearly assessment."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from records import origins
from roster import identity
from roster.models import Employment, Territory, User, Worker


class Subject(models.TextChoices):
    POLICY = "policy", _("政策法规")
    PLATFORM = "platform", _("平台操作")
    CASE = "case", _("案事例处置")


class Skill(models.Model):
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=40)
    subject = models.CharField(_("科目"), max_length=10, choices=Subject.choices)
    # employments whose post asks for this skill
    required_of = models.JSONField(_("要求的岗位"), default=list)

    class Meta:
        ordering = ["subject", "code"]
        verbose_name = _("技能")
        verbose_name_plural = _("技能")

    def __str__(self) -> str:
        return self.name


class Kind(models.TextChoices):
    HOURS = "hours", _("学时")
    EXAM = "exam", _("考试")
    SKILL = "skill", _("技能")
    SERVICE = "service", _("带教服务")
    WORK = "work", _("业务实绩")


class Result(models.TextChoices):
    PASSED = "passed", _("合格")
    FAILED = "failed", _("不合格")
    ABSENT = "absent", _("缺考")


class SkillRecordQuerySet(models.QuerySet["SkillRecord"]):
    def originals(self) -> "SkillRecordQuerySet":
        """Without the records that reverse others."""
        # Written so that no index of `reverses` is used: SQLite takes it for selective, and nearly every row has none.
        return self.alias(reversing=Coalesce("reverses_id", 0)).filter(reversing=0)

    def standing(self) -> "SkillRecordQuerySet":
        """Neither reversed nor reversing: what counts today."""
        return self.originals().filter(reversal=None)

    def in_year(self, year: int) -> "SkillRecordQuerySet":
        return self.filter(year=year)


class SkillRecord(models.Model):
    """One fact of a worker's record. Posted once per source by `records.ledger`; never edited, only reversed by a second record."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="records")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=120, help_text="what it came from, e.g. exams.attempt:17")
    title = models.CharField(max_length=120)
    subject = models.CharField(max_length=10, choices=Subject.choices, blank=True)
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # hours for HOURS and SERVICE, marks for EXAM, points of 100 for WORK, 1 for SKILL
    amount = models.DecimalField(max_digits=8, decimal_places=2)
    out_of = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    result = models.CharField(max_length=8, choices=Result.choices, blank=True)
    mode = models.CharField(max_length=10, blank=True, choices=[("online", _("线上")), ("onsite", _("现场"))])
    link = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField()
    year = models.PositiveSmallIntegerField()
    posted_at = models.DateTimeField(default=timezone.now)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversal")
    reason = models.CharField(max_length=200, blank=True)

    objects = SkillRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("技能档案")
        verbose_name_plural = _("技能档案")
        constraints = [
            models.UniqueConstraint(fields=["worker", "kind", "source"], name="record_once_per_source"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="record_amount_not_negative"),
        ]
        indexes = [
            models.Index(fields=["worker", "year", "kind"], name="record_worker_year"),
            models.Index(fields=["year", "kind"], name="record_year_kind"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def origin(self) -> str:
        """Where it comes from, where neither its title nor its link says it."""
        return origins.label(self.source)

    @property
    def happened(self) -> str:
        """When it happened, no finer than is known: of what lists brought in, a day, a month or a period."""
        moment, known = timezone.localtime(self.occurred_at), origins.known_of(self.source)
        if not known:
            return date_format(moment, "DATETIME_FORMAT")
        if self.kind == Kind.WORK:
            return date_format(moment, "DATE_FORMAT")
        return date_format(moment, {4: "Y年", 7: "YEAR_MONTH_FORMAT"}.get(len(known), "DATE_FORMAT"))


class Certificate(models.Model):
    """A certificate of one passed exam. What it says is frozen; it is revoked with a reason, never deleted."""

    number = models.CharField(max_length=40, unique=True)
    token = models.CharField(max_length=32, unique=True, help_text="the unguessable part of the public check address")
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="certificates")
    source = models.CharField(max_length=120, unique=True)
    holder = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    sentence = models.TextField()
    issuer = models.CharField(max_length=60)
    issued_on = models.DateField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("证书")
        verbose_name_plural = _("证书")

    def __str__(self) -> str:
        return self.number

    @property
    def masked_holder(self) -> str:
        return identity.mask_name(self.holder)


class CertificateCounter(models.Model):
    """The last certificate number given in a year: the row that becomes scarce when two are issued at once."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("证书编号")
        verbose_name_plural = _("证书编号")

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Formula(models.TextChoices):
    HOURS = "hours", _("学时达标")
    EXAM_BEST = "exam_best", _("考试取最高")
    SKILLS = "skills", _("技能达标")
    WORK = "work", _("业务实绩平均")
    SERVICE = "service", _("带教服务加分")


class Scheme(models.Model):
    """How one year of one employment is judged (考核方案). It is never changed: a new version is made."""

    year = models.PositiveSmallIntegerField(_("年度"))
    employment = models.CharField(_("专兼职"), max_length=10, choices=Employment.choices)
    version = models.PositiveSmallIntegerField(_("版本"), default=1)
    name = models.CharField(_("名称"), max_length=80)
    # [{"grade": "优秀", "from": "90.00"}, …] from the highest down; `records.scheme` refuses gaps
    bands = models.JSONField(_("等次分数线"))
    excellent_grade = models.CharField(_("受名额限制的等次"), max_length=10, default="优秀")
    excellent_share = models.DecimalField(_("名额比例"), max_digits=4, decimal_places=3, default=Decimal("0.200"))
    min_days_in_post = models.PositiveSmallIntegerField(_("参评最少在岗天数"), default=183)

    class Meta:
        verbose_name = _("考核方案")
        verbose_name_plural = _("考核方案")
        constraints = [models.UniqueConstraint(fields=["year", "employment", "version"], name="scheme_version_once")]

    def __str__(self) -> str:
        return f"{self.name}（第{self.version}版）"


class Indicator(models.Model):
    """One line of a scheme: which records, by which formula, for how many points."""

    scheme = models.ForeignKey(Scheme, on_delete=models.CASCADE, related_name="indicators")
    order = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(_("指标"), max_length=40)
    formula = models.CharField(_("算法"), max_length=12, choices=Formula.choices)
    weight = models.DecimalField(_("满分"), max_digits=5, decimal_places=2)
    target = models.DecimalField(_("目标值"), max_digits=7, decimal_places=2, null=True, blank=True)

    class Meta:
        ordering = ["order"]
        verbose_name = _("考核指标")
        verbose_name_plural = _("考核指标")
        constraints = [models.CheckConstraint(condition=Q(weight__gt=0), name="indicator_weight_positive")]

    def __str__(self) -> str:
        return self.name


class Round(models.Model):
    """The assessment of one county, one employment, one year: drafted, again as a new version, and settled once."""

    DRAFT, SETTLED = "draft", "settled"

    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="rounds")
    county = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=[(DRAFT, _("初评")), (SETTLED, _("已审定"))], default=DRAFT)
    data_as_of = models.DateTimeField()
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    override_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("考核批次")
        verbose_name_plural = _("考核批次")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "county", "version"], name="round_version_once"),
            models.UniqueConstraint(
                fields=["scheme", "county"], condition=Q(state="settled"), name="round_settled_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.county} {self.scheme} {self.version}"


class Assessment(models.Model):
    """One worker's year in a round: the score, the grade, and every line with its formula and the records behind it, frozen."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="assessments")
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="assessments")
    township = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    # [{"indicator", "weight", "raw", "how", "points", "records": [ids]}, …] as `records.scheme.judge` gave it
    lines = models.JSONField(default=list)
    score = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    grade = models.CharField(max_length=10)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("考核")
        verbose_name_plural = _("考核")
        constraints = [models.UniqueConstraint(fields=["round", "worker"], name="assessed_once_a_round")]
        indexes = [models.Index(fields=["round", "-score"], name="assessment_rank")]

    def __str__(self) -> str:
        return f"{self.worker} {self.grade}"

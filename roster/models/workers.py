"""A grid worker as the roster knows them, the grids they are in charge of, and the ladder of posts they stand on."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from lms.sealing import SealedJSONField, SealedTextField, lookup
from roster import identity
from roster.models.territory import Grid, Territory
from roster.models.users import User


class Employment(models.TextChoices):
    FULL_TIME = "fulltime", _("专职")
    PART_TIME = "parttime", _("兼职")


class Identity(models.TextChoices):
    """Who a worker is beside being one."""

    COMMUNITY = "community", _("社区专职网格员")
    COMMITTEE = "committee", _("村（社区）“两委”干部兼任")
    GROUP_LEADER = "group_leader", _("村民小组长")
    AUXILIARY = "auxiliary", _("驻村辅警")
    OTHER = "other", _("其他")


class Channel(models.TextChoices):
    """How a worker was recruited; the words of the county's own list stand beside it."""

    OPEN = "open", _("公开招聘")
    UNIFIED = "unified", _("统一招录")
    AGENCY = "agency", _("劳务派遣")
    WELFARE = "welfare", _("公益性岗位")
    RESOLUTION = "resolution", _("乡镇党委决议聘用")
    CONCURRENT = "concurrent", _("村组干部兼任")
    OTHER = "other", _("其他")


class CertificateLevel(models.TextChoices):
    ASSISTANT = "assistant", _("助理社会工作师")
    SOCIAL_WORKER = "social_worker", _("社会工作师")
    SENIOR = "senior", _("高级社会工作师")


class WorkerState(models.TextChoices):
    PROPOSED = "proposed", _("拟聘")
    TRAINING = "training", _("岗前培训")
    ACTIVE = "active", _("在岗")
    SUSPENDED = "suspended", _("停职")
    LENT = "lent", _("借调")
    REASSIGNED = "reassigned", _("已调整岗位")
    LEFT = "left", _("已退出")


class PostBand(models.Model):
    """One post of the ladder (四岗十八级) and the steps it may stand on. Local policy, so data: what no document fixes is marked."""

    name = models.CharField(_("岗位"), max_length=30, unique=True)
    lowest = models.PositiveSmallIntegerField(_("最低级"))
    highest = models.PositiveSmallIntegerField(_("最高级"))
    order = models.PositiveSmallIntegerField(default=0)
    # nobody has fixed this row here yet
    pending = models.BooleanField(_("本地待定"), default=False)
    basis = models.CharField(_("依据"), max_length=200, blank=True)

    class Meta:
        ordering = ["order", "pk"]
        verbose_name = _("岗位等级")
        verbose_name_plural = _("岗位等级")
        constraints = [
            models.CheckConstraint(
                condition=Q(lowest__gte=1, highest__lte=18, lowest__lte=F("highest")), name="post_band_within_ladder"
            )
        ]

    def __str__(self) -> str:
        return self.name


class WorkerQuerySet(models.QuerySet["Worker"]):
    def active(self) -> "WorkerQuerySet":
        """Those in post: they study, sit exams and are assessed."""
        return self.filter(state=WorkerState.ACTIVE)

    def listed(self) -> "WorkerQuerySet":
        """Those who have not gone: in post or on their way in, suspended, lent out."""
        return self.exclude(state__in=[WorkerState.LEFT, WorkerState.REASSIGNED])

    def within(self, paths: list[str]) -> "WorkerQuerySet":
        return self.filter(township__in=Territory.objects.within(paths))


class Worker(models.Model):
    """A grid worker as the roster knows them. Sealed: ID number, mobile and the other telephones."""

    number = models.CharField(_("登录号"), max_length=12, unique=True)
    user = models.OneToOneField(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="worker")
    name = models.CharField(_("姓名"), max_length=60, db_index=True)
    # how the name is typed by its sound, full and by initials; several readings stand with a space between them
    pinyin = models.CharField(max_length=200, blank=True, db_index=True)
    initials = models.CharField(max_length=60, blank=True)
    sex = models.CharField(_("性别"), max_length=6, blank=True, choices=[("male", _("男")), ("female", _("女"))])
    id_number = SealedTextField(_("身份证号"), blank=True)
    id_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    mobile = SealedTextField(_("手机号"), blank=True)
    mobile_hash = models.CharField(max_length=64, blank=True, db_index=True)
    # of the last four digits, by which a caller's number is looked up
    mobile_tail_hash = models.CharField(max_length=64, blank=True, db_index=True)
    telephones = SealedJSONField(_("其他电话"), null=True, blank=True)
    township = models.ForeignKey(
        Territory, on_delete=models.PROTECT, related_name="workers", verbose_name=_("乡镇（街道）")
    )
    employment = models.CharField(_("专兼职"), max_length=10, choices=Employment.choices)
    identity = models.CharField(_("身份"), max_length=12, choices=Identity.choices, blank=True)
    position = models.CharField(_("身份或职务"), max_length=60, blank=True)
    channel = models.CharField(_("招录渠道"), max_length=12, choices=Channel.choices, blank=True)
    recruited_by = models.CharField(_("选聘方式"), max_length=60, blank=True)
    employer = models.CharField(_("用工单位"), max_length=60, blank=True)
    managed_by = models.CharField(_("管理单位"), max_length=60, blank=True)
    joined_on = models.DateField(_("上岗时间"), null=True, blank=True)
    joined_precision = models.CharField(
        max_length=5, blank=True, choices=[("day", "日"), ("month", "月"), ("year", "年")]
    )
    education = models.CharField(_("学历"), max_length=20, blank=True)
    political_status = models.CharField(_("政治面貌"), max_length=20, blank=True)
    certificate = models.CharField(_("社工证书"), max_length=40, blank=True)
    certificate_level = models.CharField(_("社工证书级别"), max_length=14, choices=CertificateLevel.choices, blank=True)
    certificate_number = models.CharField(_("社工证书编号"), max_length=40, blank=True)
    certificate_expires_on = models.DateField(_("社工证登记有效期至"), null=True, blank=True)
    post = models.ForeignKey(
        PostBand, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("岗位")
    )
    step = models.PositiveSmallIntegerField(_("岗位等级"), null=True, blank=True)
    # what the county's list says; the appointment itself stands on the mentors' floor
    listed_as_mentor = models.CharField(
        _("名册中标为小教员"), max_length=10, blank=True, choices=[("county", _("县级")), ("township", _("乡级"))]
    )
    # the list's own words; what counts is the signature here, and the assessment on the records' floor
    listed_agreement = models.CharField(_("名册上的保密协议"), max_length=30, blank=True)
    listed_grade = models.CharField(_("名册上的上年度考核等次"), max_length=30, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=WorkerState.choices, default=WorkerState.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("网格员")
        verbose_name_plural = _("网格员")
        constraints = [
            models.CheckConstraint(condition=Q(step=None) | Q(step__gte=1, step__lte=18), name="worker_step_on_ladder")
        ]
        indexes = [
            models.Index(fields=["township", "state"], name="worker_township_state"),
            # the order of the list: its pages are cut on this index alone
            models.Index(fields=["township", "number"], name="worker_township_number"),
            # what a search reads from end to end, without the wide rows
            models.Index(fields=["name", "pinyin", "initials", "id"], name="worker_sought"),
            models.Index(fields=["joined_on"], name="worker_joined_on"),
            models.Index(fields=["certificate_expires_on"], name="worker_certificate_expires"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def joined(self) -> str:
        """When the worker joined, no finer than the roster knows."""
        pattern = {"year": "Y年", "month": "Y年n月"}.get(self.joined_precision, "Y年n月j日")
        return date_format(self.joined_on, pattern) if self.joined_on else ""

    @property
    def masked_mobile(self) -> str:
        return identity.mask_mobile(self.mobile) if self.mobile else ""

    @property
    def masked_id_number(self) -> str:
        return identity.mask_id(self.id_number) if self.id_number else ""


class PostingQuerySet(models.QuerySet["Posting"]):
    def current(self) -> "PostingQuerySet":
        return self.filter(until=None)


class Posting(models.Model):
    """A worker in charge of a grid from a date; a move closes it with a date and keeps it."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="postings")
    grid = models.ForeignKey(Grid, on_delete=models.PROTECT, related_name="postings")
    since = models.DateField(null=True, blank=True)
    # the first day on which it no longer holds
    until = models.DateField(null=True, blank=True)
    import_run = models.ForeignKey("lms.ImportRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    objects = PostingQuerySet.as_manager()

    class Meta:
        verbose_name = _("在岗")
        verbose_name_plural = _("在岗")
        constraints = [
            models.UniqueConstraint(fields=["worker", "grid"], condition=Q(until=None), name="posting_held_once")
        ]

    def __str__(self) -> str:
        return f"{self.worker} {self.grid}"


def mobile_lookup(mobile: str) -> str:
    return lookup(mobile, purpose="mobile")


def tail_lookup(mobile: str) -> str:
    """Of the last four digits of a number."""
    return lookup(mobile[-4:], purpose="mobile-tail")


def id_lookup(number: str) -> str:
    return lookup(number, purpose="id-number")

"""Who works where: territory, grids, workers and their postings, users and the roles they hold."""

from datetime import date
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from lms.sealing import SealedJSONField, SealedTextField, lookup
from roster import identity


class Level(models.TextChoices):
    CITY = "city", _("市")
    COUNTY = "county", _("县（市、区）")
    TOWNSHIP = "township", _("乡镇（街道）")
    COMMUNITY = "community", _("村（社区）")


class TerritoryQuerySet(models.QuerySet["Territory"]):
    def current(self) -> "TerritoryQuerySet":
        return self.filter(valid_to=None)

    def within(self, paths: list[str]) -> "TerritoryQuerySet":
        """Those at or below any of the given paths; none for no paths."""
        condition = Q(pk__in=[])
        for path in paths:
            condition |= Q(path__startswith=path)
        return self.filter(condition)

    def counties(self) -> "TerritoryQuerySet":
        return self.current().filter(level=Level.COUNTY).order_by("code")


class Territory(models.Model):
    """A division at one of four levels. The code is what the statistics office calls it this year, not what it is known by here."""

    level = models.CharField(max_length=10, choices=Level.choices)
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    stem = models.CharField(max_length=60, help_text=_("去掉“社区”“村委会”等后缀的名称，用来比对"))
    kind = models.CharField(max_length=20, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    # ids from the city down, each followed by "/": everything below a territory starts with its path
    path = models.CharField(max_length=60, blank=True, db_index=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    objects = TerritoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("区划")
        verbose_name_plural = _("区划")
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=Q(valid_to=None), name="territory_code_once_at_a_time")
        ]
        indexes = [models.Index(fields=["parent", "stem"], name="territory_stem")]

    def __str__(self) -> str:
        return self.name


class GridKind(models.TextChoices):
    URBAN = "urban", _("城镇社区网格")
    RURAL = "rural", _("农村网格")
    SPECIAL = "special", _("专属网格")


class Grid(models.Model):
    community = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="grids")
    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    ordinal = models.PositiveSmallIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=10, choices=GridKind.choices)
    households = models.PositiveIntegerField(null=True, blank=True)
    population = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("网格")
        verbose_name_plural = _("网格")
        constraints = [
            models.UniqueConstraint(
                fields=["community", "ordinal"], condition=Q(ordinal__isnull=False), name="grid_ordinal_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.community.name}{self.name}"


class User(AbstractUser):
    """Someone who signs in. `username` is the roster number (登录号); most people type their mobile number instead."""

    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("姓名"), max_length=60)
    mobile_hash = models.CharField(max_length=64, blank=True, db_index=True)
    must_change_password = models.BooleanField(default=False)
    first_password_expires_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager["User"]] = UserManager()  # type: ignore[assignment]

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def first_name(self) -> str:  # type: ignore[override]
        """What Wagtail writes beside the picture of who is signed in."""
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class Role(models.TextChoices):
    CITY_ADMIN = "city_admin", _("市级管理员")
    COUNTY_ADMIN = "county_admin", _("县级管理员")
    TOWNSHIP_ADMIN = "township_admin", _("乡镇管理员")
    EDITOR = "editor", _("内容编辑")
    LEADER = "leader", _("领导")


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def holding(self, *, on: date) -> "RoleGrantQuerySet":
        return self.filter(Q(until=None) | Q(until__gt=on), since__lte=on)


class RoleGrant(models.Model):
    """A role held in a territory from a date to a date (the last day not included)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end_reason = models.CharField(max_length=200, blank=True)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "territory"], condition=Q(until=None), name="role_held_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.territory}"


class Employment(models.TextChoices):
    FULL_TIME = "fulltime", _("专职")
    PART_TIME = "parttime", _("兼职")


class WorkerState(models.TextChoices):
    ACTIVE = "active", _("在岗")
    SUSPENDED = "suspended", _("停职")
    LEFT = "left", _("已退出")


class WorkerQuerySet(models.QuerySet["Worker"]):
    def active(self) -> "WorkerQuerySet":
        return self.filter(state=WorkerState.ACTIVE)

    def within(self, paths: list[str]) -> "WorkerQuerySet":
        return self.filter(township__in=Territory.objects.within(paths))


class Worker(models.Model):
    """A grid worker as the roster knows them. Sealed: ID number, mobile and the other telephones."""

    number = models.CharField(_("登录号"), max_length=12, unique=True)
    user = models.OneToOneField(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="worker")
    name = models.CharField(_("姓名"), max_length=60, db_index=True)
    sex = models.CharField(_("性别"), max_length=6, blank=True, choices=[("male", _("男")), ("female", _("女"))])
    id_number = SealedTextField(_("身份证号"), blank=True)
    id_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    mobile = SealedTextField(_("手机号"), blank=True)
    mobile_hash = models.CharField(max_length=64, blank=True, db_index=True)
    telephones = SealedJSONField(_("其他电话"), null=True, blank=True)
    township = models.ForeignKey(
        Territory, on_delete=models.PROTECT, related_name="workers", verbose_name=_("乡镇（街道）")
    )
    employment = models.CharField(_("专兼职"), max_length=10, choices=Employment.choices)
    position = models.CharField(_("身份或职务"), max_length=60, blank=True)
    recruited_by = models.CharField(_("选聘方式"), max_length=60, blank=True)
    joined_on = models.DateField(_("上岗时间"), null=True, blank=True)
    joined_precision = models.CharField(
        max_length=5, blank=True, choices=[("day", "日"), ("month", "月"), ("year", "年")]
    )
    education = models.CharField(_("学历"), max_length=20, blank=True)
    political_status = models.CharField(_("政治面貌"), max_length=20, blank=True)
    certificate = models.CharField(_("社工证书"), max_length=40, blank=True)
    # what the county's list says; the appointment itself stands on the mentors' floor
    listed_as_mentor = models.CharField(
        _("名册中标为小教员"), max_length=10, blank=True, choices=[("county", _("县级")), ("township", _("乡级"))]
    )
    state = models.CharField(_("状态"), max_length=10, choices=WorkerState.choices, default=WorkerState.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("网格员")
        verbose_name_plural = _("网格员")

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


class PasswordSheet(models.Model):
    """The first passwords of one township's workers, sealed until they are printed, once."""

    township = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    job = models.ForeignKey("lms.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # [[worker id, sign-in name, password], …]; emptied when printed
    slips = SealedJSONField(null=True, blank=True)
    count = models.PositiveIntegerField(default=0)
    printed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.township} {self.made_at:%Y-%m-%d}"


class Agreement(models.Model):
    """A version of the confidentiality agreement (保密协议). The newest published one must be signed."""

    version = models.PositiveSmallIntegerField(unique=True)
    title = models.CharField(max_length=100)
    text = models.TextField()
    published_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class Signature(models.Model):
    """That a worker signed a version, when, and under which name."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="signatures")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["worker", "agreement"], name="agreement_signed_once")]

    def __str__(self) -> str:
        return f"{self.worker} {self.agreement}"


def mobile_lookup(mobile: str) -> str:
    return lookup(mobile, purpose="mobile")


def id_lookup(number: str) -> str:
    return lookup(number, purpose="id-number")

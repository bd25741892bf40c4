"""Who signs in, which roles they hold where, and the views of lists they keep."""

from datetime import date
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from roster.models.territory import Territory


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
    # the three that keep each other in check (三员分立): who runs it, who lets in, who looks on
    SYSTEM_ADMIN = "system_admin", _("系统管理员")
    SECURITY_ADMIN = "security_admin", _("安全管理员")
    AUDITOR = "auditor", _("审计管理员")


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
        verbose_name = _("角色")
        verbose_name_plural = _("角色")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "territory"], condition=Q(until=None), name="role_held_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.territory}"


class SavedView(models.Model):
    """A list as somebody likes to see it: filters, order and columns under a name, for themselves."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    listing = models.CharField(max_length=40, help_text="url namespace of the list, e.g. workers")
    name = models.CharField(_("名称"), max_length=30)
    query = models.CharField(max_length=1000, blank=True, help_text="the query string without its question mark")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        verbose_name = _("视图")
        verbose_name_plural = _("视图")
        constraints = [models.UniqueConstraint(fields=["user", "listing", "name"], name="saved_view_once")]

    def __str__(self) -> str:
        return self.name

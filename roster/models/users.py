"""Who signs in, which roles they hold where, and the views of lists they keep."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from roster.models.territory import Territory


class User(AbstractUser):
    """Someone who signs in. `username` is the roster number (登录号); most people type their mobile number instead."""

    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("姓名"), max_length=60)
    mobile_hash = models.CharField(max_length=64, blank=True, db_index=True)
    must_change_password = models.BooleanField(default=False)
    first_password_expires_at = models.DateTimeField(null=True, blank=True)
    # by the security administrator; whatever becomes of the person's service does not let them in again
    suspended_at = models.DateTimeField(null=True, blank=True)
    # how often all sessions were ended at once: it goes into what every session is held against
    sessions_ended = models.PositiveIntegerField(default=0)

    objects: ClassVar[UserManager["User"]] = UserManager()  # type: ignore[assignment]

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")
        constraints = [
            models.CheckConstraint(
                condition=Q(suspended_at=None) | Q(is_active=False), name="suspended_account_is_closed"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session stands as long as the password stays and nobody has ended all sessions of this person."""
        standing: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if not self.sessions_ended:
            return standing
        return salted_hmac("roster.sessions", f"{standing}:{self.sessions_ended}", algorithm="sha256").hexdigest()

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


# the three hold nothing else, and nobody holds two of them
KEEPERS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})


class Duty(models.TextChoices):
    """A part of an admin's work. Counties divide it differently: two admins of one territory may have different duties."""

    ROSTER = "roster", _("名册")
    TRAINING = "training", _("培训")
    EXAMS = "exams", _("考试")
    ASSESSMENT = "assessment", _("考核")
    ACCOUNTS = "accounts", _("账号")


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def holding(self, *, on: Any) -> "RoleGrantQuerySet":
        return self.filter(Q(until=None) | Q(until__gt=on), since__lte=on)

    def overlapping(self, since: date, until: date | None) -> "RoleGrantQuerySet":
        """Held on any day from `since` to before `until`."""
        found = self.filter(Q(until=None) | Q(until__gt=since)).exclude(until=F("since"))
        return found.filter(since__lt=until) if until else found


class RoleGrant(models.Model):
    """A role held in a territory from a date to a date (the last day not included)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    # the office that manages through this person, in the county's own words; what it means for whom they see is nothing
    line = models.CharField(_("条线"), max_length=20, blank=True)
    # codes of Duty; empty for all of them, those to come included
    duties = models.JSONField(_("分工"), default=list, blank=True)
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
        # that nobody holds two of the three, or one of them beside another role, is held by a trigger (see the migration)
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "territory"], condition=Q(until=None), name="role_held_once"
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="role_ends_after_it_began"),
            models.CheckConstraint(condition=~Q(user=F("granted_by")), name="role_not_to_oneself"),
            models.CheckConstraint(condition=~Q(user=F("ended_by")), name="role_not_ended_by_oneself"),
            models.CheckConstraint(
                condition=~Q(role__in=[role.value for role in Role if role in KEEPERS])
                | Q(granted_by=None, ended_by=None),
                name="keepers_by_command_alone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.territory}"

    @property
    def is_admin(self) -> bool:
        return self.role in {Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.TOWNSHIP_ADMIN}

    @property
    def last_day(self) -> date | None:
        return self.until - timedelta(days=1) if self.until else None

    @property
    def duty_names(self) -> list[str]:
        """What this holder does; empty where it is the whole of the work."""
        return [str(duty.label) for duty in Duty if duty in self.duties]

    def does(self, duties: Collection[str]) -> bool:
        """Whether any of these duties is theirs."""
        return not self.duties or not duties or not set(duties).isdisjoint(self.duties)


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

"""What is handed out, signed and read: first passwords, the confidentiality agreement, the notice of what is kept."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lms.sealing import SealedJSONField
from roster.models.territory import Territory
from roster.models.users import User
from roster.models.workers import Worker


class PasswordSheet(models.Model):
    """The first passwords of one township's workers, sealed until they are printed, once."""

    township = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    job = models.ForeignKey("lms.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # [[worker id, sign-in name, password], …]; emptied when printed
    slips = SealedJSONField(null=True, blank=True)
    # who is on it; stays when the slips are gone, so that one sees who has used theirs
    workers = models.ManyToManyField(Worker, related_name="+")
    count = models.PositiveIntegerField(default=0)
    printed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]
        verbose_name = _("首次密码名单")
        verbose_name_plural = _("首次密码名单")

    def __str__(self) -> str:
        return f"{self.township} {self.made_at:%Y-%m-%d}"


class Agreement(models.Model):
    """A version of the confidentiality agreement (保密协议). The newest published one must be signed."""

    version = models.PositiveSmallIntegerField(unique=True)
    title = models.CharField(max_length=100)
    text = models.TextField()
    published_at = models.DateTimeField()

    class Meta:
        verbose_name = _("保密协议")
        verbose_name_plural = _("保密协议")

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class Signature(models.Model):
    """That a worker signed a version, when, and under which name."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="signatures")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    signed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("协议签署")
        verbose_name_plural = _("协议签署")
        constraints = [models.UniqueConstraint(fields=["worker", "agreement"], name="agreement_signed_once")]

    def __str__(self) -> str:
        return f"{self.worker} {self.agreement}"


class Notice(models.Model):
    """A version of the notice of what is kept of people and why (个人信息处理告知书)."""

    version = models.PositiveSmallIntegerField(unique=True)
    title = models.CharField(max_length=100)
    text = models.TextField()
    published_at = models.DateTimeField()

    class Meta:
        verbose_name = _("个人信息处理告知书")
        verbose_name_plural = _("个人信息处理告知书")

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class Acceptance(models.Model):
    """That somebody who signs in has read a version of the notice, and when."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="acceptances")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("读过告知书")
        verbose_name_plural = _("读过告知书")
        constraints = [models.UniqueConstraint(fields=["user", "notice"], name="notice_accepted_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.notice}"

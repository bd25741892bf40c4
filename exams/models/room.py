"""The room: what was allowed to whom, what happened, what was said to those who sit, and what two people decided."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from exams.models.sitting import Attempt
from roster.models import Territory, User


class AllowanceKind(models.TextChoices):
    TIME = "time", _("加时")
    WINDOW = "window", _("另定时间")
    LATE = "late", _("迟到准许入场")
    EXEMPT = "exempt", _("免考")


class Allowance(models.Model):
    """
    Something given to one person for one exam, with its reason. Added to, never changed, but that the reason goes when its person is
    forgotten; the attempt carries what follows from it.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="allowances", verbose_name=_("应试"))
    kind = models.CharField(_("类别"), max_length=10, choices=AllowanceKind.choices)
    seconds = models.PositiveIntegerField(_("加多少秒"), default=0)
    opens_at = models.DateTimeField(_("个人开考时间"), null=True, blank=True)
    closes_at = models.DateTimeField(_("个人截止时间"), null=True, blank=True)
    reason = models.CharField(_("理由"), max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("准许人"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("考试照顾")
        verbose_name_plural = _("考试照顾")

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.kind}"


class IncidentKind(models.TextChoices):
    LEFT = "left", _("离开答题页面")
    DEVICE = "device", _("换了设备")
    SPEED = "speed", _("作答速度异常")
    ALIKE = "alike", _("错得一样")
    NOTE = "note", _("监考记录")


class Incident(models.Model):
    """Something that happened while somebody sat: shown to them as it is to the proctor. It judges nothing by itself."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="incidents", verbose_name=_("应试"))
    kind = models.CharField(_("类别"), max_length=10, choices=IncidentKind.choices)
    at = models.DateTimeField(_("时间"))
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("记录人")
    )
    text = models.CharField(_("记录"), max_length=300, blank=True)
    # figures of the kind: {"seconds": 40}, {"other": attempt id, "alike": 9, "wrong": 11}, …
    detail = models.JSONField(_("数据"), default=dict, blank=True)

    class Meta:
        verbose_name = _("考场情况")
        verbose_name_plural = _("考场情况")

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.kind}"


class Notice(models.Model):
    """A sentence to everybody who sits an exam, or to those of one territory; it appears on the open page."""

    exam = models.ForeignKey("exams.Exam", on_delete=models.PROTECT, related_name="notices", verbose_name=_("考试"))
    territory = models.ForeignKey(
        Territory, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("范围")
    )
    text = models.CharField(_("通知"), max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("发送人"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("考场通知")
        verbose_name_plural = _("考场通知")

    def __str__(self) -> str:
        return self.text[:40]


class Measure(models.TextChoices):
    CLOSE = "close", _("提前收卷")
    VOID = "void", _("成绩作废")


class Intervention(models.Model):
    """Closing or voiding an attempt: asked for by one, decided by another."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="interventions", verbose_name=_("应试"))
    measure = models.CharField(_("措施"), max_length=10, choices=Measure.choices)
    reason = models.CharField(_("理由"), max_length=200)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("提出人"))
    asked_at = models.DateTimeField(_("提出时间"))
    agreed = models.BooleanField(_("同意"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("决定人")
    )
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("考场措施")
        verbose_name_plural = _("考场措施")
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "measure"], condition=Q(agreed=None), name="one_open_intervention_each"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="intervention_takes_two"
            ),
            models.CheckConstraint(
                condition=Q(agreed=None, decided_by=None, decided_at=None)
                | Q(agreed__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="intervention_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.measure}"

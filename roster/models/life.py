"""What happens to a worker: the steps of their service, changes of their file and why, corrections they ask for, acts on many at once."""

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.sealing import SealedJSONField, SealedTextField
from roster.models.workers import Worker, WorkerState


def private() -> Storage:
    return storages["private"]


class Batch(models.Model):
    """One act on many rows of a list, which can be undone as a whole: who, when, what, on how many."""

    kind = models.CharField(max_length=40)
    listing = models.CharField(max_length=40, blank=True, help_text="url namespace of the list it was done in")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    count = models.PositiveIntegerField(default=0)
    # what the act needs to be undone, as its verb wrote it
    done = SealedJSONField(null=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("批量操作")
        verbose_name_plural = _("批量操作")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class StepKind(models.TextChoices):
    PROPOSE = "propose", _("拟聘")
    TRAIN = "train", _("进入岗前培训")
    START = "start", _("上岗")
    SUSPEND = "suspend", _("停职")
    LEND = "lend", _("借调")
    RETURN = "return", _("回到岗位")
    REASSIGN = "reassign", _("调整岗位")
    LEAVE = "leave", _("退出")
    REHIRE = "rehire", _("重新上岗")
    TAKE_BACK = "take_back", _("撤回上一步")


class Step(models.Model):
    """One step of a worker's service. Never edited: a wrong one is taken back by a new one that names it."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(_("办理"), max_length=10, choices=StepKind.choices)
    state_before = models.CharField(max_length=10, choices=WorkerState.choices, blank=True)
    state_after = models.CharField(max_length=10, choices=WorkerState.choices)
    on = models.DateField(_("日期"), null=True, blank=True)
    # codes of roster.employment: the four reasons of the city's rule, or resignation, expiry, retirement, death, transfer …
    reason = models.CharField(_("原因"), max_length=20, blank=True)
    # 调整、更换、清退, where the step removes someone
    outcome = models.CharField(_("处理"), max_length=10, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    decided_by = models.CharField(_("决定单位"), max_length=60, blank=True)
    document = models.CharField(_("文号"), max_length=60, blank=True)
    scan = models.FileField(_("文件扫描件"), upload_to="steps/%Y/%m/", storage=private, max_length=200, blank=True)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    # postings that the step closed, and whether it closed the account; what taking it back opens again
    closed = models.JSONField(default=dict, blank=True)
    takes_back = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="taken_back_by"
    )
    import_run = models.ForeignKey("lms.ImportRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="steps")

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("任职经过")
        verbose_name_plural = _("任职经过")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=StepKind.TAKE_BACK, takes_back__isnull=False)
                | (~Q(kind=StepKind.TAKE_BACK) & Q(takes_back=None)),
                name="step_taken_back_by_name",
            )
        ]
        indexes = [models.Index(fields=["worker", "at"], name="step_worker")]

    def __str__(self) -> str:
        return f"{self.worker} {self.get_kind_display()}"


class WorkerChange(models.Model):
    """What changed in a worker's file at one time, and why. Sealed, for it holds numbers; masked where it is shown."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # what it came from: an import, a correction, an act on many, a hand at the file
    source = models.CharField(max_length=40, help_text="lms.importrun:12, roster.correction:5, roster.batch:3, file")
    reason = models.CharField(max_length=200, blank=True)
    # [[field's name, old, new], …], values as JSON holds them
    fields = SealedJSONField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("档案变更")
        verbose_name_plural = _("档案变更")
        indexes = [
            models.Index(fields=["worker", "at"], name="worker_change_worker"),
            models.Index(fields=["source"], name="worker_change_source"),
        ]

    def __str__(self) -> str:
        return f"{self.worker} {self.at:%Y-%m-%d}"


class CorrectionState(models.TextChoices):
    WAITING = "waiting", _("等待处理")
    ACCEPTED = "accepted", _("已更正")
    REFUSED = "refused", _("没有采纳")
    WITHDRAWN = "withdrawn", _("本人撤回")


class Correction(models.Model):
    """What a worker says is wrong in their own file; an admin decides with a reason."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="corrections")
    field = models.CharField(max_length=30)
    held = SealedTextField(_("现在登记的"), blank=True)
    proposed = SealedTextField(_("应该是"))
    note = models.CharField(_("说明"), max_length=200, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=CorrectionState.choices, default=CorrectionState.WAITING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("理由"), max_length=200, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("更正申请")
        verbose_name_plural = _("更正申请")
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "field"], condition=Q(state=CorrectionState.WAITING), name="correction_waits_once"
            )
        ]
        indexes = [models.Index(fields=["state", "asked_at"], name="correction_waiting")]

    def __str__(self) -> str:
        return f"{self.worker} {self.field}"

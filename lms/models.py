from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.sealing import SealedJSONField


def private() -> Storage:
    return storages["private"]


class JobState(models.TextChoices):
    QUEUED = "queued", _("排队中")
    RUNNING = "running", _("进行中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("未完成")


class JobQuerySet(models.QuerySet["Job"]):
    def lost(self, *, now, patience) -> "JobQuerySet":
        """Queued and never taken, or taken by a worker whose heart has stopped."""
        return self.filter(state__in=[JobState.QUEUED, JobState.RUNNING], heartbeat__lt=now - patience)


class Job(models.Model):
    """One piece of background work. The row is the truth; a message only wakes a worker."""

    kind = models.CharField(max_length=60)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True)
    heartbeat = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("后台任务")
        verbose_name_plural = _("后台任务")
        indexes = [models.Index(fields=["state", "heartbeat"], name="job_state_heartbeat")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ImportState(models.TextChoices):
    READING = "reading", _("正在读取")
    MAPPING = "mapping", _("等待对列")
    READY = "ready", _("等待确认")
    APPLYING = "applying", _("正在导入")
    DONE = "done", _("已导入")
    UNDOING = "undoing", _("正在撤回")
    UNDONE = "undone", _("已撤回")
    REFUSED = "refused", _("不能导入")
    DROPPED = "dropped", _("已放弃")


class ImportRun(models.Model):
    """One upload from reading to done: who, when, which file, what it would change and what it did."""

    kind = models.CharField(max_length=40)
    file = models.FileField(upload_to="imports/%Y/%m/", storage=private, max_length=200)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # path of the territory in whose name it was brought in: whose reach covers it sees it in the history
    place = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.READING)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # how it is to be read where the admin has said so: columns by hand, sheets left out, blanks to be filled
    options = models.JSONField(default=dict, blank=True)
    reading = models.JSONField(default=dict, help_text=_("各表、表头行、列的对应关系、略过的行"))
    # titles and a few values of each column, or the first rows where no header was found; sealed, for they name people
    samples = SealedJSONField(null=True)
    counts = models.JSONField(default=dict)
    # what makes the confirmation ask again: {"changes": 424, "of": 1500}; empty where nothing does
    brake = models.JSONField(default=dict, blank=True)
    # all rows or none
    whole = models.BooleanField(default=False)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("导入")
        verbose_name_plural = _("导入")

    def __str__(self) -> str:
        return self.file_name

    @property
    def stopped(self) -> bool:
        """Whether the work on it ended before its end: its job was given up, and nobody takes it up by itself."""
        at_work = self.state in {ImportState.READING, ImportState.APPLYING, ImportState.UNDOING}
        return at_work and (self.job is None or self.job.state == JobState.FAILED)


class Outcome(models.TextChoices):
    WRONG = "wrong", _("有误")
    OUT_OF_REACH = "out_of_reach", _("不在管辖范围")
    CONFLICT = "conflict", _("要决定")
    DUPLICATE = "duplicate", _("疑似重复")
    NEW = "new", _("新增")
    UPDATED = "updated", _("更新")
    MOVED = "moved", _("调动")
    SECOND_GRID = "second_grid", _("兼任第二个网格")
    UNCHANGED = "unchanged", _("无变化")
    SKIPPED = "skipped", _("已略过")
    ABSENT = "absent", _("名单里没有")


class ImportRow(models.Model):
    """A row of the sheet, what it would do, and whether it was done."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    sheet = models.CharField(max_length=100, blank=True)
    number = models.PositiveIntegerField(help_text=_("表中的行号"))
    label = models.CharField(max_length=100, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    # lower comes first in the preview: what is wrong before what is well
    rank = models.PositiveSmallIntegerField(default=9)
    notes = models.JSONField(default=list, help_text="[{level, code, column, message}]")
    cells = SealedJSONField(null=True)
    plan = SealedJSONField(null=True)
    # rows of one person (or grid, or place) have one key; what is decided for one is decided for all of them
    key = models.CharField(max_length=64, blank=True)
    # path of the county that it would change something in
    area = models.CharField(max_length=60, blank=True)
    # the code of what is asked of a person, and the option taken; an open question of an outcome that waits keeps the row out
    question = models.CharField(max_length=30, blank=True)
    choice = models.CharField(max_length=30, blank=True)
    # {option: {"label", "outcome", "plan", "changes"}}, "" for how it was before anything was decided
    options = SealedJSONField(null=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    # what it did, with the values kept before it, as its kind needs them to undo it
    done = SealedJSONField(null=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("导入的行")
        verbose_name_plural = _("导入的行")
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="import_row_once")]
        indexes = [
            models.Index(fields=["run", "rank", "position"], name="import_row_preview"),
            models.Index(fields=["run", "key"], name="import_row_key"),
        ]

    def __str__(self) -> str:
        return f"{self.sheet} {self.number}"


class ColumnMemory(models.Model):
    """That an admin took a column's title for a field (or for none) in a kind of import; remembered for the territory."""

    kind = models.CharField(max_length=40)
    place = models.CharField(max_length=200, blank=True, help_text="path of the territory")
    title = models.CharField(max_length=100, help_text="as lms.sheets compares it")
    field = models.CharField(max_length=40, blank=True, help_text='"" for a column that is not read')
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("记住的列")
        verbose_name_plural = _("记住的列")
        constraints = [models.UniqueConstraint(fields=["kind", "place", "title"], name="column_remembered_once")]

    def __str__(self) -> str:
        return f"{self.title} → {self.field}"


class AuditEntry(models.Model):
    """Who did what to what, when. Written only by `lms.audit`; the database refuses every change, and removal before its time."""

    at = models.DateTimeField(default=timezone.now)
    # looked for with its time alone, so that no index stands on the actor only
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80, blank=True, help_text="app.model:id")
    territory = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, help_text="keyed digest of all of the above")

    class Meta:
        verbose_name = _("审计记录")
        verbose_name_plural = _("审计记录")
        indexes = [
            models.Index(fields=["subject", "at"], name="audit_subject"),
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["actor", "at"], name="audit_actor"),
            models.Index(fields=["action", "at"], name="audit_action"),
            models.Index(fields=["territory", "at"], name="audit_territory"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.subject}"


class AuditLink(models.Model):
    """
    The place of an entry in the chain: `hash` is keyed over the hash before it, the position, the entry and its digest. Positions
    have no gaps. An entry that was committed late has a later place, so that writers never wait for one another.
    """

    position = models.BigIntegerField(primary_key=True)
    # no foreign key: of an entry that somebody tore out the link remains, and says so
    entry = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField(help_text=_("连上的时间"))

    class Meta:
        verbose_name = _("审计记录链")
        verbose_name_plural = _("审计记录链")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


class AuditAnchor(models.Model):
    """What is left of a stretch of the chain whose time was over: where it ended, its hash, who took it away and into which file."""

    position = models.BigIntegerField(unique=True, help_text="of the last link removed")
    hash = models.CharField(max_length=64)
    entries = models.PositiveIntegerField()
    file = models.FileField(storage=private, max_length=200)
    sha256 = models.CharField(max_length=64, help_text="of the file")
    by = models.CharField(max_length=40, help_text="beat, or the account of the machine that ran the command")
    at = models.DateTimeField()
    seal = models.CharField(max_length=64, help_text="keyed digest of all of the above")

    class Meta:
        verbose_name = _("审计存档")
        verbose_name_plural = _("审计存档")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


class AuditCheck(models.Model):
    """One walk along the whole chain: what was found, and the head at that moment, which the next walk must meet again."""

    at = models.DateTimeField()
    links = models.BigIntegerField(help_text="how many were walked")
    unlinked = models.PositiveIntegerField(default=0)
    position = models.BigIntegerField(help_text="of the head")
    hash = models.CharField(max_length=64, help_text="of the head")
    key = models.CharField(max_length=16, help_text="print of the key it was checked with")
    faults = models.PositiveIntegerField(default=0)
    # of the first one
    fault = models.CharField(max_length=20, blank=True)
    fault_position = models.BigIntegerField(null=True, blank=True)
    fault_entry = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("审计核对")
        verbose_name_plural = _("审计核对")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.fault or 'whole'}"

"""What guards the door: how often a password was tried lately, and codes that are good once."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from roster.models.users import User


class Tally(models.Model):
    """How often something was tried since its window began. The key is a keyed hash: no name or address is kept."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("试密码的次数")
        verbose_name_plural = _("试密码的次数")

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.count}"


class Purpose(models.TextChoices):
    FORGOTTEN = "forgotten", _("忘记密码")
    EMAIL = "email", _("核对邮箱")


class OneTimeCode(models.Model):
    """A code of six digits on its way to one person for one purpose, good once, in the browser that asked for it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    # keyed hashes: of what the asking browser's session holds, and of the code with the account and the purpose
    asked = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    channel = models.CharField(max_length=20)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("一次性验证码")
        verbose_name_plural = _("一次性验证码")
        constraints = [
            # a job that runs twice sends no second code
            models.UniqueConstraint(fields=["asked", "user", "purpose"], name="code_once_for_asking"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="code_expires_later"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

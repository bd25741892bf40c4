"""小教员: who they are, and which answer each holds while marking it."""

import secrets
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exams.models import Attempt, PaperItem
from roster.models import Territory, Worker


class MentorQuerySet(models.QuerySet["Mentor"]):
    def serving(self, *, now: datetime) -> "MentorQuerySet":
        return self.serving_on(timezone.localdate(now))

    def serving_on(self, day: Any) -> "MentorQuerySet":
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)


class Mentor(models.Model):
    """A worker appointed to teach and mark, at county or township level, for a term."""

    COUNTY, TOWNSHIP = "county", "township"

    worker = models.OneToOneField(Worker, on_delete=models.PROTECT, related_name="mentor")
    level = models.CharField(max_length=10, choices=[(COUNTY, _("县级")), (TOWNSHIP, _("乡级"))])
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    specialities = models.JSONField(default=list)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    objects = MentorQuerySet.as_manager()

    class Meta:
        verbose_name = _("小教员")
        verbose_name_plural = _("小教员")

    def __str__(self) -> str:
        return str(self.worker)


def opaque_key() -> str:
    return secrets.token_urlsafe(9)


class Claim(models.Model):
    """One case answer in one mentor's hands until a moment. The key is all a marker sees of whose it is."""

    key = models.CharField(max_length=16, unique=True, default=opaque_key)
    mentor = models.ForeignKey(Mentor, on_delete=models.PROTECT, related_name="claims")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(PaperItem, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("答卷领取")
        verbose_name_plural = _("答卷领取")
        constraints = [models.UniqueConstraint(fields=["attempt", "item"], name="an_answer_in_one_hand")]
        indexes = [models.Index(fields=["mentor", "done_at"], name="claim_mentor_done")]

    def __str__(self) -> str:
        return self.key

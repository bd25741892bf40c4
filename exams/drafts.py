"""An exam before it is published: written down, changed, thrown away."""

import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from exams.models import Exam
from lms import audit
from lms.refusal import Refused
from roster import reach
from roster.models import Duty, Role, User

SETTERS = (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.EXAMS)


@transaction.atomic
def save(exam: Exam, *, by: User, now: datetime) -> Exam:
    """Write a new exam or the changes to one that is not published. Refuses a published one and a territory out of reach."""
    if exam.pk and Exam.objects.select_for_update().get(pk=exam.pk).published_at:
        raise Refused(_("这场考试已经发布，试卷和时间都不能再改。"), code="published")
    if not reach.covers(by, exam.territory, *SETTERS):
        raise Refused(_("参加范围不在你的管辖内，请重新选择。"), code="reach")
    if not exam.pk:
        exam.seed, exam.created_by = secrets.token_hex(8), by
    exam.save()
    audit.note("exam.drafted", now=now, actor=by, subject=exam, territory=exam.territory.path)
    return exam


@transaction.atomic
def drop(exam: Exam, *, by: User, now: datetime) -> None:
    """Throw away an exam that was never published."""
    exam = Exam.objects.select_for_update().get(pk=exam.pk)
    if exam.published_at:
        raise Refused(_("这场考试已经发布，不能删除。"), code="published")
    audit.note("exam.dropped", now=now, actor=by, subject=exam, territory=exam.territory.path)
    exam.delete()

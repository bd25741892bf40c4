"""A sentence to everybody who sits an exam, or to those of one place; it appears on the open page with its next beat."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from exams.models import Exam, Notice
from lms import audit
from lms.refusal import Refused
from roster import reach
from roster.models import Duty, Territory, User

AGAIN = timedelta(minutes=1)


@transaction.atomic
def send(exam: Exam, *, territory: Territory, text: str, by: User, now: datetime) -> Notice:
    """Say it to those of this place, which must be within reach. The same words within a minute are a form sent twice."""
    if not (text := " ".join(text.split())):
        raise Refused(_("请写通知内容。"), code="text")
    if not reach.covers(by, territory, Duty.EXAMS):
        raise Refused(_("这个地方不在你的管辖范围，请重新选。"), code="territory")
    held = Exam.objects.select_for_update(of=("self",)).get(pk=exam.pk)
    whole = held.territory_id == territory.pk or held.territory.path.startswith(territory.path)
    same = {"exam": held, "territory": None if whole else territory, "text": text[:200], "by": by}
    if standing := Notice.objects.filter(at__gt=now - AGAIN, **same).first():
        return standing
    sent = Notice.objects.create(at=now, **same)
    audit.note("exam.notice_sent", now=now, actor=by, subject=held, territory=territory.path, notice=sent.pk)
    return sent

"""An exam before it is published: written down, changed, thrown away."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from exams.models import REPEATED, Counts, Exam, ExamKind
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
    settle_rules(exam)
    exam.save()
    audit.note("exam.drafted", now=now, actor=by, subject=exam, territory=exam.territory.path)
    return exam


def settle_rules(exam: Exam) -> None:
    """What follows from the kind of exam, whatever the form said: how often it is sat, and when its results are shown."""
    if exam.kind not in REPEATED:
        exam.tries = 1
    if not exam.recorded:
        exam.results_at = exam.opens_at
    if exam.kind == ExamKind.RESIT:
        exam.by_list = False


@transaction.atomic
def resit(first: Exam, *, by: User, now: datetime) -> Exam:
    """A draft of a resit of a closed exam: the same people's place, the same shape of the paper, a window of its own.

    A draft that nobody has published yet is given back: two taps are one. Refuses what is no formal exam, and one still open.
    """
    first = Exam.objects.select_for_update(of=("self",)).select_related("territory").get(pk=first.pk)
    if first.kind != ExamKind.FORMAL:
        raise Refused(_("只有正式考试能安排补考。"), code="kind")
    if not first.published_at or now < first.closes_at:
        raise Refused(_("这场考试还没有截止，截止以后才能安排补考。"), code="open")
    standing = first.resits.filter(published_at=None).order_by("pk").first()
    if standing:
        return standing
    opens = first.opens_at + timedelta(days=7 * ((now - first.opens_at).days // 7 + 2))  # the same weekday and hour
    nth = first.resits.count() + 1
    title = _("%s补考") % first.title if nth == 1 else _("%(title)s第%(n)d次补考") % {"title": first.title, "n": nth}
    draft = Exam(
        title=title[:80],
        kind=ExamKind.RESIT,
        resit_of=first,
        counts=Counts.BEST,
        opens_at=opens,
        closes_at=opens + min(first.closes_at - first.opens_at, timedelta(days=7)),
        **{name: getattr(first, name) for name in SAME},
    )
    return save(draft, by=by, now=now)


SAME = ["minutes", "sections", "pass_marks", "territory", "employment", "layout", "late_minutes"]


@transaction.atomic
def drop(exam: Exam, *, by: User, now: datetime) -> None:
    """Throw away an exam that was never published."""
    exam = Exam.objects.select_for_update().get(pk=exam.pk)
    if exam.published_at:
        raise Refused(_("这场考试已经发布，不能删除。"), code="published")
    audit.note("exam.dropped", now=now, actor=by, subject=exam, territory=exam.territory.path)
    exam.delete()

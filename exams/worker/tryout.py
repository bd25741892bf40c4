"""
The standing exam in which everybody tries the screen before the day: three questions about the screen itself, ten minutes, as often as
one likes, with the real paper and the real lane. It leaves no record, and is nobody's duty.
"""

import tomllib
from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from exams.before import banks, papers
from exams.day import attempts
from exams.marks import tries
from exams.models import TRYOUT, Attempt, AttemptState, Bank, Exam, ExamKind
from lms import audit
from lms.refusal import Refused
from roster.models import Level, Territory, Worker

FILE = banks.FOLDER / "screen" / "tryout.toml"
UNTIL = datetime(2100, 1, 1, tzinfo=UTC)
MARKS = Decimal(10)
# of its questions none belongs to a bank
NO_BANK = Bank()


@transaction.atomic
def lay(*, now: datetime) -> Exam | None:
    """The exam as it stands; made at the first call. None as long as there is no city."""
    if standing := Exam.objects.filter(seed=TRYOUT).first():
        return standing
    # who comes at the same moment waits here, and then finds what was made
    city = Territory.objects.select_for_update().filter(level=Level.CITY).order_by("pk").first()
    standing = Exam.objects.filter(seed=TRYOUT).first()
    if standing or city is None:
        return standing
    questions = [banks.question(NO_BANK, one) for one in tomllib.loads(FILE.read_text("utf-8"))["questions"]]
    exam = Exam.objects.create(
        title=_("考前试做"),
        kind=ExamKind.MOCK,
        opens_at=now,
        closes_at=UNTIL,
        results_at=now,
        minutes=10,
        sections=[{"kind": one.kind, "count": 1, "marks": f"{MARKS:.1f}", "subject": ""} for one in questions],
        pass_marks=0,
        territory=city,
        by_list=True,  # of nobody: papers are made for who asks
        late_minutes=0,
        seed=TRYOUT,
        published_at=now,
    )
    for place, one in enumerate(questions):
        item = papers.freeze(exam, one, section=place, marks=MARKS)
        item.question = None
        item.save()
    audit.note("exam.published", now=now, subject=exam, territory=city.path)
    return exam


@transaction.atomic
def begin(worker: Worker, *, now: datetime, device: str) -> Attempt:
    """A paper of the try-out that this person sits on this device from now on: the one that is open, or a new one."""
    exam = lay(now=now)
    if exam is None:
        raise Refused(_("还没有登记城市的区划，现在不能试做。"), code="no_city")
    Worker.objects.select_for_update().get(pk=worker.pk)  # two taps are one
    newest = Attempt.objects.filter(exam=exam, worker=worker).order_by("-number").first()
    if newest and newest.state == AttemptState.SITTING and now >= newest.ends_at:
        newest = attempts.hand_in(newest, now=now)
    if newest is None or newest.finished:
        newest = tries.draw(exam, worker.pk, number=newest.number + 1 if newest else 1)
    if newest.state == AttemptState.DUE:
        return attempts.start(newest, now=now, device=device)
    return attempts.take_over(newest, device=device, now=now)

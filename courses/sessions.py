"""Trainings held at a time: who came, and the hours they get."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from courses.models import Attendance, Session
from lms import audit
from lms.refusal import Refused
from records import ledger
from records.models import Kind
from roster import reach
from roster.models import Duty, User


@transaction.atomic
def hold(session: Session, *, by: User, now: datetime) -> Session:
    """Write down a training that is to be held. Refuses a territory out of reach."""
    if not reach.covers(by, session.territory, Duty.TRAINING):
        raise Refused(_("这个范围不归你管，请重新选择。"))
    session.save()
    audit.note("courses.session_held", now=now, actor=by, subject=session, territory=session.territory.path)
    return session


@transaction.atomic
def record(session: Session, *, present: Iterable[int], among: Iterable[int], by: User | None, now: datetime) -> int:
    """Note who of `among` (worker ids) came; whoever of them is not in `present` did not. Returns how many are new.

    Refuses before the training begins and after its attendance was closed.
    """
    session = Session.objects.select_for_update().get(pk=session.pk)
    if session.closed_at:
        raise Refused(_("这次培训已经结束登记，学时已经记入档案。登记有误的，请联系系统管理员冲销那一笔。"))
    if now < session.starts_at:
        raise Refused(_("培训还没有开始，开始以后再登记到场的人。"))
    asked, came = set(among), set(present)
    there = set(session.attendances.filter(worker__in=asked).values_list("worker_id", flat=True))
    session.attendances.filter(worker__in=asked - came).delete()
    new = [Attendance(session=session, worker_id=worker, signed_at=now) for worker in sorted((came & asked) - there)]
    Attendance.objects.bulk_create(new, batch_size=1000)
    audit.note("courses.attendance_recorded", now=now, actor=by, subject=session, present=len(came & asked))
    return len(new)


def close(session: Session, *, by: User | None, now: datetime) -> int:
    """End the attendance and post the hours of everyone who came; returns how many records are new.

    Refuses before the training is over and while nobody has been ticked. The hours go in by batches, so that nobody else waits
    for the database; a second call posts only what an interrupted first one left out.
    """
    with transaction.atomic():
        session = Session.objects.select_for_update().get(pk=session.pk)
        if not session.closed_at:
            _check_can_close(session, now)
            session.closed_at = now
            session.save(update_fields=["closed_at"])
            audit.note("courses.session_closed", now=now, actor=by, subject=session)
    workers = session.attendances.order_by("pk").values_list("worker_id", flat=True)
    return ledger.post_many((_entry(session, worker) for worker in list(workers)), now=now)


def _check_can_close(session: Session, now: datetime) -> None:
    if now < session.ends_at:
        raise Refused(_("培训还没有结束，结束以后再记学时。"))
    if not session.attendances.exists():
        raise Refused(_("还没有登记到场的人，请先勾选再结束登记。"))


def _entry(session: Session, worker: int) -> ledger.Entry:
    return ledger.Entry(
        worker_id=worker,
        kind=Kind.HOURS,
        source=f"courses.session:{session.pk}",
        title=session.title,
        amount=session.hours,
        occurred_at=session.ends_at,
        subject=session.subject,
        mode=session.mode,
    )

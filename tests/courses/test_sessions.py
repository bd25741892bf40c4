from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from courses import sessions
from courses.models import Session
from lms.models import AuditEntry
from lms.refusal import Refused
from records.models import SkillRecord
from roster.models import User, Worker


def came(session: Session) -> list[int]:
    return sorted(session.attendances.values_list("worker_id", flat=True))


def test_only_the_list_that_was_shown_is_changed(
    session: Session, worker: Worker, colleague: Worker, outsider: Worker, now: datetime
) -> None:
    everyone = [worker.pk, colleague.pk, outsider.pk]
    sessions.record(session, present=everyone, among=everyone, by=None, now=now)
    sessions.record(session, present=[colleague.pk], among=[worker.pk, colleague.pk], by=None, now=now)
    assert came(session) == sorted([colleague.pk, outsider.pk])
    sessions.record(session, present=[outsider.pk], among=[colleague.pk], by=None, now=now)
    assert came(session) == [outsider.pk]


def test_closing_gives_the_hours_to_all_who_came_once(
    session: Session, worker: Worker, colleague: Worker, now: datetime
) -> None:
    sessions.record(session, present=[worker.pk], among=[worker.pk, colleague.pk], by=None, now=now)
    assert sessions.close(session, by=None, now=now) == 1
    assert sessions.close(session, by=None, now=now + timedelta(days=1)) == 0
    record = SkillRecord.objects.get()
    assert (record.worker, record.source, record.amount, record.mode, record.occurred_at) == (
        worker,
        f"courses.session:{session.pk}",
        Decimal("6.00"),
        "onsite",
        session.ends_at,
    )
    session.refresh_from_db()
    assert session.closed_at == now


def test_a_closing_that_was_interrupted_is_completed_by_the_next(
    session: Session, worker: Worker, now: datetime
) -> None:
    sessions.record(session, present=[worker.pk], among=[worker.pk], by=None, now=now)
    Session.objects.update(closed_at=now)
    assert sessions.close(session, by=None, now=now) == 1


def test_after_closing_nobody_is_ticked(session: Session, worker: Worker, colleague: Worker, now: datetime) -> None:
    sessions.record(session, present=[worker.pk], among=[worker.pk], by=None, now=now)
    sessions.close(session, by=None, now=now)
    with pytest.raises(Refused, match="已经结束登记"):
        sessions.record(session, present=[colleague.pk], among=[colleague.pk], by=None, now=now)
    assert came(session) == [worker.pk]


def test_nobody_is_ticked_before_it_begins(session: Session, worker: Worker) -> None:
    with pytest.raises(Refused, match="还没有开始"):
        sessions.record(
            session, present=[worker.pk], among=[worker.pk], by=None, now=session.starts_at - timedelta(seconds=1)
        )


def test_it_is_not_closed_before_it_ends_nor_empty(session: Session, worker: Worker, now: datetime) -> None:
    with pytest.raises(Refused, match="还没有登记到场的人"):
        sessions.close(session, by=None, now=now)
    sessions.record(session, present=[worker.pk], among=[worker.pk], by=None, now=now)
    with pytest.raises(Refused, match="还没有结束"):
        sessions.close(session, by=None, now=session.ends_at - timedelta(seconds=1))
    assert SkillRecord.objects.count() == 0


def test_nobody_holds_a_training_outside_their_reach(
    session: Session, county_admin: User, county_b_admin: User, now: datetime
) -> None:
    session.pk, session._state.adding = None, True
    with pytest.raises(Refused, match="这个范围不归你管，请重新选择。"):
        sessions.hold(session, by=county_b_admin, now=now)
    assert sessions.hold(session, by=county_admin, now=now).pk
    assert AuditEntry.objects.get(action="courses.session_held").actor == county_admin

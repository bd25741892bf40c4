from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from lms.models import AuditEntry
from lms.refusal import Refused
from records import ledger
from records.ledger import Entry
from records.models import SkillRecord


@pytest.fixture
def entry(worker, now):
    return Entry(
        worker.pk, "hours", "courses.lesson:1", "第一课", Decimal("0.50"), now, mode="online", link="/study/a/"
    )


def test_posts_a_fact_once_and_says_so_once(entry, worker, now):
    first = ledger.post(entry, now=now)
    second = ledger.post(replace(entry, amount=Decimal(9), title="改过"), now=now)
    assert second.pk == first.pk
    record = SkillRecord.objects.get()
    assert (record.amount, record.title, record.mode, record.year, record.posted_at) == (
        Decimal("0.50"),
        "第一课",
        "online",
        2026,
        now,
    )
    note = AuditEntry.objects.get(action="records.posted")
    assert (note.subject, note.detail) == (
        f"records.skillrecord:{record.pk}",
        {"worker": worker.pk, "kind": "hours"},
    )


def test_the_same_source_may_give_another_kind_and_another_worker(entry, colleague, now):
    ledger.post(entry, now=now)
    ledger.post(replace(entry, kind="skill", amount=Decimal(1)), now=now)
    ledger.post(replace(entry, worker_id=colleague.pk), now=now)
    assert SkillRecord.objects.count() == 3


def test_the_year_is_the_local_year(entry, now):
    last_evening = datetime(2025, 12, 31, 15, 59, tzinfo=ZoneInfo("UTC"))
    first_hour = datetime(2025, 12, 31, 16, 0, tzinfo=ZoneInfo("UTC"))
    ledger.post(replace(entry, source="a", occurred_at=last_evening), now=now)
    ledger.post(replace(entry, source="b", occurred_at=first_hour), now=now)
    assert list(SkillRecord.objects.order_by("source").values_list("year", flat=True)) == [2025, 2026]


def test_posts_many_by_the_same_rule_with_one_note(entry, colleague, now, django_assert_max_num_queries):
    ledger.post(entry, now=now)
    entries = [entry, replace(entry, source="b"), replace(entry, source="b", amount=Decimal(7))]
    entries += [replace(entry, worker_id=colleague.pk, source=f"c{n}") for n in range(20)]
    with django_assert_max_num_queries(20):
        assert ledger.post_many(iter(entries), now=now, batch=10) == 21
    assert ledger.post_many(entries, now=now) == 0
    assert SkillRecord.objects.get(source="b").amount == Decimal("0.50")
    notes = AuditEntry.objects.filter(action="records.posted_many").order_by("pk")
    assert [note.detail for note in notes] == [{"given": 23, "posted": 21}, {"given": 23, "posted": 0}]


def test_nothing_to_post_leaves_no_note(db, now):
    assert ledger.post_many([], now=now) == 0
    assert not AuditEntry.objects.exists()


def test_a_reversed_record_counts_no_more_and_is_not_posted_again(entry, county_admin, now):
    record = ledger.post(entry, now=now)
    ledger.post(replace(entry, source="b"), now=now)
    reversal = ledger.reverse(record, by=county_admin, reason=" 同一课重复登记 ", now=now)
    assert (reversal.reverses, reversal.reason, reversal.amount, reversal.year) == (
        record,
        "同一课重复登记",
        Decimal("0.50"),
        2026,
    )
    assert [one.source for one in SkillRecord.objects.standing()] == ["b"]
    assert ledger.post(entry, now=now) == record
    assert [one.source for one in SkillRecord.objects.standing()] == ["b"]
    assert ledger.reverse(record, by=county_admin, reason="再来一次", now=now) == reversal
    assert AuditEntry.objects.filter(action="records.reversed").count() == 1


def test_what_stands_is_found_by_worker_and_year_and_not_by_what_it_reverses(worker):
    if connection.vendor == "sqlite":
        plan = SkillRecord.objects.standing().filter(worker=worker, year=2026, kind="hours").explain()
        assert "USING INDEX record_worker_year (worker_id=? AND year=? AND kind=?)" in plan


def test_a_reversal_needs_a_reason_and_cannot_itself_be_reversed(entry, county_admin, now):
    record = ledger.post(entry, now=now)
    with pytest.raises(Refused, match="请写明冲销这条记录的原因"):
        ledger.reverse(record, by=county_admin, reason="  ", now=now)
    reversal = ledger.reverse(record, by=county_admin, reason="错了", now=now)
    with pytest.raises(Refused, match="冲销记录本身不能再冲销"):
        ledger.reverse(reversal, by=county_admin, reason="又错了", now=now)


def test_falls_with_the_transaction_it_was_posted_in(entry, now):
    with transaction.atomic():
        ledger.post(entry, now=now)
        transaction.set_rollback(True)
    assert not SkillRecord.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_writers_post_a_fact_once(entry, now):
    def write(_: int) -> int:
        try:
            return ledger.post(entry, now=now).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(write, range(16)))
    assert len(keys) == SkillRecord.objects.count() == 1
    assert AuditEntry.objects.filter(action="records.posted").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_writers_reverse_once(entry, now):
    record = ledger.post(entry, now=now)

    def write(_: int) -> int:
        try:
            return ledger.reverse(record, by=None, reason="重复", now=now).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(write, range(8)))) == 1
    assert SkillRecord.objects.count() == 2

"""Reading the final state from the database, and bringing an exam there: sweeps, marks of persons, results."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from exams.before import drawing, questions
from exams.claims import deciding
from exams.day import attempts, journal, receipts, sheets
from exams.marks import marking
from exams.models import Answer, Attempt, Award, Exam, Fate, JournalEntry
from lms.models import AuditEntry
from records.models import SkillRecord
from roster.models import User
from tests.faults.facts import Arrived, Facts, Noted, Recorded, Sat, Stood

COUNTED = {Fate.COUNTED, Fate.LATE_COUNTED, Fate.DECIDED}
Counties = dict[int, str]


def sweep(exam: Exam, *, now: datetime) -> None:
    """What the clock brings, as `exams.tasks.close_overdue` does it, for this exam alone."""
    attempts.close_overdue(now=now)
    marking.finish_absent(exam, now=now)
    marking.post_results(exam, now=now)
    drawing.draw(exam, now=now)


def award_all(exam: Exam, *, marker: User, now: datetime) -> None:
    """A person marks every case answer: the first point of the rubric."""
    given = [
        marking.Given(one.attempt_id, one.item_id, marker.pk, [0], "", now) for one in marking.waiting(exam).iterator()
    ]
    marking.award_many(given, now=now)


def decide_late(exam: Exam, *, by: User, now: datetime) -> None:
    """A person looks at what came after the hand-in, and counts none of it: until then no result is posted."""
    for attempt in Attempt.objects.filter(exam=exam).undecided():
        newest = deciding.waiting(attempt).last()
        assert newest is not None
        deciding.decide(attempt.pk, accept=False, reason="交卷以后才到", seen=newest.at, by=by, now=now)


def read(exam: Exam, *, now: datetime) -> Facts:
    sheets.forget()
    sheet = sheets.of(exam.pk)
    rows = list(Attempt.objects.filter(exam=exam).select_related("worker__township__parent").order_by("pk"))
    counties = {row.worker_id: row.worker.township.parent.name for row in rows}
    awards = Award.objects.filter(attempt__exam=exam, superseded=False).values_list("attempt")
    by_persons = dict(awards.annotate(total=Sum("marks")).order_by())
    return Facts(
        attempts=[_sat(row, counties, by_persons.get(row.pk, Decimal(0))) for row in rows],
        answers=[
            _stood(one, sheet) for one in Answer.objects.filter(attempt__exam=exam).order_by("attempt_id", "item_id")
        ],
        journal=list(_journal(exam, sheet)),
        ledger=[
            Recorded(worker, counties[worker], amount)
            for worker, amount in SkillRecord.objects.filter(source=f"exams.exam:{exam.pk}")
            .order_by("pk")
            .values_list("worker_id", "amount")
        ],
        notes=list(_notes({row.pk for row in rows}, since=exam.published_at)),
        late=timedelta(minutes=exam.late_minutes),
        closed=now >= exam.closes_at,
        recorded=exam.recorded and exam.released(now),
    )


def _sat(row: Attempt, counties: Counties, by_persons: Decimal) -> Sat:
    return Sat(
        pk=row.pk,
        worker=row.worker_id,
        county=counties[row.worker_id],
        number=row.number,
        state=row.state,
        started_at=row.started_at,
        deadline=row.deadline,
        finished_at=row.finished_at,
        closed_by_clock=row.closed_by_clock,
        receipt=row.receipt,
        machine_marks=row.machine_marks,
        marks=row.marks,
        by_persons=by_persons,
        posted=row.posted_at is not None,
    )


def _value(sheet: sheets.Sheet, item: int, stored: str) -> Any:
    return questions.face(sheet.items[item].kind).unpack(stored)


def _stood(one: Answer, sheet: sheets.Sheet) -> Stood:
    value, worth = _value(sheet, one.item_id, one.value), sheet.items[one.item_id].score(one.value)
    return Stood(one.attempt_id, one.item_id, one.seq, value, one.saved_at, worth)


def _journal(exam: Exam, sheet: sheets.Sheet) -> Iterable[Arrived]:
    lines: dict[tuple[int, int], list[JournalEntry]] = defaultdict(list)
    for line in JournalEntry.objects.filter(attempt__exam=exam):
        lines[line.attempt_id, line.item_id].append(line)
    for (attempt, item), own in sorted(lines.items()):
        own.sort(key=lambda line: (line.at, line.seq, line.page))
        kept = [(line.seq, line.fate in COUNTED, journal.Kept(line.base, line.value)) for line in own]
        for line, (_seq, counted, text) in zip(own, journal.unfold(kept), strict=True):
            code = receipts.code(attempt, item, seq=line.seq, page=line.page, at=line.at, value=text)
            yield Arrived(attempt, item, line.seq, line.page, line.at, counted, _value(sheet, item, text), code)


def _notes(pks: set[int], *, since: datetime | None) -> Iterable[Noted]:
    acts = AuditEntry.objects.filter(action__in=["exam.started", "exam.handed_in"], at__gte=since).order_by("pk")
    for action, subject, detail in acts.values_list("action", "subject", "detail"):
        attempt = int(subject.partition(":")[2])
        if attempt in pks:
            yield Noted(action, attempt, detail.get("receipt", ""))

"""Odd speed and the same wrong answers, looked for once an exam has closed, and laid before people. `likeness` says how it is reckoned."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from exams.day import sheets
from exams.models import Answer, AttemptState, Exam, Incident, IncidentKind
from exams.room import likeness
from lms import audit
from lms.refusal import Refused

SAT = (AttemptState.HANDED_IN, AttemptState.MARKED)


class Found(NamedTuple):
    """How many incidents are new."""

    alike: int
    fast: int


@transaction.atomic
def weigh(exam: Exam, *, now: datetime) -> Found:
    """Note what is odd in the answers of a closed exam, each thing once however often it is asked. Refuses while somebody may still sit."""
    held = Exam.objects.select_for_update(of=("self",)).get(pk=exam.pk)
    if now < held.closes_at or held.attempts.filter(state=AttemptState.SITTING).exists():
        raise Refused(_("还有人在作答，全部交卷以后再核对。"), code="sitting")
    pairs = alike(held)
    known = Incident.objects.filter(attempt__exam=held, kind__in=[IncidentKind.ALIKE, IncidentKind.SPEED])
    seen = {(one.attempt_id, one.kind, one.detail.get("other")) for one in known.only("attempt_id", "kind", "detail")}
    rows = [
        _alike(one, other, pair, now)
        for pair in pairs
        for one, other in ((pair.one, pair.other), (pair.other, pair.one))
    ]
    rows += [_fast(one, now) for one in fast(held)]
    fresh = [row for row in rows if (row.attempt_id, row.kind, row.detail.get("other")) not in seen]
    Incident.objects.bulk_create(fresh)
    found = Counter(row.kind for row in fresh)
    if fresh:
        audit.note(
            "exam.weighed", now=now, subject=held, alike=found[IncidentKind.ALIKE], fast=found[IncidentKind.SPEED]
        )
    return Found(found[IncidentKind.ALIKE], found[IncidentKind.SPEED])


def _alike(one: int, other: int, pair: likeness.Pair, now: datetime) -> Incident:
    detail = {"other": other, "wrong": pair.wrong, "alike": pair.alike, "chance": f"{pair.chance:.1e}"}
    return Incident(attempt_id=one, kind=IncidentKind.ALIKE, at=now, detail=detail)


def _fast(one: likeness.Quick, now: datetime) -> Incident:
    detail = {"own": f"{one.seconds:.1f}", "median": f"{one.median:.1f}"}
    return Incident(attempt_id=one.who, kind=IncidentKind.SPEED, at=now, detail=detail)


def alike(exam: Exam) -> list[likeness.Pair]:
    """Pairs within a township. The answers are read a township at a time."""
    wrong = _wrong(exam)
    sat = exam.attempts.filter(state__in=SAT)
    everybody = Answer.objects.filter(attempt__in=sat)
    chosen = everybody.values_list("item_id", "value").annotate(n=Count("*")).order_by()
    chances = likeness.same_by_chance({(item, value): n for item, value, n in chosen if wrong(item, value)})
    blocks = [
        _block(
            everybody.filter(attempt__worker__township=township).values_list("attempt_id", "item_id", "value"), wrong
        )
        for township in sat.order_by("worker__township").values_list("worker__township", flat=True).distinct()
    ]
    return likeness.alike(blocks, chances)


def _block(answers: object, wrong: Callable[[int, str], bool]) -> dict[int, frozenset[likeness.Wrong]]:
    found: dict[int, set[likeness.Wrong]] = defaultdict(set)
    for attempt, item, value in answers:  # type: ignore[attr-defined]
        if wrong(item, value):
            found[attempt].add((item, value))
    return {attempt: frozenset(answers) for attempt, answers in found.items() if len(answers) >= likeness.MIN_ALIKE}


def _wrong(exam: Exam) -> Callable[[int, str], bool]:
    """Whether a stored answer is wrong by the key: chosen, by a machine's mark, and not in full."""
    sheet, judged = sheets.of(exam.pk), dict[likeness.Wrong, bool]()

    def wrong(item_id: int, value: str) -> bool:
        if (item_id, value) not in judged:
            item = sheet.items[item_id]
            marks = None if not value or value == "[]" else item.score(value)
            judged[item_id, value] = marks is not None and marks < item.marks
        return judged[item_id, value]

    return wrong


def fast(exam: Exam) -> list[likeness.Quick]:
    sat = exam.attempts.filter(state__in=SAT).exclude(started_at=None)
    answered = dict(Answer.objects.filter(attempt__in=sat).values_list("attempt_id").annotate(n=Count("*")).order_by())
    times = {
        pk: ((finished - started).total_seconds(), answered.get(pk, 0))
        for pk, started, finished in sat.values_list("pk", "started_at", "finished_at")
        if started and finished
    }
    return likeness.quick(times)

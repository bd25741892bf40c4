"""
Which result stands when somebody sat an exam and its resit, and how it goes to the ledger. The first part is pure arithmetic.

Each sitting is one record of its own source; of an exam and its resits of one year one record stands, the others are reversed with the
reason in words. docs/decisions/0021-resits-and-tries.md says why.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exams.before import candidates
from exams.models import Attempt, Counts, Exam, ExamKind, ExamQuerySet
from records import ledger
from records.models import Kind, Result, SkillRecord, SkillRecordQuerySet

ZERO = Decimal(0)

RULES: dict[str, Any] = {
    Counts.BEST: gettext_lazy("第一次和补考，哪次好算哪次。"),
    Counts.LAST: gettext_lazy("参加了补考的，以补考成绩为准，哪怕比第一次低。"),
    Counts.CAPPED: gettext_lazy("补考合格的，按及格分记；没有合格的，和第一次比，哪次好算哪次。"),
}


class Sat(NamedTuple):
    """One result as it counts: what share of the full marks, and whether that was enough. Absent: nothing was sat."""

    share: Decimal
    passed: bool
    absent: bool = False


def counted(marks: Decimal, *, need: Decimal, rule: str) -> Decimal:
    """The marks of a resit as they go on record: with the rule "capped" never more than the pass marks."""
    return min(marks, need) if rule == Counts.CAPPED else marks


def resit_stands(rule: str, *, before: Sat, resit: Sat) -> bool:
    """Whether the resit takes the place of what stood before. Who stays away from a resit loses nothing by it."""
    if resit.absent:
        return False
    if before.absent or rule == Counts.LAST:
        return True
    return (resit.passed, resit.share) > (before.passed, before.share)


def which_stands(sat: Sequence[tuple[str, Sat]]) -> int | None:
    """Of an exam and its resits, each with its own rule and in the order in which they were held, the place of the one that stands."""
    standing = None
    for place, (rule, one) in enumerate(sat):
        if standing is None or resit_stands(rule, before=sat[standing][1], resit=one):
            standing = place
    return standing


# --- the ledger


def amount(attempt: Attempt) -> Decimal:
    """The marks of an attempt as they go on record."""
    exam, marks = attempt.exam, attempt.marks or ZERO
    return counted(marks, need=exam.pass_marks, rule=exam.counts) if exam.kind == ExamKind.RESIT else marks


def sat(record: SkillRecord) -> Sat:
    share = record.amount / record.out_of if record.out_of else ZERO
    return Sat(share, record.result == Result.PASSED, record.result == Result.ABSENT)


def recorded(exams: ExamQuerySet, workers: Iterable[int]) -> SkillRecordQuerySet:
    """What these people have in the ledger of these exams, reversed or not, also what was posted anew when another was voided."""
    ours = Q()
    for pk in exams.values_list("pk", flat=True):
        ours |= Q(source=f"exams.exam:{pk}") | Q(source__startswith=f"exams.exam:{pk}:")
    return SkillRecord.objects.originals().filter(ours, kind=Kind.EXAM, worker__in=list(workers))


def is_of(record: SkillRecord, source: str) -> bool:
    return record.source == source or record.source.startswith(f"{source}:")


def decide(exam: Exam, workers: Iterable[int], *, now: datetime) -> None:
    """After the results of a resit were posted: leave one result of each person and year standing, reverse the other with the reason.

    Inside the caller's transaction. Twice is once.
    """
    found = recorded(candidates.family(exam), workers).standing()
    held: dict[tuple[int, int], dict[str, SkillRecord]] = defaultdict(dict)
    for record in found:
        held[record.worker_id, record.year][record.source] = record
    falls: dict[str, list[int]] = defaultdict(list)
    for standing in held.values():
        resit = standing.pop(f"exams.exam:{exam.pk}", None)
        if resit is None or not standing:
            continue
        before = max(standing.values(), key=lambda record: record.pk)
        if resit_stands(exam.counts, before=sat(before), resit=sat(resit)):
            falls[_("以“%s”的成绩为准") % resit.title].append(before.pk)
        else:
            falls[_kept(resit, before)].append(resit.pk)
    for reason, records in falls.items():
        ledger.reverse_many(records, by=None, reason=reason, now=now)


def _kept(resit: SkillRecord, before: SkillRecord) -> str:
    if resit.result == Result.ABSENT:
        return _("没有参加补考，原来的结果不变")
    return _("补考没有考得更好，以“%s”的成绩为准") % before.title

"""
Is what stands of an attempt what its journal says? The journal is replayed to answers, the answers to marks, and both are held against
what is stored. Nothing is changed. Every difference is a sentence with a code; none is the proof.
"""

import hmac
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum
from django.utils.translation import gettext as _

from exams.day import attempts, journal, receipts, sheets
from exams.marks import scoring
from exams.models import Answer, Attempt, AttemptState, Award, Fate, JournalEntry
from lms import numbers, times

COUNTS = frozenset({Fate.COUNTED, Fate.LATE_COUNTED, Fate.DECIDED})
ENDED = frozenset({AttemptState.HANDED_IN, AttemptState.MARKED})


class Finding(NamedTuple):
    """One difference between what is stored and what follows from the journal and the rules."""

    code: str
    sentence: str


class Whole(NamedTuple):
    """One entry of the journal with its answer whole again."""

    entry: JournalEntry
    value: str


def replay(entries: Iterable[JournalEntry]) -> tuple[list[Whole], list[int]]:
    """Each entry with its whole answer, by question; and the questions whose entries do not fit together."""
    by_item: dict[int, list[JournalEntry]] = defaultdict(list)
    for entry in entries:
        by_item[entry.item_id].append(entry)
    told: list[Whole] = []
    broken = []
    for item_id, rows in by_item.items():
        # what counted builds up by its sequence, whatever a clock said; what did not hangs on that
        rows.sort(key=lambda one: (one.fate not in COUNTS, one.seq, one.at))
        try:
            whole = journal.unfold((one.seq, one.fate in COUNTS, journal.Kept(one.base, one.value)) for one in rows)
        except (KeyError, ValueError):
            broken.append(item_id)
            continue
        told += [Whole(one, value) for one, (_seq, _counts, value) in zip(rows, whole, strict=True)]
    return told, broken


def verify(attempt: Attempt) -> list[Finding]:
    """Everything that does not agree; empty when all does. What was never begun has nothing to replay."""
    found: list[Finding] = []
    if attempt.state in {AttemptState.DUE, AttemptState.ABSENT, AttemptState.EXEMPT}:
        if attempt.answers.exists():
            found.append(Finding("not_begun", _("没有开始作答，却有答案。")))
        return found
    answers = {one.item_id: one for one in attempt.answers.all()}
    entries = list(JournalEntry.objects.filter(attempt=attempt))
    if entries or not told_without_journal(attempt):
        found += _answers(attempt, answers, entries)
        found += _moments(attempt, entries)
    if attempt.state in ENDED:
        found += _marks(attempt, answers) + _end(attempt)
    return found


def told_without_journal(attempt: Attempt) -> bool:
    """Sheets that were brought in whole have no journal, and a journal is let go of long after the result is out."""
    return not attempt.device or attempt.posted_at is not None


def number_of(attempt: Attempt, item_id: int) -> int:
    """The number of a question on this person's own paper; 0 for none of it."""
    return next((number for number, (pk, _order) in enumerate(attempt.paper, 1) if pk == item_id), 0)


def _answers(attempt: Attempt, answers: dict[int, Answer], entries: list[JournalEntry]) -> list[Finding]:
    whole, broken = replay(entries)
    found = [Finding("journal", _("第 %d 题的流水接不上。") % number_of(attempt, item_id)) for item_id in broken]
    last: dict[int, Whole] = {}
    for one in whole:
        if one.entry.fate in COUNTS and one.entry.seq >= (
            last[one.entry.item_id].entry.seq if one.entry.item_id in last else 0
        ):
            last[one.entry.item_id] = one
    for item_id in sorted((last.keys() | answers.keys()) - set(broken)):
        number, answer, counted = number_of(attempt, item_id), answers.get(item_id), last.get(item_id)
        if not number:
            found.append(Finding("foreign", _("有一个答案的题不在这份卷上（题号 %d）。") % item_id))
        elif answer is None:
            found.append(Finding("lost", _("第 %d 题：流水里有计入的答案，答卷上没有。") % number))
        elif counted is None:
            found.append(Finding("unjournaled", _("第 %d 题：答卷上有答案，流水里没有。") % number))
        elif (answer.value, answer.seq) != (counted.value, counted.entry.seq):
            found.append(Finding("differs", _("第 %d 题：答卷上的答案和流水里最后计入的不一样。") % number))
        elif answer.saved_at != counted.entry.at:
            found.append(Finding("moment", _("第 %d 题：保存时间和流水里的不一样。") % number))
    return found


def _moments(attempt: Attempt, entries: list[JournalEntry]) -> list[Finding]:
    """Nothing counted that came before the start, after the deadline, or later than the exam takes answers."""
    if attempt.started_at is None or attempt.deadline is None:
        return [Finding("times", _("没有开始时间或者截止时间。"))] if entries else []
    wait = timedelta(minutes=attempt.exam.late_minutes)
    found = []
    for entry in entries:
        number, at = number_of(attempt, entry.item_id), times.clock(entry.at)
        words = {"number": number, "at": at}
        if entry.fate == Fate.COUNTED and not attempt.started_at <= entry.at < attempt.deadline:
            found.append(
                Finding("after_the_end", _("第 %(number)d 题：%(at)s 到达，不在作答时间以内，却计入了。") % words)
            )
        if entry.fate == Fate.LATE_COUNTED and entry.at > attempt.deadline + wait:
            found.append(Finding("too_late", _("第 %(number)d 题：%(at)s 补传，超过了补传时间，却计入了。") % words))
    decided = [entry.at for entry in entries if entry.fate == Fate.DECIDED]
    if decided and not attempt.late_decisions.filter(accepted=True).exists():
        found.append(Finding("undecided", _("有经人决定计入的答案，却没有决定的记录。")))
    longest = attempts.deadline(
        attempt.started_at, minutes=attempt.exam.minutes, closes_at=attempt.deadline, granted=attempt.granted
    )
    if attempt.deadline > longest:
        found.append(Finding("deadline", _("截止时间比“开始时间＋作答时间＋加时”还晚。")))
    return found


def _marks(attempt: Attempt, answers: dict[int, Answer]) -> list[Finding]:
    """The marks a machine gives, and the sum with what persons gave."""
    sheet, found = sheets.of(attempt.exam_id), []
    known = [(one.item_id, one.value) for one in answers.values() if one.item_id in sheet.items]
    total, by_person = sheet.judge(known)
    words = {"stored": _plain(attempt.machine_marks), "again": _plain(total)}
    if attempt.machine_marks != total:
        found.append(Finding("machine_marks", _("机器评的分存的是 %(stored)s，重算是 %(again)s。") % words))
    given = dict(
        Award.objects.filter(attempt=attempt, superseded=False).order_by().values_list("item").annotate(Sum("marks"))
    )
    waits = False
    for item_id in by_person:
        number, answer = number_of(attempt, item_id), answers[item_id]
        waits = waits or answer.waits
        if answer.marks != given.get(item_id):
            found.append(Finding("award", _("第 %d 题：答卷上的得分和评分记录不一样。") % number))
        if answer.waits != (answer.marks is None):
            found.append(Finding("waits", _("第 %d 题：是否等人评分，和有没有得分对不上。") % number))
    right = AttemptState.HANDED_IN if waits else AttemptState.MARKED
    if attempt.state != right:
        found.append(Finding("state", _("状态应是“%s”。") % right.label))
    marks = None if waits else total + sum((one.marks or scoring.ZERO for one in answers.values()), scoring.ZERO)
    if attempt.marks != marks:
        words = {"stored": _plain(attempt.marks), "again": _plain(marks)}
        found.append(Finding("marks", _("总分存的是 %(stored)s，重算是 %(again)s。") % words))
    return found


def _plain(marks: Decimal | None) -> str:
    return "—" if marks is None else numbers.plain(marks)


def _end(attempt: Attempt) -> list[Finding]:
    found = []
    if attempt.receipt != receipts.number(attempt.pk):
        found.append(Finding("receipt", _("回执号不是这份答卷的回执号。")))
    if attempt.finished_at and attempt.deadline:
        if attempt.finished_at > attempt.deadline:
            found.append(Finding("finish", _("交卷时间晚于截止时间。")))
        if attempt.closed_by_clock != (attempt.finished_at == attempt.deadline):
            found.append(Finding("clock", _("是否到时间自动交卷，和交卷时间对不上。")))
    return found


# --- receipts of single answers


def tidy(code: str) -> str:
    """A check code as it is given: capitals in groups of four, whatever was typed."""
    signs = "".join(sign for sign in code.upper() if sign.isalnum())[:16]
    return "-".join(signs[place : place + 4] for place in range(0, 16, 4))


def find(attempt: Attempt, code: str) -> Whole | None:
    """The entry of the journal for which this check code was given."""
    wanted, (whole, _broken) = tidy(code), replay(JournalEntry.objects.filter(attempt=attempt))
    for one in whole:
        entry = one.entry
        given = receipts.code(attempt.pk, entry.item_id, seq=entry.seq, page=entry.page, at=entry.at, value=one.value)
        if hmac.compare_digest(given.encode(), wanted.encode()):
            return one
    return None

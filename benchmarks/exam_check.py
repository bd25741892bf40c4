"""After the exam day: what the driver remembers of each phone, held against the database."""

import json
from decimal import Decimal

from exams.day import receipts
from exams.models import Answer, Attempt, AttemptState, Fate, JournalEntry, PaperItem


def marks_of(item, value):
    """By the rule as it is written, not by the product's own code."""
    key, chosen = set(item.content["key"]), set(value)
    if chosen and chosen == key:
        return item.marks
    if item.kind == "multiple" and chosen < key:
        return min(Decimal("0.5") * len(chosen), item.marks)
    return Decimal(0)


def check(server, exam):
    """The driver's history against the database. Returns how many acknowledged answers were looked at."""
    items = {item.pk: item for item in PaperItem.objects.filter(exam=exam)}
    answers = {
        (a, i): (s, json.loads(v or "[]"))
        for a, i, s, v in Answer.objects.filter(attempt__exam=exam).values_list("attempt_id", "item_id", "seq", "value")
    }
    attempts_ = {one.pk: one for one in Attempt.objects.filter(exam=exam)}
    entries = JournalEntry.objects.filter(attempt__exam=exam)
    journal = {}
    after = 0
    for attempt, item, seq, page, at, fate, value in entries.values_list(
        "attempt_id", "item_id", "seq", "page", "at", "fate", "value"
    ).iterator():
        journal[attempt, item, seq, page] = at, fate, value
        after += fate == Fate.COUNTED and at > attempts_[attempt].finished_at
    lost, wrong, false, looked = [], [], [], 0
    for history in server.players.do("history"):
        for attempt, page, receipt, acked, codes in history:
            one, total = attempts_[attempt], Decimal(0)
            for item, (seq, value) in acked.items():
                looked += 1
                at, fate, kept = journal.get((attempt, item, seq, page), (None, None, None))
                if answers.get((attempt, item)) != (seq, value) or fate != Fate.COUNTED:
                    lost.append((attempt, item, seq, value))
                elif attempt % 20 == 0 and codes[item] != receipts.code(
                    attempt, item, seq=seq, page=page, at=at, value=kept
                ):
                    false.append((attempt, item))
                total += marks_of(items[item], value)
            if (
                one.state != AttemptState.MARKED
                or one.marks != total
                or one.receipt != (receipt or one.receipt)
                or one.closed_by_clock != (not receipt)
            ):
                wrong.append((attempt, one.state, one.marks, total))
    assert not any((lost, wrong, false, after)), (lost[:3], wrong[:3], false[:3], after)
    return looked

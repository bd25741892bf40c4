"""Every save of an attempt that counted, as its worker may read it afterwards: which question, when, what, and the check code of it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from exams.before import questions
from exams.day import journal, receipts
from exams.marks import scoring
from exams.models import Attempt, Fate, JournalEntry, PaperItem

COUNTED = frozenset({Fate.COUNTED, Fate.LATE_COUNTED, Fate.DECIDED})


@dataclass(frozen=True)
class Save:
    """One answer as the server had it on disk."""

    at: datetime
    said: str
    code: str
    note: str = ""


@dataclass(frozen=True)
class Question:
    """A question by the number this person saw it under, with its saves in the order of arrival."""

    number: int
    stem: str
    saves: list[Save]


def of(attempt: Attempt) -> list[Question]:
    """All questions in the order of the paper. Two queries; holds no key and no marks."""
    items = attempt.exam.items.in_bulk()
    entries: dict[int, list[JournalEntry]] = defaultdict(list)
    for entry in JournalEntry.objects.filter(attempt=attempt.pk).order_by("at", "seq"):
        entries[entry.item_id].append(entry)
    return [
        Question(number, items[item].content["stem"], _saves(attempt, items[item], order, entries[item]))
        for number, (item, order) in enumerate(attempt.paper, 1)
    ]


def _saves(attempt: Attempt, item: PaperItem, order: list[int], entries: list[JournalEntry]) -> list[Save]:
    told = [(one.seq, one.fate in COUNTED, journal.Kept(one.base, one.value)) for one in entries]
    saves = []
    for entry, (_seq, counts, value) in zip(entries, journal.unfold(told), strict=True):
        if counts:
            code = receipts.code(attempt.pk, item.pk, seq=entry.seq, page=entry.page, at=entry.at, value=value)
            note = "" if entry.fate == Fate.COUNTED else str(Fate(entry.fate).label)
            saves.append(Save(entry.at, said(item.kind, order, value), code, note))
    return saves


def said(kind: str, order: list[int], stored: str) -> str:
    """An answer in the letters this person saw; of written words how many."""
    value = questions.face(kind).unpack(stored)
    if scoring.blank(value):
        return _("清空了")
    if isinstance(value, str):
        return _("写了 %d 字") % len(value)
    return "".join(sorted(questions.LETTERS[order.index(index)] for index in value))

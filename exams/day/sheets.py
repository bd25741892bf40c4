"""
The frozen side of an exam, held in memory by each process: what a save must know of a question, what marks it, and the pieces its page
is joined from. Built once for each exam, by the first who asks; a published exam changes none of it.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.http import Http404

from exams.before import pictures, questions
from exams.day import pieces
from exams.marks import scoring
from exams.models import Exam, PaperItem, QuestionKind

MOST = 32  # exams held at a time


class Item(NamedTuple):
    """One question as the machine needs it."""

    pk: int
    kind: str
    section: int
    marks: Decimal
    content: dict[str, Any]

    @property
    def written(self) -> bool:
        return self.kind == QuestionKind.CASE

    def clean(self, value: Any) -> str:
        """The answer as it is stored; refuses what does not fit (code "unfit")."""
        face = questions.face(self.kind)
        return face.pack(face.clean(value, self.content))

    def score(self, stored: str) -> Decimal | None:
        """Marks of a stored answer; None: a person must mark."""
        value = questions.face(self.kind).unpack(stored)
        return scoring.score(self.kind, key=self.content["key"], value=value, marks=self.marks)


@dataclass(frozen=True)
class Sheet:
    """All of one exam that was frozen when it was published."""

    exam: Exam
    items: dict[int, Item]

    @cached_property
    def known(self) -> dict[tuple[int, str], Decimal | None]:
        """Marks that have been worked out once: (question, stored answer) → marks."""
        return {}

    @cached_property
    def parts(self) -> "pieces.Parts":
        return pieces.cut(self.exam, self.items.values())

    @cached_property
    def pictures(self) -> dict[str, str]:
        """Pictures on the papers of this exam: key → file."""
        return pictures.files(self.exam.pk)

    def picture(self, key: str) -> bytes:
        """One of them; 404 for any other."""
        if key not in self.pictures:
            raise Http404
        return pictures.opened(self.pictures[key])

    def on_paper(self, item_id: int) -> Item:
        """The question, if it is on the papers of this exam; 404 otherwise, whether it exists elsewhere or not."""
        try:
            return self.items[item_id]
        except KeyError:
            raise Http404 from None

    def judge(self, answers: Iterable[tuple[int, str]]) -> tuple[Decimal, list[int]]:
        """Marks of all that a machine can mark, and the questions that wait for a person."""
        total, waiting, known = scoring.ZERO, [], self.known
        for item_id, stored in answers:
            marks = known[item_id, stored] if (item_id, stored) in known else self._score(item_id, stored)
            if marks is None:
                waiting.append(item_id)
            else:
                total += marks
        return total, waiting

    def _score(self, item_id: int, stored: str) -> Decimal | None:
        item = self.items[item_id]
        marks = item.score(stored)
        if not item.written:  # of choices there are few, and each of them is cleaned before it is stored
            self.known[item_id, stored] = marks
        return marks


_held: OrderedDict[int, Sheet] = OrderedDict()
_lock = threading.Lock()


def of(exam_id: int) -> Sheet:
    """The sheet of a published exam. 404 when there is none."""
    sheet = _held.get(exam_id)
    if sheet is None:
        with _lock:
            sheet = _held.get(exam_id) or _build(exam_id)
            _held[exam_id] = sheet
            while len(_held) > MOST:
                _held.popitem(last=False)
    return sheet


def ready(exam_id: int) -> bool:
    """Whether this process has all of it."""
    return exam_id in _held and "parts" in vars(_held[exam_id])


def _build(exam_id: int) -> Sheet:
    exam = Exam.objects.published().filter(pk=exam_id).first()
    if exam is None:
        raise Http404
    rows = PaperItem.objects.filter(exam=exam_id).order_by("pk")
    items = {row.pk: Item(row.pk, row.kind, row.section, row.marks, row.content) for row in rows}
    return Sheet(exam, items)


def forget() -> None:
    """Empty the memory: for tests, whose databases come and go."""
    _held.clear()

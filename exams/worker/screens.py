"""An attempt as its worker sees it: sections, questions in their own order, what was answered, and, once shown, how it was marked."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from exams.before import papers, questions
from exams.day import saving, sheets
from exams.marks import scoring
from exams.models import Answer, Attempt, Award, PaperItem, QuestionKind
from lms import times


@dataclass(frozen=True)
class Option:
    index: int
    letter: str
    text: str
    chosen: bool
    verdict: str = ""


@dataclass
class Question:
    number: int
    item: PaperItem
    order: list[int]
    answer: Answer | None
    value: questions.Value
    flagged: bool
    award: Award | None = None
    options: list[Option] = field(default_factory=list)

    @property
    def face(self) -> questions.Face:
        return questions.face(self.item.kind)

    @property
    def answered(self) -> bool:
        return not scoring.blank(self.value)

    @property
    def seq(self) -> int:
        return self.answer.seq if self.answer else 0

    @property
    def saved_at(self) -> str:
        return times.clock(self.answer.saved_at) if self.answer else ""

    @property
    def marks(self) -> Decimal | None:
        """None while a person still has to mark it."""
        if self.answer is None:
            return scoring.ZERO
        machine = scoring.score(self.item.kind, key=self.item.content["key"], value=self.value, marks=self.item.marks)
        return self.answer.marks if machine is None else machine

    @property
    def points(self) -> list[dict[str, Any]]:
        """The rubric with what the marker ticked."""
        ticked = {point["point"] for point in self.award.points} if self.award else set()
        return [{**point, "ticked": place in ticked} for place, point in enumerate(self.item.content["points"])]


@dataclass
class Section:
    heading: str
    questions: list[Question]

    @property
    def name(self) -> str:
        return str(QuestionKind(self.questions[0].item.kind).label)

    @property
    def marks(self) -> Decimal:
        return sum((question.marks or scoring.ZERO for question in self.questions), scoring.ZERO)

    @property
    def full(self) -> Decimal:
        return sum((question.item.marks for question in self.questions), scoring.ZERO)


@dataclass
class Sheet:
    """The whole attempt in the order of its paper."""

    attempt: Attempt
    sections: list[Section]

    @property
    def questions(self) -> list[Question]:
        return [question for section in self.sections for question in section.questions]

    @property
    def count(self) -> int:
        return len(self.attempt.paper)

    @property
    def answered(self) -> int:
        return sum(question.answered for question in self.questions)

    @property
    def unanswered(self) -> int:
        return self.count - self.answered

    @property
    def flagged(self) -> int:
        return sum(question.flagged for question in self.questions)

    @property
    def pictured(self) -> bool:
        return any("picture" in question.item.content for question in self.questions)

    @property
    def last_saved_at(self) -> str:
        saved: list[datetime] = [question.answer.saved_at for question in self.questions if question.answer]
        return times.clock(max(saved)) if saved else ""


@dataclass(frozen=True)
class Done:
    """How much of a paper was answered: all that is said of it once it is handed in."""

    answered: int
    count: int


def done(attempt: Attempt) -> Done:
    """The same figures as of the whole `sheet`, without questions and options."""
    items = sheets.of(attempt.exam_id).items
    values = (questions.face(items[item_id].kind).unpack(stored) for item_id, stored in saving.given(attempt.pk))
    return Done(sum(not scoring.blank(value) for value in values), len(attempt.paper))


def sheet(attempt: Attempt, *, marked: bool = False) -> Sheet:
    """Read the attempt in two queries; with `marked` also verdicts and awards, in three. Only `marked` pages may show a key."""
    items = attempt.exam.items.in_bulk()
    answers = {answer.item_id: answer for answer in attempt.answers.all()}
    awards = {award.item_id: award for award in attempt.awards.filter(superseded=False)} if marked else {}
    flags = set(attempt.flags)
    sections = [Section(papers.heading(place, one), []) for place, one in enumerate(attempt.exam.sections)]
    for number, (item_id, order) in enumerate(attempt.paper, 1):
        item, answer = items[item_id], answers.get(item_id)
        value = questions.face(item.kind).unpack(answer.value if answer else "")
        question = Question(number, item, order, answer, value, item_id in flags, awards.get(item_id))
        question.options = _options(question, marked=marked)
        sections[item.section].questions.append(question)
    return Sheet(attempt, [section for section in sections if section.questions])


def _options(question: Question, *, marked: bool) -> list[Option]:
    texts, key = question.item.content["options"], question.item.content["key"]
    return [
        Option(
            index,
            questions.LETTERS[place],
            texts[index],
            index in question.value,
            ("right" if index in key else "wrong" if index in question.value else "") if marked else "",
        )
        for place, index in enumerate(question.order)
    ]

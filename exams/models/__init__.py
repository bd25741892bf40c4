"""Question banks, exams, what one person sat, and what happened in the room."""

from exams.models.banks import Bank, Question, QuestionKind
from exams.models.exam import (
    MOST_TRIES,
    REPEATED,
    TRYOUT,
    Counts,
    Exam,
    ExamKind,
    ExamQuerySet,
    Layout,
    Listed,
    PaperItem,
)
from exams.models.room import Allowance, AllowanceKind, Incident, IncidentKind, Intervention, Measure, Notice
from exams.models.sitting import (
    Answer,
    Attempt,
    AttemptQuerySet,
    AttemptState,
    Award,
    Fate,
    JournalEntry,
    LateDecision,
    Presence,
)

__all__ = [
    "MOST_TRIES",
    "REPEATED",
    "TRYOUT",
    "Allowance",
    "AllowanceKind",
    "Answer",
    "Attempt",
    "AttemptQuerySet",
    "AttemptState",
    "Award",
    "Bank",
    "Counts",
    "Exam",
    "ExamKind",
    "ExamQuerySet",
    "Fate",
    "Incident",
    "IncidentKind",
    "Intervention",
    "JournalEntry",
    "LateDecision",
    "Layout",
    "Listed",
    "Measure",
    "Notice",
    "PaperItem",
    "Presence",
    "Question",
    "QuestionKind",
]

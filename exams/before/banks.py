"""Question banks from the files beside this module: one bank for each file, one file for each subject."""

import tomllib
from pathlib import Path

from django.db import transaction

from exams.before.papers import TRUE_FALSE
from exams.before.questions import LETTERS
from exams.models import Bank, Question, QuestionKind
from records.models import Subject

FOLDER = Path(__file__).parent / "content"


@transaction.atomic
def load(folder: Path = FOLDER) -> int:
    """Take in the questions of policy.toml, platform.toml and case.toml; a stem that its bank already holds is left alone."""
    added = 0
    for file in sorted(folder.glob("*.toml")):
        subject = Subject(file.stem)
        bank, _new = Bank.objects.get_or_create(name=f"{subject.label}题库", defaults={"subject": subject})
        held = set(bank.questions.values_list("stem", flat=True))
        written = tomllib.loads(file.read_text("utf-8"))["questions"]
        fresh = [question(bank, one) for one in written if one["stem"] not in held]
        Question.objects.bulk_create(fresh)
        added += len(fresh)
    return added


def question(bank: Bank, written: dict) -> Question:
    """A question as a file has it, not saved."""
    options = TRUE_FALSE if written["kind"] == QuestionKind.TRUE_FALSE else written.get("options", [])
    return Question(
        bank=bank,
        kind=QuestionKind(written["kind"]),
        material=written.get("material", "").strip(),
        stem=written["stem"].strip(),
        options=options,
        key=_key(written.get("key", ""), options),
        points=written.get("points", []),
        reference=written.get("reference", "").strip(),
        explanation=written.get("explanation", "").strip(),
        basis=written.get("basis", ""),
        difficulty=written.get("difficulty", 2),
        course_slug=written.get("course", ""),
    )


def _key(written: str, options: list[str]) -> list[int]:
    """ "B" → [1], "ACD" → [0, 2, 3], 对 → [0]; a letter beyond the options is an error in the file."""
    if written in TRUE_FALSE:
        return [TRUE_FALSE.index(written)]
    key = sorted(LETTERS.index(letter) for letter in written)
    if key and key[-1] >= len(options):
        raise ValueError(f"{written} is beyond the options {options}")
    return key

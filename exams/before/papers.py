"""The paper: frozen from the banks when an exam is published, and put in an order of its own for each person by seed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from django.db import transaction
from django.utils.translation import gettext as _

from exams.before import candidates, pictures, questions
from exams.models import Exam, ExamKind, PaperItem, Question, QuestionKind
from lms import audit, numbers
from lms.refusal import Refused
from records.models import Subject
from roster.models import User

NUMERALS = "一二三四五六七八九十"
FROZEN = ["material", "stem", "options", "key", "points", "reference", "explanation", "basis"]
TRUE_FALSE = ["对", "错"]


@dataclass(frozen=True)
class Section:
    """One part of the paper as the exam describes it, with how many questions the banks hold for it."""

    heading: str
    count: int
    held: int = 0
    asked_before: int = 0

    @property
    def short(self) -> bool:
        return self.held < self.count

    @property
    def again(self) -> int:
        """How many questions of the first exam a resit has to ask once more, because the banks hold no others."""
        return max(0, self.count - (self.held - self.asked_before))


def heading(place: int, section: dict) -> str:
    """一、单项选择题（共20题，每题2分，共40分。每题只有一个正确答案）"""
    kind, count, each = section["kind"], int(section["count"]), Decimal(section["marks"])
    return _("%(place)s、%(kind)s（共%(count)d题，每题%(each)s分，共%(all)s分。%(rule)s）") % {
        "place": NUMERALS[place],
        "kind": QuestionKind(kind).label,
        "count": count,
        "each": numbers.plain(each),
        "all": numbers.plain(each * count),
        "rule": questions.face(kind).rule,
    }


def plan(exam: Exam) -> list[Section]:
    """What publishing would freeze: each section with what the banks hold. Questions of several sections count once."""
    taken: set[int] = set()
    sections, before = [], _asked_before(exam)
    for place, section in enumerate(exam.sections):
        held = [pk for pk in _eligible(section) if pk not in taken]
        taken.update(held[: int(section["count"])])
        known = sum(pk in before for pk in held)
        sections.append(Section(heading(place, section), int(section["count"]), len(held), known))
    return sections


def objections(exam: Exam, *, now: datetime) -> list[str]:
    """Every reason, in whole sentences, why this exam cannot be published now; [] when it can."""
    found = []
    if exam.closes_at <= now:
        found.append(_("截止时间已经过了，请先改考试时间。"))
    if not exam.sections:
        found.append(_("试卷里还没有题，请先填试卷结构。"))
    if exam.pass_marks > exam.full_marks:
        found.append(
            _("及格分 %(need)s 比满分 %(full)s 还高，请改及格分或试卷结构。")
            % {"need": numbers.plain(exam.pass_marks), "full": numbers.plain(exam.full_marks)}
        )
    if not exam.recorded and any(section["kind"] == QuestionKind.CASE for section in exam.sections):
        found.append(_("模拟考试和练习交卷就出分，不能有案例分析题（要人评分），请改试卷结构。"))
    found += candidates.objections(exam, now=now)
    found += [_short(exam, place, section) for place, section in enumerate(plan(exam)) if section.short]
    return found


def _short(exam: Exam, place: int, section: Section) -> str:
    wanted = exam.sections[place]
    subject = Subject(wanted["subject"]).label if wanted.get("subject") else _("全部科目")
    return _("题库里“%(subject)s”的%(kind)s只有 %(held)d 道可用，试卷要 %(count)d 道，请先补题，或者减少题数。") % {
        "subject": subject,
        "kind": QuestionKind(wanted["kind"]).label,
        "held": section.held,
        "count": section.count,
    }


@transaction.atomic
def publish(exam: Exam, *, by: User | None, now: datetime) -> Exam:
    """Freeze the paper: copy the chosen questions with text, options, key and marks, by the exam's seed.

    Published once; a second call gives back the exam as it stands. Refuses with the reasons of `objections`.
    Drawing papers for the people is `drawing.draw`, which takes longer and runs as a job.
    """
    exam = Exam.objects.select_for_update().get(pk=exam.pk)
    if exam.published_at:
        return exam
    reasons = objections(exam, now=now)
    if reasons:
        raise Refused("".join(reasons))
    PaperItem.objects.bulk_create(_frozen(exam))
    exam.published_at = now
    exam.save(update_fields=["published_at"])
    audit.note("exam.published", now=now, actor=by, subject=exam, territory=exam.territory.path)
    return exam


def _eligible(section: dict) -> list[int]:
    held = Question.objects.filter(kind=section["kind"])
    if section.get("subject"):
        held = held.filter(bank__subject=section["subject"])
    return list(held.order_by("pk").values_list("pk", flat=True))


def _frozen(exam: Exam) -> Iterable[PaperItem]:
    chance = Random(f"{exam.seed}:paper")  # noqa: S311 - repeatable by seed, not a secret
    taken: set[int] = set()
    before = _asked_before(exam)
    for place, section in enumerate(exam.sections):
        held, count = [pk for pk in _eligible(section) if pk not in taken], int(section["count"])
        fresh = [pk for pk in held if pk not in before]
        chosen = chance.sample(fresh, min(count, len(fresh)))
        chosen += chance.sample([pk for pk in held if pk in before], count - len(chosen))
        taken.update(chosen)
        found = Question.objects.select_related("picture").in_bulk(chosen)
        for pk in chosen:
            yield freeze(exam, found[pk], section=place, marks=Decimal(section["marks"]))


def _asked_before(exam: Exam) -> set[int]:
    """Questions that the exam of this resit has asked, and the resits of it before this one."""
    if exam.kind != ExamKind.RESIT:
        return set()
    asked = PaperItem.objects.filter(exam__in=candidates.family(exam)).exclude(exam=exam.pk)
    return set(asked.exclude(question=None).values_list("question", flat=True))


def freeze(exam: Exam, question: Question, *, section: int, marks: Decimal) -> PaperItem:
    content = {name: getattr(question, name) for name in FROZEN}
    if question.kind == QuestionKind.TRUE_FALSE:
        content["options"] = TRUE_FALSE
    if question.kind == QuestionKind.CASE:
        content["points"] = fit(question.points, marks=marks)
    if question.picture:
        content["picture"] = pictures.frozen(question)
    return PaperItem(
        exam=exam,
        question=question,
        section=section,
        kind=question.kind,
        marks=marks,
        content=content,
        picture=question.picture,
    )


def fit(points: list[dict], *, marks: Decimal) -> list[dict]:
    """The points of a rubric, brought to the marks the paper gives: in halves, the sum exact, the rest to the largest point."""
    total = sum(Decimal(point["marks"]) for point in points)
    if not points or total == marks:
        return points
    fitted = [(Decimal(point["marks"]) * marks / total * 2).quantize(Decimal(1)) / 2 for point in points]
    largest = max(range(len(points)), key=lambda index: Decimal(points[index]["marks"]))
    fitted[largest] += marks - sum(fitted)
    return [{**point, "marks": f"{share:.1f}"} for point, share in zip(points, fitted, strict=True)]


def order(exam: Exam, items: list[PaperItem], *, worker_id: int, number: int = 1) -> list[list]:
    """[[item id, [option order]], …]: questions shuffled within their section, options within their question; anew for each try."""
    nth = f":{number}" if number > 1 else ""
    chance = Random(f"{exam.seed}:{worker_id}{nth}")  # noqa: S311 - repeatable by seed, not a secret
    paper: list[list] = []
    for place in range(len(exam.sections)):
        own = [item for item in items if item.section == place]
        chance.shuffle(own)
        paper += [[item.pk, questions.face(item.kind).order(item.content, chance)] for item in own]
    return paper

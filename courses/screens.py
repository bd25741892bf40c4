"""What the three screens of the catalog show to one reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from courses import hours, obligations, pictures, standing, study
from courses.models import CatalogPage, CoursePage, LessonPage, LessonProgress
from courses.standing import Standing, Step
from records.models import Subject
from roster.models import Worker


@dataclass(frozen=True)
class Shelf:
    """One subject of the catalog with its courses."""

    subject: Subject
    standings: list[Standing]


@dataclass(frozen=True)
class Found:
    """A lesson that has the words looked for, and the line they stand in."""

    lesson: LessonPage
    course: CoursePage
    excerpt: str


def catalog(page: CatalogPage, worker: Worker | None, *, sought: str, now: datetime) -> dict[str, Any]:
    courses = CoursePage.objects.child_of(page).live().select_related("skill").order_by("path")
    context: dict[str, Any] = {"page": page, "worker": worker, "sought": sought}
    if sought:
        found = courses.filter(Q(title__icontains=sought) | Q(summary__icontains=sought))
        return {**context, "found": standing.of(worker, found), "lessons": lessons_with(sought, courses)}
    standings = standing.of(worker, courses)
    required = obligations.of_standings(worker, standings, now=now) if worker else []
    return {**context, "shelves": shelves(standings), "required": required}


def shelves(standings: Iterable[Standing]) -> list[Shelf]:
    standings = list(standings)
    rows = [Shelf(subject, [s for s in standings if s.course.subject == subject]) for subject in Subject]
    return [shelf for shelf in rows if shelf.standings]


def lessons_with(sought: str, courses: Iterable[CoursePage], *, most: int = 20) -> list[Found]:
    """Lessons whose title or words hold what is sought. The city has some hundred lessons: no index is needed for that."""
    parents = {course.path: course for course in courses}
    rows = LessonPage.objects.open().filter(Q(title__icontains=sought) | Q(text__icontains=sought)).defer("body")
    return [
        Found(row, parents[row.path[: -row.steplen]], excerpt(row.text, sought))
        for row in rows.order_by("path")[:most]
        if row.path[: -row.steplen] in parents
    ]


def excerpt(text: str, sought: str, *, around: int = 30) -> str:
    """The words around the first place where it stands; empty when it stands in the title alone."""
    at = text.casefold().find(sought.casefold())
    if at < 0:
        return ""
    start, end = max(0, at - around), at + len(sought) + around
    piece = text[start:end].replace("\n", " ").strip()
    return f"{'…' if start else ''}{piece}{'…' if end < len(text) else ''}"


def course(page: CoursePage, worker: Worker | None, *, now: datetime) -> dict[str, Any]:
    (stands,) = standing.of(worker, [page])
    required = obligations.of_standings(worker, [stands], now=now) if worker else []
    return {"page": page, "worker": worker, "standing": stands, "obligation": required[0] if required else None}


def lesson(page: LessonPage, stands: Standing, worker: Worker | None) -> dict[str, Any]:
    """The lesson in its course. `page` is one of the standing's own lessons, so that its body has been read already."""
    step = stands.step_of(page)
    number, steps = step.number, stands.steps
    progress = step.progress or (LessonProgress(worker=worker, lesson=page) if worker else None)
    pictures.prepare(page.body)
    return {
        "page": page,
        "worker": worker,
        "course": stands.course,
        "standing": stands,
        "step": step,
        "progress": progress,
        "before": steps[number - 2] if number > 1 else None,
        "after": steps[number] if number < len(steps) else None,
        "needed": hours.seconds_needed(page.minutes),
        "shortfall": study.shortfall(progress, page) if progress and not step.finished else "",
        "studied": study.studied(progress) if progress else "",
        "resume": _resume(page, step),
    }


def _resume(page: LessonPage, step: Step) -> str:
    """Id of the block the reader had come to, unless that is the first one, gone, or the lesson is finished."""
    place = step.progress.place if step.begun and step.progress else ""
    blocks = [block.id for block in page.body]
    return place if place in blocks[1:] else ""


def preview(page: Any) -> dict[str, Any]:
    """The screen of a page as an editor previews it: nobody's progress."""
    if isinstance(page, LessonPage):
        above = page.course
        (stands,) = standing.of(None, [above])
        others = [step.lesson for step in stands.steps if step.lesson.pk != page.pk]
        steps = sorted([*others, page], key=lambda row: row.path)
        numbered = tuple(Step(row, number) for number, row in enumerate(steps, 1))
        return {**lesson(page, Standing(above, numbered), None), "preview": True}
    if isinstance(page, CoursePage):
        stands = standing.of(None, [page])[0] if page.pk else Standing(page, ())
        return {"standing": stands, "obligation": None, "worker": None, "preview": True}
    courses = CoursePage.objects.child_of(page).live().select_related("skill").order_by("path")
    return {"shelves": shelves(standing.of(None, courses)), "required": [], "worker": None, "preview": True}

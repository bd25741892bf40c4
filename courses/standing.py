"""How far a worker stands in each course: read in two queries, whatever the number of courses and lessons."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from courses.models import CoursePage, LessonPage, LessonProgress
from roster.models import Worker


@dataclass(frozen=True)
class Step:
    """A lesson, its number in the course, and the worker's progress in it (None: never opened)."""

    lesson: LessonPage
    number: int
    progress: LessonProgress | None = None

    @property
    def finished(self) -> bool:
        return bool(self.progress and self.progress.finished_at)

    @property
    def begun(self) -> bool:
        return bool(self.progress and not self.progress.finished_at)


@dataclass(frozen=True)
class Standing:
    course: CoursePage
    steps: tuple[Step, ...]

    @property
    def total(self) -> int:
        return len(self.steps)

    @property
    def done(self) -> int:
        return sum(step.finished for step in self.steps)

    @property
    def finished(self) -> bool:
        return bool(self.steps) and self.done == self.total

    @property
    def begun(self) -> bool:
        return any(step.progress for step in self.steps)

    @property
    def next(self) -> Step | None:
        """The first lesson not yet finished."""
        return next((step for step in self.steps if not step.finished), None)

    @property
    def hours(self) -> Decimal:
        return sum((step.lesson.hours for step in self.steps), Decimal(0))

    @property
    def minutes(self) -> int:
        return sum(step.lesson.minutes for step in self.steps)

    def step_of(self, lesson: LessonPage) -> Step:
        return next(step for step in self.steps if step.lesson.pk == lesson.pk)


def of(worker: Worker | None, courses: Iterable[CoursePage], *, bodies: bool = False) -> list[Standing]:
    """Each course with its live lessons and how far the worker is; without a worker nothing is begun."""
    courses = list(courses)
    if not courses:
        return []
    lessons = _lessons(courses, bodies=bodies)
    progress = _progress(worker, [lesson.pk for several in lessons.values() for lesson in several])
    return [
        Standing(
            course,
            tuple(
                Step(lesson, number, progress.get(lesson.pk)) for number, lesson in enumerate(lessons[course.path], 1)
            ),
        )
        for course in courses
    ]


def _lessons(courses: list[CoursePage], *, bodies: bool) -> dict[str, list[LessonPage]]:
    below = Q(pk__in=[])
    for course in courses:
        below |= Q(path__startswith=course.path, depth=course.depth + 1)
    found = LessonPage.objects.live().filter(below).order_by("path").defer("text")
    by_course = defaultdict(list)
    for lesson in found if bodies else found.defer("text", "body"):
        by_course[lesson.path[: -LessonPage.steplen]].append(lesson)
    return by_course


def _progress(worker: Worker | None, lessons: list[int]) -> dict[int, LessonProgress]:
    if worker is None:
        return {}
    return {row.lesson_id: row for row in LessonProgress.objects.filter(worker=worker, lesson__in=lessons)}

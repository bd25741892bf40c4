"""Studying a lesson: opened, heard of, finished. The server's clock alone says how long it took."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from courses import hours, witness
from courses.models import CoursePage, LessonPage, LessonProgress, StudyClock
from lms import audit
from lms.refusal import Refused
from records import ledger
from records.models import Kind
from roster.models import Worker

NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def open_lesson(worker: Worker, *, lesson: LessonPage, now: datetime) -> None:
    """Note that the server has just sent this lesson to the worker. Opening credits nothing and may happen any number of times."""
    if not LessonProgress.objects.filter(worker=worker, lesson=lesson).update(opened_at=now):
        # two openings at once are one
        LessonProgress.objects.bulk_create(
            [LessonProgress(worker=worker, lesson=lesson, opened_at=now)], ignore_conflicts=True
        )


@transaction.atomic
def beat(worker: Worker, *, lesson: LessonPage, place: str, now: datetime) -> LessonProgress:
    """The lesson is in view: keep the place and credit the seconds since the server last heard from the worker.

    A gap over a minute credits nothing, nor does time already credited to another lesson.
    """
    progress = _witnessed(worker, lesson, acted=False, now=now)
    progress.place = place[:40] or progress.place
    progress.save(update_fields=["seconds", "place"])
    return progress


@transaction.atomic
def check(worker: Worker, *, lesson: LessonPage, block: str, chosen: str, now: datetime) -> LessonProgress:
    """Keep the answer to a check question (not counted towards anything); the newest one stands."""
    progress = _witnessed(worker, lesson, acted=True, now=now)
    progress.checks[block] = chosen
    progress.save(update_fields=["seconds", "checks"])
    return progress


def finish_lesson(worker: Worker, *, lesson: LessonPage, now: datetime) -> LessonProgress:
    """Finish the lesson and post its hours, once; the last lesson of a course finishes the course.

    Refuses while the server has not witnessed enough of it; what was witnessed is kept all the same.
    """
    with transaction.atomic():
        progress = _witnessed(worker, lesson, acted=True, now=now)
        newly = not progress.finished_at and not missing(progress, lesson)
        if newly:
            progress.finished_at = now
        progress.save(update_fields=["seconds", "finished_at"])
        if newly:
            course = lesson.course
            ledger.post(hours_entry(worker.pk, course, lesson, at=now), now=now)
            finish_course(worker, course=course, now=now)
            audit.note("courses.lesson_finished", now=now, subject=lesson, worker=worker.pk, seconds=progress.seconds)
    if not progress.finished_at:
        raise Refused(shortfall(progress, lesson))
    return progress


@transaction.atomic
def finish_course(worker: Worker, *, course: CoursePage, now: datetime) -> bool:
    """Post the course's skill once all its live lessons are finished; says whether they are."""
    live = course.lessons().values("pk")
    finished = LessonProgress.objects.filter(worker=worker, lesson__in=live, finished_at__isnull=False).count()
    if not finished or finished < live.count():
        return False
    if course.skill_id:
        ledger.post(skill_entry(worker.pk, course, at=now), now=now)
    return True


@dataclass(frozen=True)
class Finish:
    """That a worker finished a lesson at a past time, as it was proved elsewhere."""

    worker_id: int
    lesson: LessonPage
    at: datetime


def bring_in(finishes: Iterable[Finish], *, course: CoursePage, now: datetime) -> int:
    """Take over past study of one course: progress, hours and, where all its lessons are there, the skill.

    What is finished already stays as it is. Returns how many records are new.
    """
    finishes = list(finishes)
    _put_progress(finishes)
    live, by_worker = course.lessons().count(), dict[int, list[datetime]]()
    for finish in finishes:
        by_worker.setdefault(finish.worker_id, []).append(finish.at)
    # what all entries of a lesson have in common is made once
    lessons = {finish.lesson.pk: finish.lesson for finish in finishes}
    common = {pk: hours_entry(0, course, lesson, at=now) for pk, lesson in lessons.items()}
    entries = [replace(common[f.lesson.pk], worker_id=f.worker_id, occurred_at=f.at) for f in finishes]
    if course.skill_id:
        skill, whole = skill_entry(0, course, at=now), {w: max(at) for w, at in by_worker.items() if len(at) >= live}
        entries += [replace(skill, worker_id=worker, occurred_at=at) for worker, at in whole.items()]
    return ledger.post_many(entries, now=now)


@transaction.atomic
def _put_progress(finishes: list[Finish]) -> None:
    rows = [
        LessonProgress(
            worker_id=finish.worker_id,
            lesson=finish.lesson,
            seconds=finish.lesson.minutes * 60,
            opened_at=finish.at,
            finished_at=finish.at,
        )
        for finish in finishes
    ]
    LessonProgress.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)


def missing(progress: LessonProgress, lesson: LessonPage) -> int:
    """Seconds that the server must still witness before the lesson gives its hours."""
    return max(0, hours.seconds_needed(lesson.minutes) - progress.seconds)


def shortfall(progress: LessonProgress, lesson: LessonPage) -> str:
    """What is still missing, in a sentence for the reader; empty when nothing is."""
    left = missing(progress, lesson)
    if not left:
        return ""
    return _("还要再学%(left)s才能记学时，服务器已记 %(done)s。") % {
        "left": _about(left),
        "done": _exact(progress.seconds),
    }


def studied(progress: LessonProgress) -> str:
    return _("已学 %(time)s") % {"time": _exact(progress.seconds)}


def _about(seconds: int) -> str:
    minutes = (seconds + 59) // 60
    return _("不到 1 分钟") if seconds < 60 else _("约 %(n)s 分钟") % {"n": minutes}


def _exact(seconds: int) -> str:
    if seconds < 60:
        return _("%(n)s 秒") % {"n": seconds}
    return _("%(n)s 分钟") % {"n": seconds // 60}


def hours_entry(worker_id: int, course: CoursePage, lesson: LessonPage, *, at: datetime) -> ledger.Entry:
    return ledger.Entry(
        worker_id=worker_id,
        kind=Kind.HOURS,
        source=f"courses.lesson:{lesson.pk}",
        title=f"{course.title}：{lesson.title}"[:120],
        amount=lesson.hours,
        occurred_at=at,
        subject=course.subject,
        mode="online",
        link=_link(lesson),
    )


def skill_entry(worker_id: int, course: CoursePage, *, at: datetime) -> ledger.Entry:
    return ledger.Entry(
        worker_id=worker_id,
        kind=Kind.SKILL,
        source=f"courses.course:{course.pk}",
        title=course.title[:120],
        amount=Decimal(1),
        occurred_at=at,
        subject=course.subject,
        skill_id=course.skill_id,
        link=_link(course),
    )


def _link(page: CoursePage | LessonPage) -> str:
    return page.address if len(page.address) <= 200 else ""


def _witnessed(worker: Worker, lesson: LessonPage, *, acted: bool, now: datetime) -> LessonProgress:
    """The worker's progress with what is credited now added to it, not yet saved; the clock is locked and moved on."""
    clock, _new = StudyClock.objects.select_for_update().get_or_create(
        worker=worker, defaults={"lesson": lesson, "heard_at": NEVER}
    )
    progress, _new = LessonProgress.objects.get_or_create(worker=worker, lesson=lesson, defaults={"opened_at": now})
    progress.seconds += witness.credited(
        now=now,
        opened_at=progress.opened_at,
        heard_at=clock.heard_at,
        same_lesson=clock.lesson_id == lesson.pk,
        acted=acted,
        room=lesson.minutes * 60 - progress.seconds,
    )
    if now > clock.heard_at:
        clock.lesson, clock.heard_at = lesson, now
        clock.save(update_fields=["lesson", "heard_at"])
    return progress

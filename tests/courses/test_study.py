from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from courses import study
from courses.models import CoursePage, LessonPage, LessonProgress
from courses.study import Finish
from lms.refusal import Refused
from records.models import Kind, Skill, SkillRecord
from roster.models import Worker


def later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def read(worker: Worker, lesson: LessonPage, seconds: int, *, now: datetime) -> datetime:
    """Read with a page that beats every 20 seconds; returns the time at the end."""
    study.open_lesson(worker, lesson=lesson, now=now)
    for second in range(20, seconds + 1, 20):
        study.beat(worker, lesson=lesson, place="", now=later(now, second))
    return later(now, seconds)


def seconds_of(worker: Worker, lesson: LessonPage) -> int:
    return LessonProgress.objects.get(worker=worker, lesson=lesson).seconds


def posted(worker: Worker) -> list[tuple[str, str, Decimal]]:
    return list(SkillRecord.objects.filter(worker=worker).order_by("pk").values_list("kind", "source", "amount"))


def test_opening_credits_nothing_however_often(worker: Worker, lesson: LessonPage, now: datetime) -> None:
    for minute in range(5):
        study.open_lesson(worker, lesson=lesson, now=later(now, 60 * minute))
    assert seconds_of(worker, lesson) == 0


def test_a_beat_credits_what_the_clock_says_and_keeps_the_place(
    worker: Worker, lesson: LessonPage, now: datetime
) -> None:
    study.open_lesson(worker, lesson=lesson, now=now)
    study.beat(worker, lesson=lesson, place="a", now=later(now, 20))
    study.beat(worker, lesson=lesson, place="b", now=later(now, 40))
    progress = study.beat(worker, lesson=lesson, place="", now=later(now, 60))
    assert (progress.seconds, progress.place) == (60, "b")


def test_a_gap_of_a_minute_counts_and_one_second_more_does_not(
    worker: Worker, lesson: LessonPage, now: datetime
) -> None:
    study.open_lesson(worker, lesson=lesson, now=now)
    study.beat(worker, lesson=lesson, place="", now=later(now, 60))
    assert seconds_of(worker, lesson) == 60
    study.beat(worker, lesson=lesson, place="", now=later(now, 121))
    assert seconds_of(worker, lesson) == 60


def test_beating_faster_gains_nothing(worker: Worker, lesson: LessonPage, now: datetime) -> None:
    study.open_lesson(worker, lesson=lesson, now=now)
    for tenth in range(1, 101):
        study.beat(worker, lesson=lesson, place="", now=later(now, tenth / 10))
    assert seconds_of(worker, lesson) <= 10


def test_a_beat_for_a_lesson_that_was_never_opened_credits_nothing(
    worker: Worker, lesson: LessonPage, now: datetime
) -> None:
    study.beat(worker, lesson=lesson, place="", now=now)
    assert seconds_of(worker, lesson) == 0


def test_two_lessons_at_once_are_credited_once(worker: Worker, lessons: list[LessonPage], now: datetime) -> None:
    gas, fire = lessons[:2]
    for lesson in (gas, fire):
        study.open_lesson(worker, lesson=lesson, now=now)
    for second in range(10, 301, 10):
        study.beat(worker, lesson=(gas, fire)[second // 10 % 2], place="", now=later(now, second))
    assert seconds_of(worker, gas) + seconds_of(worker, fire) <= 300


def test_two_readers_do_not_take_each_others_time(
    worker: Worker, colleague: Worker, lesson: LessonPage, now: datetime
) -> None:
    for one in (worker, colleague):
        read(one, lesson, 40, now=now)
    assert [seconds_of(one, lesson) for one in (worker, colleague)] == [40, 40]


def test_it_refuses_to_finish_too_early_and_says_what_is_missing(
    worker: Worker, lesson: LessonPage, now: datetime
) -> None:
    end = read(worker, lesson, 240, now=now)
    with pytest.raises(Refused) as refused:
        study.finish_lesson(worker, lesson=lesson, now=end)
    assert refused.value.sentence == "还要再学约 1 分钟才能记学时，服务器已记 4 分钟。"
    assert posted(worker) == []


def test_the_time_up_to_a_refusal_is_kept(worker: Worker, lesson: LessonPage, now: datetime) -> None:
    study.open_lesson(worker, lesson=lesson, now=now)
    with pytest.raises(Refused):
        study.finish_lesson(worker, lesson=lesson, now=later(now, 50))
    assert seconds_of(worker, lesson) == 50


@pytest.mark.parametrize(("seconds", "finishes"), [(299, False), (300, True)])
def test_the_last_second_decides(
    worker: Worker, lesson: LessonPage, now: datetime, seconds: int, finishes: bool
) -> None:
    read(worker, lesson, 280, now=now)
    try:
        study.finish_lesson(worker, lesson=lesson, now=later(now, seconds))
    except Refused:
        assert not finishes
    assert bool(posted(worker)) is finishes


def test_finishing_posts_the_hours_once(worker: Worker, lesson: LessonPage, now: datetime) -> None:
    end = read(worker, lesson, 300, now=now)
    first = study.finish_lesson(worker, lesson=lesson, now=end)
    again = study.finish_lesson(worker, lesson=lesson, now=later(end, 3600))
    assert (first.finished_at, again.finished_at) == (end, end)
    assert posted(worker) == [(Kind.HOURS, f"courses.lesson:{lesson.pk}", Decimal("0.25"))]
    record = SkillRecord.objects.get()
    assert (record.title, record.subject, record.mode, record.link) == (
        "公共安全隐患排查：上门查燃气",
        "case",
        "online",
        "/study/safety/gas/",
    )


def test_without_script_opening_and_finishing_are_witness_enough(
    worker: Worker, lesson: LessonPage, now: datetime
) -> None:
    study.open_lesson(worker, lesson=lesson, now=now)
    progress = study.finish_lesson(worker, lesson=lesson, now=later(now, 300))
    assert progress.seconds == 300


def test_without_script_a_page_left_open_over_night_counts_at_most_the_lesson(
    worker: Worker, lesson: LessonPage, now: datetime
) -> None:
    study.open_lesson(worker, lesson=lesson, now=now)
    assert study.finish_lesson(worker, lesson=lesson, now=later(now, 8 * 3600)).seconds == 600


def test_without_script_many_open_pages_are_credited_once(
    worker: Worker, lessons: list[LessonPage], now: datetime
) -> None:
    for lesson in lessons:
        study.open_lesson(worker, lesson=lesson, now=now)
    end = later(now, 300)
    study.finish_lesson(worker, lesson=lessons[0], now=end)
    for lesson in lessons[1:]:
        with pytest.raises(Refused):
            study.finish_lesson(worker, lesson=lesson, now=end)
    assert [seconds_of(worker, lesson) for lesson in lessons] == [300, 0, 0]


def test_a_check_answer_is_kept_and_the_newest_stands(worker: Worker, lesson: LessonPage, now: datetime) -> None:
    study.check(worker, lesson=lesson, block="x", chosen="A", now=now)
    progress = study.check(worker, lesson=lesson, block="x", chosen="B", now=now)
    assert progress.checks == {"x": "B"}
    assert posted(worker) == []


def test_the_last_lesson_finishes_the_course_and_gives_the_skill(
    worker: Worker, course: CoursePage, lessons: list[LessonPage], skill: Skill, now: datetime
) -> None:
    for lesson in reversed(lessons):
        assert not SkillRecord.objects.filter(kind=Kind.SKILL).exists()
        now = read(worker, lesson, 300, now=now)
        study.finish_lesson(worker, lesson=lesson, now=now)
    gained = SkillRecord.objects.get(kind=Kind.SKILL)
    assert (gained.source, gained.skill, gained.amount) == (f"courses.course:{course.pk}", skill, Decimal(1))
    assert study.finish_course(worker, course=course, now=now)
    assert SkillRecord.objects.filter(kind=Kind.SKILL).count() == 1


def test_a_draft_lesson_does_not_hold_up_the_course(
    worker: Worker, course: CoursePage, lessons: list[LessonPage], now: datetime
) -> None:
    lessons[2].unpublish()
    for lesson in lessons[:2]:
        now = read(worker, lesson, 300, now=now)
        study.finish_lesson(worker, lesson=lesson, now=now)
    assert SkillRecord.objects.filter(kind=Kind.SKILL).count() == 1


def test_past_study_is_brought_in_once(
    worker: Worker, colleague: Worker, course: CoursePage, lessons: list[LessonPage], now: datetime
) -> None:
    past = now - timedelta(days=300)
    rows = [Finish(worker.pk, lesson, past) for lesson in lessons] + [Finish(colleague.pk, lessons[0], past)]
    assert study.bring_in(rows, course=course, now=now) == 5
    assert study.bring_in(rows, course=course, now=now) == 0
    assert [kind for kind, _source, _amount in posted(worker)] == [Kind.HOURS] * 3 + [Kind.SKILL]
    assert {record.year for record in SkillRecord.objects.all()} == {2025}
    assert LessonProgress.objects.filter(finished_at=past).count() == 4


@pytest.mark.postgres
def test_beats_of_two_lessons_in_two_connections_are_credited_once(
    transactional_db: None, worker: Worker, lessons: list[LessonPage], now: datetime
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    def one(lesson: LessonPage) -> None:
        try:
            study.beat(worker, lesson=lesson, place="", now=later(now, 30))
        finally:
            connection.close()

    for lesson in lessons[:2]:
        study.open_lesson(worker, lesson=lesson, now=now)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, lessons[:2]))
    assert sorted(seconds_of(worker, lesson) for lesson in lessons[:2]) == [0, 30]

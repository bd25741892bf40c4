from datetime import date, datetime, timedelta

import pytest
from django.test import Client

from courses import obligations, study
from courses.models import CoursePage, LessonPage, Requirement
from courses.study import Finish
from lms.home import Due
from lms.models import AuditEntry
from roster.models import Territory, User, Worker
from tests.conftest import SmallCity


@pytest.fixture
def rule(course: CoursePage, city: SmallCity) -> Requirement:
    return Requirement.objects.create(
        course=course, territory=city.county, due_on=date(2026, 9, 19), reason="用气高峰前人人要会查隐患"
    )


def titles(worker: Worker, now: datetime) -> list[tuple[str, str, int, int]]:
    return [
        (o.standing.course.title, o.when, o.standing.done, o.standing.total) for o in obligations.due(worker, now=now)
    ]


def test_it_is_due_to_those_inside_the_territory_alone(
    rule: Requirement, worker: Worker, outsider: Worker, now: datetime
) -> None:
    assert titles(worker, now) == [("公共安全隐患排查", "还剩 3 天", 0, 3)]
    assert titles(outsider, now) == []


def test_a_path_that_only_begins_alike_is_another_territory(
    rule: Requirement, worker: Worker, city: SmallCity, now: datetime
) -> None:
    Territory.objects.filter(pk=city.county.pk).update(path=f"{city.county.path.rstrip('/')}")
    rule.refresh_from_db()
    Territory.objects.filter(pk=city.county.pk).update(path=city.county.path)
    Territory.objects.filter(pk=worker.township_id).update(path=f"{city.county.path.rstrip('/')}9/1/")
    assert titles(worker, now) == []


def test_it_is_due_to_the_employment_named(rule: Requirement, worker: Worker, now: datetime) -> None:
    Requirement.objects.update(employment="parttime")
    assert titles(worker, now) == []
    Requirement.objects.update(employment="fulltime")
    assert len(titles(worker, now)) == 1


@pytest.mark.parametrize(
    ("due_on", "when", "tone"),
    [
        (date(2026, 9, 10), "已过期 6 天", "bad"),
        (date(2026, 9, 16), "今天到期", "warn"),
        (date(2026, 9, 30), "还剩 14 天", "warn"),
        (date(2026, 10, 1), "10月1日前", "brand"),
    ],
)
def test_how_near_it_is(rule: Requirement, worker: Worker, now: datetime, due_on: date, when: str, tone: str) -> None:
    Requirement.objects.update(due_on=due_on)
    (obligation,) = obligations.due(worker, now=now)
    assert (obligation.when, obligation.tone) == (when, tone)


def test_rules_of_past_years_and_of_withdrawn_courses_are_over(
    rule: Requirement, worker: Worker, course: CoursePage, now: datetime
) -> None:
    Requirement.objects.update(due_on=date(2025, 12, 31))
    assert titles(worker, now) == []
    Requirement.objects.update(due_on=date(2026, 12, 31))
    course.unpublish()
    assert titles(worker, now) == []


def test_of_two_rules_for_a_course_the_nearer_one_counts(
    rule: Requirement, course: CoursePage, city: SmallCity, worker: Worker, now: datetime
) -> None:
    Requirement.objects.create(course=course, territory=city.territory, due_on=date(2026, 9, 17), reason="全市必修")
    assert [when for _title, when, *_rest in titles(worker, now)] == ["还剩 1 天"]


def test_a_finished_course_is_due_no_more(
    rule: Requirement, course: CoursePage, lessons: list[LessonPage], worker: Worker, now: datetime
) -> None:
    study.bring_in([Finish(worker.pk, lesson, now) for lesson in lessons[:2]], course=course, now=now)
    assert [row[2:] for row in titles(worker, now)] == [(2, 3)]
    study.bring_in([Finish(worker.pk, lesson, now) for lesson in lessons], course=course, now=now)
    assert titles(worker, now) == []


def test_three_queries_whatever_is_required(
    rule: Requirement, add_course, add_lesson, city: SmallCity, worker: Worker, now: datetime, django_assert_num_queries
) -> None:
    with django_assert_num_queries(3):
        obligations.due(worker, now=now)
    for number in range(3):
        more = add_course(f"课程{number}", f"more-{number}")
        add_lesson(more, "第一课", "one")
        Requirement.objects.create(course=more, territory=city.territory, due_on=date(2026, 10, 1), reason="全市必修")
    with django_assert_num_queries(3):
        assert len(obligations.due(worker, now=now)) == 4


def test_the_home_page_gets_a_sentence_a_date_and_a_way_on(
    rule: Requirement, worker: Worker, lessons: list[LessonPage], course: CoursePage, now: datetime
) -> None:
    from django.test import RequestFactory

    from courses.templatetags.courses_home import courses_due

    study.bring_in([Finish(worker.pk, lessons[0], now)], course=course, now=now)
    request = RequestFactory().get("/")
    request.user, request.now = worker.user, now
    (due,) = courses_due({"request": request})
    assert due == Due(
        title="公共安全隐患排查",
        why="用气高峰前人人要会查隐患",
        by=due.by,
        tag="还剩 3 天",
        tone="warn",
        href="/study/safety/fire/",
        action="接着学：第 2 课",
        done=1,
        total=3,
        unit="课",
    )
    assert due.by is not None
    assert due.by - now == timedelta(days=3, hours=14)


def test_the_same_rule_twice_is_one_rule(course: CoursePage, city: SmallCity, now: datetime) -> None:
    values = {"territory": city.county, "employment": "", "due_on": date(2026, 9, 19), "by": None, "now": now}
    first = obligations.require(course, reason="先安排的", **values)
    assert obligations.require(course, reason="后安排的", **values) == first
    assert Requirement.objects.get().reason == "先安排的"


def test_home_page_shows_it(rule: Requirement, worker: Worker, client_of) -> None:
    client: Client = client_of(worker.user)
    page = client.get("/").content.decode()
    assert "用气高峰前人人要会查隐患" in page
    assert "/study/safety/gas/" in page


def test_a_rule_is_withdrawn_once(rule: Requirement, worker: Worker, county_admin: User, now: datetime) -> None:
    again = Requirement.objects.get()
    for same in (rule, again):
        obligations.withdraw(same, by=county_admin, now=now)
    assert titles(worker, now) == []
    assert AuditEntry.objects.filter(action="courses.requirement_withdrawn").count() == 1

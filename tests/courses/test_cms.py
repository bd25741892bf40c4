from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from wagtail.test.utils.form_data import nested_form_data, streamfield

from courses.models import CoursePage, LessonPage, Requirement, Session
from records.models import SkillRecord
from roster.models import User, Worker
from tests.conftest import SmallCity

REQUIRED, SESSIONS = "/cms/courses/required/", "/cms/courses/sessions/"
As = Callable[[User], Client]


@pytest.fixture
def rule(course: CoursePage, city: SmallCity) -> Requirement:
    return Requirement.objects.create(
        course=course, territory=city.county, due_on=date(2026, 9, 30), reason="全县必修的原因"
    )


@pytest.fixture
def new_rule(course: CoursePage, city: SmallCity) -> dict[str, object]:
    return {
        "course": course.pk,
        "territory": city.county.pk,
        "employment": "",
        "due_on": "2026-10-31",
        "reason": "入冬前人人要学",
    }


def new_session(city: SmallCity, **changes: object) -> dict[str, object]:
    return {
        "title": "矛盾纠纷线上培训",
        "subject": "case",
        "mode": "online",
        "territory": city.county.pk,
        "place": "",
        "starts_at": "2026-09-20T09:00",
        "ends_at": "2026-09-20T12:00",
        "hours": "3",
        **changes,
    }


@pytest.mark.parametrize("address", [REQUIRED, SESSIONS, f"{SESSIONS}new/"])
def test_admins_alone_come_in(
    address: str, as_: As, county_admin: User, township_admin: User, editor: User, worker: Worker, city: SmallCity
) -> None:
    assert [as_(user).get(address).status_code for user in (county_admin, township_admin)] == [200, 200]
    assert as_(editor).get(address).status_code in {302, 403}
    assert as_(worker.user).get(address).status_code in {302, 403, 404}


@pytest.fixture
def as_(client_of: As) -> As:
    return client_of


# --- required courses ---


def test_a_county_admin_requires_a_course_of_their_people(
    as_: As, county_admin: User, new_rule: dict[str, object], worker: Worker
) -> None:
    done = as_(county_admin).post(f"{REQUIRED}new/", new_rule)
    assert done["Location"] == REQUIRED
    rule = Requirement.objects.get()
    assert (rule.reason, rule.created_by, rule.due_on) == ("入冬前人人要学", county_admin, date(2026, 10, 31))


def test_not_for_another_county(as_: As, county_b_admin: User, new_rule: dict[str, object]) -> None:
    page = as_(county_b_admin).post(f"{REQUIRED}new/", new_rule)
    assert page.status_code == 200
    assert not Requirement.objects.exists()


def test_a_township_reads_what_is_required_but_requires_nothing(
    as_: As, township_admin: User, rule: Requirement, new_rule: dict[str, object]
) -> None:
    client = as_(township_admin)
    assert "全县必修的原因" in client.get(REQUIRED).content.decode()
    assert client.post(f"{REQUIRED}new/", new_rule).status_code in {302, 403}
    assert client.post(f"{REQUIRED}{rule.pk}/withdraw/").status_code in {302, 403}
    assert Requirement.objects.count() == 1


def test_a_date_gone_by_explains_itself(as_: As, county_admin: User, new_rule: dict[str, object]) -> None:
    page = as_(county_admin).post(f"{REQUIRED}new/", {**new_rule, "due_on": "2026-09-15"})
    assert "期限已经过去了，请选今天或以后的日子。" in page.content.decode()


def test_another_county_sees_and_withdraws_nothing(
    as_: As, county_b_admin: User, county_admin: User, rule: Requirement
) -> None:
    assert "全县必修的原因" not in as_(county_b_admin).get(REQUIRED).content.decode()
    assert as_(county_b_admin).post(f"{REQUIRED}{rule.pk}/withdraw/").status_code == 404
    assert as_(county_admin).get(f"{REQUIRED}{rule.pk}/withdraw/").status_code == 405
    as_(county_admin).post(f"{REQUIRED}{rule.pk}/withdraw/")
    assert not Requirement.objects.exists()


# --- trainings ---


def test_a_training_is_registered(as_: As, county_admin: User, city: SmallCity) -> None:
    done = as_(county_admin).post(f"{SESSIONS}new/", new_session(city))
    session = Session.objects.get()
    assert done["Location"] == f"{SESSIONS}{session.pk}/"
    assert (session.hours, session.territory, session.closed_at) == (Decimal(3), city.county, None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ends_at": "2026-09-20T08:00"}, "结束时间要晚于开始时间。"),
        ({"hours": "0"}, "学时请填 0 到 48 之间的数，半天记 3 学时。"),
        ({"title": ""}, "请填这一项。"),
    ],
)
def test_a_wrong_field_explains_itself(
    as_: As, county_admin: User, city: SmallCity, changes: dict[str, object], sentence: str
) -> None:
    page = as_(county_admin).post(f"{SESSIONS}new/", new_session(city, **changes)).content.decode()
    assert sentence in page
    assert not Session.objects.exists()


def test_not_in_another_county(as_: As, county_b_admin: User, city: SmallCity, session: Session) -> None:
    client = as_(county_b_admin)
    client.post(f"{SESSIONS}new/", new_session(city))
    assert Session.objects.count() == 1
    assert "燃气隐患现场指导" not in client.get(SESSIONS).content.decode()
    assert client.get(f"{SESSIONS}{session.pk}/").status_code == 404
    for act in ("attendance", "close"):
        assert client.post(f"{SESSIONS}{session.pk}/{act}/").status_code == 404


def test_ticking_and_closing(
    as_: As, county_admin: User, session: Session, worker: Worker, colleague: Worker, outsider: Worker
) -> None:
    client = as_(county_admin)
    page = client.get(f"{SESSIONS}{session.pk}/").content.decode()
    assert "王桂兰" in page
    assert "陈秀英" not in page
    ticked = {"township": worker.township_id, "present": [worker.pk]}
    assert client.post(f"{SESSIONS}{session.pk}/attendance/", ticked)["Location"].endswith(
        f"?township={worker.township_id}"
    )
    client.post(f"{SESSIONS}{session.pk}/close/")
    client.post(f"{SESSIONS}{session.pk}/close/")
    assert [(record.worker, record.amount) for record in SkillRecord.objects.all()] == [(worker, Decimal("6.00"))]


def test_a_township_ticks_its_own_people_and_closes_nothing_of_the_county(
    as_: As, township_admin: User, session: Session, worker: Worker, mentor: object
) -> None:
    client = as_(township_admin)
    assert "张明" not in client.get(f"{SESSIONS}{session.pk}/").content.decode()
    client.post(f"{SESSIONS}{session.pk}/attendance/", {"township": worker.township_id, "present": [worker.pk]})
    assert session.attendances.count() == 1
    assert client.post(f"{SESSIONS}{session.pk}/close/").status_code in {302, 403}
    session.refresh_from_db()
    assert session.closed_at is None


@pytest.mark.parametrize(
    "given", [{}, {"township": "abc"}, {"township": "999999"}, {"township": "OUT"}, {"present": "OUT"}]
)
def test_people_outside_reach_cannot_be_ticked(
    as_: As, county_admin: User, session: Session, worker: Worker, outsider: Worker, given: dict[str, str]
) -> None:
    swapped = {"township": str(outsider.township_id), "present": str(outsider.pk)}
    data = {"township": worker.township_id} | {k: swapped[k] if v == "OUT" else v for k, v in given.items()}
    data = data if given else {}
    assert as_(county_admin).post(f"{SESSIONS}{session.pk}/attendance/", data).status_code == 404
    assert session.attendances.count() == 0


def test_a_refusal_is_said_in_words(as_: As, county_admin: User, session: Session) -> None:
    page = as_(county_admin).post(f"{SESSIONS}{session.pk}/close/", follow=True).content.decode()
    assert "还没有登记到场的人，请先勾选再结束登记。" in page


def test_lists_cost_the_same_for_one_row_and_for_many(
    as_: As, county_admin: User, session: Session, rule: Requirement, course: CoursePage, hire: Callable[..., Worker],
    city: SmallCity, worker: Worker,
) -> None:  # fmt: skip
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_(county_admin)
    addresses = [REQUIRED, SESSIONS, f"{SESSIONS}{session.pk}/"]

    def costs() -> list[int]:
        found = []
        for address in addresses:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            found.append(len(queries))
        return found

    one = costs()
    for number in range(3):
        Requirement.objects.create(
            course=course, territory=city.townships[0], due_on=date(2026, 10, number + 1), reason="乡镇必修"
        )
        Session.objects.create(
            title=f"第{number}次", subject="case", mode="online", territory=city.townships[number % 2],
            starts_at=session.starts_at, ends_at=session.ends_at, hours=Decimal(1),
        )  # fmt: skip
        hire(f"W1{number}", f"周{number}", city.townships[number % 2])
    assert costs() == one


# --- editors ---


@pytest.mark.parametrize("kind", ["catalog", "course", "lesson"])
def test_the_preview_of_an_editor_works(
    as_: As, django_user_model: type[User], lessons: list[LessonPage], course: CoursePage, kind: str
) -> None:
    boss = django_user_model.objects.create_superuser("boss", password="春风十里稻花香", name="总管")
    page = {"catalog": course.get_parent().specific, "course": course, "lesson": lessons[0]}[kind]
    client = as_(boss)
    edit = client.get(f"/cms/pages/{page.pk}/edit/")
    assert edit.status_code == 200
    seen = client.get(f"/cms/pages/{page.pk}/view_draft/")
    assert seen.status_code == 200
    assert page.title in seen.content.decode()


def test_a_lesson_can_be_previewed_before_it_is_saved(
    as_: As, django_user_model: type[User], course: CoursePage, lessons: list[LessonPage]
) -> None:
    boss = django_user_model.objects.create_superuser("boss", password="春风十里稻花香", name="总管")
    body = streamfield([("remember", {"title": "记住", "text": "先闻后敲门"})])
    data = nested_form_data({"title": "新写的课", "slug": "new", "minutes": 8, "body": body})
    address, client = f"/cms/pages/add/courses/lessonpage/{course.pk}/preview/", as_(boss)
    assert client.post(address, data).json()["is_valid"]
    page = client.get(address).content.decode()
    assert "第 4 课" in page
    assert "先闻后敲门" in page


def test_the_preview_shows_a_draft_that_readers_do_not_see(
    as_: As, django_user_model: type[User], lesson: LessonPage, worker: Worker
) -> None:
    boss = django_user_model.objects.create_superuser("boss", password="春风十里稻花香", name="总管")
    lesson.title = "改了一半的题目"
    lesson.save_revision()
    assert "改了一半的题目" in as_(boss).get(f"/cms/pages/{lesson.pk}/view_draft/").content.decode()
    assert "改了一半的题目" not in as_(worker.user).get("/study/safety/gas/").content.decode()

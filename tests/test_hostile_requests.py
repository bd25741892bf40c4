"""What no page of ours would send is answered with a plain refusal, never with an error of the server."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.documents import get_document_model

from courses.models import Session
from exams.models import Attempt, AttemptState, Exam, PaperItem
from roster import roles
from roster.models import User
from tests.exams.conftest import enter, post

pytestmark = pytest.mark.django_db
LONG, HUGE = "9" * 5000, "9" * 30
CONTENT = {
    "material": "",
    "stem": "？",
    "options": ["对", "错"],
    "key": [0],
    "points": [],
    "reference": "",
    "basis": "",
}


@pytest.fixture
def sitting(city: Any, worker: Any, now: Any) -> Attempt:
    """`worker` sits an exam of one question."""
    hour = timedelta(hours=1)
    sections = [{"kind": "single", "count": 1, "marks": "100.0", "subject": ""}]
    exam = Exam.objects.create(
        title="业务考试",
        opens_at=now - hour,
        closes_at=now + hour,
        minutes=60,
        sections=sections,
        territory=city.county,
        seed="s",
        published_at=now - 2 * hour,
    )
    item = PaperItem.objects.create(exam=exam, section=0, kind="single", marks=100, content=CONTENT)
    times = {"started_at": now, "deadline": now + hour}
    return Attempt.objects.create(
        exam=exam, worker=worker, paper=[[item.pk, [0, 1]]], state=AttemptState.SITTING, **times
    )


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"answers": [{"item": 1, "value": [0], "seq": Infinity}]}',
        '{"answers": [{"item": 1e999, "value": [0], "seq": 1}]}',
        '{"flags": [1e999]}',
        f'{{"answers": [{{"item": {LONG}, "value": [0], "seq": 1}}]}}',
        json.dumps({"answers": [{"item": 1, "value": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE, "seq": 1}]}),
    ],
    ids=["nested", "endless-seq", "endless-item", "endless-flag", "long-number", "too-big"],
)
def test_json_of_a_wrong_shape(client_of: Any, sitting: Attempt, body: str) -> None:
    reply = post(client_of(sitting.worker.user), sitting, "answers", body, content_type="application/json")
    assert reply.status_code in {400, 413}
    assert sitting.answers.count() == 0


@pytest.mark.parametrize("value", [LONG, HUGE, "-1", "x"])
def test_a_form_of_answers_with_numbers_of_no_row(client_of: Any, sitting: Attempt, value: str) -> None:
    item = sitting.paper[0][0]
    sent = {f"seq-{item}": value, f"a-{item}": "0", "flag": value}
    assert post(client_of(sitting.worker.user), sitting, "form", sent).status_code == 303
    assert sitting.answers.count() == 0


@pytest.mark.parametrize(
    "path",
    [
        f"/exams/{HUGE}/",
        f"/exams/attempt/{HUGE}/",
        f"/documents/{LONG}/x",
        f"/learn/film/{HUGE}/x.mp4",
        "/check/%00/",
        "/study/%00/",
        "/media/images/%00",
    ],
)
def test_an_address_that_no_database_can_look_up_is_unknown(client_of: Any, worker: Any, path: str) -> None:
    assert client_of(worker.user).get(path).status_code == 404


@pytest.mark.parametrize("path", [f"/learn/{HUGE}/beat", f"/learn/{HUGE}/finish", f"/exams/sit/{HUGE}/start"])
def test_so_is_one_that_takes_a_form(client_of: Any, worker: Any, path: str) -> None:
    assert client_of(worker.user).post(path).status_code == 404


@pytest.mark.parametrize("path", ["/study/?q=%00", "/records/hours/?year=%00", "/sign-in/?next=%00"])
def test_a_nul_in_a_query_is_refused(client_of: Any, worker: Any, path: str) -> None:
    assert client_of(worker.user).get(path).status_code == 400


@pytest.mark.parametrize("value", [LONG, HUGE])
def test_numbers_of_no_row_in_what_an_admin_sends(client_of: Any, city: Any, city_admin: User, value: str) -> None:
    client, now = client_of(city_admin), timezone.now()
    times = {"starts_at": now - timedelta(hours=4), "ends_at": now - timedelta(hours=1)}
    held = Session.objects.create(title="培训", subject="case", mode="onsite", territory=city.county, hours=3, **times)
    attendance = {"township": city.township.pk, "present": [value]}
    assert client.get("/bulletin/", {"in": value}).status_code == 404
    assert client.get("/cms/assessments/", {"year": value}).status_code == 200
    assert client.post("/cms/passwords/prepare/", {"township": value}).status_code == 404
    assert client.post(reverse("courses_attendance", args=[held.pk]), attendance).status_code == 404


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_year_at_the_end_of_the_calendar(client_of: Any, city: Any, county_admin: User, year: str) -> None:
    client, when = client_of(county_admin), f"{year}-12-31T23:59"
    session = {"title": "培训", "subject": "case", "mode": "onsite", "territory": city.county.pk, "hours": "3"}
    exam = {"title": "考试", "territory": city.county.pk, "minutes": "60", "pass_marks": "60", "results": "close"}
    rows = {"section-TOTAL_FORMS": "1", "section-INITIAL_FORMS": "0", "section-0-kind": "single"}
    rows |= {"section-0-count": "1", "section-0-marks": "100"}
    held = client.post("/cms/courses/sessions/new/", {**session, "starts_at": "0001-01-01T00:00", "ends_at": when})
    written = client.post("/cms/exams/new/", {**exam, **rows, "opens_at": "0001-01-01T00:00", "closes_at": when})
    assert (held.status_code, written.status_code) == (200, 422)
    assert (Session.objects.count(), Exam.objects.count()) == (0, 0)


def test_a_stranger_cannot_fill_the_disk(client: Client) -> None:
    """A form's file is written down before any view sees it."""
    big = io.BytesIO(b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
    assert client.post("/sign-in/", {"username": big}).status_code == 400


def test_wagtails_own_sign_in_is_no_way_around_the_lock(
    client_of: Any, county_admin: User, city_admin: User, password: str
) -> None:
    client = client_of(county_admin)
    reply = client.post("/cms/login/", {"username": city_admin.username, "password": password})
    assert (reply.status_code, reply["Location"]) == (302, "/sign-in/")
    assert client.session["_auth_user_id"] == str(county_admin.pk)


def test_a_new_session_begins_with_signing_in(client: Client, worker: Any, password: str) -> None:
    """Whoever laid a session key on someone's telephone holds nothing afterwards; and a key that signed out is worth nothing."""
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    client.post("/sign-in/", {"username": "W0001", "password": password})
    used = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/sign-out/")
    client.cookies[settings.SESSION_COOKIE_NAME] = used
    assert used != planted
    assert client.get("/me/").status_code == 302


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_house(client: Client, worker: Any, password: str, target: str) -> None:
    reply = client.post("/sign-in/", {"username": "W0001", "password": password, "next": target})
    assert reply["Location"] == "/"


def test_nobody_is_locked_out_from_elsewhere(worker: Any, password: str) -> None:
    cache.clear()
    stranger, self_ = Client(REMOTE_ADDR="10.0.0.1"), Client(REMOTE_ADDR="10.0.0.2")
    for guess in range(9):
        # an address of one's own words counts for nothing
        stranger.post(
            "/sign-in/", {"username": "w0001 ", "password": f"bad{guess}"}, HTTP_X_FORWARDED_FOR=f"1.1.1.{guess}"
        )
    right = {"username": "W0001", "password": password}
    assert "过 15 分钟再试" in stranger.post("/sign-in/", right).text
    assert self_.post("/sign-in/", right).status_code == 302


CHANGING = {
    "worker": (
        "/password/ /exams/attempt/1/ /learn/1/beat /learn/1/finish "
        "/learn/1/check/x /marking/next/ /marking/x/ /sign-in/ /sign-in/who/ /sign-out/ /display/ "
        "/sign-in/forgotten/ /sign-in/forgotten/code/ /sign-in/forgotten/password/ /password/mailbox/"
    ),
    "city_admin": (
        "/cms/roles/new/ /cms/roles/give/ /cms/roles/1/end/ /cms/roles/1/password/ /cms/passwords/prepare/ "
        "/cms/passwords/1/open/ /cms/passwords/worker/1/ /cms/imports/ /cms/imports/1/confirm/ /cms/imports/1/resume/ "
        "/cms/imports/1/drop/ /cms/exams/new/ /cms/exams/1/edit/ /cms/exams/1/publish/ /cms/exams/1/drop/ "
        "/cms/assessments/draft/ /cms/assessments/1/settle/ /cms/courses/sessions/new/ /cms/courses/sessions/1/close/ "
        "/cms/courses/sessions/1/attendance/ /cms/courses/required/new/ /cms/courses/required/1/withdraw/ "
        "/cms/mentors/appoint/ /cms/mentors/1/end/"
    ),
}


@pytest.mark.parametrize("persona", CHANGING)
def test_every_changing_address_wants_the_token(persona: str, request: pytest.FixtureRequest) -> None:
    person = request.getfixturevalue(persona)
    client = Client(enforce_csrf_checks=True)
    client.force_login(person if isinstance(person, User) else person.user)
    assert [address for address in CHANGING[persona].split() if client.post(address).status_code != 403] == []


@pytest.mark.parametrize("act", ["start", "answers", "form", "hand-in"])
@pytest.mark.parametrize(
    "origin", [{}, {"Origin": "https://elsewhere.example"}, {"Referer": "https://elsewhere.example/"}]
)
def test_the_fast_lane_takes_posts_from_our_own_pages_only(
    client_of: Any, sitting: Attempt, act: str, origin: dict[str, str]
) -> None:
    client = enter(client_of(sitting.worker.user), sitting)
    sent = '{"answers": []}'
    assert client.post(f"/exams/sit/{sitting.pk}/{act}", sent, "application/json", headers=origin).status_code == 403
    sitting.refresh_from_db()
    assert sitting.state == AttemptState.SITTING


def test_handouts_end_with_the_role(client_of: Any, county_admin: User, security_admin: User, now: Any) -> None:
    """As the lessons do: for who is neither worker nor holds a role they do not exist."""
    from django.core.files.base import ContentFile

    handout = get_document_model().objects.create(title="表", file=ContentFile(b"PK", "form.xlsx"))
    film = get_document_model().objects.create(title="片", file=ContentFile(b"00", "film.mp4"))
    addresses = [handout.url, reverse("lesson_film", args=[film.pk, film.filename])]
    client = client_of(county_admin)
    assert [client.get(address).getvalue() for address in addresses] == [b"PK", b"00"]
    roles.revoke(county_admin.role_grants.get(), by=security_admin, now=now, on=timezone.localdate(now), reason="调离")
    assert [client.get(address).status_code for address in addresses] == [404, 404]


def test_an_error_says_nothing_of_the_inside(client_of: Any, worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("secret-of-the-inside")

    monkeypatch.setattr("roster.reach.worker_of", broken)
    client = client_of(worker.user)
    client.raise_request_exception = False
    reply = client.get("/records/")
    assert reply.status_code == 500
    assert not [word for word in ("secret-of-the-inside", "Traceback", "RuntimeError") if word in reply.text]

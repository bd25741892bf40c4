"""What somebody tries who wants more than their due: the key before its time, the disk, a door that was closed meanwhile."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.conf import settings
from django.urls import reverse

from exams.day import attempts, flood, passes
from exams.day.lane import respond
from exams.marks import tries
from exams.models import Answer, Attempt, AttemptState, JournalEntry
from roster.models import User
from tests.exams.conftest import begin, enter, item_of, lane, post
from tests.exams.test_tries import SINGLE

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
KEY = "按规定办理的解析"


@pytest.fixture
def client(worker, client_of):
    return client_of(worker.user)


def send(client, attempt, content):
    return post(client, attempt, "answers", json.dumps(content), content_type="application/json")


def test_no_key_is_shown_while_somebody_with_more_time_still_sits(
    make_exam, worker, colleague, city_admin, client, now, monkeypatch
):
    exam = make_exam(closes_at=now + HOUR)
    attempts.hand_in(begin(exam, worker, now), now=now)
    other = begin(exam, colleague, now)
    # a phone that is silent and may still send late
    Attempt.objects.filter(pk=other.pk).update(deadline=exam.closes_at + 10 * MINUTE)
    address = reverse("attempt_result", args=[Attempt.objects.get(exam=exam, worker=worker).pk])
    monkeypatch.setattr("django.utils.timezone.now", lambda: exam.closes_at + MINUTE)
    reply = client.get(address, follow=True)
    assert KEY not in reply.text
    assert "还有人没有交卷" in reply.text
    attempts.hand_in(other, now=exam.closes_at + MINUTE)
    assert KEY in client.get(address).text


def test_who_may_be_asked_the_same_again_sees_marks_and_no_key(make_exam, worker, client, now):
    exam = make_exam(kind="entry", tries=2, pass_marks=20, sections=SINGLE, results_at=now - HOUR)
    first = attempts.hand_in(begin(exam, worker, now), now=now)
    page = client.get(reverse("attempt_result", args=[first.pk])).text
    assert "再考一次" in page
    assert KEY not in page
    second = attempts.hand_in(attempts.start(tries.again(first, now=now), now=now), now=now)
    assert KEY in client.get(reverse("attempt_result", args=[second.pk])).text


@pytest.mark.parametrize("limits", [{"MOST": 5}, {"MOST_SIGNS": 15}])
def test_the_journal_of_one_attempt_has_an_end(sitting, client, monkeypatch, limits):
    for name, value in {"LOOK": 2, **limits}.items():
        monkeypatch.setattr(flood, name, value)
    item = item_of(sitting, "single")
    for seq in range(1, 12):
        row = {"item": item.pk, "seq": seq, "value": [seq % 4]}
        reply = send(client, sitting, {"page": 7, "answers": [row]}).json()
    assert reply["state"] == "sitting"
    assert "没有保存" in reply["refused"][0]["message"]
    kept = JournalEntry.objects.filter(attempt=sitting)
    assert 5 <= kept.count() <= 5 + flood.LOOK
    assert Answer.objects.get(attempt=sitting, item=item).seq == kept.count()


ENDED = [{"is_active": False}, {"password": "another"}, {"sessions_ended": 1}]


@pytest.mark.parametrize("change", ENDED)
def test_a_pass_of_an_account_that_was_closed_begins_nothing(make_exam, worker, client, now, change):
    attempt = Attempt.objects.get(exam=make_exam(), worker=worker)
    client.get(reverse("exam", args=[attempt.exam_id]))
    User.objects.filter(pk=worker.user_id).update(**change)
    assert passes.cookie(attempt.pk) in client.cookies
    reply = client.post(lane(attempt, "start"), {"pledge": "on"}, headers={"Origin": "http://testserver"})
    assert reply.status_code in {302, 303}
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.DUE


@pytest.mark.postgres
@pytest.mark.parametrize("change", ENDED)
def test_nor_does_it_open_the_paper_again_and_a_new_sign_in_does(sitting, worker, client, change):
    """What is open goes on to be saved: who sits loses nothing by it. The lane is asked as `lms.wsgi` asks it, without a session."""

    def ask(act, **more):
        said = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
        environ = {"PATH_INFO": lane(sitting, act), "REQUEST_METHOD": "GET", "HTTP_COOKIE": said, **more}
        return respond({**environ, "HTTP_ORIGIN": "http://testserver", "HTTP_HOST": "testserver"})

    enter(client, sitting)
    assert ask("paper").status == 200
    User.objects.filter(pk=worker.user_id).update(**change)
    door = reverse("attempt", args=[sitting.pk])
    assert (ask("paper").status, dict(ask("paper").more)["Location"]) == (303, door)
    assert client.get(door).url.startswith(reverse("sign_in"))
    empty = b'{"page": 7, "answers": []}'
    sent = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(empty))}
    assert ask("answers", **sent, **{"wsgi.input": BytesIO(empty)}).status == 200
    if "is_active" not in change:
        client.force_login(User.objects.get(pk=worker.user_id))
        client.get(door)
        assert ask("paper").status == 200


def test_numbers_beyond_every_row_are_no_error(sitting, client):
    beat = {"unsent": 10**30, "heard": 10**30, "away": [[10**30, 10**30]]}
    assert send(client, sitting, {"page": 7, "answers": [], "flags": [10**30], "beat": beat}).status_code == 200


@pytest.mark.parametrize("origin", ["null", "http://[", "http://testserver.example", "", "https://evil/testserver"])
def test_what_no_page_of_ours_sends_is_not_taken(sitting, client, origin):
    enter(client, sitting)
    reply = client.post(lane(sitting, "hand-in"), "{}", content_type="application/json", headers={"Origin": origin})
    assert reply.status_code == 403


def test_two_saves_at_once_take_the_questions_in_one_order(sitting, now, monkeypatch):
    """Two requests that name the same questions in another order would wait for each other in a circle."""
    seen = []
    real = attempts.saving.save
    monkeypatch.setattr(
        attempts.saving, "save", lambda guard, rows, **more: seen.append(rows) or real(guard, rows, **more)
    )
    items = [item_of(sitting, "single", place) for place in (1, 0)]
    given = [attempts.Given(item.pk, 1, [1]) for item in items]
    guard = attempts.saving.Guard(sitting.pk, sitting.worker_id, sitting.device)
    attempts.answer(guard, given, exam_id=sitting.exam_id, page=7, now=now)
    assert [one.item_id for one in seen[0]] == sorted(item.pk for item in items)


def test_the_pass_of_the_last_one_goes_with_the_sign_in_of_the_next(sitting, client, colleague, password):
    """Who did not sign out left their paper on a shared phone."""
    enter(client, sitting)
    del client.cookies[settings.SESSION_COOKIE_NAME]  # the session merely ran out
    said = {"username": colleague.number, "password": password}
    assert client.post(reverse("sign_in"), said).status_code == 302
    assert not client.cookies[passes.cookie(sitting.pk)].value
    assert client.get(lane(sitting, "paper")).status_code == 303

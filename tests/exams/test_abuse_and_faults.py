"""
Abuse and faults of the exam day, by the numbers of the catalogue. What needs a real system that is killed is in tests/faults (35, 39) and, in
full, in benchmarks/faults.py (36 to 42 together); marking one's own (19, 20) is in tests/mentors.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from exams import tasks
from exams.day import attempts, lane, passes, pressure, receipts
from exams.marks import marking
from exams.models import Answer, Attempt, AttemptState, Fate, JournalEntry
from exams.room import windows
from lms.celery import app
from lms.models import AuditEntry
from lms.refusal import Refused
from records.models import SkillRecord
from tests.exams.conftest import CASE, begin, enter, item_of, post, save
from tests.exams.conftest import lane as address
from tests.exams.test_race import at_once

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
WRITTEN = {**CASE, "marks": "100.0"}


@pytest.fixture
def client(worker: Any, client_of: Callable[..., Client]) -> Client:
    return client_of(worker.user)


def send(client: Client, attempt: Attempt, *rows: tuple, **more: Any) -> Any:
    body = {"page": 7, "answers": [{"item": item.pk, "value": value, "seq": seq} for item, value, seq in rows], **more}
    return post(client, attempt, "answers", json.dumps(body), content_type="application/json")


def hand_in(client: Client, attempt: Attempt) -> Any:
    return post(client, attempt, "hand-in", "{}", content_type="application/json")


def fresh(attempt: Attempt) -> Attempt:
    return Attempt.objects.select_related("exam").get(pk=attempt.pk)


def notes(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


# --- time and attempts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [SECOND, MINUTE, timedelta(days=1)])
@pytest.mark.parametrize("way", ["script", "form"])
def test_case_01_a_save_played_again_after_the_deadline_changes_nothing(sitting, client, now, late, way):
    """By every way in; what arrived is kept for a person. What an exam that takes answers late does with it: tests/exams/test_late.py."""
    item = item_of(sitting, "single")
    save(sitting, item, [1], now)
    enter(client, sitting)
    with time_machine.travel(sitting.deadline + late, tick=False):
        if way == "script":
            reply = send(client, sitting, (item, [3], 2))
            expired = late > passes.AFTERWARDS
            assert (reply.status_code, reply.json()["state"]) == ((403, "signed_out") if expired else (409, "closed"))
        else:
            reply = post(client, sitting, "form", {f"seq-{item.pk}": "1", f"a-{item.pk}": "3", "go": "stay"})
            assert reply.status_code == 303
            expired = reply["Location"] == reverse("attempt", args=[sitting.pk])
    assert Answer.objects.get().value == "[1]"
    kept = JournalEntry.objects.filter(fate=Fate.LATE).values_list("value", flat=True)
    assert list(kept) == ([] if expired else ["[3]"])  # not dropped without a word: a person decides


def test_case_02_a_hand_in_played_again_late_shows_the_receipt_of_the_deadline(sitting, client, now):
    enter(client, sitting)
    with time_machine.travel(sitting.deadline + 5 * MINUTE, tick=False):
        first, again = hand_in(client, sitting), hand_in(client, sitting)
        assert (first.status_code, first.json()) == (200, again.json())
        assert receipts.number(sitting.pk) in client.get(first.json()["next"]).text
    closed = fresh(sitting)
    assert (closed.finished_at, closed.closed_by_clock) == (sitting.deadline, True)


@pytest.mark.parametrize(("shift", "counts"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)])
def test_case_03_the_moment_of_arrival_decides_and_not_that_of_the_write(sitting, now, shift, counts):
    """A request that waited for the database is judged by when it came; once the attempt was closed it is too late either way."""
    item, came = item_of(sitting, "single"), sitting.deadline + shift
    with time_machine.travel(sitting.deadline + MINUTE, tick=False):
        if counts:
            assert save(sitting, item, [1], came).at == came
        else:
            with pytest.raises(Refused) as refused:
                save(sitting, item, [1], came)
            assert refused.value.code == "closed"
        attempts.close_overdue(now=timezone.now())
        with pytest.raises(Refused):
            save(sitting, item, [2], sitting.deadline - SECOND, seq=2)
    assert list(Answer.objects.values_list("value", flat=True)) == (["[1]"] if counts else [])


def test_case_04_the_phones_clock_is_not_asked(sitting, client, now):
    """Whatever a phone says of the time, in its fields or its headers, the server's own stands."""
    item = item_of(sitting, "single")
    for days in (-1, 1):
        said = (now + timedelta(days=days)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        reply = post(
            client,
            sitting,
            "answers",
            json.dumps(
                {"answers": [{"item": item.pk, "seq": 2 + days, "value": [1], "age": days * 86_400_000}], "at": said}
            ),
            content_type="application/json",
            HTTP_DATE=said,
        )
        assert (reply.json()["left"], reply.json()["at"]) == (3600, "10:00:00")
    assert set(JournalEntry.objects.values_list("at", flat=True)) == {now}


def test_case_05_a_server_clock_that_jumps_back_opens_nothing_again(colleague, sitting, client, now):
    item = item_of(sitting, "single")
    save(sitting, item, [1], now, seq=5)
    closed = attempts.hand_in(begin(sitting.exam, colleague, now), now=now + MINUTE)
    with time_machine.travel(now - 10 * MINUTE, tick=False):
        back = timezone.now()
        assert save(sitting, item, [2], back, seq=4).value == [1]  # the sequence decides, not the time
        assert save(sitting, item, [3], back, seq=6).value is None
        assert attempts.close_overdue(now=back) == 0
        assert attempts.hand_in(closed, now=back).receipt == closed.receipt
        with pytest.raises(Refused):
            save(closed, item, [3], back)
        ended = attempts.hand_in(sitting, now=back)
    assert (ended.deadline, ended.finished_at, ended.closed_by_clock) == (sitting.deadline, back, False)
    assert ended.seconds_left(now + timedelta(days=1)) == 0
    assert Answer.objects.get(attempt=sitting).value == "[3]"


@pytest.mark.parametrize("shift", [-timedelta(hours=1), timedelta(hours=1)])
def test_case_06_a_window_that_is_edited_leaves_the_deadline_of_who_sits(
    colleague, sitting, client, city_admin, now, shift
):
    """Each attempt keeps the deadline it began with; who begins later gets the new window."""
    item = item_of(sitting, "single")
    close = now + timedelta(minutes=80) + shift
    window = {"opens_at": sitting.exam.opens_at, "closes_at": close, "reason": "mistake"}
    windows.move(sitting.exam, **window, by=city_admin, now=now)
    assert send(client, sitting, (item, [1], 1)).json()["left"] == 3600
    assert fresh(sitting).deadline == sitting.deadline
    later = begin(sitting.exam, colleague, now)
    assert later.deadline == min(now + 60 * MINUTE, close)


def test_case_07_two_starts_at_once_are_one_attempt(make_exam, client, worker, now):
    """A double click. That six at the same moment are one: tests/exams/test_race.py."""
    attempt = make_exam().attempts.get(worker=worker)
    replies = [post(client, attempt, "start", {"pledge": "on"}) for _click in (1, 2)]
    assert {reply["Location"] for reply in replies} == {address(attempt, "paper")}
    assert (Attempt.objects.filter(worker=worker).count(), notes("exam.started")) == (1, 1)
    again = Attempt(exam=attempt.exam, worker=worker, number=2, paper=attempt.paper)
    with pytest.raises(Exception, match=r"(?i)unique"):
        again.save()


def test_case_08_an_older_tab_is_shown_the_newer_answer_and_overwrites_nothing(sitting, client, now):
    item = item_of(sitting, "single")
    assert send(client, sitting, (item, [1], 3)).json()["saved"][0]["code"]
    (stale,) = send(client, sitting, (item, [2], 2), page=8).json()["saved"]
    assert (stale["seq"], stale["value"], stale["code"]) == (3, [1], "")
    assert Answer.objects.get().value == "[1]"
    assert JournalEntry.objects.count() == 2  # what did not count is kept too


def test_case_09_the_second_device_asks_and_the_first_becomes_read_only(sitting, client, client_of, worker, now):
    item = item_of(sitting, "single")
    assert send(client, sitting, (item, [1], 1)).status_code == 200
    second = client_of(worker.user)
    door = reverse("attempt", args=[sitting.pk])
    assert "正在另一台设备上作答" in second.get(door).text
    assert send(client, sitting, (item, [2], 2)).status_code == 200  # looking at the question takes nothing away
    assert second.post(door)["Location"] == address(sitting, "paper")
    assert send(second, sitting, (item, [3], 3)).status_code == 200
    first = send(client, sitting, (item, [0], 4))
    assert (first.status_code, first.json()["state"]) == (409, "elsewhere")
    assert "已在另一台设备上作答，这里只能看" in first.json()["message"]
    assert client.get(address(sitting, "paper"))["Location"] == door
    assert hand_in(client, sitting).status_code == 409
    assert Answer.objects.get().value == "[3]"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_case_10_twenty_hand_ins_at_once_are_one(make_exam, worker, now):
    attempt = begin(make_exam(results_at=now - SECOND), worker, now)
    ends = at_once(*[lambda: attempts.close(attempt.pk, user_id=worker.user_id, device="", now=now)] * 20)
    assert {end.receipt for end in ends} == {receipts.number(attempt.pk)}
    assert notes("exam.handed_in") == 1
    marking.post_results(attempt.exam, now=now)
    assert SkillRecord.objects.filter(worker=worker).count() == 1


def test_case_11_a_hand_in_whose_reply_was_lost_is_asked_again_and_gives_the_same_receipt(sitting, client, now):
    """With a real reply that is lost on its way: tests/faults."""
    first = hand_in(client, sitting).json()
    with time_machine.travel(now + timedelta(hours=3), tick=False):
        assert hand_in(client, sitting).json() == first
    assert (first["receipt"], notes("exam.handed_in")) == (receipts.number(sitting.pk), 1)


def test_case_12_reloading_the_hand_in_page_does_not_stand_in_the_way(sitting, client, now):
    page = reverse("hand_in", args=[sitting.pk])
    for _reload in range(3):
        assert "确认交卷" in client.get(page).text
    assert hand_in(client, sitting).json()["state"] == "handed_in"
    for _reload in range(3):
        assert receipts.number(sitting.pk) in client.get(page).text


def test_case_13_a_phone_asleep_past_the_end_wakes_to_the_receipt(make_exam, worker, client, now):
    attempt = begin(make_exam(minutes=30), worker, now)
    item = item_of(attempt, "single")
    enter(client, attempt)
    device = fresh(attempt).device
    assert send(client, attempt, (item, [1], 1)).status_code == 200
    with time_machine.travel(now + 40 * MINUTE, tick=False):
        attempts.close_overdue(now=timezone.now())
        woken = send(client, attempt, (item, [2], 2))
        assert (woken.status_code, woken.json()["state"]) == (409, "closed")
        assert "时间到，系统自动交卷" in client.get(woken.json()["next"]).text
    closed = fresh(attempt)
    assert (closed.finished_at, closed.machine_marks, closed.device) == (now + 30 * MINUTE, 10, device)


def test_case_14_the_back_button_after_the_hand_in_shows_the_receipt(sitting, client, now):
    item = item_of(sitting, "single")
    hand_in(client, sitting)
    page = client.get(address(sitting, "paper"), follow=True)
    assert receipts.number(sitting.pk) in page.text
    late = send(client, sitting, (item, [1], 1))
    assert (late.status_code, late.json()["state"]) == (409, "handed_in")
    assert post(client, sitting, "form", {f"seq-{item.pk}": "0", f"a-{item.pk}": "1"})["Location"] == reverse(
        "hand_in", args=[sitting.pk]
    )
    assert not Answer.objects.exists()


def test_case_15_a_start_a_minute_before_the_close_has_a_minute(make_exam, worker, client, now):
    exam = make_exam(closes_at=now + MINUTE)
    attempt = exam.attempts.get(worker=worker)
    assert "现在开始，只剩 1 分钟" in client.get(reverse("exam", args=[exam.pk])).text
    post(client, attempt, "start", {"pledge": "on"})
    assert send(client, attempt).json()["left"] == 60


# --- who may ------------------------------------------------------------------------------------------------------


def ask_lane(path: str, cookie: str, *, by_script: bool) -> lane.Reply:
    """The lane itself, as `lms.wsgi` calls it: no middleware of Django's notes anything here."""
    kind = lane.JSON if by_script else "application/x-www-form-urlencoded"
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "POST", "CONTENT_TYPE": kind, "HTTP_COOKIE": cookie}
    return lane.respond({**environ, "HTTP_ORIGIN": "http://testserver", "HTTP_HOST": "testserver"})


def test_case_16_anothers_attempt_is_not_there_and_the_asking_is_noted(colleague, sitting, client_of, now):
    theirs = begin(sitting.exam, colleague, now)
    other = enter(client_of(colleague.user), theirs)
    name = passes.cookie(theirs.pk)
    said = f"{name}={other.cookies[name].value}"
    for act in ("answers", "hand-in", "form", "start"):
        reply = ask_lane(address(sitting, act), said, by_script=act == "answers")
        assert reply.status == (403 if act == "answers" else 303)
    renamed = f"{passes.cookie(sitting.pk)}={other.cookies[name].value}"
    assert ask_lane(address(sitting, "answers"), renamed, by_script=True).status == 403
    noted = AuditEntry.objects.filter(action="access.refused", actor=colleague.user)
    assert set(noted.values_list("subject", flat=True)) == {f"exams.attempt:{sitting.pk}"}
    assert noted.count() == 5
    assert other.get(reverse("attempt", args=[sitting.pk])).status_code == 404
    assert noted.count() == 6
    assert fresh(sitting).state == AttemptState.SITTING


def test_case_16_a_pass_that_ran_out_is_no_trespass(sitting, client, worker, now):
    """The same worker's pass to another exam comes along with every request."""
    other = passes.Pass(sitting.pk + 1, sitting.exam_id, worker.pk, worker.user_id, "d", int(now.timestamp()) + 60)
    said = f"{passes.cookie(other.attempt)}={passes.write(other)}"
    assert ask_lane(address(sitting, "answers"), said, by_script=True).status == 403
    assert notes("access.refused") == 0


@pytest.mark.parametrize("cookie", ["é.x", "a.b.c.d.e.f.ü", ".", "x" * 9000, "1.1.1.1.d.9999999999."])
def test_case_16_a_pass_that_is_none_is_none(sitting, cookie):
    said = f"{passes.cookie(sitting.pk)}={cookie}"
    assert ask_lane(address(sitting, "answers"), said, by_script=True).status == 403


def test_case_17_a_question_of_another_paper_and_one_that_never_was_are_the_same(sitting, make_exam, client):
    elsewhere = make_exam(title="另一场").items.first()
    never = elsewhere.pk + 1_000_000
    replies = []
    for pk in (elsewhere.pk, never):
        body = json.dumps({"answers": [{"item": pk, "seq": 1, "value": [1]}]})
        replies.append(post(client, sitting, "answers", body, content_type="application/json"))
    assert {(reply.status_code, reply.content) for reply in replies} == {(404, b"")}
    assert not Answer.objects.exists()


def test_case_18_key_and_explanation_are_nowhere_during_the_exam(sitting, client, now):
    """Every page and reply is searched for the key: tests/exams/test_views.py."""
    save(sitting, item_of(sitting, "single"), [1], now)
    reply = client.get(reverse("attempt_result", args=[sitting.pk]), follow=True)
    assert "按规定办理的解析" not in reply.text
    hand_in(client, sitting)
    assert "按规定办理的解析" not in client.get(reverse("attempt_result", args=[sitting.pk]), follow=True).text


# --- what is sent -------------------------------------------------------------------------------------------------

MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "{{7*7}}{% csrf_token %}",
    "\ue000left\ue001",  # what marks a gap in our own pieces
]


@pytest.mark.parametrize("markup", MARKUP)
def test_case_25_markup_in_an_answer_is_text_on_every_page(make_exam, worker, client, now, markup):
    """On the mentors' desk and in files it is the same: tests/mentors, tests/test_hostile_requests.py, tests/test_exports_stay_home.py."""
    attempt = begin(make_exam(sections=[WRITTEN], results_at=now - SECOND), worker, now)
    enter(client, attempt)
    assert send(client, attempt, (item_of(attempt, "case"), markup, 1)).json()["saved"]
    pages = [client.get(address(attempt, "paper")), client.get(reverse("hand_in", args=[attempt.pk]))]
    hand_in(client, attempt)
    pages += [client.get(reverse(name, args=[attempt.pk])) for name in ("hand_in", "attempt_result")]
    for page in pages:
        text = page.text if hasattr(page, "text") else page.content.decode()
        assert page.status_code in {200, 302}
        if "<" in markup:
            assert markup not in text
    assert Answer.objects.get().value == markup


@pytest.mark.postgres
@pytest.mark.parametrize(
    "text",
    [
        "😀" * 3000,
        "\u202e反着写\u202c",
        "👩‍👩‍👧‍👦",
        "e\u0301 \u00e9",
        "\ufeff有记号",
        "\u2028\u2029\u0085行",
        "\x01\x1f\x7f",
        "𠀀𪚥",
    ],
)
def test_case_26_unusual_signs_are_kept_as_they_came(make_exam, worker, client, now, text):
    """The same on both databases."""
    attempt = begin(make_exam(sections=[WRITTEN]), worker, now)
    reply = send(client, attempt, (item_of(attempt, "case"), text, 1))
    assert reply.json()["saved"]
    assert Answer.objects.get().value == text
    assert JournalEntry.objects.get().value == text


@pytest.mark.postgres
@pytest.mark.parametrize("text", ["a\x00b", "\ud83d", "\udc00\ud83d", "😀" * 3001])
def test_case_26_what_cannot_be_kept_is_refused_with_a_sentence(make_exam, worker, client, now, text):
    attempt = begin(make_exam(sections=[WRITTEN]), worker, now)
    (refused,) = send(client, attempt, (item_of(attempt, "case"), text, 1)).json()["refused"]
    assert refused["message"].endswith("。")
    assert not Answer.objects.exists()


@pytest.mark.parametrize("size", [lane.MOST_BYTES + 1, 100 * 1024 * 1024, "9" * 5000])
def test_case_26_what_is_too_large_is_refused_before_it_is_read(sitting, client, size):
    class Unread:
        def read(self, _size: int = -1) -> bytes:
            raise AssertionError("it was read")

    assert lane.respond({**posted(client, sitting), "CONTENT_LENGTH": str(size), "wsgi.input": Unread()}).status == 413


def posted(client: Client, attempt: Attempt) -> dict[str, Any]:
    """What the web server says of a post of answers whose body has yet to come."""
    name = passes.cookie(attempt.pk)
    cookie = f"{name}={enter(client, attempt).cookies[name].value}"
    environ = {"PATH_INFO": address(attempt, "answers"), "REQUEST_METHOD": "POST", "CONTENT_TYPE": lane.JSON}
    return environ | {"HTTP_ORIGIN": "http://testserver", "HTTP_HOST": "testserver", "HTTP_COOKIE": cookie}


def test_a_phone_that_is_lost_in_the_middle_of_a_request_is_no_failure_of_ours(sitting, client, caplog):
    class Lost:
        def read(self, _size: int = -1) -> bytes:
            raise BlockingIOError

    environ = posted(client, sitting)
    caplog.clear()
    assert lane.respond({**environ, "CONTENT_LENGTH": "100", "wsgi.input": Lost()}).status == 400
    assert not caplog.records


def test_case_26_a_million_emoji_are_refused(make_exam, worker, client, now):
    attempt = begin(make_exam(sections=[WRITTEN]), worker, now)
    reply = send(client, attempt, (item_of(attempt, "case"), "😀" * 1_000_000, 1))
    assert reply.status_code in {400, 413}  # by Django's own guard or by the lane's, whichever stands first
    assert not Answer.objects.exists()


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_case_37_what_the_clock_brings_comes_once_however_often_and_late_it_runs(colleague, sitting, now):
    save(sitting, item_of(sitting, "single"), [1], now)
    with time_machine.travel(sitting.exam.closes_at + timedelta(days=2), tick=False):
        for _time in range(3):
            tasks.close_overdue()
    closed = fresh(sitting)
    assert (closed.finished_at, closed.machine_marks) == (sitting.deadline, 10)
    assert (notes("exam.handed_in"), notes("exam.absent")) == (1, 1)
    assert SkillRecord.objects.filter(source=f"exams.exam:{sitting.exam_id}").count() == 2


@pytest.fixture
def no_broker() -> Iterator[None]:
    """Whatever is sent to it raises."""
    app.conf.task_always_eager, broker = False, app.conf.broker_url
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    yield
    app.conf.task_always_eager, app.conf.broker_url = True, broker


def test_case_38_a_broker_that_is_down_does_not_hold_up_the_hand_in(sitting, client, now, no_broker):
    """Nothing is sent at hand-in; the sweep finds what it has to do in rows. That the health page turns red: tests/lms/test_health.py."""
    save(sitting, item_of(sitting, "single"), [1], now)
    assert hand_in(client, sitting).status_code == 200
    with time_machine.travel(sitting.exam.closes_at, tick=False):
        tasks.close_overdue()
    assert SkillRecord.objects.get(worker=sitting.worker).amount == 10


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the other way is in benchmarks/faults.py")
@pytest.mark.django_db(transaction=True)
def test_case_40_a_full_disk_is_later_and_not_lost(make_exam, worker, client, now):
    """
    The database itself says that there is no room; the phone keeps its answers and sends them when there is. The connection stays: opened
    anew for each of thousands that are told to come later, nobody could save for long after there was room again.
    """
    attempt = begin(make_exam(sections=[WRITTEN]), worker, now)
    item, text = item_of(attempt, "case"), "先劝开双方。" * 400
    enter(client, attempt)
    with connection.cursor() as cursor:
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()

    def room(more: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {pages + more}")

    kept, before = 0, connection.connection
    room(1)
    for seq in range(1, 8):
        reply = send(client, attempt, (item, f"{seq}{text}{seq}", seq))
        kept += reply.status_code == 200
        assert reply.status_code in {200, 503}
    assert (reply.status_code, reply.json()["state"]) == (503, "later")
    assert connection.connection is before
    assert JournalEntry.objects.count() == kept
    room(1000)
    assert send(client, attempt, (item, f"7{text}7", 7)).json()["saved"][0]["code"]
    assert hand_in(client, attempt).status_code == 200
    assert Answer.objects.get().value == f"7{text}7"


NO_REDIS = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}


def test_case_41_an_exam_goes_on_when_the_cache_is_emptied_or_gone(sitting, client, now):
    item = item_of(sitting, "single")
    assert send(client, sitting, (item, [1], 1)).status_code == 200
    cache.clear()
    assert client.get(reverse("exams")).context["user"] == sitting.worker.user
    with override_settings(CACHES=NO_REDIS):
        assert send(client, sitting, (item, [2], 2)).status_code == 200
        assert client.get(address(sitting, "paper")).status_code == 200
        assert client.get(reverse("attempt", args=[sitting.pk]))["Location"] == address(sitting, "paper")
        done = hand_in(client, sitting).json()
        assert done["receipt"] in client.get(done["next"]).text


def test_case_42_with_nobody_to_sweep_the_first_request_closes_with_the_deadline(colleague, sitting, client, now):
    left = begin(sitting.exam, colleague, now)
    with time_machine.travel(sitting.deadline + timedelta(hours=5), tick=False):
        page = client.get(reverse("attempt", args=[sitting.pk]), follow=True).text
        assert receipts.number(sitting.pk) in page
        assert fresh(left).state == AttemptState.SITTING
        tasks.close_overdue()
    assert {fresh(one).finished_at for one in (sitting, left)} == {sitting.deadline}


def test_case_44_whom_we_cannot_serve_comes_again_and_not_all_at_once(sitting, client, now):
    """The real count: requests that wait for a thread. Everybody at once, in full: benchmarks/exam_day.py."""
    item, gate = item_of(sitting, "single"), Event()
    enter(client, sitting)
    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(gate.wait) for _request in range(pressure.MOST + 2)]
        pressure.watch(pool._work_queue.qsize)
        try:
            turned = [send(client, sitting, (item, [1], 1)) for _phone in range(30)]
            assert {(reply.status_code, reply.json()["state"]) for reply in turned} == {(503, "later")}
            waits = {reply.json()["later"] for reply in turned}
            assert len(waits) > 10
            assert pressure.SOONEST <= min(waits) < max(waits) <= pressure.LATEST
            assert all(float(reply["Retry-After"]) >= reply.json()["later"] for reply in turned)
            assert not JournalEntry.objects.exists()
            assert hand_in(client, sitting).status_code == 200  # who is done is not turned away
        finally:
            gate.set()
            for one in waiting:
                one.result()
            pressure.watch(pressure._nobody)

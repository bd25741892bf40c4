"""What the paper weighs on a cheap phone's network, and what goes with it."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from exams.before import banks
from exams.day import pages, saving, sheets
from tests.exams.conftest import begin, enter, lane, post

FIFTY = [
    {"kind": "single", "count": 20, "marks": "2.0", "subject": ""},
    {"kind": "multiple", "count": 10, "marks": "2.0", "subject": ""},
    {"kind": "truefalse", "count": 19, "marks": "1.0", "subject": ""},
    {"kind": "case", "count": 1, "marks": "21.0", "subject": ""},
]


@pytest.fixture
def client(client_of, worker):
    return client_of(worker.user)


def paper(attempt, now, **more):
    sat = saving.sat(attempt.pk, worker=attempt.worker_id)
    standing = saving.answers(attempt.pk)
    return pages.paper(sheets.of(attempt.exam_id), attempt.pk, sat, standing, cookies={}, now=now, **more)


def with_imports(name, seen):
    """The files a page loads for a script, itself included."""
    if name not in seen:
        with open(finders.find(name), encoding="utf-8") as script:
            seen[name] = script.read()
        for part in re.findall(r'^import .*?"\./([\w-]+\.js)";', seen[name], re.MULTILINE):
            with_imports(f"js/{part}", seen)
    return seen


def test_fifty_questions_of_real_text_are_light(make_exam, bank, worker, now):
    bank.questions.all().delete()
    banks.load()
    text = paper(begin(make_exam(sections=FIFTY), worker, now, device="x"), now)
    assert text.count("<fieldset") == 50
    assert len(text.encode()) < 60_000
    files = {}
    for name in re.findall(r'<script[^>]* src="/static/([^"]+)"', text):
        with_imports(name, files)
    for name in re.findall(r'<link rel="stylesheet" href="/static/([^"]+)"', text):
        with_imports(name, files)
    assert "js/exam-outbox.js" in files
    # what makes a backup comes beside, once the paper stands
    assert sum(len(content.encode()) for name, content in files.items() if "rescue" not in name) < 80 * 1024


def test_what_pictures_bring_along_is_light():
    files = with_imports("css/picture.css", with_imports("js/picture.js", {}))
    assert sum(len(content.encode()) for content in files.values()) < 10 * 1024


def test_what_became_of_a_plain_form_is_told(sitting, client, now):
    page = enter(client, sitting).get(f"{lane(sitting, 'paper')}?saved=1").text
    assert "答案已在" in page
    item_id, _order = sitting.paper[2]
    assert "第 3 题没有保存" in client.get(f"{lane(sitting, 'paper')}?unfit={item_id}").text
    assert "题没有保存" not in client.get(f"{lane(sitting, 'paper')}?unfit=0").text


def test_the_size_of_the_print_is_kept(sitting, client):
    kept = post(client, sitting, "look", {"print": "large"})
    assert (kept.status_code, kept["Set-Cookie"].split(";")[0]) == (204, "print=large")
    client.cookies["print"] = "large"
    assert 'data-print="large"' in client.get(lane(sitting, "paper")).text
    assert "Set-Cookie" not in post(client, sitting, "look", {"print": "<b>"})


def test_the_service_worker_may_ask_our_server_and_nobody_else(worker, client):
    answer = client.get(reverse("exam_worker"))
    assert answer["Content-Type"] == "text/javascript"
    assert "connect-src 'self'" in answer["Content-Security-Policy"]
    assert "sandbox" not in answer["Content-Security-Policy"]
    assert worker.name not in client.get(reverse("exam_offline")).text

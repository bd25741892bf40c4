import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from lms import jobs, logs
from roster.models import Worker
from tests.lms import works  # noqa: F401 - its work is done here


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the server would have written to its log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def shown(lines: list[dict[str, Any]]) -> str:
    return json.dumps(lines, ensure_ascii=False)


@pytest.mark.django_db
def test_a_request_leaves_one_line_with_its_id_and_the_user_s_number(
    worker: Worker, client_of: Callable[..., Client], lines: Any
):
    client_of(worker.user).get("/healthz?q=王桂兰")
    (line,) = lines()
    assert len(line.pop("request_id")) == 36
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request_finished",
        "request": "GET /healthz?…",
        "code": 200,
        "user_id": worker.user.pk,
        "level": "info",
        "logger": "django_structlog.middlewares.request",
    }


@pytest.mark.django_db
def test_signing_in_leaves_no_name_number_or_password(worker: Worker, password: str, client: Client, lines: Any):
    for typed in ("13907150001", "W0001", "王桂兰"):
        client.post("/sign-in/?next=/records/%3Fname%3D王桂兰", {"username": typed, "password": password})
        client.post("/sign-in/", {"username": typed, "password": "猜一个试试看"})
    text = shown(lines())
    assert "/sign-in/" in text
    for personal in ("13907150001", "139071", "W0001", "王桂兰", "%E7%8E%8B", password, "猜一个"):
        assert personal not in text


@pytest.mark.django_db
def test_the_rest_of_a_certificate_s_address_is_left_out(client: Client, lines: Any):
    client.get("/check/sEcReT-token/")
    assert "sEcReT" not in shown(lines())


@pytest.mark.django_db
def test_an_exception_shows_where_but_not_what_it_said(lines: Any, django_capture_on_commit_callbacks: Any):
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("test.fail")
    (line,) = [line for line in lines() if line["event"] == "job_failed"]
    assert (line["kind"], line["level"], line["exception"][0]["type"]) == ("test.fail", "error", "builtins.ValueError")
    assert line["exception"][0]["places"][0].endswith(" fail")
    assert "王桂兰" not in shown(lines())


def test_a_library_s_record_goes_the_same_road(lines: Any):
    try:
        raise KeyError("13907150001")
    except KeyError:
        logging.getLogger("celery.app.trace").error("Task raised %r", KeyError("13907150001"), exc_info=True)
        logging.getLogger("gunicorn.error").error("Error handling request %s", "/cms/workers/?q=王桂兰")
    events = [(line["event"], [link["type"] for link in line.get("exception", [])]) for line in lines()]
    assert events == [
        ("task_failed", ["builtins.KeyError"]),
        ("Error handling request /cms/workers/?…", []),
    ]
    assert "13907150001" not in shown(lines())

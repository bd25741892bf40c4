import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils import timezone

from lms import jobs

WELL = {"database": True, "storage": True, "worker": True}


def ready(client: Client) -> tuple[int, dict[str, bool]]:
    response = client.get("/readyz")
    return response.status_code, response.json()


def test_health_answers_without_sign_in_or_database(client: Client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_ready_when_database_storage_and_worker_answer(client: Client):
    jobs.show_life(now=timezone.now())
    assert ready(client) == (200, WELL)


@pytest.mark.django_db
def test_not_ready_before_a_worker_has_shown_itself(client: Client):
    assert ready(client) == (503, {**WELL, "worker": False})


@pytest.mark.django_db
def test_not_ready_when_the_worker_was_last_seen_more_than_a_minute_ago(client: Client):
    cache.set(jobs.PULSE, timezone.now().timestamp() - 61)
    assert ready(client) == (503, {**WELL, "worker": False})


@pytest.mark.django_db
def test_not_ready_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch):
    jobs.show_life(now=timezone.now())
    monkeypatch.setattr(connection, "cursor", lambda: (_ for _ in ()).throw(OSError))
    assert ready(client) == (503, {**WELL, "database": False})


@pytest.mark.django_db
def test_not_ready_without_storage(client: Client, monkeypatch: pytest.MonkeyPatch):
    jobs.show_life(now=timezone.now())
    monkeypatch.setattr(default_storage, "exists", lambda name: (_ for _ in ()).throw(OSError))
    assert ready(client) == (503, {**WELL, "storage": False})

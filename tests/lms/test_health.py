import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from lms import jobs


def test_health_answers_without_sign_in_or_database(client: Client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_ready_when_database_storage_and_worker_answer(client: Client):
    cache.set(jobs.PULSE, timezone.now().timestamp())
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"database": True, "storage": True, "worker": True})

"""The real system beside the tests' own database, for a whole module: it is started once and serves several trials."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from tests import databases
from tests.faults import city as cities
from tests.faults.system import System
from tests.lms.conftest import own_database_url

CANDIDATES = 20
# of the tests' settings: the keys, so that both sides read the same numbers. DEBUG spares collecting the static files.
KEPT = ["SECRET_KEY", "PERSONAL_DATA_KEYS", "LOOKUP_KEY", "REQUIRE_SECOND_FACTOR"]
ENVIRONMENT = {name: os.environ[name] for name in KEPT} | {
    "DEBUG": "1",
    "ALLOWED_HOSTS": "127.0.0.1",
    "REDIS_URL": "",
    "WEB_PROCESSES": "1" if settings.SQLITE else "2",
}


@pytest.fixture(scope="module")
def laid(django_db_setup: None, django_db_blocker: Any) -> Iterator[cities.City]:
    """The database with a city in it, committed; put back as it was afterwards."""
    with django_db_blocker.unblock():
        yield cities.lay(CANDIDATES, now=timezone.now())
        databases.restore()


@pytest.fixture(scope="module")
def system(laid: cities.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder: Path = tmp_path_factory.mktemp("system")
    running = System(folder, {**ENVIRONMENT, "DATABASE_URL": own_database_url()})
    try:
        yield running.start()
    finally:
        running.stop()

"""The real system beside the tests' own database, for a whole module: it is started once and serves several trials."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests import databases
from tests.faults import city as cities
from tests.faults.servers import Cluster, quick_folder
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


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster that may be killed: durable as in service, and nobody else's."""
    # not in pytest's folder, which the other user that the server runs as may not enter
    own = Cluster(quick_folder())
    try:
        own.make()
        own.start()
        yield own
    finally:
        own.stop()
        shutil.rmtree(own.folder, ignore_errors=True)


@pytest.fixture
def laid_apart(django_db_setup: None, django_db_blocker: Any, cluster: Cluster) -> Iterator[cities.City]:
    """The tests' database copied into the cluster of our own, with a city in it; this process looks there meanwhile."""
    here = dict(connection.settings_dict)
    with django_db_blocker.unblock():
        dump = subprocess.run(
            ["pg_dump", "-h", here["HOST"], "-U", here["USER"], "--no-owner", databases.postgres_template()],
            capture_output=True,
            check=True,
        )
        connection.close()
        into = ["psql", "-q", "-h", str(cluster.folder), "-U", "xuetang", "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
        subprocess.run(into, input=dump.stdout, stdout=subprocess.DEVNULL, check=True)
        connection.settings_dict.update(HOST=str(cluster.folder), NAME="postgres", USER="xuetang")
        try:
            yield cities.lay(CANDIDATES, now=timezone.now())
        finally:
            connection.close()
            connection.settings_dict.update(here)


@pytest.fixture
def system_apart(laid_apart: cities.City, cluster: Cluster, tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path, {**ENVIRONMENT, "DATABASE_URL": cluster.url})
    try:
        yield running.start()
    finally:
        running.stop()

"""A real worker process on the filesystem broker, for what only a killed process can show."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from lms.celery import app
from tests.databases import ROOT


def own_database_url() -> str:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture
def start_worker(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start a worker process with patience shortened to one second; messages really go through the broker."""
    for folder in ("messages", "control"):
        (settings.QUEUE_DIR / folder).mkdir(parents=True, exist_ok=True)
    for message in (settings.QUEUE_DIR / "messages").iterdir():
        message.unlink()
    app.conf.task_always_eager = False
    monkeypatch.setattr(settings, "JOB_PATIENCE_SECONDS", 1)
    started: list[subprocess.Popen] = []
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lms.settings",
        "DATABASE_URL": own_database_url(),
        "JOB_PATIENCE_SECONDS": "1",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "lms", "worker", "--concurrency", "1"]
    command += ["--include", "tests.lms.works", "--without-heartbeat", "--without-gossip", "--without-mingle"]

    def start(**more: str) -> subprocess.Popen:
        with (tmp_path / "worker.log").open("a") as log:
            worker = subprocess.Popen(
                command, cwd=ROOT, env={**environment, **more}, stdout=log, stderr=log, start_new_session=True
            )
        started.append(worker)
        return worker

    yield start
    app.conf.task_always_eager = True
    for worker in started:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this did not come about in time"
        time.sleep(0.05)

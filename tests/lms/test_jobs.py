import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from lms import jobs, tasks
from lms.celery import app
from lms.models import Job, JobState
from tests.lms import works
from tests.lms.conftest import until

BROKEN = "系统反复出错，这项工作没有做完，请联系管理员。"


def facts(job: Job) -> tuple[str, int, int, int, str]:
    job.refresh_from_db()
    return job.state, job.tries, job.done, job.total, job.message


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[..., Job]:
    def enqueue(kind: str, **args: Any) -> Job:
        with django_capture_on_commit_callbacks(execute=True):
            return jobs.enqueue(kind, **args)

    return enqueue


@pytest.fixture
def unsent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Messages that were given to the broker, and got lost there."""
    lost: list[int] = []
    monkeypatch.setattr(tasks.run_job, "delay", lost.append)
    return lost


# --- one process --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_job_is_done_and_says_how_far_it_came(committed: Callable[..., Job], tmp_path: Path):
    job = committed("test.count", file=str(tmp_path / "a"), total=3, pause=0)
    assert facts(job) == (JobState.DONE, 1, 3, 3, "")
    assert works.lines(tmp_path / "a") == ["0", "1", "2"]


@pytest.mark.django_db
def test_a_job_that_is_done_is_not_done_again(committed: Callable[..., Job], tmp_path: Path):
    job = committed("test.silent", file=str(tmp_path / "a"), pause=0)
    jobs.run(job.pk)
    assert works.lines(tmp_path / "a") == ["begun"]


@pytest.mark.django_db
def test_a_refusal_ends_the_job_with_its_sentence(committed: Callable[..., Job]):
    job = committed("test.refuse")
    assert facts(job) == (JobState.FAILED, 1, 0, 0, "名单里没有可以导入的人，请检查文件。")


@pytest.mark.django_db
def test_an_error_is_tried_again_after_a_pause_and_given_up_in_the_end(now: datetime, committed: Callable[..., Job]):
    job = committed("test.fail")
    assert facts(job) == (JobState.QUEUED, 1, 0, 0, "")
    assert jobs.sweep(now=now) == 0
    for _ in range(jobs.MAX_TRIES - 1):
        Job.objects.update(heartbeat=now - timedelta(minutes=1))
        assert jobs.sweep(now=now) == 1
    assert facts(job) == (JobState.FAILED, jobs.MAX_TRIES, 0, 0, BROKEN)


@pytest.mark.django_db
def test_nothing_is_sent_when_the_transaction_is_rolled_back(unsent: list[int]):
    with transaction.atomic():
        jobs.enqueue("test.fail")
        transaction.set_rollback(True)
    assert (unsent, Job.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_a_lost_message_is_sent_again_once_in_each_patience(
    now: datetime, unsent: list[int], committed: Callable[..., Job]
):
    job = committed("test.fail")
    assert unsent == [job.pk]
    assert jobs.sweep(now=now + timedelta(seconds=29)) == 0
    assert jobs.sweep(now=now + timedelta(seconds=31)) == 1
    assert jobs.sweep(now=now + timedelta(seconds=41)) == 0
    assert jobs.sweep(now=now + timedelta(seconds=62)) == 1
    assert unsent == [job.pk] * 3


@pytest.mark.django_db
def test_what_kills_its_worker_each_time_is_given_up(now: datetime):
    job = Job.objects.create(
        kind="test.fail", state=JobState.RUNNING, tries=jobs.MAX_TRIES, heartbeat=now - timedelta(minutes=1)
    )
    assert jobs.sweep(now=now) == 0
    assert facts(job) == (JobState.FAILED, jobs.MAX_TRIES, 0, 0, BROKEN)


@pytest.mark.django_db
def test_a_run_that_was_taken_for_dead_cannot_write_over_the_run_that_replaced_it(now: datetime):
    first = Job.objects.create(kind="test.count", state=JobState.RUNNING, tries=1)
    Job.objects.update(tries=2, done=7, total=9)  # a second worker claimed it
    with pytest.raises(jobs.Superseded):
        jobs.Handle(first).progress(1, 9)
    jobs.close(first, state=JobState.FAILED, message="过时的结果")
    jobs.put_back(first)
    assert facts(Job.objects.get()) == (JobState.RUNNING, 2, 7, 9, "")


@pytest.mark.django_db
def test_a_broker_that_is_away_does_not_stop_the_request(
    now: datetime, monkeypatch: pytest.MonkeyPatch, committed: Callable[..., Job]
):
    def away(job_id: int) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.run_job, "delay", away)
    job = committed("test.silent", file="", pause=0)
    assert facts(job) == (JobState.QUEUED, 0, 0, 0, "")


@pytest.mark.django_db
def test_the_sweep_shows_that_a_worker_lives(now: datetime):
    tasks.sweep.delay()
    assert cache.get(jobs.PULSE) == now.timestamp()


# --- real processes: a Celery worker on the filesystem broker -----------------------------------------------------


@pytest.mark.slow
@pytest.mark.postgres
def test_a_job_survives_the_kill_of_its_worker(start_worker: Callable[..., subprocess.Popen], tmp_path: Path):
    file = tmp_path / "steps"
    job = jobs.enqueue("test.count", file=str(file), total=12, pause=0.1)
    first = start_worker()
    until(lambda: len(works.lines(file)) >= 3)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    state, tries, done, total, _message = facts(job)
    assert (state, tries, total) == (JobState.RUNNING, 1, 12)
    assert 2 <= done < 12

    time.sleep(1.1)
    assert jobs.sweep(now=timezone.now()) == 1
    start_worker()
    until(lambda: facts(job)[0] == JobState.DONE)
    assert facts(job) == (JobState.DONE, 2, 12, 12, "")
    assert works.lines(file) == [str(step) for step in range(12)]


@pytest.mark.slow
def test_a_lost_message_reaches_a_real_worker_after_the_sweep(
    start_worker: Callable[..., subprocess.Popen], tmp_path: Path
):
    job = jobs.enqueue("test.silent", file=str(tmp_path / "a"), pause=0)
    (message,) = (settings.QUEUE_DIR / "messages").iterdir()
    message.unlink()
    start_worker()
    time.sleep(1.1)
    assert facts(job)[:2] == (JobState.QUEUED, 0)
    assert jobs.sweep(now=timezone.now()) == 1
    until(lambda: facts(job)[0] == JobState.DONE)
    assert works.lines(tmp_path / "a") == ["begun"]


@pytest.mark.slow
def test_long_silent_work_is_not_taken_for_dead(start_worker: Callable[..., subprocess.Popen], tmp_path: Path):
    job = jobs.enqueue("test.silent", file=str(tmp_path / "a"), pause=3)
    start_worker()
    until(lambda: facts(job)[0] == JobState.RUNNING)
    while facts(job)[0] == JobState.RUNNING:
        assert jobs.sweep(now=timezone.now()) == 0
        time.sleep(0.2)
    assert facts(job)[:2] == (JobState.DONE, 1)
    assert works.lines(tmp_path / "a") == ["begun"]


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    server = shutil.which("redis-server")
    if server is None:
        message = "There is no redis-server; `script/test` installs it."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    running.terminate()
    running.wait()


@pytest.mark.slow
def test_redis_carries_the_messages_when_there_is_one(
    start_worker: Callable[..., subprocess.Popen], redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def through_redis(job_id: int) -> None:
        with app.connection_for_write(redis_url) as connection:
            tasks.run_job.apply_async((job_id,), connection=connection)

    monkeypatch.setattr(tasks.run_job, "delay", through_redis)
    start_worker(REDIS_URL=redis_url)
    job = jobs.enqueue("test.count", file=str(tmp_path / "a"), total=3, pause=0)
    until(lambda: facts(job)[0] == JobState.DONE)
    assert facts(job) == (JobState.DONE, 1, 3, 3, "")

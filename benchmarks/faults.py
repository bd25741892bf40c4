"""
What goes wrong on an exam day, on purpose: `python benchmarks/faults.py [sqlite|postgres] [candidates] [names of trials …]`; both databases
and 100 candidates by default.

Each trial is an exam of eight questions that everybody sits at once on the real system (gunicorn, a Celery worker, beat, each a process of
its own), while one thing goes wrong. Afterwards tests/faults/checker.py compares what the phones were told with what the database holds;
the table tells the violations of each of its ten invariants, how many saves were told to come later, and how long nobody could save. The
exit code is 1 when there is any violation.

The database lies in a small file system in memory, so that its disk can be filled; where none may be mounted that trial is left out. What
is not here: packets lost below HTTP (a broken connection is the same to both ends), and a server clock that jumps, which is shown in
process by case 5 of tests/exams/test_abuse_and_faults.py.
"""

import base64
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.faults.servers import Cluster, Redis  # noqa: E402

SECONDS = 18.0
THIRD = SECONDS / 3
SIZE = 900  # MB of the small file system; what is left after laying is filled by the trial of a full disk
BOTH = ["sqlite", "postgres"]


@dataclass
class House:
    """One installation in a folder of its own."""

    folder: Path
    small: Path
    mounted: bool
    cluster: Cluster | None
    redis: Redis | None

    def environment(self) -> dict[str, str]:
        return {
            "VAR_DIR": str(self.folder / "var"),
            "DATABASE_URL": self.cluster.url if self.cluster else f"sqlite:///{self.small / 'db.sqlite3'}",
            "REDIS_URL": self.redis.url if self.redis else "",
            "LOG_LEVEL": "ERROR",
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "HTTPS": "0",
            "REQUIRE_SECOND_FACTOR": "0",
            "DEBUG": "0",
            "WEB_PROCESSES": "2" if self.cluster else "1",
            "DJANGO_SETTINGS_MODULE": "lms.settings",
            # for a database that is thrown away
            "SECRET_KEY": "benchmark" * 6,
            "LOOKUP_KEY": "benchmark" * 6,
            "AUDIT_KEY": "benchmark" * 6,
            "PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"benchmark".ljust(32)).decode(),
        }

    def pull_down(self) -> None:
        if self.cluster:
            self.cluster.stop()
        if self.redis:
            self.redis.stop()
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.small)], check=False)  # noqa: S603, S607
        shutil.rmtree(self.folder, ignore_errors=True)


def build(database: str) -> House:
    folder = Path(tempfile.mkdtemp(prefix="xuetang-faults-"))
    folder.chmod(0o755)
    small = folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "tmpfs", str(small)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0  # noqa: S603
    house = House(folder, small, mounted, None, None)
    if database == "postgres":
        house.cluster = Cluster(small / "cluster")
        house.cluster.make()
        house.cluster.start()
        if Redis.there():
            house.redis = Redis(folder / "redis")
            house.redis.start()
    return house


def both(arguments: list[str]) -> int:
    started = [sys.executable, __file__]
    return max(subprocess.run([*started, name, *arguments]).returncode for name in BOTH)  # noqa: S603


def main() -> int:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in BOTH:
        return both(arguments)
    database, *rest = arguments
    candidates = int(rest.pop(0)) if rest and rest[0].isdecimal() else 100
    house = build(database)
    try:
        os.environ.update(house.environment())
        import django

        django.setup()
        return trials(house, candidates, rest)
    finally:
        house.pull_down()


def trials(house: House, candidates: int, wanted: list[str]) -> int:
    from django.utils import timezone

    from lms import installation
    from tests.faults import city as cities
    from tests.faults.checker import INVARIANTS
    from tests.faults.system import System

    installation.bring_up_to_date(demo_scale=0, say=lambda text: None)
    print(f"laying {candidates} candidates", flush=True)
    city = cities.lay(candidates, now=timezone.now())
    system = System(house.folder / "var", house.environment(), parts=("web", "worker", "beat")).start()
    trouble = 0
    try:
        columns = " ".join(f"{name:>3}" for name in INVARIANTS)
        kind = "PostgreSQL" if house.cluster else "SQLite"
        print(
            f"{kind + ', what goes wrong':<34}{'kept':>7}{'later':>7}{'unknown':>8}{'refused':>8}{'silent s':>9}  {columns}"
        )
        for name, trial in Trials(house, system, candidates).catalogue().items():
            if wanted and not any(word in name for word in wanted):
                continue
            told = trial(city)
            if told is None:
                print(f"{name:<34}{'left out here':>39}")
                continue
            found = Counter(one.invariant for one in told.violations)
            cells = " ".join(f"{found[one] or 'ok':>3}" for one in INVARIANTS)
            refused = told.summary().get("save refused", 0)
            later = sum(one.state == "503" for one in told.history.of("save"))
            figures = (
                f"{told.acknowledged:>7}{later:>7}{told.unknown - later:>8}{refused:>8}{told.longest_silence():>9.1f}"
            )
            print(f"{name:<34}{figures}  {cells}", flush=True)
            for one in told.violations[:5]:
                print(f"    {one.invariant} attempt {one.attempt}: {one.text}", flush=True)
            trouble += len(told.violations)
            if not told.acknowledged:
                print("    nothing was acknowledged: this trial shows nothing")
                trouble += 1
    finally:
        system.stop()
    return 1 if trouble else 0


class Trials:
    """What is tried. Modules that need the installation are imported when it stands."""

    def __init__(self, house: House, system: Any, candidates: int) -> None:
        from tests.faults.clients import Manner

        self.house, self.system = house, system
        # so that there are some 150 to 300 saves a second
        self.usual = Manner(pause=max(0.15, candidates / 300), haste=0.2, patience=5)
        self.deadlines: dict[int, Any] = {}

    def held(self, city: Any, *, what: Any = None, proxy: Any = None, by_itself: bool = False, **cast: Any) -> Any:
        """One exam, held and judged. `what` acts meanwhile, and `proxy` says which share of the replies is lost, and how slow they are."""
        from django.utils import timezone

        from tests.faults import city as cities
        from tests.faults import trial
        from tests.faults.proxy import Proxy

        exam, port, between = cities.exam(city, seconds=SECONDS + 3, now=timezone.now()), self.system.port, None
        if proxy:
            between = Proxy(port)
            between.loses, between.delays = proxy
        manner = replace(self.usual, storms=cast.pop("storms", 0.0), essays=cast.pop("essays", False))
        history = trial.hold(
            city,
            exam,
            between.port if between else port,
            seconds=SECONDS,
            cast=trial.Cast(manner, **cast),
            nemesis=(lambda over: what(over, exam)) if what == self.edit_window else what or trial.nobody,
        )
        if between:
            between.close()
        if by_itself:
            closed_by_the_system(exam)
        told = trial.judge(city, exam, history)
        told.violations.extend(self.moved())
        return told

    def edit_window(self, over: threading.Event, exam: Any) -> None:
        """The close comes nearer while people sit: who has begun keeps their time."""
        from django.db import connection
        from django.utils import timezone

        from exams.models import Exam

        if not over.wait(THIRD / 2):
            begun = exam.attempts.filter(state="sitting")
            self.deadlines.update(begun.values_list("pk", "deadline"))
            Exam.objects.filter(pk=exam.pk).update(closes_at=timezone.now() + (exam.closes_at - timezone.now()) / 2)
        connection.close()

    def moved(self) -> list[Any]:
        from exams.models import Attempt
        from tests.faults.checker import Violation

        stand = dict(Attempt.objects.filter(pk__in=self.deadlines).values_list("pk", "deadline"))
        return [Violation("I7", pk, "the deadline moved") for pk, was in self.deadlines.items() if stand[pk] != was]

    def catalogue(self) -> dict[str, Callable[[Any], Any]]:
        """By name, in order; what cannot be tried here says None."""
        from tests.faults import nemesis as wrong

        house, system = self.house, self.system
        cluster, redis = house.cluster, house.redis
        together = [wrong.kill_web(system, every=3), wrong.kill_part(system, "worker", every=6)]
        together += [wrong.restart_database(cluster, after=4)] if cluster else []
        mixed = {"storms": 0.2, "tabs": 0.3, "devices": 0.3, "sleepers": 0.2, "proxy": (0.1, 0.1)}
        tried: dict[str, dict[str, Any] | None] = {
            "nothing": {},
            "web processes killed": {"what": wrong.kill_web(system, every=1.5)},
            "worker killed": {"what": wrong.kill_part(system, "worker", every=4), "by_itself": True},
            "beat killed": {"what": wrong.kill_part(system, "beat", every=4), "by_itself": True},
            "replies lost": {"proxy": (0.25, 0.05)},
            "slow lines": {"proxy": (0.02, 1.0)},
            "retry storms": {"storms": 0.8},
            "two tabs": {"tabs": 1.0},
            "two devices": {"devices": 1.0},
            "phones asleep over the end": {"sleepers": 0.7},
            "window edited meanwhile": {"what": self.edit_window},
            "disk full": {"what": fill_disk(house, after=THIRD / 2, seconds=THIRD), "essays": True}
            if house.mounted
            else None,
            "database restarted at once": cluster and {"what": wrong.restart_database(cluster, after=1)},
            "database frozen": cluster and {"what": wrong.freeze_database(cluster, after=1, seconds=THIRD)},
            "Redis flushed": redis and {"what": wrong.flush_redis(redis)},
            "Redis stopped": redis and {"what": wrong.stop_redis(redis, after=1)},
            "all of it together": {"what": all_of(together), **mixed},
        }
        return {
            name: (lambda city, how=how: self.held(city, **how)) if how is not None else (lambda city: None)
            for name, how in tried.items()
        }


def closed_by_the_system(exam: Any) -> None:
    """Nobody here sweeps: beat and worker do, whatever became of them."""
    end = time.monotonic() + 90
    while exam.attempts.filter(state="sitting").exists():
        if time.monotonic() > end:
            print("    the system did not close the exam by itself within 90 s")
            return
        time.sleep(1)


def all_of(acts: list[Callable[[threading.Event], None]]) -> Callable[[threading.Event], None]:
    def nemesis(over: threading.Event) -> None:
        threads = [threading.Thread(target=act, args=(over,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return nemesis


def fill_disk(house: House, *, after: float, seconds: float) -> Callable[[threading.Event], None]:
    """Not a byte is left for so long. A server that gave up over it is started again, as a service manager does."""

    def nemesis(over: threading.Event) -> None:
        if over.wait(after):
            return
        ballast = house.small / "ballast"
        with ballast.open("wb", buffering=0) as out:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        out.write(b"\0" * size)
                except OSError:
                    continue
        time.sleep(seconds)
        ballast.unlink()
        if house.cluster and not house.cluster.alive():
            house.cluster.start()

    return nemesis


if __name__ == "__main__":
    sys.exit(main())

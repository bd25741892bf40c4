"""
What goes wrong on an exam day, on purpose: `python benchmarks/faults.py [sqlite|postgres] [candidates …] [names of trials …]`; both
databases and 100 candidates unless named. A county is 1,500, the city 7,280.

Each trial is an exam of eight questions that everybody sits at once on the real system (gunicorn, a Celery worker, beat, each a process of
its own), while one thing goes wrong. Afterwards tests/faults/checker.py compares what the phones were told with what the database holds;
the table tells of each trial

    sat      candidates of whom a save was acknowledged
    kept     saves that were acknowledged
    later    saves that were told to come again later: nothing was written
    refused  saves that were refused: handed in, closed, held by another device
    unknown  saves nobody can say of what became of them: the reply never came, or the connection broke
    silent   the longest time in seconds in which nobody, whoever it was, could save
    I1 … I10 violations of each of the ten invariants

and how long it took. The exit code is 1 when there is any violation. What a trial with one was judged by (history, rows, logs) is kept in
a folder that is named below it.

All phones are driven by one thread, however many there are (a coroutine each, with connections of its own), and the system steps back behind
them: it is the server that shall be late, not they. A trial takes longer the more sit (`Measure` in faults_trials.py): 7,280 come in over
40 seconds, answer some 300 times a second in the open while it goes wrong, and hand in over as many. The first 200 come by the entry page;
the others begin with the pass that it would give them. No more than 2,000 change to a second device in one trial.

The database lies in a small file system in memory, so that its disk can be filled; where none may be mounted that trial is left out. What
is not here: packets lost below HTTP (a broken connection is the same to both ends), and a server clock that jumps, which is shown in
process by case 5 of tests/exams/test_abuse_and_faults.py.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from faults_house import House, build  # noqa: E402

BOTH = ["sqlite", "postgres"]
KEPT = ("history", "facts", "again", "violations")


def main() -> int:
    arguments = sys.argv[1:]
    databases = [arguments.pop(0)] if arguments and arguments[0] in BOTH else BOTH
    sizes = [one for one in arguments if one.isdecimal()] or ["100"]
    wanted = [one for one in arguments if not one.isdecimal()]
    if len(databases) * len(sizes) == 1:
        return one_house(databases[0], int(sizes[0]), wanted)
    return max(apart(database, size, *wanted) for database in databases for size in sizes)


def apart(*arguments: str) -> int:
    """In a process of its own, for settings are read once. It ends with this one."""
    with subprocess.Popen([sys.executable, __file__, *arguments]) as own:  # noqa: S603
        try:
            return own.wait()
        except BaseException:
            own.terminate()
            raise


def one_house(database: str, candidates: int, wanted: list[str]) -> int:
    # 100 KB a candidate and trial: essays, and the log of the database
    house = build(database, megabytes=900 + candidates * 2 // 5)
    try:
        os.environ.update(house.environment())
        import django

        django.setup()
        return trials(house, candidates, wanted)
    finally:
        house.pull_down()


def trials(house: House, candidates: int, wanted: list[str]) -> int:
    from django.utils import timezone
    from faults_trials import Trials

    from lms import installation
    from tests.faults import city as cities
    from tests.faults.checker import INVARIANTS
    from tests.faults.system import System

    installation.bring_up_to_date(demo_scale=0, say=lambda text: None)
    city = cities.lay(candidates, now=timezone.now())
    system = System(house.folder / "var", house.environment(), parts=("web", "worker", "beat"), yields=3).start()
    trouble, begun = 0, time.monotonic()
    try:
        print(f"\n{'PostgreSQL' if house.cluster else 'SQLite'}, {candidates:,} candidates, eight questions each")
        heads = f"{'sat':>5}{'kept':>8}{'later':>7}{'refused':>8}{'unknown':>8}{'silent':>8}"
        print(f"{'what goes wrong':<27}{heads}  {' '.join(INVARIANTS)}  took", flush=True)
        for name, trial in Trials(house, system, city, candidates).catalogue().items():
            if wanted and not any(word in name for word in wanted):
                continue
            if trial is None:
                print(f"{name:<27}{'left out here':>20}")
                continue
            before = time.monotonic()
            told = trial()
            row(name, told, INVARIANTS, seconds=time.monotonic() - before)
            if told.violations:
                print(f"    kept in {keep(house, told, name)}", flush=True)
            if told.history.behind > 1:
                print(
                    f"    the phones' own loop was {told.history.behind:.1f} s behind at worst: not the server's",
                    flush=True,
                )
            if not told.acknowledged:
                print("    nothing was acknowledged: this trial shows nothing")
            trouble += len(told.violations) + (not told.acknowledged)
    finally:
        system.stop()
    print(f"{trouble or 'no'} violations; {(time.monotonic() - begun) / 60:.1f} minutes", flush=True)
    return 1 if trouble else 0


def row(name: str, told: Any, invariants: list[str], *, seconds: float) -> None:
    found = Counter(one.invariant for one in told.violations)
    cells = " ".join(f"{found[one] or 'ok':>{len(one)}}" for one in invariants)
    refused = told.summary().get("save refused", 0)
    figures = f"{told.sat:>5}{told.acknowledged:>8}{told.later:>7}{refused:>8}{told.unknown - told.later:>8}"
    print(f"{name:<27}{figures}{told.longest_silence():>6.1f} s  {cells} {seconds:>4.0f} s", flush=True)
    for one in told.violations[:5]:
        print(f"    {one.invariant} attempt {one.attempt}: {one.text}")


def keep(house: House, told: Any, name: str) -> Path:
    """History, rows and logs, where one can look at them afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"xuetang-faults-kept-{name.replace(' ', '-')}-"))
    told.keep(folder)
    for log in [*(house.folder / "var").glob("*.log"), house.small / "cluster" / "log"]:
        if log.exists():
            shutil.copy(log, folder)
    return folder


def stopped(_number: int, _frame: Any) -> None:
    raise SystemExit("stopped")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stopped)  # so that the servers end with it
    sys.exit(main())

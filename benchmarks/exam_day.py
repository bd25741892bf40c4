"""
The exam day of a whole city: `python benchmarks/exam_day.py [candidates …] [--questions 50] [--processes n] [--quick]`.

A real gunicorn as `gunicorn.conf.py` has it, on loopback, with a database of its own: SQLite in a temporary folder as installed, or the
empty one that BENCHMARK_DATABASE_URL names, on a cluster that nobody else uses. Of each size (7,280 unless named; `--quick` is 300) all
start, fetch the paper, answer everything and a fifth of it again, and hand in; a tenth is left open and closed by the sweep. Time is
compressed: everything comes as fast as it goes, but for the phase at 360 saves a second, whose waits count from when each was due.

CPU is user and system time of web processes and of the whole PostgreSQL cluster; the driver's own is not in it. At the end the driver's
history is held against the database: what was acknowledged is what is stored and marked. Other work on the machine is told.
"""

import argparse
import multiprocessing
import signal
import time
from datetime import timedelta

import apart

asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
asked.add_argument("candidates", nargs="*", type=int, help="sizes, one after the other")
asked.add_argument("--questions", type=int, default=50)
asked.add_argument("--rate", type=float, default=360, help="saves a second in the phase that does not wait")
asked.add_argument("--seconds", type=float, default=20, help="how long that phase lasts")
asked.add_argument("--processes", help="web processes, instead of what gunicorn.conf.py takes")
asked.add_argument("--links", type=int, default=8, help="connections of each of the two drivers")
asked.add_argument("--quick", action="store_true")
OPTIONS = asked.parse_args()
SIZES = OPTIONS.candidates or [300 if OPTIONS.quick else 7280]
apart.stand(**({"WEB_PROCESSES": OPTIONS.processes} if OPTIONS.processes else {}))

import exam_city  # noqa: E402
import exam_drive  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from exam_check import check  # noqa: E402
from exam_door import by_the_door, receipts_seen, weight  # noqa: E402
from exam_measures import Server, beats_alone, measured, played  # noqa: E402
from exam_stored import POSTGRES, durable, held_up, stored, stored_in  # noqa: E402
from exam_table import table  # noqa: E402
from machine import memory  # noqa: E402

from exams.day import attempts  # noqa: E402
from exams.models import Attempt  # noqa: E402


def sweep(server, exam, now):
    """Close what was left open, three hours later by the clock that is handed to it."""
    until, (here, there) = multiprocessing.Event(), multiprocessing.Pipe()
    prober = None
    if not POSTGRES:
        path = str(connection.settings_dict["NAME"])
        prober = multiprocessing.get_context("fork").Process(target=held_up, args=(path, until, there))
        connection.close()
        prober.start()
    begun = time.process_time()
    with measured(server, "close what was left open") as step:
        step.count = attempts.close_overdue(now=now + timedelta(hours=3))
        own = (time.process_time() - begun) * 1000 / max(1, step.count)
        assert step.count, "nothing was left open"
    step.web = own
    until.set()
    if prober:
        step.held = here.recv() * 1000
        prober.join()
        print(f"    a writer waited {step.held:.0f} ms at most meanwhile")
    print(f"    of which this process {own:.2f} ms")
    assert attempts.close_overdue(now=now + timedelta(hours=3)) == 0
    return step


def day(server, city, place, size):
    now = timezone.now()
    print(f"\n{size:,} candidates, {OPTIONS.questions} questions, {connection.vendor}", flush=True)
    territory, mobiles = exam_city.county(city, place, size, now)
    before = stored()
    exam = exam_city.exam(territory, OPTIONS.questions, now)
    drawn = exam_city.draw(exam, now)
    print(f"  papers drawn: {drawn * 1000 / size:.3f} ms CPU of this process each")
    sign, entry, known = by_the_door(server, exam, mobiles)
    people = exam_city.people(exam, now, known)
    connection.close()
    server.players = exam_drive.Players(apart.HERE, people, links=OPTIONS.links)
    done = {"sign": sign, "entry": entry}
    try:
        played(server, "(warming up)", "hello", path="/hello", count=300)
        done["bare"] = played(server, "hello without middleware", "hello", path="/hello", count=1500)
        done["full"] = played(server, "hello behind all middleware", "hello", path="/healthz/hello", count=1500)
        done["start"] = played(server, "start", "start")
        done["paper"] = played(server, "paper", "paper")
        done["weight"] = weight(people[0][1], people[0][3 - 1])
        done["save"] = played(server, "save, as fast as it goes", "saves")
        done["beat"] = played(server, "beat alone", "beats")
        half = {"rate": OPTIONS.rate / 2, "seconds": OPTIONS.seconds, "links": min(64, size // 2 or 1)}
        done["steady"] = played(server, f"save, {OPTIONS.rate:.0f} a second", "changes", **half)
        done["fresh"] = played(server, "the same, each on a new connection", "changes", **half, keep=False)
        done["hand_in"] = played(server, "hand in and mark", "hand_in")
        done["again"] = played(server, "hello without middleware, once more", "hello", path="/hello", count=1500)
        refused = sum(server.players.do("late"))
        done["receipt"] = receipts_seen(server, {a: c for a, c in known.items() if Attempt.objects.get(pk=a).receipt})
        done["memory"] = memory(server.process.pid)
        done["left"] = sweep(server, exam, now)
        looked = check(server, exam)
        print(
            f"  {looked:,} acknowledged answers are what is stored and marked; {refused:,} saves after the hand-in refused"
        )
    finally:
        server.players.end()
        server.players = None
    done["kept"] = (stored() - before) / size / 1000
    changed = int(OPTIONS.questions * exam_drive.FRESH)
    once = sum(done[name].cost for name in ("sign", "entry", "start", "paper", "hand_in", "receipt"))
    saves = OPTIONS.questions + changed  # in an hour: every answer, some again
    done["whole"] = (once + saves * done["save"].cost + beats_alone(saves) * done["beat"].cost) / 1000
    named = sum(done[name].cost for name in ("sign", "start", "paper", "hand_in"))
    done["alone"] = (named + OPTIONS.questions * done["save"].cost) / 1000
    done["without"] = (once - sign.cost + saves * done["save"].cost) / 1000
    print(
        f"  {done['kept']:.1f} KB stored a candidate, audit included; web processes {done['memory']:.0f} MB; {stored_in()}"
    )
    return done


def main():
    durable()
    city = exam_city.prepare(timezone.now())
    server, done = Server(), {}
    try:
        for place, size in enumerate(SIZES, 1):
            done[size] = day(server, city, place, size)
    finally:
        server.end()
    table(SIZES[-1], OPTIONS.questions, done[SIZES[-1]])
    if len(SIZES) > 1:
        print(
            "seconds of CPU a candidate, sign-in and beats apart: "
            + ", ".join(f"{one['without']:.3f} of {size:,}" for size, one in done.items())
        )


def stopped(_number, _frame):
    raise SystemExit("stopped")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stopped)  # so that server and players end with it
    try:
        main()
    finally:
        apart.pull_down()

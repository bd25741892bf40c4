"""What each kind of request costs on the exam day: CPU of web processes and database, the rate, the waits, and other work on the machine."""

import signal
import subprocess
import time
from contextlib import contextmanager
from itertools import pairwise
from random import Random

import door
from django.db import connection
from exam_stored import POSTGRES
from machine import family, stat, whole


class Server:
    """gunicorn and the database behind it, and what they have used so far."""

    def __init__(self):
        self.process = door.open_up("benchmarks.hello:application")
        self.players, self.postmaster = None, 0
        if POSTGRES:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.postmaster = int(stat(cursor.fetchone()[0])[1])

    def spent(self):
        return family(self.process.pid), family(self.postmaster) if POSTGRES else 0.0

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            print("gunicorn does not end")
            self.process.kill()


class Step:
    """What one kind of request cost."""

    def __init__(self):
        self.count = self.web = self.database = self.wall = self.other = 0
        self.waits = []

    @property
    def cost(self):
        return self.web + self.database

    @property
    def rate(self):
        return self.count / self.wall

    def wait(self, share):
        return self.waits[min(len(self.waits) - 1, int(len(self.waits) * share))] * 1000

    def __str__(self):
        waits = f"; half within {self.wait(0.5):.1f} ms, 99 % {self.wait(0.99):.1f}" if self.waits else ""
        return (
            f"{self.cost:6.2f} ms CPU = web {self.web:.2f} + database {self.database:.2f}; {self.rate:,.0f} a second{waits};"
            f" other work took {self.other:.1f} cores"
        )


@contextmanager
def measured(server, name):
    """Milliseconds of CPU for each of `step.count` requests, which the block sets."""
    step, players = Step(), server.players
    before, machine, own, begun = server.spent(), whole(), time.process_time(), time.perf_counter()
    driver = players.cpu if players else 0
    yield step
    step.wall, after = time.perf_counter() - begun, server.spent()
    step.web, step.database = ((b - a) * 1000 / max(1, step.count) for a, b in zip(before, after, strict=True))
    ours = sum(after) - sum(before) + (players.cpu - driver if players else 0) + time.process_time() - own
    step.other = max(0, (whole() - machine - ours) / step.wall)
    step.waits.sort()
    print(f"  {name:<34}{step}", flush=True)


def played(server, name, act, **given):
    with measured(server, name) as step:
        tallies = server.players.do(act, **given)
        for tally in tallies:
            step.count += sum(tally.statuses.values())
            step.waits += tally.waits
    busy, resent = sum(t.statuses[503] for t in tallies), sum(t.resent for t in tallies)
    if busy or resent:
        print(f"    told to come later: {busy}; sent again on a new connection: {resent}")
    step.bytes = sum(t.bytes for t in tallies) / step.count
    return step


def beats_alone(saves, seconds=3600, quiet=75, times=200):
    """How many beats a phone sends by themselves while so many answers are given at random moments: after each silence. Mean of many."""
    chance, total = Random(7), 0  # noqa: S311
    for _time in range(times):
        moments = [0, *sorted(chance.uniform(0, seconds) for _save in range(saves)), seconds]
        total += sum(int((later - sooner) // quiet) for sooner, later in pairwise(moments))
    return total / times

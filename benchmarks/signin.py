"""
What a sign-in costs: `python benchmarks/signin.py [people]`.

Drives sign-ins as browsers do: a real gunicorn of two processes on loopback, the page fetched, the form sent with its CSRF token, cookies
kept, each person once, in a database of its own (SQLite in a temporary folder as installed, or the empty one that BENCHMARK_DATABASE_URL
names). Counted is the CPU of the web processes and, on PostgreSQL, of its back ends; the driver's own is not. Goal: 30 ms a sign-in, so
that 7,280 people in ten minutes need less than a fifth of two cores. Then what other costs of argon2id take. On a machine that does
other work at the same time argon2 is slower, for it waits for memory.
"""

import concurrent.futures
import resource
import signal
import sys
import time

import apart
from apart import PASSWORD

apart.stand(WEB_PROCESSES="2", WEB_THREADS="4")

import argon2  # noqa: E402
import door  # noqa: E402
import machine  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from roster.models import Territory, User, Worker, mobile_lookup  # noqa: E402

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 300
CITY, MINUTES, CORES, GOAL = 7280, 10, 2, 30  # milliseconds


def build():
    """Workers with accounts; one hash for all, as what is measured is looking a password up, not setting one."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    city = Territory.objects.create(level="city", code="421200", name="咸宁市", stem="咸宁", path="")
    Territory.objects.filter(pk=city.pk).update(path=f"{city.pk}/")
    hashed, mobiles = make_password(PASSWORD), [f"139{number:08}" for number in range(PEOPLE)]
    users = User.objects.bulk_create(
        [
            User(username=f"W{n:06}", name="王桂兰", password=hashed, mobile_hash=mobile_lookup(mobile))
            for n, mobile in enumerate(mobiles)
        ]
    )
    Worker.objects.bulk_create(
        Worker(
            number=user.username,
            user=user,
            name=user.name,
            mobile=mobile,
            mobile_hash=user.mobile_hash,
            township=city,
            employment="fulltime",
        )
        for user, mobile in zip(users, mobiles, strict=True)
    )
    return mobiles


def timed(mobile):
    """A whole sign-in; returns the seconds that its person waited."""
    begun = time.perf_counter()
    door.sign_in(mobile)
    return time.perf_counter() - begun


def fetch(_mobile):
    door.fetch()


def web(server):
    """Processes of the web server: the parent and its children."""
    return [server.pid, *machine.children(server.pid)]


def back_ends():
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(query)
        return [pid for (pid,) in cursor.fetchall()]


def spent(pids):
    """Seconds of CPU that these processes have used so far."""
    total = 0
    for pid in pids:
        fields = machine.stat(pid)
        total += int(fields[11]) + int(fields[12])
    return total / machine.TICKS


def measure(server, work, mobiles):
    """Milliseconds of CPU a person in the web and in the database, the rate, and what the work returned."""
    before, database, begun = spent(web(server)), spent(back_ends()), time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, mobiles))
    wall = time.perf_counter() - begun
    share = 1000 / len(mobiles)
    return (spent(web(server)) - before) * share, (spent(back_ends()) - database) * share, len(mobiles) / wall, results


def main():
    mobiles = build()
    server = door.open_up("lms.wsgi")
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # so that every process has imported and connected
            list(pool.map(fetch, range(40)))
            list(pool.map(timed, mobiles[:16]))
        rest = mobiles[16:]
        page, _database, _rate, _none = measure(server, fetch, rest)
        front, database, rate, waits = measure(server, timed, rest)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    waits.sort()
    cost = front + database
    needed = cost * CITY / 1000 / (MINUTES * 60 * CORES)
    print(f"{connection.vendor}, {len(rest)} sign-ins by 8 browsers at once, 2 processes of 4 threads")
    print(
        f"CPU a sign-in: {cost:.1f} ms (goal {GOAL}): web {front:.1f}, of which the page before it {page:.1f}; database {database:.1f}"
    )
    print(
        f"waited: half of them {waits[len(waits) // 2] * 1000:.0f} ms, 95 % {waits[int(len(waits) * 0.95)] * 1000:.0f} ms"
    )
    print(f"rate here {rate:.0f} a second; {CITY:,} in {MINUTES} minutes are {CITY / MINUTES / 60:.1f} a second")
    print(f"{CITY:,} in {MINUTES} minutes need {needed:.0%} of {CORES} cores{'' if cost < GOAL else '  MISSED'}")
    table()


def table():
    """One password looked at, by time cost and memory."""
    print("argon2id, p=1: CPU a password in ms, and its share of two cores for the whole city in ten minutes")
    print("  t  " + "".join(f"{memory:>6} MiB      " for memory in MEMORY))
    for rounds in (1, 2, 3, 4, 5):
        cells = []
        for memory in MEMORY:
            hasher = argon2.PasswordHasher(rounds, memory * 1024, 1)
            hashed = hasher.hash(PASSWORD)
            begun = time.process_time()
            for _turn in range(10):
                hasher.verify(hashed, PASSWORD)
            each = (time.process_time() - begun) * 100
            cells.append(f"{each:6.1f} ({each * CITY / 1000 / (MINUTES * 60 * CORES):4.0%})  ")
        print(f"{rounds:>3}  " + " ".join(cells))
    print(f"memory of this process at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


MEMORY = (7, 9, 12, 19, 32, 46)

if __name__ == "__main__":
    try:
        main()
    finally:
        apart.pull_down()

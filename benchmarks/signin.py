"""
What a sign-in costs: `python benchmarks/signin.py [people]`.

Drives sign-ins as browsers do: a real gunicorn of two processes on loopback, the page fetched, the form sent with its CSRF token, cookies
kept, each person once, in a database of its own (SQLite in a temporary folder as installed, or the empty one that BENCHMARK_DATABASE_URL
names). Counted is the CPU of the web processes and, on PostgreSQL, of its back ends; the driver's own is not. Goal: 30 ms a sign-in, so
that 7,280 people in ten minutes need less than a fifth of two cores. Then what other costs of argon2id take. On a machine that does
other work at the same time argon2 is slower, for it waits for memory.
"""

import base64
import concurrent.futures
import http.client
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="xuetang-benchmark-"))
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]
os.environ |= {
    "VAR_DIR": str(HOME),
    "DATABASE_URL": os.environ.get("BENCHMARK_DATABASE_URL", f"sqlite:///{HOME / 'db.sqlite3'}"),
    "REDIS_URL": "",
    "LOG_LEVEL": "ERROR",
    "HOST": "127.0.0.1",
    "PORT": str(PORT),
    "SITE_URL": f"http://127.0.0.1:{PORT}",
    "WEB_PROCESSES": "2",
    "WEB_THREADS": "4",
    "DJANGO_SETTINGS_MODULE": "lms.settings",
    # for a database that is thrown away
    "SECRET_KEY": "benchmark" * 6,
    "LOOKUP_KEY": "benchmark" * 6,
    "PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"benchmark".ljust(32)).decode(),
}
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

import argon2  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from roster.models import Territory, User, Worker, mobile_lookup  # noqa: E402

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 300
CITY, MINUTES, CORES, GOAL = 7280, 10, 2, 30  # milliseconds
PASSWORD = "hehuachi2719"  # noqa: S105 - of nobody
TICKS = os.sysconf("SC_CLK_TCK")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


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


def start():
    """gunicorn as `script/server` runs it, ready to answer."""
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "lms.wsgi"]
    server = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own
    for _turn in range(300):
        try:
            if ask("GET", "/healthz")[0] == 200:
                return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("gunicorn does not answer")


def ask(method, path, cookies="", form=None):
    link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        headers = {"Cookie": cookies} if cookies else {}
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{PORT}/"}
        link.request(method, path, urlencode(form) if form else None, headers)
        answer = link.getresponse()
        return answer.status, answer.getheaders(), answer.read().decode()
    finally:
        link.close()


def jar(headers):
    kept = SimpleCookie()
    for name, value in headers:
        if name.lower() == "set-cookie":
            kept.load(value)
    return "; ".join(f"{name}={one.value}" for name, one in kept.items())


def fetch(_mobile):
    status, headers, page = ask("GET", "/sign-in/")
    assert status == 200, status
    return jar(headers), TOKEN.search(page)[1]


def sign_in(mobile):
    """The whole of it; returns the seconds that its person waited."""
    begun = time.perf_counter()
    cookies, token = fetch(mobile)
    form = {"csrfmiddlewaretoken": token, "username": mobile, "password": PASSWORD, "next": ""}
    status, headers, _page = ask("POST", "/sign-in/", cookies, form)
    assert (status, dict(headers)["Location"]) == (302, "/"), status
    assert "sessionid=" in jar(headers)
    return time.perf_counter() - begun


def web(server):
    """Processes of the web server: the parent and its children."""
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True)  # noqa: S603, S607
    return [server.pid, *map(int, out.stdout.split())]


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
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


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
    server = start()
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # so that every process has imported and connected
            list(pool.map(fetch, range(40)))
            list(pool.map(sign_in, mobiles[:16]))
        rest = mobiles[16:]
        page, _database, _rate, _none = measure(server, fetch, rest)
        front, database, rate, waits = measure(server, sign_in, rest)
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
    for rounds in (1, 2, 3, 4):
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


MEMORY = (7, 12, 19, 32, 46, 64)

if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)

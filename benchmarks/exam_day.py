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
import base64
import http.client
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="xuetang-benchmark-"))
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
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]
HERE = ("127.0.0.1", PORT)
os.environ |= {
    "VAR_DIR": str(HOME),
    "DATABASE_URL": os.environ.get("BENCHMARK_DATABASE_URL", f"sqlite:///{HOME / 'db.sqlite3'}"),
    "REDIS_URL": "",
    "LOG_LEVEL": "ERROR",
    "HOST": "127.0.0.1",
    "PORT": str(PORT),
    "SITE_URL": f"http://127.0.0.1:{PORT}",
    "DJANGO_SETTINGS_MODULE": "lms.settings",
    # for a database that is thrown away
    "SECRET_KEY": "benchmark" * 6,
    "LOOKUP_KEY": "benchmark" * 6,
    "PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"benchmark".ljust(32)).decode(),
} | ({"WEB_PROCESSES": OPTIONS.processes} if OPTIONS.processes else {})
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

import exam_city  # noqa: E402
import exam_drive  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from exams import attempts, receipts  # noqa: E402
from exams.models import Answer, Attempt, AttemptState, Fate, JournalEntry, PaperItem  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE = 24  # people who come by the door, the others are given their pass
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
POSTGRES = connection.vendor == "postgresql"
TABLES = ["exams_attempt", "exams_answer", "exams_journalentry", "exams_presence", "lms_auditentry"]


# --- the machine ------------------------------------------------------------------------------------------------------


def stat(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def family(pid):
    """Seconds of CPU of a process, its children that live and those that ended."""
    total = 0
    for one in [pid, *children(pid)]:
        try:
            fields = stat(one)
        except FileNotFoundError:
            continue
        total += sum(map(int, fields[11:15] if one == pid else fields[11:13]))
    return total / TICKS


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def machine():
    """Seconds of CPU that all processes of this machine used."""
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def memory(pid):
    """MB of a process and its children, what they share counted once."""
    total = 0
    for one in [pid, *children(pid)]:
        total += int(re.search(r"^Pss: +(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.MULTILINE)[1])
    return total / 1024


class Server:
    """gunicorn and the database behind it, and what they have used so far."""

    def __init__(self):
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "benchmarks.hello:application"]
        self.process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own
        self.players, self.postmaster = None, 0
        if POSTGRES:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.postmaster = int(stat(cursor.fetchone()[0])[1])
        for _turn in range(300):
            try:
                if ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit("gunicorn does not answer")

    def spent(self):
        return family(self.process.pid), family(self.postmaster) if POSTGRES else 0.0

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


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
    before, whole, own, begun = server.spent(), machine(), time.process_time(), time.perf_counter()
    driver = players.cpu if players else 0
    yield step
    step.wall, after = time.perf_counter() - begun, server.spent()
    step.web, step.database = ((b - a) * 1000 / max(1, step.count) for a, b in zip(before, after, strict=True))
    ours = sum(after) - sum(before) + (players.cpu - driver if players else 0) + time.process_time() - own
    step.other = max(0, (machine() - whole - ours) / step.wall)
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


# --- by the door ------------------------------------------------------------------------------------------------------


def ask(method, path, cookies="", form=None):
    link = http.client.HTTPConnection(*HERE, timeout=60)
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


def sign_in(mobile):
    _status, headers, page = ask("GET", "/sign-in/")
    form = {
        "csrfmiddlewaretoken": TOKEN.search(page)[1],
        "username": mobile,
        "password": exam_city.PASSWORD,
        "next": "",
    }
    status, headers, _page = ask("POST", "/sign-in/", jar(headers), form)
    assert (status, dict(headers)["Location"]) == (302, "/"), status
    return jar(headers)


def enter(exam, cookies):
    """The entry page with its pass: attempt, and all cookies from here on."""
    status, headers, page = ask("GET", f"/exams/{exam.pk}/", cookies)
    assert status == 200, (status, headers)
    assert "/start" in page, (status, headers)
    return int(re.search(r"sit-(\d+)=", jar(headers))[1]), f"{cookies}; {jar(headers)}"


def by_the_door(server, exam, mobiles):
    sign_in(mobiles[0])
    with measured(server, "sign-in with its page") as signing:
        sessions = [sign_in(mobile) for mobile in mobiles[:SAMPLE]]
        signing.count = len(sessions)
    enter(exam, sessions[0])
    with measured(server, "entry page") as entering:
        known = dict(enter(exam, cookies) for cookies in sessions)
        entering.count = len(known)
    return signing, entering, known


def receipts_seen(server, known):
    with measured(server, "receipt page") as step:
        for attempt, cookies in known.items():
            status, _headers, page = ask("GET", f"/exams/attempt/{attempt}/hand-in/", cookies)
            assert status == 200, status
            assert receipts.number(attempt) in page, status
        step.count = len(known)
    return step


def weight(attempt, cookies):
    """KB of the paper, and of the scripts and styles that it needs: as they are, and as they travel."""
    _status, _headers, page = ask("GET", f"/exams/sit/{attempt}/paper", cookies)
    wanted, seen = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page), {}
    while wanted:
        address = wanted.pop()
        if address in seen:
            continue
        file = Path(settings.STATIC_ROOT) / address.removeprefix("/static/")
        text = file.read_text()
        packed = [other.stat().st_size for end in (".br", ".gz") if (other := Path(f"{file}{end}")).exists()]
        seen[address] = len(text.encode()), min([len(text.encode()), *packed])
        folder = address.rpartition("/")[0]
        wanted += [f"{folder}/{name}" for name in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', text)]
    return len(page.encode()) / 1000, *(sum(sizes) / 1000 for sizes in zip(*seen.values(), strict=True))


# --- the day ----------------------------------------------------------------------------------------------------------


def stored():
    """Bytes of the whole database."""
    with connection.cursor() as cursor:
        if POSTGRES:
            cursor.execute(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        size = [
            cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        ]
        return (size[0] - size[1]) * size[2]


def stored_in():
    if not POSTGRES:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_upd, n_tup_hot_upd, pg_total_relation_size(relid) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [TABLES],
        )
        rows = cursor.fetchall()
    return "; ".join(
        f"{name} {size / 1e6:.1f} MB, {hot:,} of {updates:,} updates in place"
        for name, updates, hot, size in sorted(rows)
    )


def held_up(path, until, pipe):
    """How long a writer of SQLite has to wait at most while the sweep closes."""
    link, longest = sqlite3.connect(path, isolation_level=None, timeout=30), 0
    while not until.is_set():
        begun = time.perf_counter()
        link.execute("BEGIN IMMEDIATE")
        longest = max(longest, time.perf_counter() - begun)
        link.execute("ROLLBACK")
        time.sleep(0.005)
    pipe.send(longest)


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


def marks_of(item, value):
    """By the rule as it is written, not by the product's own code."""
    key, chosen = set(item.content["key"]), set(value)
    if chosen and chosen == key:
        return item.marks
    if item.kind == "multiple" and chosen < key:
        return min(Decimal("0.5") * len(chosen), item.marks)
    return Decimal(0)


def check(server, exam):
    """The driver's history against the database. Returns how many acknowledged answers were looked at."""
    items = {item.pk: item for item in PaperItem.objects.filter(exam=exam)}
    answers = {
        (a, i): (s, json.loads(v or "[]"))
        for a, i, s, v in Answer.objects.filter(attempt__exam=exam).values_list("attempt_id", "item_id", "seq", "value")
    }
    attempts_ = {one.pk: one for one in Attempt.objects.filter(exam=exam)}
    entries = JournalEntry.objects.filter(attempt__exam=exam)
    journal = {}
    after = 0
    for attempt, item, seq, page, at, fate, value in entries.values_list(
        "attempt_id", "item_id", "seq", "page", "at", "fate", "value"
    ).iterator():
        journal[attempt, item, seq, page] = at, fate, value
        after += fate == Fate.COUNTED and at > attempts_[attempt].finished_at
    lost, wrong, false, looked = [], [], [], 0
    for history in server.players.do("history"):
        for attempt, page, receipt, acked, codes in history:
            one, total = attempts_[attempt], Decimal(0)
            for item, (seq, value) in acked.items():
                looked += 1
                at, fate, kept = journal.get((attempt, item, seq, page), (None, None, None))
                if answers.get((attempt, item)) != (seq, value) or fate != Fate.COUNTED:
                    lost.append((attempt, item, seq, value))
                elif attempt % 20 == 0 and codes[item] != receipts.code(
                    attempt, item, seq=seq, page=page, at=at, value=kept
                ):
                    false.append((attempt, item))
                total += marks_of(items[item], value)
            if (
                one.state != AttemptState.MARKED
                or one.marks != total
                or one.receipt != (receipt or one.receipt)
                or one.closed_by_clock != (not receipt)
            ):
                wrong.append((attempt, one.state, one.marks, total))
    assert not any((lost, wrong, false, after)), (lost[:3], wrong[:3], false[:3], after)
    return looked


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
    server.players = exam_drive.Players(HERE, people, links=OPTIONS.links)
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
    # an hour: every answer, some again, a beat a minute of its own
    done["whole"] = (once + (OPTIONS.questions + changed) * done["save"].cost + 60 * done["beat"].cost) / 1000
    done["without"] = (once - sign.cost + (OPTIONS.questions + changed) * done["save"].cost) / 1000
    print(
        f"  {done['kept']:.1f} KB stored a candidate, audit included; web processes {done['memory']:.0f} MB; {stored_in()}"
    )
    return done


# --- the table --------------------------------------------------------------------------------------------------------


def verdict(pairs):
    missed = [f"{has:.2f} > {goal}" if goal < 10 else f"{has:.0f} > {goal}" for has, goal in pairs if has > goal]
    return "met" if not missed else f"MISSED ({', '.join(missed)})"


def table(size, d):
    save, rate, p99 = (0.9, 1500, 15) if POSTGRES else (0.75, 900, 20)
    page, assets, sent = d["weight"]
    rows = [
        (
            "save one answer",
            f"{save} ms; {rate:,} a second; at 360 a second p99 {p99} ms",
            f"{d['save'].cost:.2f} ms; {d['save'].rate:,.0f}; p50 {d['steady'].wait(0.5):.1f} p99 {d['steady'].wait(0.99):.1f} ms",
            "20–34 ms, 45–86 a second",
            [(d["save"].cost, save), (rate, d["save"].rate), (d["steady"].wait(0.99), p99)],
        ),
        ("start, paper already drawn", "1.2 ms", f"{d['start'].cost:.2f} ms", "66–76 ms", [(d["start"].cost, 1.2)]),
        (
            f"the paper, {OPTIONS.questions} questions of real Chinese text",
            "1.2 ms; 60 KB before compression; scripts and styles under 80 KB",
            f"{d['paper'].cost:.2f} ms; {page:.0f} KB, {d['paper'].bytes / 1000:.0f} sent; {assets:.0f} KB, {sent:.0f} sent once",
            "69–131 ms; 174–314 KB and 1.4 MB",
            [(d["paper"].cost, 1.2), (page, 60), (assets, 80)],
        ),
        (
            "hand in and mark",
            f"{2.0 if POSTGRES else 0.5} ms",
            f"{d['hand_in'].cost:.2f} ms",
            "55–107 ms",
            [(d["hand_in"].cost, 2.0 if POSTGRES else 0.5)],
        ),
        ("close an attempt left open", "1 ms", f"{d['left'].cost:.2f} ms", "47 ms", [(d["left"].cost, 1.0)]),
        ("sign-in", "30 ms", f"{d['sign'].cost:.0f} ms", "54–65 ms", [(d["sign"].cost, 30)]),
        (
            "one candidate's whole exam, sign-in included",
            "0.09 s",
            f"{d['whole']:.3f} s",
            "1.6–2.2 s",
            [(d["whole"], 0.09)],
        ),
        ("stored an attempt with its journal", "20 KB", f"{d['kept']:.1f} KB", "", [(d["kept"], 20)]),
    ]
    print(
        f"\n| step, {size:,} candidates × {OPTIONS.questions} questions, time compressed | goal: CPU of web and database "
        f"| here, {connection.vendor} | Moodle 4.5 on the same machine | |"
    )
    print("|---|---|---|---|---|")
    for what, goal, has, moodle, pairs in rows:
        print(f"| {what} | {goal} | {has} | {moodle} | {verdict(pairs)} |")
    print(f"| Django hello, without and with all middleware | | {d['bare'].cost:.2f} and {d['full'].cost:.2f} ms | | |")
    print(
        f"| entry page; receipt page; a beat alone | | {d['entry'].cost:.1f}; {d['receipt'].cost:.1f}; {d['beat'].cost:.2f} ms | | |"
    )


def durable():
    """What is acknowledged is on disk, or this measures something else."""
    with connection.cursor() as cursor:
        if POSTGRES:
            for name in ("synchronous_commit", "fsync", "full_page_writes"):
                cursor.execute(f"SHOW {name}")
                assert cursor.fetchone()[0] == "on", name
        else:
            assert cursor.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
            assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def main():
    durable()
    city = exam_city.prepare(timezone.now())
    server, done = Server(), {}
    try:
        for place, size in enumerate(SIZES, 1):
            done[size] = day(server, city, place, size)
    finally:
        server.end()
    table(SIZES[-1], done[SIZES[-1]])
    if len(SIZES) > 1:
        print(
            "seconds of CPU a candidate, sign-in and beats apart: "
            + ", ".join(f"{one['without']:.3f} of {size:,}" for size, one in done.items())
        )


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)

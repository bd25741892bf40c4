"""
How fast the lists of the back office are with 100,000 workers: `python benchmarks/lists.py [people]`.

Uses a database of its own: SQLite in a temporary folder as installed, or the empty one that BENCHMARK_DATABASE_URL names. Each screen is
asked for twice through the test client as a city admin, who sees everybody; the second time counts. Goals: under 20 queries and 200 ms of
CPU a page, 100 ms a search, 3 s for an export of 7,280. The share of the database is the time inside its statements.
"""

import base64
import gc
import os
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="xuetang-benchmark-"))
os.environ |= {
    "VAR_DIR": str(HOME),
    "DATABASE_URL": os.environ.get("BENCHMARK_DATABASE_URL", f"sqlite:///{HOME / 'db.sqlite3'}"),
    "REDIS_URL": "",
    "LOG_LEVEL": "ERROR",
    "ALLOWED_HOSTS": "testserver",
    "REQUIRE_SECOND_FACTOR": "0",
    "DJANGO_SETTINGS_MODULE": "lms.settings",
    # for a database that is thrown away
    "SECRET_KEY": "benchmark" * 6,
    "LOOKUP_KEY": "benchmark" * 6,
    "PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"benchmark".ljust(32)).decode(),
}
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from roster import demo, identity, search  # noqa: E402
from roster.backoffice import LeanPaginator  # noqa: E402
from roster.models import (  # noqa: E402
    Agreement,
    Channel,
    Employment,
    Grid,
    GridKind,
    Identity,
    Level,
    Posting,
    Territory,
    User,
    Worker,
    WorkerState,
    mobile_lookup,
    tail_lookup,
)

TICKS = os.sysconf("SC_CLK_TCK")
PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
PAGE, EXPORT, SEARCH = (
    (20, 200),
    (20, 3000),
    100,
)  # goals: queries and milliseconds of CPU; of a search alone the latter


class Meter:
    """Counts the statements of one request and the time inside them."""

    def __init__(self):
        self.queries, self.seconds = 0, 0.0

    def __call__(self, execute, sql, params, many, context):
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.queries += 1
            self.seconds += time.perf_counter() - begun


def cpu():
    """Seconds of CPU so far: ours, and on PostgreSQL the server process's that works for us, which stands beside us on this machine."""
    spent = time.process_time()
    if connection.vendor == "postgresql":
        pid = connection.connection.info.backend_pid
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) / TICKS
    return spent


def build():
    """A city of so many people: real divisions, two grids a community or more, everybody with a grid but one in fifty."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    chance, today = Random(7), date(2026, 9, 16)  # noqa: S311
    demo.territories.establish(demo.divisions(), on=date(2023, 6, 30))
    communities = list(Territory.objects.filter(level=Level.COMMUNITY).order_by("code"))
    per = max(2, PEOPLE // len(communities) // 2)
    Grid.objects.bulk_create(
        [
            Grid(community=place, code=f"{place.code}{n:03}", name=f"第{n}网格", ordinal=n, kind=GridKind.RURAL)
            for place in communities
            for n in range(1, per + 1)
        ],
        batch_size=1000,
    )
    grids = list(Grid.objects.select_related("community").order_by("code"))
    for start in range(0, PEOPLE, 5000):
        workers = [person(n, grids, chance, today) for n in range(start, min(start + 5000, PEOPLE))]
        Worker.objects.bulk_create(workers, batch_size=500)
        postings = [
            Posting(worker=worker, grid=worker.grid, since=worker.joined_on)
            for worker in workers
            if chance.random() > 0.02
        ]
        Posting.objects.bulk_create(postings, batch_size=2000)
    Agreement.objects.create(version=1, title="-", text="-", published_at=timezone.now())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return User.objects.create_superuser(username="root", password="-", name="root")  # noqa: S106


def person(n, grids, chance, today):
    name = chance.choice(demo.SURNAMES) + "".join(chance.choices(demo.GIVEN, k=chance.choice((1, 2, 2, 2))))
    pinyin, initials = identity.pinyin_of(name)
    mobile = f"154{chance.randrange(10**8):08}"
    grid = grids[n * len(grids) // PEOPLE]
    worker = Worker(
        number=f"W{n + 1:06}",
        name=name,
        pinyin=pinyin,
        initials=initials,
        sex=chance.choice(("male", "female")),
        id_number=f"42120219800101{n % 10000:04}",
        id_hash=f"{n:064}",
        mobile=mobile,
        mobile_hash=mobile_lookup(mobile),
        mobile_tail_hash=tail_lookup(mobile),
        township_id=grid.community.parent_id,
        employment=chance.choice(Employment.values),
        identity=chance.choice(Identity.values),
        channel=chance.choice(Channel.values),
        joined_on=today - timedelta(days=chance.randrange(4000)),
        joined_precision="day",
        certificate_expires_on=chance.choice((None, None, today + timedelta(days=chance.randrange(-400, 900)))),
        state=chance.choices(WorkerState.values, weights=(1, 1, 90, 2, 1, 1, 4))[0],
    )
    worker.grid = grid
    return worker


def measure(client, goal, title, path):
    """One screen, asked for twice; prints queries, CPU and the database's share of the second time beside the goal."""
    for _again in range(2):
        gc.collect()  # or what earlier requests have left would be swept up in this one
        meter, begun, wall = Meter(), cpu(), time.perf_counter()
        with connection.execute_wrapper(meter):
            response = client.get(path)
            size = len(b"".join(response.streaming_content) if response.streaming else response.content)
        spent, wall = (cpu() - begun) * 1000, (time.perf_counter() - wall) * 1000
    assert response.status_code == 200, (path, response.status_code)
    passed = "" if meter.queries < goal[0] and spent < goal[1] else "  MISSED"
    print(
        f"{meter.queries:>4} (<{goal[0]}) {spent:>7.0f} ms (<{goal[1]}) {meter.seconds * 1000:>6.0f} ms "
        f"{wall:>7.0f} ms {size // 1024:>6} kB  {title}{passed}"
    )


def main():
    begun = time.perf_counter()
    call_command("collectstatic", verbosity=0, interactive=False)
    client = Client()
    client.force_login(build())
    if connection.vendor == "postgresql":  # its helpers' CPU would not be seen
        connection.cursor().execute("SET max_parallel_workers_per_gather = 0")
    print(f"{connection.vendor}, {Worker.objects.count():,} workers, built in {time.perf_counter() - begun:.0f} s")
    print("queries   CPU with database   database    clock      size")
    someone = Worker.objects.get(number=f"W{PEOPLE // 2:06}")
    town = someone.township_id
    county = Territory.objects.get(pk=town).parent_id
    lists, grids = "/cms/workers/", "/cms/grids/"
    last = -(-PEOPLE // 50)
    everything = "&".join(f"columns={name}" for name in COLUMNS)
    for goal, title, path in [
        (PAGE, "first page", lists),
        (PAGE, "first page, every column", f"{lists}?{everything}"),
        (PAGE, "deep page", f"{lists}?p={last // 2}"),
        (PAGE, "last page", f"{lists}?p={last}"),
        (PAGE, "by name", f"{lists}?ordering=pinyin"),
        (PAGE, "by state, deep", f"{lists}?ordering=state&p={last // 2}"),
        (PAGE, "a county", f"{lists}?county={county}"),
        (PAGE, "a township", f"{lists}?township={town}"),
        (PAGE, "full-time, two states", f"{lists}?employment=fulltime&state=suspended&state=lent"),
        (PAGE, "without a grid", f"{lists}?grids=none"),
        (PAGE, "certificate runs out", f"{lists}?certificate=90"),
        (PAGE, "joined between", f"{lists}?joined_from=2020-01-01&joined_to=2020-12-31"),
        (PAGE, "grids", grids),
        (PAGE, "grids, last page", f"{grids}?p={-(-Grid.objects.count() // 50)}"),
        (PAGE, "search", f"{lists}results/?q={someone.name}"),
        (PAGE, "search, many found", f"{lists}results/?q={someone.name[0]}"),
        (EXPORT, f"export of {min(7280, PEOPLE):,}", f"{lists}?export=xlsx&{range_of(7280)}"),
    ]:
        measure(client, goal, title, path)
    for title, text in [
        ("a name", someone.name),
        ("a surname", someone.name[0]),
        ("part of a name", someone.name[1:]),
        ("pinyin", someone.pinyin.split()[0]),
        ("a given name in pinyin", "xiuying"),
        ("initials", someone.initials.split()[0]),
        ("one letter", "z"),
        ("number", someone.number),
        ("community", "高桥村"),
        ("grid", "高桥村第2网格"),
        ("last four digits", someone.mobile[-4:]),
        ("last eight digits", someone.mobile[-8:]),
        ("whole number", someone.mobile),
        ("two words", f"永安 {someone.name[0]}"),
        ("nothing found", "查无此人"),
    ]:
        measure_search(title, text)


def measure_search(title, text):
    """The search alone: how many it finds, and the keys of the first page."""
    for _again in range(2):
        meter, begun = Meter(), cpu()
        with connection.execute_wrapper(meter):
            paginator = LeanPaginator(search.found(Worker.objects.all(), text).order_by("township_id", "number"), 50)
            count, _keys = paginator.count, paginator.first_keys[:50]
        spent = (cpu() - begun) * 1000
    passed = "" if spent < SEARCH else "  MISSED"
    print(
        f"{meter.queries:>4}       {spent:>7.0f} ms (<{SEARCH}) {meter.seconds * 1000:>6.0f} ms  {count:>6,} found  search for {title}{passed}"
    )


COLUMNS = ["number", "mobile", "county", "township", "community", "grids", "employment", "identity", "state", "joined"]


def range_of(people):
    """A filter that leaves about so many people: those who joined up to a day."""
    day = Worker.objects.order_by("joined_on").values_list("joined_on", flat=True)[min(people, PEOPLE) - 1]
    return f"joined_to={day.isoformat()}"


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)

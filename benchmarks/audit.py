"""
What noting costs, and how fast the chain is linked, proved and searched: `python benchmarks/audit.py [entries]`, 1,000,000 by default.

Uses a database of its own: SQLite in a temporary folder as installed, or the empty one that BENCHMARK_DATABASE_URL names. Goals: a note
0.3 ms of CPU on top of the bare insert, linking 5,000 a second, a page of a search 20 queries and 200 ms of CPU.
"""

import base64
import os
import shutil
import sys
import tempfile
import time
from datetime import timedelta
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
    "DJANGO_SETTINGS_MODULE": "lms.settings",
    # for a database that is thrown away
    "SECRET_KEY": "benchmark" * 6,
    "LOOKUP_KEY": "benchmark" * 6,
    "AUDIT_KEY": "benchmark" * 6,
    "PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"benchmark".ljust(32)).decode(),
}
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from lms import audit, audit_chain, audit_verify, audit_words, writing  # noqa: E402
from lms.models import AuditEntry  # noqa: E402
from roster import roles  # noqa: E402
from roster.models import Level, Role, Territory, User  # noqa: E402

ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
NOTES = 2000


def said(what, figure, goal=""):
    print(f"{what:<44}{figure:>22}   {goal}", flush=True)


def build():
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    city = Territory.objects.create(level=Level.CITY, code="421200", name="咸宁市", stem="咸宁", path="1/")
    places = [
        Territory(
            level=Level.TOWNSHIP, code=f"421202{n:03}", name=f"乡{n}", stem=f"乡{n}", path=f"1/2/{n}/", parent=city
        )
        for n in range(100, 200)
    ]
    Territory.objects.bulk_create(places)
    people = [User(username=f"w{n:06}", name=f"人{n}") for n in range(7280)]
    User.objects.bulk_create(people)
    auditor = User.objects.create(username="auditor", name="审计")
    roles.grant(auditor, Role.AUDITOR, city, since=timezone.localdate(), by=None, now=timezone.now(), reason="-")
    return auditor, [person.pk for person in User.objects.all()], [place.path for place in places]


def fill(people, places):
    """Entries of a year: most by workers, a few of each other action."""
    chance, now, codes = Random(7), timezone.now(), list(audit_words.actions())  # noqa: S311
    for start in range(0, ENTRIES, 5000):
        rows = []
        for number in range(start, min(start + 5000, ENTRIES)):
            at = now - timedelta(seconds=30 * (ENTRIES - number))
            who = chance.choice(people)
            code = "signed_in" if number % 3 else chance.choice(codes)
            about, place, detail = f"roster.user:{chance.choice(people)}", chance.choice(places), {"count": number % 97}
            digest = audit.digest(at, who, code, about, place, detail, "")
            rows.append(
                AuditEntry(
                    at=at, actor_id=who, action=code, subject=about, territory=place, detail=detail, digest=digest
                )
            )
        writing.insert(rows)


def notes(people):
    now = timezone.now()
    entry = {"action": "x", "subject": "roster.user:1", "territory": "1/2/", "detail": {"count": 1}, "digest": "0" * 64}

    def timed(act):
        with transaction.atomic():
            begun = time.process_time()
            for number in range(NOTES):
                act(number)
            spent = (time.process_time() - begun) / NOTES * 1000
            transaction.set_rollback(True)
        return spent

    user = User.objects.first()
    bare = timed(lambda n: AuditEntry.objects.create(at=now, actor_id=people[n], **entry))
    noted = timed(lambda n: audit.note("x", now=now, actor=user, subject=user, territory="1/2/", count=n))
    said("bare insert, CPU", f"{bare:.3f} ms")
    said("note on top of it, CPU", f"{noted - bare:.3f} ms", "goal 0.3 ms")


def chain():
    begun, cpu = time.perf_counter(), time.process_time()
    made = audit_chain.link(now=timezone.now(), everywhere=True)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    said("linking", f"{made / wall:,.0f} a second", f"goal 5,000; of CPU {made / cpu:,.0f}")
    begun = time.process_time()
    audit_chain.link(now=timezone.now())
    said("a run with nothing to link, CPU", f"{(time.process_time() - begun) * 1000:.1f} ms")
    begun, cpu = time.perf_counter(), time.process_time()
    report = audit_verify.verify()
    assert report.whole, report.first
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    said("verifying", f"{report.links / wall:,.0f} a second", f"of CPU {report.links / cpu:,.0f}")


def searches(auditor):
    client = Client()
    client.force_login(auditor)
    place = Territory.objects.filter(level=Level.TOWNSHIP)[50].pk
    old = (timezone.localdate() - timedelta(days=200)).isoformat()
    asked = {
        "everything": "",
        "one person's acts": "?who=w003000",
        "about one person": "?about=w003000",
        "a rare action": "?action=account.superuser",
        "a group of rare actions": "?action=*3",
        "the group of most entries": "?action=*0",
        "a township": f"?place={place}",
        "a township, a rare action": f"?place={place}&action=account.superuser",
        "a person and an action": "?who=w003000&action=role.granted",
        "before a day": f"?until={old}",
    }
    for what, query in asked.items():
        client.get(f"/cms/audit/{query}")
        with CaptureQueriesContext(connection) as queries:
            begun, wall = time.process_time(), time.perf_counter()
            answer = client.get(f"/cms/audit/{query}")
            cpu, wall = (time.process_time() - begun) * 1000, (time.perf_counter() - wall) * 1000
        assert answer.status_code == 200
        said(f"search: {what}", f"{len(queries)} q {cpu:.0f} / {wall:.0f} ms", "goal 20 q, 200 ms CPU / elapsed")


def main():
    try:
        auditor, people, places = build()
        notes(people)
        fill(people, places)
        print(f"{ENTRIES:,} entries, {connection.vendor}")
        chain()
        if connection.vendor == "sqlite":
            said("database", f"{Path(connection.settings_dict['NAME']).stat().st_size / 1e6:,.0f} MB")
        with override_settings(STORAGES=plain_static()):
            searches(auditor)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)


def plain_static():
    from django.conf import settings

    return {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


main()

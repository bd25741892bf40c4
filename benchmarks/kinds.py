"""
How fast the lists that post to the ledger go in: `python benchmarks/kinds.py`.

A city of 7,280 workers who each have some records already, in a database of its own in a temporary folder, SQLite as installed. One file
of past trainings with a row for each, the same file again, a month of work results, and the results of the month corrected. Preview is
reading, judging and staging; apply is the chunks, with everything sealed and logged as in service. Goals: under 1 ms of CPU a new row in
all, and no statement that comes once a row.
"""

import io
import os
import resource
import shutil
import sys
import tempfile
import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="xuetang-benchmark-"))
os.environ |= {
    "VAR_DIR": str(HOME),
    "DATABASE_URL": f"sqlite:///{HOME / 'db.sqlite3'}",
    "REDIS_URL": "",
    "LOG_LEVEL": "ERROR",
    "DJANGO_SETTINGS_MODULE": "lms.settings",
}
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

import openpyxl  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from lms import imports, jobs  # noqa: E402
from lms.models import ImportRun  # noqa: E402
from records import kinds, ledger  # noqa: E402
from records.models import SkillRecord  # noqa: E402
from roster.models import Territory, User, Worker, mobile_lookup  # noqa: E402

WORKERS, BEFORE = 7280, 12
in_database, statements = 0.0, 0


def timed(execute, sql, params, many, context):
    global in_database, statements
    begun = time.perf_counter()
    statements += 1
    try:
        return execute(sql, params, many, context)
    finally:
        in_database += time.perf_counter() - begun


def step(work):
    """Seconds in all, seconds of CPU, seconds inside the database, statements, and what the work gave."""
    global in_database, statements
    in_database, statements, begun, cpu = 0.0, 0, time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - begun, time.process_time() - cpu, in_database, statements, result


def city(now):
    """Workers with mobile numbers, and for each the hours of some lessons."""
    root = Territory.objects.create(level="city", code="421200", name="咸宁市", stem="咸宁", path="")
    Territory.objects.filter(pk=root.pk).update(path=f"{root.pk}/")
    mobiles = [f"139{number:08d}" for number in range(WORKERS)]
    people = Worker.objects.bulk_create(
        [
            Worker(
                number=f"W{at:06d}",
                name=f"王{'甲乙丙丁戊己庚辛壬癸'[at % 10]}",
                mobile=mobile,
                mobile_hash=mobile_lookup(mobile),
                township=root,
                employment="fulltime",
            )
            for at, mobile in enumerate(mobiles)
        ],
        batch_size=500,
    )
    lessons = (
        ledger.Entry(
            worker_id=person.pk,
            kind="hours",
            source=f"courses.lesson:{lesson}",
            title=f"政策应知应会：第{lesson}课",
            amount=Decimal("0.5"),
            occurred_at=now - timedelta(days=30 * lesson),
            mode="online",
        )
        for person in people
        for lesson in range(1, BEFORE + 1)
    )
    ledger.post_many(lessons, now=now)
    return people


def workbook(head, rows):
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("表")
    page.append(head)
    for row in rows:
        page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def bring_in(root, kind, data, words):
    """Upload, read and stage, confirm and apply, as the screens and the worker do."""

    def preview():
        run = imports.upload(data, name=f"{words}.xlsx", kind=kind, actor=root, now=timezone.now())
        jobs.run(run.job_id)
        return ImportRun.objects.get(pk=run.pk)

    def apply(run):
        changes = run.brake.get("changes")
        run = imports.confirm(run, by=root, now=timezone.now(), changes=changes)
        jobs.run(run.job_id)
        return ImportRun.objects.get(pk=run.pk)

    *read, run = step(preview)
    assert run.state == "ready", (run.state, run.message)
    rows = sum(run.counts.values())
    written = [0.0, 0.0, 0.0, 0]
    if imports.coming(run):
        *written, run = step(lambda: apply(run))
        assert run.state == "done", (run.state, run.message)
    cpu, asked = (read[1] + written[1]) * 1000 / rows, (read[3] + written[3]) / rows
    print(f"{rows:>6}  {show(read)}  {show(written)}  {cpu:7.2f}  {asked:8.3f}  {words} {run.counts}")
    return cpu


def show(figures):
    return " ".join([*(f"{value:6.2f}" for value in figures[:3]), f"{figures[3]:6}"])


def main():
    jobs.send = lambda job_id: None  # no worker: the jobs are run here
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    root = User.objects.create_superuser(username="root", password="-", name="root")  # noqa: S106
    now = timezone.make_aware(datetime(2026, 9, 16, 10))
    people = city(now)
    mobiles = [(one.name, one.mobile) for one in people]
    print(
        f"SQLite, {len(people):,} workers, {SkillRecord.objects.count():,} records; {[one.kind for one in kinds.KINDS]}"
    )
    print("  rows  preview (all, cpu, db, n)    apply (all, cpu, db, n)   ms a row  n a row")
    head = ["姓名", "手机号", "培训名称", "培训时间", "学时", "主办单位", "形式"]
    rows = [[*who, "网格员岗前培训", "2024.3.4-3.6", 18, "市委政法委", "现场"] for who in mobiles]
    results = ["姓名", "手机号", "考核期", "得分", "上报数", "办结率"]
    month = [[*who, "2026年3月", 90, 12, "95%"] for who in mobiles]
    corrected = [[*row[:3], 91, *row[4:]] for row in month]
    with connection.execute_wrapper(timed):
        data = workbook(head, rows)
        spent = [bring_in(root, "training", data, "past trainings")]
        bring_in(root, "training", workbook(head, [*rows, []]), "the same again")
        spent.append(bring_in(root, "work", workbook(results, month), "work results"))
        bring_in(root, "work", workbook(results, corrected), "corrected")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{max(spent):.2f} ms of CPU a new row (goal 1); memory {memory:.0f} MB (goal 400)")


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)

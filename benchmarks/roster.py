"""
How fast the grid register and the six county rosters go in: `python benchmarks/roster.py`.

Uses a database of its own in a temporary folder, SQLite as installed, and the files of tests/data. Preview is reading, judging and
staging; apply is the chunks, with everything sealed and logged as in service. Goals: one roster of 1,500 rows 2 s and 3 s; register and
six rosters 20 s; memory 400 MB. The share of the database is the time inside its statements.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
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

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from lms import imports, jobs  # noqa: E402
from lms.models import ImportRun  # noqa: E402
from roster import kinds  # noqa: E402
from roster.models import User  # noqa: E402

DATA = ROOT / "tests" / "data"
ROSTERS = [
    "咸安区网格员花名册.xlsx",
    "嘉鱼县_网格员信息表.csv",
    "通城县劳务派遣网格员名册.xls",
    "崇阳县各乡镇网格员.xlsx",
    "通山县网格员.csv",
    "赤壁市政法委网格员台账.xlsx",
]
in_database = 0.0


def timed(execute, sql, params, many, context):
    global in_database
    begun = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        in_database += time.perf_counter() - begun


def step(work):
    """Seconds in all, seconds of CPU, seconds inside the database, and what the work gave."""
    global in_database
    in_database, begun, cpu = 0.0, time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - begun, time.process_time() - cpu, in_database, result


def bring_in(root, kind, file):
    """Upload, read and stage, confirm and apply, as the screens and the worker do."""
    name, data = file.name, file.read_bytes()

    def preview():
        run = imports.upload(data, name=name, kind=kind, actor=root, now=timezone.now())
        jobs.run(run.job_id)
        return ImportRun.objects.get(pk=run.pk)

    def apply(run):
        run = imports.confirm(run, by=root, now=timezone.now())
        jobs.run(run.job_id)
        return ImportRun.objects.get(pk=run.pk)

    *read, run = step(preview)
    *written, run = step(lambda: apply(run))
    assert run.state == "done", (run.state, run.message)
    rows = sum(run.counts.values())
    print(f"{rows:>6}  {show(read)}  {show(written)}  {name}")
    return read[0] + written[0]


def show(seconds):
    return " ".join(f"{value:6.2f}" for value in seconds)


def main():
    jobs.send = lambda job_id: None  # no worker: the jobs are run here
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    root = User.objects.create_superuser(username="root", password="-", name="root")  # noqa: S106
    print(f"SQLite, kinds: {', '.join(kind.kind for kind in kinds.KINDS)}; chunks of {imports.CHUNK}")
    print("  rows  preview (all, cpu, db)  apply (all, cpu, db)")
    with connection.execute_wrapper(timed):
        bring_in(root, "divisions", DATA / "xianning_divisions_2023.csv")
        spent = bring_in(root, "grids", DATA / "rosters" / "网格台账.xlsx")
        spent += sum(bring_in(root, "roster", DATA / "rosters" / name) for name in ROSTERS)
        print("the same again:")
        bring_in_again(root, DATA / "rosters" / ROSTERS[0])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"register and six rosters {spent:.1f} s (goal 20); memory {memory:.0f} MB (goal 400); {settings.VAR_DIR}")


def bring_in_again(root, file):
    def preview():
        run = imports.upload(file.read_bytes(), name=file.name, kind="roster", actor=root, now=timezone.now())
        jobs.run(run.job_id)
        return ImportRun.objects.get(pk=run.pk)

    *read, run = step(preview)
    print(f"{sum(run.counts.values()):>6}  {show(read)}  {run.counts}")


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)

"""
How fast the grid register and the six county rosters go in: `python benchmarks/roster.py`; with 100,000 people: `… roster.py 100000`.

Uses a database of its own: SQLite in a temporary folder as installed, or the empty one that BENCHMARK_DATABASE_URL names. Preview is
reading, judging and staging; apply is the chunks; undo is the way back; with everything sealed and logged as in service, and the file's
reading in its own process counted. The share of the database is the time inside its statements; what is left is Python, most of it
Django's. `lock` is the longest transaction from its beginning to the end of its commit. Beside it all another process writes a small row
every 20 ms, as an exam does, and tells the longest that it had to wait.

Goals: register and six rosters 20 s; under 1 ms of CPU a new row, preview and apply together, at 100,000 rows too; memory 400 MB; nobody
waits over 0.3 s to write; a page of the preview under 200 ms.
"""

import base64
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
BESIDE = os.environ.get("BENCHMARK_BESIDE", "")
HOME = Path(BESIDE or tempfile.mkdtemp(prefix="xuetang-benchmark-"))
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

import openpyxl  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from lms import celery, imports, jobs, undoing  # noqa: E402
from lms.models import ImportRow, ImportRun, Job  # noqa: E402
from roster import identity, kinds  # noqa: E402
from roster.models import Grid, User  # noqa: E402

DATA = ROOT / "tests" / "data"
ROSTERS = [
    "咸安区网格员花名册.xlsx",
    "嘉鱼县_网格员信息表.csv",
    "通城县劳务派遣网格员名册.xls",
    "崇阳县各乡镇网格员.xlsx",
    "通山县网格员.csv",
    "赤壁市政法委网格员台账.xlsx",
]
EVERY = 0.02
TITLES = [
    "序号", "县市区", "乡镇街道", "村社区", "网格名称", "姓名", "性别", "身份证号", "手机号",
    "专兼职", "职务", "选聘方式", "上岗时间", "学历", "政治面貌", "小教员",
]  # fmt: skip
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余于杜叶程魏苏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文玉建国志红梅兰春燕云龙海波宏宁斌"
in_database = longest = 0.0


def timed(execute, sql, params, many, context):
    global in_database
    begun = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        in_database += time.perf_counter() - begun


def watch_transactions():
    """Note the longest time from the beginning of a transaction to the end of its commit: for SQLite, how long others cannot write."""
    change, begun = connection.set_autocommit, 0.0

    def set_autocommit(on, **options):
        global longest
        nonlocal begun
        change(on, **options)
        if on:
            longest = max(longest, time.perf_counter() - begun)
        else:
            begun = time.perf_counter()

    connection.set_autocommit = set_autocommit


def spent_cpu():
    """Of this process and of the readers it has started."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


class Beside:
    """Another process that writes a small row every 20 ms."""

    def __enter__(self):
        environment = os.environ | {"BENCHMARK_BESIDE": str(HOME)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.writer = subprocess.Popen([sys.executable, __file__], env=environment, **pipes)  # noqa: S603
        self.writer.stdout.readline()
        return self

    def longest(self):
        """The longest wait, in seconds, since this was last asked."""
        self.writer.stdin.write("\n")
        self.writer.stdin.flush()
        return float(self.writer.stdout.readline())

    def __exit__(self, *_):
        self.writer.stdin.close()
        self.writer.wait()


def write_beside():
    import select

    row = Job.objects.create(kind="beside")
    print("ready", flush=True)
    worst = 0.0
    while True:
        begun = time.perf_counter()
        Job.objects.filter(pk=row.pk).update(heartbeat=timezone.now())
        worst = max(worst, time.perf_counter() - begun)
        if select.select([sys.stdin], [], [], EVERY)[0]:
            if not sys.stdin.readline():
                return
            print(worst, flush=True)
            worst = 0.0


def step(work, beside):
    """What the work gave, and the seconds of it: in all, of CPU, inside the database, the longest lock, the longest wait beside it."""
    global in_database, longest
    beside.longest()
    in_database = longest = 0.0
    begun, cpu = time.perf_counter(), spent_cpu()
    result = work()
    return result, (time.perf_counter() - begun, spent_cpu() - cpu, in_database, longest, beside.longest())


def preview(root, kind, file):
    def work():
        run = imports.upload(file.read_bytes(), name=file.name, kind=kind, actor=root, now=timezone.now())
        jobs.run(run.job_id)
        return ImportRun.objects.get(pk=run.pk)

    return work


def apply(root, run):
    def work():
        changes = run.brake.get("changes")
        confirmed = imports.confirm(run, by=root, now=timezone.now(), changes=changes)
        jobs.run(confirmed.job_id)
        return ImportRun.objects.get(pk=run.pk)

    return work


def undo(root, run):
    def work():
        jobs.run(undoing.undo(run, by=root, now=timezone.now()).job_id)
        return ImportRun.objects.get(pk=run.pk)

    return work


def bring_in(root, kind, file, beside):
    """Upload, read and stage, confirm and apply, as the screens and the worker do."""
    run, read = step(preview(root, kind, file), beside)
    assert run.state == "ready", (run.state, run.message)
    rows = sum(run.counts.values())
    run, written = step(apply(root, run), beside)
    assert run.state == "done", (run.state, run.message)
    tell("preview", rows, read, file.name)
    tell("apply", rows, written, f"{(read[1] + written[1]) / rows * 1000:.2f} ms of CPU a row in all")
    return run, read, written


def tell(what, rows, seconds, beside=""):
    print(f"{what:<8}{rows:>7}  {' '.join(f'{value:6.2f}' for value in seconds)}   {beside}", flush=True)


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    jobs.send = lambda job_id: None  # no worker: the jobs are run here
    apart(prepare)
    celery.settle()
    # pages are drawn without a manifest of static files, which nobody has made here
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}).enable()
    root = User.objects.create_superuser(username="root", password="-", name="root")  # noqa: S106
    watch_transactions()
    with connection.execute_wrapper(timed), Beside() as beside:
        print(f"{connection.vendor}, kinds: {', '.join(kind.kind for kind in kinds.KINDS)}; chunks of {imports.CHUNK}")
        quiet = step(lambda: time.sleep(3), beside)[1][-1]
        print(f"the writer beside it waits up to {quiet:.2f} s when nothing goes on")
        print("           rows  all    cpu    db     lock   beside")
        bring_in(root, "divisions", DATA / "xianning_divisions_2023.csv", beside)
        register = bring_in(root, "grids", DATA / "rosters" / "网格台账.xlsx", beside)
        if len(sys.argv) > 1:
            large(root, int(sys.argv[1]), beside)
        else:
            city(root, register, beside)
    print(f"memory {memory():.0f} MB (goal 400)")


def apart(work, *arguments):
    """In another process, so that its memory is not counted."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def prepare():
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def city(root, register, beside):
    runs = [bring_in(root, "roster", DATA / "rosters" / name, beside) for name in ROSTERS]
    rows = sum(sum(run.counts.values()) for run, _read, _written in runs)
    read, written = sum(run[1][1] for run in runs), sum(run[2][1] for run in runs)
    print(f"six rosters, {rows} rows: CPU {read:.1f} s to preview (goal 5), {written:.1f} s to apply (goal 6),")
    print(f"  {(read + written) / rows * 1000:.2f} ms a row (goal 1)")
    print(f"register and six rosters: {sum(sum(run[1][:1] + run[2][:1]) for run in [register, *runs]):.1f} s (goal 20)")
    print("the same file again:")
    run, seconds = step(preview(root, "roster", DATA / "rosters" / ROSTERS[0]), beside)
    rows = sum(run.counts.values())
    tell("preview", rows, seconds, f"{seconds[1] / rows * 1000:.2f} ms of CPU a row; {run.counts}")
    print("all of it taken back:")
    for run, _read, _written in reversed(runs):
        back, seconds = step(undo(root, run), beside)
        assert back.reading["stays"] == 0, back.reading
        tell("undo", back.reading["undone"], seconds)


def large(root, people, beside):
    file = HOME / "全市网格员花名册.xlsx"
    apart(write_roster, file, people, grids())
    print(f"{people} people, {len(TITLES)} columns, {file.stat().st_size / 1_048_576:.1f} MB")
    start = memory()
    run, seconds = step(preview(root, "roster", file), beside)
    assert run.state == "ready", (run.state, run.message)
    rows = sum(run.counts.values())
    tell(
        "preview",
        rows,
        seconds,
        f"{seconds[1] / rows * 1000:.2f} ms of CPU a row; memory {start:.0f} to {memory():.0f} MB; {run.counts}",
    )
    pages(root, run)
    run, seconds = step(apply(root, run), beside)
    assert run.state == "done", (run.state, run.message)
    tell("apply", rows, seconds, f"{seconds[1] / rows * 1000:.2f} ms of CPU a row; memory {memory():.0f} MB")
    screens(root, run, ["", "undo/"])
    run, seconds = step(undo(root, run), beside)
    tell("undo", run.reading["undone"], seconds, f"memory {memory():.0f} MB")


def grids():
    above = ("community__parent__parent__name", "community__parent__name", "community__name")
    return list(Grid.objects.order_by("pk").values_list(*above, "name"))


def write_roster(file, people, places):
    """People drawn by chance over the real grids, a few of them in every hundred with something to be told or asked."""
    chance = Random(2026)  # noqa: S311
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("名册")
    page.append(TITLES)
    for at in range(people):
        front = (
            f"4212{chance.randrange(1, 30):02d}{1965 + at % 35}{1 + at % 12:02d}{1 + at % 28:02d}{at // 420 % 1000:03d}"
        )
        number = front + identity.check_digit(front)
        name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2))
        sex = "男" if int(number[16]) % 2 else "女"
        if at % 97 == 0:
            number = f"{number[:16]}8"  # one figure short
        joined = 2024.1 if at % 89 == 0 else f"{2015 + at % 10}年{1 + at % 12}月"
        post = ["兼职", "村民小组长", "村组干部兼任", joined]
        rest = [chance.choice(["高中", "大专", "本科"]), chance.choice(["群众", "中共党员"]), "否"]
        mobile = f"1{chance.randrange(30, 100)}{at:08d}"
        page.append([at + 1, *places[at % len(places)], name, sex, number, mobile, *post, *rest])
    book.save(file)


def pages(root, run):
    """Pages of a preview and what is pressed there, asked for twice; the second time counts."""
    print("pages of the preview (CPU, in all, statements):")
    ask = "ask:date_ambiguous"
    queries = ["", "?page=1500", "?page=9999999", "?only=new", "?only=new&page=1500", "?only=wrong", "?only=remarked"]
    queries += [f"?only={ask}", "?only=open", "?q=王伟", "?q=王伟&only=new", "columns/"]
    client = screens(root, run, queries)
    row = ImportRow.objects.filter(run=run, question="date_ambiguous").first()
    if row:
        one = {"row": row.pk, "choice": "october"}
        ask_all = {"question": "date_ambiguous", "choice": "january"}
        for name, data in (("choose one", one), ("choose all", ask_all)):
            show_time(name, lambda data=data: client.post(f"/cms/imports/{run.pk}/choose/", data))


def screens(root, run, queries):
    client = Client()
    client.force_login(root)
    for query in queries:
        client.get(f"/cms/imports/{run.pk}/{query}")
        show_time(query or "first page", lambda query=query: client.get(f"/cms/imports/{run.pk}/{query}"))
    return client


def show_time(name, ask):
    count = 0

    def counted(execute, *arguments):
        nonlocal count
        count += 1
        return execute(*arguments)

    with connection.execute_wrapper(counted):
        begun, cpu = time.perf_counter(), time.process_time()
        answer = ask()
        taken = time.process_time() - cpu, time.perf_counter() - begun
    assert answer.status_code in (200, 302), (name, answer.status_code)
    print(f"  {taken[0] * 1000:6.0f} ms {taken[1] * 1000:6.0f} ms {count:4}  {name}", flush=True)


if __name__ == "__main__":
    if BESIDE:
        write_beside()
    else:
        try:
            main()
        finally:
            shutil.rmtree(HOME, ignore_errors=True)

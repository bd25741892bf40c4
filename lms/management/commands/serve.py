import fcntl
import importlib
import os
import sys
import time
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from lms import installation, processes

LOG_BYTES = 50 * 1024 * 1024


class Command(BaseCommand):
    help = "Bring the installation up to date, then run the web server, a Celery worker and beat as one. HOST and PORT say where."
    requires_system_checks: list[str] = []  # they take a second; `migrate` and the tests run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        scale = os.environ.get("DEMO_SCALE", "0.1")
        parser.add_argument(
            "--demo-scale", default=scale, help="how large a demo city an empty database gets; 0 for none"
        )

    def handle(self, *args: Any, demo_scale: str, **options: Any) -> None:
        self.started = time.monotonic()
        try:
            self.serve(demo_scale)
        except KeyboardInterrupt:  # before the children run; from then on the signal is theirs
            self.say("已停下。再启动一次，会把没做完的做完。")
            sys.exit(130)

    def serve(self, demo_scale: str) -> None:
        os.umask(0o077)  # names and marks are nobody else's business on this machine
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        self.lock = self.alone()
        installation.bring_up_to_date(demo_scale=share(demo_scale), say=self.say)
        self.nobody = installation.empty()
        children = [
            processes.Child("网页服务", self.child(web)),
            processes.Child("后台任务", self.child(worker)),
            processes.Child("定时任务", self.child(beat)),
        ]
        warm_up()
        connections.close_all()  # a connection must not be shared by two processes
        sys.exit(processes.run(children, ready=self.tell, say=self.say))

    def alone(self) -> IO[str]:
        lock = (settings.VAR_DIR / "serve.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(f"已经有一个在用 {settings.VAR_DIR} 的服务在运行，请先结束它。") from None
        return lock

    def child(self, work: Any) -> Any:
        def live() -> None:
            self.lock.close()
            if sys.stderr.isatty():
                # a person is looking: the log goes to a file, so that the address and the logins stay in sight
                log = os.open(log_file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(log, 1)
                os.dup2(log, 2)
            work()

        return live

    def say(self, text: str) -> None:
        # not in the red in which a terminal shows what goes to stderr: it is progress, not trouble
        self.stderr.write(f"[{time.monotonic() - self.started:5.1f} s] {text}", style_func=str)

    def tell(self) -> None:
        """Wait until the web server answers, then say where it is and who may sign in."""
        address = f"http://{local(os.environ.get('HOST', '127.0.0.1'))}:{os.environ.get('PORT', '8000')}"
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{address}/healthz", timeout=2):  # noqa: S310 - our own address
                    break
            except (URLError, OSError):
                time.sleep(0.1)
        else:
            self.say("网页服务 30 秒内没有应答，原因见日志。")
        self.stdout.write(f"\n{settings.SITE_NAME}已启动：{settings.SITE_URL}/\n管理后台：{settings.SITE_URL}/cms/")
        if installation.LOGINS.exists():
            self.stdout.write(f"\n演示账号（也在 {installation.LOGINS}）：\n{installation.LOGINS.read_text('utf-8')}")
        if self.nobody:
            self.stdout.write("\n还没有任何账号：怎样导入区划、建第一个管理员，见 docs/operating.md 第 1 节。")
        if sys.stderr.isatty():
            self.stdout.write(f"日志：{log_file()}")
        self.stdout.write("按 Ctrl-C 结束。")
        self.stdout.flush()


def share(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = -1
    if scale and not 0.02 <= scale <= 2:
        raise CommandError(f"DEMO_SCALE 应是 0，或 0.02 到 2 之间的数，现在是 {text}。")
    return scale


def local(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - not bound


def log_file() -> Path:
    """The log of a server in the foreground; the one before it is kept when it has grown large."""
    file = settings.VAR_DIR / "log" / "server.log"
    file.parent.mkdir(exist_ok=True)
    if file.exists() and file.stat().st_size > LOG_BYTES:
        file.rename(file.with_suffix(".log.1"))
    return file


def warm_up() -> None:
    """Import once, in the parent, what every child needs."""
    from django.urls import get_resolver

    for name in ("celery.beat", "celery.worker.worker", "gunicorn.app.wsgiapp", "lms.wsgi"):
        importlib.import_module(name)
    _ = get_resolver().url_patterns


def web() -> None:
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", "--config", str(settings.BASE_DIR / "gunicorn.conf.py"), "lms.wsgi"]
    run()


def worker() -> None:
    from lms.celery import app

    several = os.environ.get("WORKER_PROCESSES", "2")
    alone = ["--without-heartbeat", "--without-gossip", "--without-mingle"]
    app.start(["--quiet", "worker", "--concurrency", several, "--loglevel", "WARNING", *alone])


def beat() -> None:
    from lms.celery import app

    app.start(["--quiet", "beat", "--loglevel", "WARNING", "--pidfile="])

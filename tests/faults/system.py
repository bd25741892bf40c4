"""The real thing: gunicorn with `lms.wsgi`, a Celery worker and beat as processes of their own, on a free port of loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "lms.wsgi"]
CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "lms"]
PARTS = {
    "web": GUNICORN,
    "worker": [*CELERY, "worker", "--concurrency", "1", "--without-heartbeat", "--without-gossip", "--without-mingle"],
    "beat": [*CELERY, "beat", "--pidfile="],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class System:
    """`environment` is the installation's own; who starts the system lays the database first."""

    def __init__(
        self, folder: Path, environment: dict[str, str], *, parts: tuple[str, ...] = ("web",), yields: int = 0
    ) -> None:
        self.folder, self.port, self.names = folder, free_port(), parts
        # so much it steps back behind the phones on the same cores
        self.before = ["nice", "-n", str(yields)] if yields else []
        address = f"http://127.0.0.1:{self.port}"
        own = {"VAR_DIR": str(folder), "SITE_URL": address, "HOST": "127.0.0.1", "PORT": str(self.port)}
        quiet = {"LOG_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore", "DJANGO_SETTINGS_MODULE": "lms.settings"}
        self.environment = {**os.environ, **environment, **own, **quiet}
        self.running: dict[str, subprocess.Popen] = {}
        for name in ("queue/messages", "queue/control", "static", "media", "private"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def start(self) -> "System":
        for name in self.names:
            self.start_part(name)
        self.wait()
        for _time in range(8):  # the first requests of a process load the rest of the product
            with urlopen(f"http://127.0.0.1:{self.port}/sign-in/", timeout=30):
                pass
        return self

    def start_part(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("a") as log:
            self.running[name] = subprocess.Popen(
                [*self.before, *PARTS[name]],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as reply:
                return reply.status == 200
        except (URLError, OSError):
            return False

    def wait(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not self.answers():
            assert time.monotonic() < end, (self.folder / "web.log").read_text()[-3000:]
            time.sleep(0.1)

    # --- what goes wrong

    def kill_web_workers(self, *, most: int = 99) -> int:
        """SIGKILL to processes that serve; their parent starts others. How many there were."""
        serving = children(self.running["web"].pid)[:most]
        for pid in serving:
            os.kill(pid, signal.SIGKILL)
        return len(serving)

    def kill(self, name: str) -> None:
        """SIGKILL to a whole part, and started again at once, as a service manager does."""
        self._end(self.running[name])
        self.start_part(name)

    def _end(self, process: subprocess.Popen) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.running.values():
            self._end(process)

    def log(self, name: str = "web") -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

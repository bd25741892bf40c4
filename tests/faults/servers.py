"""A PostgreSQL cluster and a Redis of our own, in a folder of their own, that may be killed without asking anybody."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.faults.system import free_port


def postgres_bin() -> Path | None:
    folders = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def quick_folder() -> Path:
    """In memory where there is one: recovery begins by syncing every file, and the disk of a machine that tests has other work."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    return Path(tempfile.mkdtemp(prefix="xuetang-postgres-", dir=memory if memory.is_dir() else None))


class Cluster:
    """Durable as in service: fsync and synchronous_commit stay on."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        found = postgres_bin()
        assert found is not None
        self.bin = found
        self.back = 0.0  # when it answered again after the last restart
        # initdb refuses root; the socket's folder must be open to both users
        self.other = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []

    def make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.other:
            shutil.chown(self.folder, "nobody")
        self.folder.chmod(0o755)
        asked = ["-U", "xuetang", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        self._run("initdb", "-D", str(self.data), *asked)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [*self.other, str(self.bin / program), *arguments]
        return subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=check, cwd="/"
        ).returncode

    def _control(self, *arguments: str, check: bool = True) -> int:
        return self._run("pg_ctl", "-D", str(self.data), *arguments, check=check)

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c max_connections=60 -c shared_buffers=64MB"
        self._control("-l", str(self.folder / "log"), "-w", "-o", options, "start")

    @property
    def url(self) -> str:
        return f"postgres://xuetang@{str(self.folder).replace('/', '%2F')}/postgres"

    def restart_at_once(self) -> None:
        """As after a power cut: no checkpoint, every connection cut, recovery from the log."""
        self._control("-m", "immediate", "-w", "-l", str(self.folder / "log"), "restart")
        self.back = time.monotonic()

    def alive(self) -> bool:
        return self._control("status", check=False) == 0

    def freeze(self, seconds: float) -> None:
        """Nothing moves for so long: the postmaster and all its children are stopped and go on."""
        head = int((self.data / "postmaster.pid").read_text().split()[0])
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(head)], capture_output=True, text=True).stdout
        pids = [head, *map(int, found.split())]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            if number == signal.SIGSTOP:
                time.sleep(seconds)

    def stop(self) -> None:
        self._control("-m", "immediate", "stop", check=False)


class Redis:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen | None = None

    @staticmethod
    def there() -> bool:
        return shutil.which("redis-server") is not None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def flush(self) -> None:
        subprocess.run(["redis-cli", "-p", str(self.port), "flushall"], stdout=subprocess.DEVNULL, check=True)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

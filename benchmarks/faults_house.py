"""One installation for `faults.py`: a folder of its own, a database in a small file system in memory whose disk can be filled, and Redis."""

import base64
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.servers import Cluster, Redis


@dataclass
class House:
    folder: Path
    small: Path
    mounted: bool
    cluster: Cluster | None = None
    redis: Redis | None = None

    def environment(self) -> dict[str, str]:
        return {
            "VAR_DIR": str(self.folder / "var"),
            "DATABASE_URL": self.cluster.url if self.cluster else f"sqlite:///{self.small / 'db.sqlite3'}",
            "REDIS_URL": self.redis.url if self.redis else "",
            "LOG_LEVEL": "ERROR",
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "HTTPS": "0",
            "REQUIRE_SECOND_FACTOR": "0",
            "DEBUG": "0",
            "DJANGO_SETTINGS_MODULE": "lms.settings",
            # for a database that is thrown away
            "SECRET_KEY": "benchmark" * 6,
            "LOOKUP_KEY": "benchmark" * 6,
            "AUDIT_KEY": "benchmark" * 6,
            "PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"benchmark".ljust(32)).decode(),
        }

    def pull_down(self) -> None:
        if self.cluster:
            self.cluster.stop()
        if self.redis:
            self.redis.stop()
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.small)], check=False)  # noqa: S603, S607
        shutil.rmtree(self.folder, ignore_errors=True)


def build(database: str, *, megabytes: int) -> House:
    """`megabytes` of the small file system; what is left of them is filled by the trial of a full disk."""
    folder = Path(tempfile.mkdtemp(prefix="xuetang-faults-"))
    folder.chmod(0o755)
    small = folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(small)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0  # noqa: S603
    house = House(folder, small, mounted)
    if database == "postgres":
        house.cluster = Cluster(small / "cluster")
        house.cluster.make()
        house.cluster.start()
        if Redis.there():
            house.redis = Redis(folder / "redis")
            house.redis.start()
    return house


def fill_disk(house: House, *, after: float, seconds: float) -> Callable[[threading.Event], None]:
    """Not a byte is left for so long. A server that gave up over it is started again, as a service manager does."""

    def nemesis(over: threading.Event) -> None:
        if over.wait(after):
            return
        ballast = house.small / "ballast"
        with ballast.open("wb", buffering=0) as out:
            try:
                os.posix_fallocate(out.fileno(), 0, shutil.disk_usage(house.small).free)
            except OSError:
                out.truncate()
            out.seek(0, os.SEEK_END)
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        out.write(b"\0" * size)
                except OSError:
                    continue
        time.sleep(seconds)
        ballast.unlink()
        if house.cluster and not house.cluster.alive():
            house.cluster.start()

    return nemesis

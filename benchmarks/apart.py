"""
An installation of its own for a benchmark: a folder that is thrown away, a free port on loopback, and a database, SQLite in that folder or
the empty one that BENCHMARK_DATABASE_URL names. `stand` comes before anything of the product is imported.
"""

import base64
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="xuetang-benchmark-"))
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]
HERE = ("127.0.0.1", PORT)
PASSWORD = "hehuachi2719"  # noqa: S105 - of nobody


def stand(**more):
    """Settings from the environment, also for the servers that are started from here; `more` are variables of this benchmark alone."""
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
    } | more
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()


def pull_down():
    shutil.rmtree(HOME, ignore_errors=True)

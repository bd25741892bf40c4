"""How the web process runs; read by gunicorn from the directory it starts in. `script/server` and a service file use the same."""

import gc
import os
import resource
import socket
from pathlib import Path
from typing import Any

from django.conf import settings

from lms.webserver import Worker

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "lms.webserver.Worker"  # with threads
logger_class = "lms.webserver.Log"
Worker.swift = tuple(f"{method} {start}".encode() for start in settings.LANES for method in ("POST", "GET"))
# SQLite has one writer at a time, so a second process would only wait for the first. Of PostgreSQL's, half wait for it while the others work;
# each thread has a connection of its own, and it takes a hundred
workers = int(os.environ.get("WEB_PROCESSES", 1 if settings.SQLITE else min(16, 2 * max(2, os.cpu_count() or 1))))
threads = int(os.environ.get("WEB_THREADS", 8 if settings.SQLITE else 4))
# phones that come without a proxy in between each keep a connection for some seconds; files and the database need a few as well
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_files = 16_384 if _hard == resource.RLIM_INFINITY else min(_hard, 16_384)
if _soft != resource.RLIM_INFINITY and _soft < _files:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_files, _hard))
worker_connections = min(4000, _files // 2)
preload_app = True
timeout = 120
graceful_timeout = 15
keepalive = 5
# the answers of one city alone are 20,000 in a minute, and with one process nobody is there while it starts anew
max_requests, max_requests_jitter = 100_000, 20_000
control_socket_disable = True
# an address, its headers and how many there are; how long a body may be is `LARGEST_BODIES`, and the proxy's in front
limit_request_line, limit_request_fields, limit_request_field_size = 4094, 60, 8190
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file there
# gunicorn speaks through the same JSON lines; its access log would hold query strings, so there is none
logconfig_dict = {
    **settings.LOGGING,
    "loggers": {
        **settings.LOGGING["loggers"],
        "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}


def when_ready(server: Any) -> None:
    """What every worker needs is loaded once, here, also for one that takes the place of a dead one: not with its first request.

    The kernel tells of a connection together with its request, for some seconds; `lms.webserver` sees to those that stay silent longer.
    """
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    for listener in server.LISTENERS:
        if listener.sock.family != socket.AF_UNIX and hasattr(socket, "TCP_DEFER_ACCEPT"):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 10)


def post_worker_init(worker: Any) -> None:
    """How many requests of the exam lane wait for a thread: it asks before a save. And the papers that are about to be asked for."""
    from django.utils import timezone

    from exams.day import pressure, warming

    warming.warm(now=timezone.now())
    # what is there now stays, and need not be looked through again and again for what nobody needs
    gc.collect()
    gc.freeze()
    pressure.watch(worker.tpool.ready.swift.__len__)

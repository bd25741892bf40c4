"""
Reading in a process of its own, which the system itself holds to a time and a memory: whatever a file does to its reader, the worker
that asked goes on and has a sentence to tell.

The child is a fork: it has everything in memory already, touches nothing but the file's bytes and the pipe, and leaves by `_exit`,
so that no connection of the parent is closed and nothing is flushed twice.
"""

import faulthandler
import gc
import json
import logging
import os
import pickle
import resource
import select
import signal
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from django.utils.translation import gettext as _

from lms.refusal import Refused

from .book import DEFAULT, Book, Limits
from .reading import bytes_of, read
from .sniff import damaged

logger = logging.getLogger(__name__)

CHUNK = MEBIBYTE = 1024 * 1024
OUT_OF_MEMORY = 3
READ, REFUSED = b"R", b"N"
# what becomes of a child that passes its limits: the time, memory that Rust or C could not have, the last resort of the kernel
ENDED = (signal.SIGXCPU, signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS)


def read_apart(data: bytes | Path, *, name: str, limits: Limits = DEFAULT) -> Book:
    """`read` in a child process. Refuses as `read` does, and in one sentence where the limits of time or memory end the child."""
    if not hasattr(os, "fork"):
        return read(data, name=name, limits=limits)
    content = bytes_of(data, limits)
    limits = _earned(limits, len(content))
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        # Python warns of forks beside threads; this child takes no lock that a thread could hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        os.close(receiving)
        _work(sending, content, name, limits)
    os.close(sending)
    try:
        answer = _answer(receiving, time.monotonic() + limits.wall_seconds)
    finally:
        os.close(receiving)
        status = _end(child)
    return _told(answer, status)


def _earned(limits: Limits, size: int) -> Limits:
    more = limits.more_for_a_mebibyte * (size // MEBIBYTE)
    return replace(limits, cpu_seconds=limits.cpu_seconds + more, wall_seconds=limits.wall_seconds + 3 * more)


def _work(sending: int, content: bytes, name: str, limits: Limits) -> NoReturn:
    """The child: read, answer, leave. Whatever happens, it never comes back into the parent's code."""
    code = 1
    try:
        faulthandler.disable()
        gc.disable()  # nothing of the parent's may be collected here, and with it closed
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _bound(limits)
        try:
            answer = READ + pickle.dumps(read(content, name=name, limits=limits), pickle.HIGHEST_PROTOCOL)
        except Refused as refused:
            answer = REFUSED + json.dumps([refused.sentence, refused.code]).encode()
        with os.fdopen(sending, "wb") as pipe:
            pipe.write(answer)
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY
    finally:
        os._exit(code)


def _bound(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a reader writes nothing
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = Path("/proc/self/statm")
    if size.exists():
        now = int(size.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + limits.memory_bytes,) * 2)


def _answer(receiving: int, until: float) -> bytes:
    """Everything the child says before the time is up; what it has said by then is no answer unless it has ended."""
    pieces: list[bytes] = []
    poll = select.poll()
    poll.register(receiving, select.POLLIN | select.POLLHUP)
    while (left := until - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            piece = os.read(receiving, CHUNK)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
    return b""


def _end(child: int) -> int:
    """The status of the child, which is ended if it has not ended by itself. Its answer has been heard by now."""
    try:
        os.kill(child, signal.SIGKILL) if not _ended(child) else None
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except ChildProcessError:  # somebody else waits for all children of this process
        return 0


def _ended(child: int) -> bool:
    """Whether it is on its way out: an answer that is whole is followed by the exit at once."""
    for _try in range(50):
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            return True
        time.sleep(0.002)
    return False


def _told(answer: bytes, status: int) -> Book:
    if answer[:1] == READ and status == 0:
        book: Book = pickle.loads(memoryview(answer)[1:])  # noqa: S301 - our own child's words, not the file's
        return book
    if answer[:1] == REFUSED and status == 0:
        sentence, code = json.loads(answer[1:])
        raise Refused(sentence, code=code)
    if status == OUT_OF_MEMORY or -status in ENDED:
        raise Refused(
            _("这个文件太复杂，读它要用的时间或内存超出了限度。请只复制有内容的区域到新表格，或分成几个文件上传。"),
            code="file_too_large",
        )
    logger.error("A reading apart ended with status %s", status)
    raise damaged()

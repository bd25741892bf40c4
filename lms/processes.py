"""Several long-running processes as children of one: started together, started again when one dies, ended together."""

import contextlib
import ctypes
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE = 25.0  # seconds a child may take to finish what it has in hand
FALLS, WITHIN = 5, 60.0  # so many deaths in so many seconds, and starting again would not help
ENDING = {signal.SIGINT, signal.SIGTERM}
SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


@dataclass
class Child:
    """One process: what it does, and when it was started."""

    name: str
    work: Callable[[], object]
    pid: int = 0
    falls: deque[float] = field(default_factory=deque)

    def start(self) -> None:
        """Fork and work. The child shares the parent's imported modules, so it is there at once."""
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # ours must not be raised in the child
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(_live(self.work))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def kill(self, number: int) -> None:
        """Signal the child alone when asked to end, its whole group when it must."""
        if not self.pid:
            return
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if number == signal.SIGKILL else os.kill)(self.pid, number)

    def fell(self) -> bool:
        """Note a death; whether there were too many of late."""
        moment = time.monotonic()
        self.falls.append(moment)
        while self.falls[0] < moment - WITHIN:
            self.falls.popleft()
        return len(self.falls) >= FALLS


def _live(work: Callable[[], object]) -> int:
    """Run in the child: a group of its own (Ctrl-C reaches the parent alone), and no life without the parent."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


class Ended(Exception):
    """Someone asked us to end."""


def run(children: list[Child], *, ready: Callable[[], None], say: Callable[[str], None]) -> int:
    """Keep the children alive until SIGINT or SIGTERM; returns the exit code (1 when one would not stay up)."""

    def end(number: int, frame: object) -> None:
        raise Ended

    for number in ENDING:
        signal.signal(number, end)
    try:
        for child in children:
            child.start()
        ready()
        return watch(children, say=say)
    except Ended:
        say("正在结束，请稍候")
        return 0
    finally:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        finish(children)


def watch(children: list[Child], *, say: Callable[[str], None]) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        child = next((child for child in children if child.pid == pid), None)
        if child is None:
            continue
        child.pid = 0
        code = os.waitstatus_to_exitcode(status)
        if child.fell():
            say(f"{child.name}一分钟内停了 {FALLS} 次（退出码 {code}），不再重启，全部结束。")
            return 1
        say(f"{child.name}停了（退出码 {code}），正在重新启动")
        time.sleep(min(len(child.falls), 3))
        child.start()


def finish(children: list[Child]) -> None:
    """End all, the last started first; kill what does not end in time."""
    for child in reversed(children):
        child.kill(signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while any(child.pid for child in children):
        for child in children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                child.pid = 0
        if time.monotonic() > until:
            for child in children:
                child.kill(signal.SIGKILL)
            until = float("inf")
        time.sleep(0.05)

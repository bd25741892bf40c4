"""The threads that answer, and the connections they listen to: the inner part of `lms.webserver`."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice, takewhile
from queue import SimpleQueue
from select import EPOLLIN, EPOLLONESHOT, POLLIN, epoll, poll
from socket import MSG_DONTWAIT, MSG_PEEK, socket
from threading import Lock, Thread
from time import monotonic
from types import SimpleNamespace
from typing import Any

# seconds without anything taken: until then others get on; from then on they are held up
BRISK, PATIENCE = 0.001, 0.003
# how soon somebody looks after those who answer: when they are at nothing just now, or have been for long
NOW_AND_THEN, LONG = 0.01, 1.0
QUIET = 0.05  # seconds without a request until nobody looks
MOST = 512  # are heard at once
LISTENS = -1.0


class Waiting:
    """
    Connections on which nothing was sent yet, in the order of the moments until which they may stay; gunicorn sees its list of kept ones in it.

    The kernel tells of each once, and whoever takes it out of here holds it alone, be it to answer or to close.
    """

    def __init__(self) -> None:
        self.epoll, self.known, self.lock, self.peek = epoll(), dict[int, Any](), Lock(), poll()
        self.peek.register(self.epoll, POLLIN)

    def add(self, conn: Any) -> None:
        """From any thread, which lets go of it with this: another may have it at once."""
        fd = conn.sock.fileno()
        again, conn.listed = getattr(conn, "listed", False), True
        with self.lock:
            self.known[fd] = conn
        (self.epoll.modify if again else self.epoll.register)(fd, EPOLLIN | EPOLLONESHOT)

    def heard(self, timeout: float) -> list[Any]:
        """Those on which something was sent, or which ended; waits for the first."""
        events = self.epoll.poll(timeout, MOST)
        with self.lock:
            return [conn for fd, _event in events if (conn := self.known.pop(fd, None))]

    def late(self, now: float) -> list[Any]:
        """Those whose time is over."""
        with self.lock:
            fds = [fd for fd, _conn in takewhile(lambda one: one[1].timeout <= now, self.known.items())]
            return [self.known.pop(fd) for fd in fds]

    @property
    def stirs(self) -> bool:
        """Whether there is anything to hear; it stays to be heard."""
        return bool(self.peek.poll(0))

    def __len__(self) -> int:
        return len(self.known)

    def __iter__(self) -> Iterator[Any]:
        with self.lock:
            return iter(list(self.known.values()))

    def __getitem__(self, place: int) -> Any:
        """gunicorn asks for the first after it has seen that there is one; meanwhile a thread may have taken it."""
        return next(islice(self, place, None), SimpleNamespace(timeout=0.0))


class Ready:
    """
    What was sent and nobody has begun, the longest waiting first: what begins with one of `swift` before all others, for it takes a tenth of
    their time and somebody is sitting there; but each eighth is one of the others.
    """

    EIGHTH = 8

    def __init__(self, *swift: bytes) -> None:
        self.begins, self.longest = swift, max(map(len, swift), default=0)
        self.swift, self.others, self.row = deque[Any](), deque[Any](), 0

    def add(self, conn: Any) -> None:
        (self.swift if sent(conn.sock, self.longest).startswith(self.begins) else self.others).append(conn)

    def next(self) -> Any:
        """IndexError: there is none; or another thread was quicker, and looking again will tell."""
        self.row = (self.row + 1) % self.EIGHTH
        first, second = (self.swift, self.others) if self.row else (self.others, self.swift)
        return (first or second).popleft()

    def __len__(self) -> int:
        return len(self.swift) + len(self.others)


class Runners:
    """
    The threads that answer. As long as one gets on, it alone listens and answers, with nobody between who hands requests over: threads that
    are busy in Python at once hand the interpreter to and fro, from core to core, and everything costs half again as much. When it is held
    up (a password is hashed, a slow phone still sends, a disk is busy) and something waits, another is woken, of those who rest the last to
    have worked; who is done while another gets on goes back to rest.
    """

    def __init__(
        self, count: int, act: Callable[[Any], None], waiting: Waiting, ready: Ready, wake: Callable[[], None]
    ) -> None:
        self.act, self.waiting, self.ready, self.lock = act, waiting, ready, Lock()
        self.alive, self.asleep, self.wake = True, False, wake  # asleep: who looks after us, until we wake them
        self.taken = self.woken = monotonic()
        self.taker = 0  # who took last
        self.since = [0.0] * count  # when each began what it is at; LISTENS, or 0 if neither
        self.bells = [SimpleQueue[bool]() for _thread in range(count)]  # by which each is woken; False: it ends
        self.resting = list(range(count))[::-1]
        for turn in range(count):
            Thread(target=self.work, args=[turn], name=f"request-{turn}", daemon=True).start()
        self.bells[self.resting.pop()].put(True)

    @property
    def awake(self) -> int:
        return len(self.bells) - len(self.resting)

    def work(self, turn: int) -> None:
        while self.bells[turn].get():
            while (one := self.next(turn)) is not None:
                self.act(one)

    def next(self, turn: int) -> Any:
        """What has waited longest; None: another gets on, and this thread rests."""
        self.since[turn] = 0.0
        if self.awake > 1:
            with self.lock:
                brisk = self.taker != turn and monotonic() - self.taken < BRISK
                if self.awake > 1 and (brisk or LISTENS in self.since):
                    self.resting.append(turn)
                    return None
        while self.alive:
            try:
                one = self.ready.next()
            except IndexError:
                if not self.ready:
                    self.listen(turn)
                continue
            self.since[turn] = self.taken = monotonic()
            self.taker = turn
            if self.asleep:
                self.asleep = False
                self.wake()
            return one
        return None

    def listen(self, turn: int) -> None:
        self.since[turn] = LISTENS
        for one in self.waiting.heard(LONG):
            self.ready.add(one)

    def look(self) -> float:
        """Wake another one if those who are awake are held up and something waits. Returns in how many seconds to look again."""
        now = monotonic()
        quiet = now - max(self.taken, self.woken)  # whoever was woken gets a moment too
        if self.resting and quiet > PATIENCE and (self.ready or self.waiting.stirs):
            self.woken = now
            with self.lock:
                self.bells[self.resting.pop()].put(True)
        self.asleep = True  # said before it is looked at: who begins now says so first, and then looks whether we sleep
        busy = max(self.since) > 0
        self.asleep = not busy and now - self.taken > QUIET
        return LONG if self.asleep else PATIENCE if busy else NOW_AND_THEN

    def shutdown(self, wait: bool = False) -> None:
        self.alive = False
        for bell in self.bells:
            bell.put(False)


def sent(sock: socket, most: int) -> bytes:
    """How it begins; it stays to be read."""
    try:
        return sock.recv(most, MSG_PEEK | MSG_DONTWAIT) if most else b""
    except OSError:
        return b""

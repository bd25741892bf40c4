"""
gunicorn's worker with threads, but whoever answers also listens, and a loop that waits for nobody who hangs up slowly.

gunicorn's loop hands each request to a thread and takes the connection back afterwards: two turns and a future for each, and the interpreter
goes to and fro between the two. Here the thread that answered sets the connection waiting again, asks the kernel who sent something and
answers that; the loop accepts, looks whether those who answer get on, and closes what has been silent too long. A silent connection takes
no thread; browsers open some ahead. Lingering on connections that end (up to two seconds, until the other side closes too) is done by
threads of its own: in the loop, five phones that stayed silent held everybody up for ten seconds.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache, partial
from itertools import islice, takewhile
from queue import SimpleQueue
from select import EPOLLIN, EPOLLONESHOT, POLLIN, epoll, poll
from socket import MSG_DONTWAIT, MSG_PEEK, SO_RCVTIMEO, SO_SNDTIMEO, SOL_SOCKET, socket
from struct import pack
from sys import exc_info
from threading import Lock, Thread
from time import monotonic
from types import SimpleNamespace
from typing import Any

import gunicorn.http.wsgi
from gunicorn.glogging import Logger
from gunicorn.http.wsgi import Response as Plain
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

CLOSERS = 4
# seconds without anything taken: until then others get on; from then on they are held up
BRISK, PATIENCE = 0.001, 0.003
# how soon somebody looks after those who answer: when they are at nothing just now, or have been for long
NOW_AND_THEN, LONG = 0.01, 1.0
QUIET = 0.05  # seconds without a request until nobody looks
MOST = 512  # are heard at once
LISTENS = -1.0


class Closers:
    """So many threads, each with the call that has waited longest. Daemons, as all here: the end of the process waits for none of them."""

    def __init__(self, count: int) -> None:
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        for turn in range(count):
            Thread(target=self.work, name=f"close-{turn}", daemon=True).start()

    def work(self) -> None:
        while True:
            with suppress(Exception):  # the connection is gone either way, and the thread has others to see off
                self.calls.get()()


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


def heard_of(sock: socket) -> bool:
    """Whether there is something to read, if only the end."""
    try:
        sock.recv(1, MSG_PEEK | MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def sent(sock: socket, most: int) -> bytes:
    """How it begins; it stays to be read."""
    try:
        return sock.recv(most, MSG_PEEK | MSG_DONTWAIT) if most else b""
    except OSError:
        return b""


def sent_ahead(conn: Any) -> bool:
    """Whether the next request came together with the one before: the kernel has nothing more to tell then."""
    return conn.initialized and bool(conn.parser.unreader.buf.getvalue())


class Worker(ThreadWorker):
    swift: tuple[bytes, ...] = ()  # `Ready`
    stalled = 10  # seconds in which a phone sends nothing more of a request, or takes nothing more of an answer: then it is gone

    def init_process(self) -> None:
        self.leaving = Closers(CLOSERS)
        # each request asks for thirty of them, which gunicorn looks up anew
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        gunicorn.http.wsgi.Response = Response
        super().init_process()

    def get_thread_pool(self) -> Any:
        self.keepalived_conns: Any = Waiting()
        return Runners(self.cfg.threads, self.serve, self.keepalived_conns, Ready(*self.swift), self.wake)

    def wake(self) -> None:
        self.method_queue.defer(lambda: None)

    def enqueue_req(self, conn: Any) -> None:
        """A new connection; the thread that takes it need not wait for what is sent, and no thread waits for ever for the rest of it."""
        conn.data_ready = True
        for way in (SO_RCVTIMEO, SO_SNDTIMEO):
            conn.sock.setsockopt(SOL_SOCKET, way, pack("ll", self.stalled, 0))
        self.keep(conn)

    def keep(self, conn: Any) -> None:
        """Until something is sent on it; when the process is about to end, for a short while only."""
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.add(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, self.tpool.look()))

    def serve(self, conn: Any) -> None:
        """Answer one request, in a thread of its own. Whatever is not simply kept for the next one is the loop's to decide, as in gunicorn."""
        if not sent_ahead(conn) and not heard_of(conn.sock):  # the kernel spoke of one that was on this number before
            self.keep(conn)
            return
        told: Future[Any] = Future()
        try:
            kept = self.handle(conn)
            if kept is True:
                self.again(conn)
                return
            told.set_result(kept)
        except BaseException as error:
            told.set_exception(error)
        self.method_queue.defer(self.finish_request, conn, told)

    def again(self, conn: Any) -> None:
        if sent_ahead(conn):
            self.tpool.ready.add(conn)
        else:
            self.keep(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close those that were silent too long. Who did send something, and was not heard because nobody gets on, is kept."""
        for conn in self.keepalived_conns.late(float("inf") if force else monotonic()):
            if heard_of(conn.sock) and not force:
                self.tpool.ready.add(conn)
                continue
            self.nr_conns -= 1
            conn.close()

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Only in the loop."""
        conn.close = partial(self.hang_up, conn.close)
        super().finish_request(conn, fs)

    def hang_up(self, close: Any, graceful: bool = False) -> None:
        if graceful:
            self.leaving.calls.put(partial(close, graceful=True))
        else:
            close()


class Response(Plain):
    """Sends the headers together with the beginning of the body: one packet, and the other side wakes up once."""

    head = b""
    headers_sent: bool
    response_length: int | None

    def process_headers(self, headers: Any) -> None:
        for name, value in headers:
            # what is one person's own is not kept
            proven, length = (fit.__wrapped__ if name == "Set-Cookie" else fit)(name, value)
            self.headers += proven
            self.response_length = self.response_length if length is None else length

    def send_headers(self) -> None:
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self.head, self.headers_sent = "".join(lines).encode("latin-1"), True

    def flush(self, more: bytes = b"") -> None:
        head, self.head = self.head, b""
        if head or more:
            self.sock.sendall(head + more)

    def _emit_body(self, data: bytes) -> None:
        self.flush(b"%X\r\n%s\r\n" % (len(data), data) if self.chunked else data)

    def sendfile(self, respiter: Any) -> bool:
        """The file itself goes past us, so what is before it goes first."""
        self.send_headers()
        self.flush()
        sent: bool = super().sendfile(respiter)
        return sent

    def close(self) -> None:
        self.send_headers()
        self.flush()
        super().close()


@lru_cache(maxsize=512)
def fit(name: str, value: str) -> tuple[list[tuple[str, str]], int | None]:
    """What gunicorn makes of a header, and the length it tells of: most are the same in each answer, and looked through once."""
    asked = Plain.__new__(Plain)
    asked.headers, asked.response_length, asked.upgrade = [], None, False
    asked.process_headers([(name, value)])
    return asked.headers, asked.response_length


class Log(Logger):
    """There is no access log, so nothing is put together for it. A phone that fell silent in the middle is no failure of ours."""

    def access(self, *_told: Any) -> None:
        pass

    def exception(self, *told: Any, **more: Any) -> None:
        if not isinstance(exc_info()[1], BlockingIOError):
            super().exception(*told, **more)

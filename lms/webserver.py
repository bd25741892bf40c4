"""
gunicorn's worker with threads, with less passed from thread to thread, and a loop that waits for nobody who hangs up slowly.

A request costs gunicorn's loop two turns, one before and one after; here the thread that answered sets the connection waiting for its
next request, and goes on with the next by itself. Of a bare Django answer that is a third, and one thread at a time another. A silent
connection takes no thread; browsers open some ahead. Lingering on connections that end (up to two seconds, until the other side closes
too) is done by threads of its own: in the loop, five phones that stayed silent held everybody up for ten seconds.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from select import EPOLLIN, EPOLLONESHOT, epoll
from socket import MSG_DONTWAIT, MSG_PEEK, socket
from threading import Lock, Thread
from time import monotonic
from typing import Any, NamedTuple

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

CLOSERS = 4
BRISK, PATIENCE = (
    0.001,
    0.003,
)  # seconds without anything taken: until then others get on; from then on they are held up


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


class Runners:
    """
    The threads that answer. As long as `at_once` of them get on, they alone take what waits: threads that are busy in Python hand the
    interpreter to and fro, from core to core, and everything costs half again as much. When nobody has taken anything for a moment (a password is hashed,
    a slow phone still sends, a disk is busy) the next one is woken, of those who rest the last to have worked; when several are awake and
    others get on, one goes back to rest.
    """

    def __init__(self, count: int, act: Callable[[Any], None], *, at_once: int = 1) -> None:
        self.waiting: deque[Any] = deque()
        self.act, self.at_once, self.lock = act, at_once, Lock()
        self.taken = self.woken = monotonic()
        self.bells = [SimpleQueue[bool]() for _thread in range(count)]  # by which each is woken; False: it ends
        self.resting = self.bells.copy()
        for turn, bell in enumerate(self.bells):
            Thread(target=self.work, args=[bell], name=f"request-{turn}", daemon=True).start()

    @property
    def awake(self) -> int:
        return len(self.bells) - len(self.resting)

    def work(self, bell: SimpleQueue[bool]) -> None:
        while bell.get():
            while (one := self.next(bell)) is not None:
                self.act(one)

    def next(self, bell: SimpleQueue[bool]) -> Any:
        """What waits longest; None: nothing does, or others are quick enough, and this thread rests."""
        with self.lock:
            now = monotonic()
            if not self.waiting or (self.awake > self.at_once and now - self.taken < BRISK):
                self.resting.append(bell)
                return None
            self.taken = now
            return self.waiting.popleft()

    def add(self, one: Any) -> None:
        with self.lock:
            self.waiting.append(one)
            bell = self.resting.pop() if self.resting and self.awake < self.at_once else None
        if bell:
            bell.put(True)

    def look(self) -> bool:
        """Wake another one if those who are awake are held up. Returns whether to look again in a moment."""
        if not self.waiting:
            return False
        with self.lock:
            now = monotonic()
            quiet = now - max(self.taken, self.woken)  # whoever was woken gets a moment too
            bell = self.resting.pop() if self.waiting and self.resting and quiet > PATIENCE else None
            if bell:
                self.woken = now
        if bell:
            bell.put(True)
        return True

    def shutdown(self, wait: bool = False) -> None:
        for bell in self.bells:
            bell.put(False)


class Told(NamedTuple):
    """Whom the loop calls, and with what."""

    fileobj: Any
    data: Callable[[Any], None]


class Poller:
    """What gunicorn's loop asks of a selector; and connections it hears of once, until whoever answered sets them waiting again."""

    def __init__(self) -> None:
        self.epoll, self.known = epoll(), dict[int, Told]()

    def register(self, fileobj: Any, _events: int, data: Callable[[Any], None]) -> None:
        fd = number(fileobj)
        self.known[fd] = Told(fileobj, data)
        self.epoll.register(fd, EPOLLIN)

    def once(self, fileobj: Any, data: Callable[[Any], None]) -> None:
        """From any thread. Known before epoll is told, for the loop may hear of it at once."""
        fd = number(fileobj)
        again = fd in self.known
        self.known[fd] = Told(fileobj, data)
        (self.epoll.modify if again else self.epoll.register)(fd, EPOLLIN | EPOLLONESHOT)

    def unregister(self, fileobj: Any) -> None:
        """KeyError when it is not known."""
        fd = number(fileobj)
        del self.known[fd]
        self.epoll.unregister(fd)

    def select(self, timeout: float | None) -> list[tuple[Told, int]]:
        return [(self.known[fd], event) for fd, event in self.epoll.poll(timeout) if fd in self.known]

    def close(self) -> None:
        self.epoll.close()


def heard_of(sock: socket) -> bool:
    """Whether there is something to read, if only the end."""
    try:
        sock.recv(1, MSG_PEEK | MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def number(fileobj: Any) -> int:
    return fileobj if isinstance(fileobj, int) else fileobj.fileno()


class Worker(ThreadWorker):
    poller: Any
    at_once = 1  # `Runners`; more where a thread leaves the interpreter to others for much of a request

    def init_process(self) -> None:
        self.leaving = Closers(CLOSERS)
        super().init_process()

    def run(self) -> None:
        self.poller.close()
        self.poller = Poller()
        super().run()

    def get_thread_pool(self) -> Any:
        return Runners(self.cfg.threads, self.serve, at_once=self.at_once)

    def enqueue_req(self, conn: Any) -> None:
        """To a thread, once something was sent: a thread that took a silent connection would stand there for five seconds."""
        if conn.initialized or conn.data_ready or heard_of(conn.sock):
            conn.data_ready = True
            self.tpool.add(conn)
            return
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EPOLLIN, partial(self.on_pending_socket_readable, conn))

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, PATIENCE) if self.tpool.look() else timeout)

    def serve(self, conn: Any) -> None:
        """Answer one request, in a thread of its own. Whatever is not simply kept for the next one is the loop's to decide, as in gunicorn."""
        told: Future[Any] = Future()
        try:
            kept = self.handle(conn)
            if kept is True and self.alive and not conn.parser.unreader.buf.getvalue():
                self.keep(conn)
                return
            told.set_result(kept)
        except BaseException as error:
            told.set_exception(error)
        self.method_queue.defer(self.finish_request, conn, told)

    def keep(self, conn: Any) -> None:
        """Listed first: the loop takes it from the list as soon as the poller names it."""
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.once(conn.sock, partial(self.on_client_socket_readable, conn))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        if not self.alive:  # then gunicorn itself sets it waiting, and would hear of it again and again
            self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self.enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Only in the loop. A connection that goes or waits in another way is known to the poller no more."""
        with suppress(KeyError):
            self.poller.unregister(conn.sock)
        if not isinstance(conn.close, partial):  # a connection that is kept comes by many times
            conn.close = partial(self.hang_up, conn.close)
        super().finish_request(conn, fs)

    def hang_up(self, close: Any, graceful: bool = False) -> None:
        if graceful:
            self.leaving.calls.put(partial(close, graceful=True))
        else:
            close()


class Log(Logger):
    """There is no access log, so nothing is put together for it."""

    def access(self, *_told: Any) -> None:
        pass

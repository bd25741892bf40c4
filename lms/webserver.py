"""
gunicorn's worker with threads, but whoever answers also listens, and a loop that waits for nobody who hangs up slowly.

gunicorn's loop hands each request to a thread and takes the connection back afterwards: two turns and a future for each, and the interpreter
goes to and fro between the two. Here the thread that answered sets the connection waiting again, asks the kernel who sent something and
answers that; the loop accepts, looks whether those who answer get on, and closes what has been silent too long. A silent connection takes
no thread; browsers open some ahead. Lingering on connections that end (up to two seconds, until the other side closes too) is done by
threads of its own: in the loop, five phones that stayed silent held everybody up for ten seconds.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache, partial
from queue import SimpleQueue
from socket import MSG_DONTWAIT, MSG_PEEK, SO_RCVTIMEO, SO_SNDTIMEO, SOL_SOCKET, socket
from struct import pack
from sys import exc_info
from threading import Thread
from time import monotonic
from typing import Any

import gunicorn.http.wsgi
from gunicorn.glogging import Logger
from gunicorn.http.wsgi import Response as Plain
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from lms.runners import Ready, Runners, Waiting

CLOSERS = 4


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


def heard_of(sock: socket) -> bool:
    """Whether there is something to read, if only the end."""
    try:
        sock.recv(1, MSG_PEEK | MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


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

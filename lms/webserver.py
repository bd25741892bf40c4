"""
gunicorn's worker with threads, with less passed from thread to thread, and a loop that waits for nobody who hangs up slowly.

A request costs gunicorn's loop two turns, one before and one after; here the thread that answered sets the connection waiting for its
next request, and takes the next from a plain queue. Of a bare Django answer that is a third. Lingering on connections that end (up to two
seconds, until the other side closes too) is done by threads of its own: in the loop, five phones that stayed silent held everybody up
for ten seconds.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from select import EPOLLIN, EPOLLONESHOT, epoll
from threading import Thread
from typing import Any, NamedTuple

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

CLOSERS = 4


class Threads:
    """So many threads, each with the connection that has waited longest. Daemons: the end of the process waits for none of them."""

    def __init__(self, count: int, act: Callable[[Any], None], name: str) -> None:
        self.waiting: SimpleQueue[Any] = SimpleQueue()
        self.count = count
        for turn in range(count):
            Thread(target=self.work, args=[act], name=f"{name}-{turn}", daemon=True).start()

    def work(self, act: Callable[[Any], None]) -> None:
        while (one := self.waiting.get()) is not None:
            act(one)

    def shutdown(self, wait: bool = False) -> None:
        for _thread in range(self.count):
            self.waiting.put(None)


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


def number(fileobj: Any) -> int:
    return fileobj if isinstance(fileobj, int) else fileobj.fileno()


class Worker(ThreadWorker):
    poller: Any

    def init_process(self) -> None:
        self.leaving = Threads(CLOSERS, self.see_off, "close")
        super().init_process()

    def run(self) -> None:
        self.poller.close()
        self.poller = Poller()
        super().run()

    def see_off(self, close: Callable[[], None]) -> None:
        with suppress(Exception):  # the connection is gone either way, and the thread has others to see off
            close()

    def get_thread_pool(self) -> Any:
        return Threads(self.cfg.threads, self.serve, "request")

    def enqueue_req(self, conn: Any) -> None:
        self.tpool.waiting.put(conn)

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
            self.leaving.waiting.put(partial(close, graceful=True))
        else:
            close()


class Log(Logger):
    """There is no access log, so nothing is put together for it."""

    def access(self, *_told: Any) -> None:
        pass

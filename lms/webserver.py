"""gunicorn's worker with threads, but for one thing: its loop, which everybody's requests come through, waits for nobody who hangs up slowly."""

from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

CLOSERS = 4


class Worker(ThreadWorker):
    """
    After an answer that ends its connection gunicorn lingers up to two seconds until the other side closes too, and does so in its
    one loop: five phones that stay silent held everybody up for ten seconds. Here threads of their own linger.
    """

    def init_process(self) -> None:
        self.leaving: SimpleQueue[Any] = SimpleQueue()
        for _closer in range(CLOSERS):  # daemons: the end of the process waits for none of them
            Thread(target=self.see_off, name="close", daemon=True).start()
        super().init_process()

    def see_off(self) -> None:
        while True:
            with suppress(OSError):
                self.leaving.get()()

    def finish_request(self, conn: Any, fs: Any) -> None:
        if not isinstance(conn.close, partial):  # a connection that is kept comes by many times
            conn.close = partial(self.hang_up, conn.close)
        super().finish_request(conn, fs)

    def hang_up(self, close: Any, graceful: bool = False) -> None:
        if graceful:
            self.leaving.put(partial(close, graceful=True))
        else:
            close()

"""gunicorn's worker with threads, but for one thing: its loop, which everybody's requests come through, waits for nobody who hangs up slowly."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):
    """
    After an answer that ends its connection gunicorn lingers up to two seconds until the other side closes too, and does so in its
    one loop: five phones that stay silent held everybody up for ten seconds. Here threads of their own linger.
    """

    def init_process(self) -> None:
        self.closers = ThreadPoolExecutor(4, thread_name_prefix="close")
        super().init_process()

    def finish_request(self, conn: Any, fs: Any) -> None:
        if not isinstance(conn.close, partial):  # a connection that is kept comes by many times
            conn.close = partial(self.hang_up, conn.close)
        super().finish_request(conn, fs)

    def hang_up(self, close: Any, graceful: bool = False) -> None:
        if graceful:
            self.closers.submit(close, graceful=True)
        else:
            close()

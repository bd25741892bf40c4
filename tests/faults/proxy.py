"""A loopback proxy that loses replies: the server has done what was asked, and the phone never hears of it."""

import asyncio
import contextlib
import socket
import threading
from random import Random


class Proxy:
    """Passes everything between clients and a server. Of the replies it drops some, once the server has given them, and holds others up."""

    def __init__(self, upstream: int, *, seed: str = "proxy") -> None:
        self.upstream, self.chance = upstream, Random(seed)
        self.loses = self.delays = 0.0  # share of the replies; seconds at most
        self.lost = 0
        self.serving: set[asyncio.Task[None]] = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = self.listener.getsockname()[1]
        self.over, self.ready = asyncio.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)
        self.thread.start()
        self.ready.wait(5)

    async def _listen(self) -> None:
        """All lines in one thread."""
        self.loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, sock=self.listener)
        self.ready.set()
        await self.over.wait()
        server.close()

    def _accept(self, down: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(down, client))
        self.serving.add(task)  # a task that nobody holds may vanish
        task.add_done_callback(self.serving.discard)

    async def _serve(self, down: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                up, server = await asyncio.open_connection("127.0.0.1", self.upstream)
                asking = asyncio.create_task(self._up(down, server))
                try:
                    await self._down(up, client)
                finally:
                    asking.cancel()
                    server.transport.abort()
            client.close()
        except asyncio.CancelledError:
            client.transport.abort()

    async def _down(self, up: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while reply := await up.read(65536):
            if self.chance.random() < self.loses:
                self.lost += 1
                return  # both ends are closed
            if self.delays:
                await asyncio.sleep(self.chance.uniform(0, self.delays))
            client.write(reply)

    async def _up(self, down: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while asked := await down.read(65536):
                server.write(asked)
            server.write_eof()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(5)

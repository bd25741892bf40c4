"""
A loopback proxy that loses replies: the server has done what was asked, and the phone never hears of it. A process of its own, for the phones
keep theirs busy: `python proxy.py upstream loses delays` says its port, and how many replies it lost when its input ends.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
from random import Random


class Proxy:
    """Passes everything between clients and a server. `loses`: the share of the replies that is dropped; `delays`: seconds that others come late at most."""

    def __init__(self, upstream: int, *, loses: float, delays: float) -> None:
        command = [sys.executable, __file__, *map(str, (upstream, loses, delays))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port, self.lost = self._said(), 0

    def _said(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        with self.process:
            self.process.stdin.close()
            self.lost = self._said()


class Between:
    """What the process does."""

    def __init__(self, upstream: int, loses: float, delays: float) -> None:
        self.upstream, self.loses, self.delays, self.chance = upstream, loses, delays, Random("proxy")
        self.lost = 0
        self.serving: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        server = await asyncio.start_server(self._accept, sock=listener)
        print(listener.getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(self.lost, flush=True)
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


if __name__ == "__main__":
    asyncio.run(Between(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])).listen())

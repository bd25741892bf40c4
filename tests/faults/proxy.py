"""
A loopback proxy that loses replies: the server has done what was asked, and the phone never hears of it. A process of its own, for the phones
keep theirs busy: `python proxy.py upstream loses delays` says its port, and how many replies it lost when its input ends.
"""

import asyncio
import socket
import subprocess
import sys
from random import Random
from typing import Any


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
        self.upstream, self.loses, self.delays, self.chance = ("127.0.0.1", upstream), loses, delays, Random("proxy")
        self.lost = 0

    async def listen(self) -> None:
        self.loop = asyncio.get_running_loop()
        server = await self.loop.create_server(lambda: Phone(self), "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        await self.loop.run_in_executor(None, sys.stdin.read)
        print(self.lost, flush=True)
        server.close()


class Phone(asyncio.Protocol):
    """The end to which a phone is connected. When one end closes or a reply is dropped, both are closed."""

    def __init__(self, between: Between) -> None:
        self.between, self.server = between, Server(self)
        self.asked: list[bytes] = []  # until the server's end stands
        self.told = 0.0  # when the last reply is passed on; none overtakes another

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.task = self.between.loop.create_task(self.reach())

    async def reach(self) -> None:
        """On a socket made here: most are through at once, and what asyncio does for any address costs more than a request."""
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await self.between.loop.sock_connect(sock, self.between.upstream)
            await self.between.loop.create_connection(lambda: self.server, sock=sock)
        except (OSError, asyncio.CancelledError):
            sock.close()
            self.transport.close()
            return
        if self.transport.is_closing():
            self.server.transport.abort()
        for data in self.asked:
            self.server.transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self.server.transport:
            self.server.transport.write(data)
        else:
            self.asked.append(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.server.transport:
            self.server.transport.abort()
        else:
            self.task.cancel()

    def tell(self, reply: bytes) -> None:
        between = self.between
        if between.chance.random() < between.loses:
            between.lost += 1
            self.transport.abort()
            return
        if between.delays:
            self.told = max(self.told, between.loop.time() + between.chance.uniform(0, between.delays))
            between.loop.call_at(self.told, self.transport.write, reply)
        else:
            self.transport.write(reply)


class Server(asyncio.Protocol):
    """The other end."""

    def __init__(self, phone: Phone) -> None:
        self.phone, self.transport = phone, None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.phone.tell(data)

    def connection_lost(self, _error: Exception | None) -> None:
        loop = self.phone.between.loop
        loop.call_at(max(self.phone.told, loop.time()), self.phone.transport.close)


if __name__ == "__main__":
    asyncio.run(Between(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])).listen())

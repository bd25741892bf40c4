"""One connection of a phone, as raw HTTP/1.1: thousands of them at once are driven by one thread."""

import asyncio
import socket
from typing import NamedTuple


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]  # by names in lower case
    cookies: list[str]
    body: bytes


class Line(asyncio.Protocol):
    """Kept open as long as the server keeps it. `patience`: seconds until a request is given up, with all that belongs to it."""

    def __init__(self, port: int, patience: float) -> None:
        self.port, self.patience = port, patience
        self.transport: asyncio.Transport | None = None
        self.heard = bytearray()
        self.reply: asyncio.Future[Reply | None] | None = None

    async def ask(self, request: bytes) -> Reply | None:
        """The reply, or None when nobody can say what became of the request."""
        loop = asyncio.get_running_loop()
        self.reply = loop.create_future()
        end = loop.call_later(self.patience, self.close)
        try:
            # a browser too sees that the server has hung up meanwhile
            if self.transport is None or self.transport.is_closing():
                await self._connect(loop)
            if self.transport:  # not given up since
                self.transport.write(request)
            reply = await self.reply
        except OSError:
            reply = None
        finally:
            end.cancel()
            self.reply = None
        if reply is None or reply.headers.get("connection") == "close":
            self.close()
        return reply

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """On a socket made here: most are through at once, and what asyncio does for any address costs more than a request."""
        sock, address = socket.socket(), ("127.0.0.1", self.port)
        sock.setblocking(False)
        try:
            try:
                sock.connect(address)
            except BlockingIOError:
                async with asyncio.timeout(self.patience):
                    await loop.sock_connect(sock, address)
            self.heard.clear()
            self.transport, _self = await loop.create_connection(lambda: self, sock=sock)
        except BaseException:
            sock.close()
            raise

    def data_received(self, data: bytes) -> None:
        self.heard += data
        try:
            if reply := read(self.heard):
                self.heard.clear()
                self._told(reply)
        except ValueError:
            self.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self._told(None)

    def _told(self, reply: Reply | None) -> None:
        if self.reply and not self.reply.done():
            self.reply.set_result(reply)

    def close(self) -> None:
        transport, self.transport = self.transport, None
        if transport:
            transport.set_protocol(asyncio.Protocol())  # it has nothing more to say to us
            transport.abort()
        self._told(None)


def read(heard: bytearray) -> Reply | None:
    """The reply, once it is whole. ValueError: no HTTP."""
    head, end, body = heard.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [(name.lower(), value) for name, _is, value in (line.partition(": ") for line in lines)]
    headers = dict(pairs)
    if headers.get("transfer-encoding") == "chunked":
        if not body.endswith(b"0\r\n\r\n"):
            return None
        body = whole(body)
    elif len(body) < int(headers.get("content-length", 0)):
        return None
    return Reply(int(first[9:12]), headers, [value for name, value in pairs if name == "set-cookie"], bytes(body))


def whole(chunked: bytearray) -> bytearray:
    parts, rest = bytearray(), chunked
    while True:
        size, _end, rest = rest.partition(b"\r\n")
        if not (length := int(size, 16)):
            return parts
        parts += rest[:length]
        rest = rest[length + 2 :]

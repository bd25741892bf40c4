"""One connection of a phone, as raw HTTP/1.1: thousands of them at once are driven by one thread."""

import asyncio
from typing import NamedTuple


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]  # by names in lower case
    cookies: list[str]
    body: bytes


class Line:
    """Kept open as long as the server keeps it. `patience`: seconds until a request is given up, with all that belongs to it."""

    def __init__(self, port: int, patience: float) -> None:
        self.port, self.patience = port, patience
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> Reply | None:
        """The reply, or None when nobody can say what became of the request."""
        try:
            async with asyncio.timeout(self.patience):
                reply = await self._ask(request)
        except (OSError, EOFError, ValueError):
            self.close()
            return None
        if reply.headers.get("connection") == "close":
            self.close()
        return reply

    async def _ask(self, request: bytes) -> Reply:
        if self.writer and self.reader and (self.writer.is_closing() or self.reader.at_eof()):
            self.close()  # the server has hung up meanwhile, and a browser sees that too
        if self.writer is None or self.reader is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        self.writer.write(request)
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [(name.lower(), value) for name, _is, value in (line.partition(": ") for line in lines) if name]
        headers = dict(pairs)
        body = await self._body(self.reader, headers)
        return Reply(int(first[9:12]), headers, [value for name, value in pairs if name == "set-cookie"], body)

    async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await reader.readexactly(int(headers.get("content-length", 0)))
        parts = []
        while size := int(await reader.readuntil(b"\r\n"), 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        return b"".join(parts)

    def close(self) -> None:
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None

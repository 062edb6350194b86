"""What stands between a browser and Perdure: passes everything on, or answers, resets or keeps silent in its place, or
loses its answers; and counts what it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

Mood = Literal["well", "busy", "resets", "hangs", "loses"]
_CHUNK = 65536


@dataclass(slots=True)
class Middlebox:
    """A reverse proxy on a real socket, one request a connection."""

    upstream: str
    """`host:port` of the server behind it."""
    mood: Mood = "well"
    retry_after_s: int | None = None
    """What it says in `Retry-After` while it is busy."""
    unwell_for: str = ""
    """The mood holds for paths with this in them; all else is passed on."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often it was asked for what: `PUT /api/v1/…`."""
    url: str = ""

    def total(self) -> int:
        """How often it was asked for anything. The browser's own looks after its service worker are not the page's."""
        return sum(n for what, n in self.asked.items() if what != "GET /sw.js")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip("\r\n").split("\r\n")
            method, path, _ = first.split(" ")
            self.asked[f"{method} {path.partition('?')[0]}"] += 1
            if self.mood == "well" or self.unwell_for not in path:
                await self._pass_on(first, lines, reader, writer)
            elif self.mood == "busy":
                writer.write(self._refusal())
                await writer.drain()
            elif self.mood == "resets":
                writer.transport.abort()
            elif self.mood == "loses":
                await self._pass_on(first, lines, reader, None)
                await reader.read()
            else:
                await reader.read()
        writer.close()

    def _refusal(self) -> bytes:
        wait = "" if self.retry_after_s is None else f"Retry-After: {self.retry_after_s}\r\n"
        return f"HTTP/1.1 503 Service Unavailable\r\n{wait}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()

    async def _pass_on(
        self, first: str, lines: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None
    ) -> None:
        headers = dict(line.split(": ", 1) for line in lines)
        kept = [line for line in lines if not line.lower().startswith("connection:")]
        length = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
        body = await reader.readexactly(length)
        host, _, port = self.upstream.rpartition(":")
        answer, question = await asyncio.open_connection(host, int(port))
        try:
            question.write("\r\n".join([first, *kept, "Connection: close", "", ""]).encode("latin-1") + body)
            await question.drain()
            if writer is None:
                await answer.read()
                return
            gone = asyncio.ensure_future(reader.read())
            while chunk := await _or_none(answer.read(_CHUNK), gone):
                writer.write(chunk)
                await writer.drain()
            gone.cancel()
        finally:
            question.close()


async def _or_none(chunk: Awaitable[bytes], gone: asyncio.Future[bytes]) -> bytes:
    """What comes next; nothing once the browser has gone."""
    coming = asyncio.ensure_future(chunk)
    await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
    if coming.done():
        return coming.result()
    coming.cancel()
    return b""


@asynccontextmanager
async def between(url: str) -> AsyncIterator[Middlebox]:
    """A middlebox before the server at that address."""
    box = Middlebox(url.removeprefix("http://"))
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield box
    finally:
        server.close()

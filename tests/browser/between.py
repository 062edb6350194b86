"""A proxy between a browser and its server, which can do what proxies do: answer in the server's place, or be gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum


class Mood(StrEnum):
    """What it does with what comes next."""

    PASS = "pass"
    BAD_GATEWAY = "bad gateway"
    PORTAL = "portal"
    CUT = "cut"


def page(status: str, body: str) -> bytes:
    """A whole answer with a web page in it."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


ANSWERS = {
    Mood.BAD_GATEWAY: page("502 Bad Gateway", "<html><title>502 Bad Gateway</title><center>nginx</center></html>"),
    Mood.PORTAL: page("200 OK", "<html><title>Hotspot</title>Please sign in.</html>"),
}
"""What it answers in the server's place."""


class Between:
    """Connections that are open when the mood changes are cut."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._open: set[asyncio.StreamWriter] = set()
        self.mood = Mood.PASS
        self.port = 0

    def be(self, mood: Mood) -> None:
        """Change the mood."""
        self.mood = mood
        for writer in self._open:
            writer.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser's."""
        self._open.add(writer)
        try:
            if self.mood is Mood.PASS:
                await self._passed_on(reader, writer)
            elif self.mood in ANSWERS:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ANSWERS[self.mood])
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _passed_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._server)
        self._open.add(back)
        try:
            await asyncio.gather(_pour(reader, back), _pour(there, writer))
        finally:
            self._open.discard(back)
            back.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def between(port: int) -> AsyncIterator[Between]:
    """Before the server at that port of this machine."""
    proxy = Between(port)
    listening = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        proxy.be(Mood.CUT)

"""Servers that fail on purpose, on real sockets: each handler is one way to fail."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from tests.faults.connections import listening, sever

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]

NGINX = b"<html><head><title>502 Bad Gateway</title></head><body><center>nginx/1.24.0</center></body></html>"
PAGE = b"<!doctype html><html><body>Welcome</body></html>"
PORTAL = b"<!doctype html><html><body>Hotspot: please sign in to this network.</body></html>"


class Server:
    """What listens, what was asked of it, and where."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.scheme = scheme
        self.asked: list[str] = []
        self.heads: list[str] = []

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(
    handler: Handler, context: ssl.SSLContext | None = None, others: Mapping[str, Handler] | None = None
) -> AsyncIterator[Server]:
    """`handler` answers for "/", `others` for their paths; all else is not found. Raw ones read no request."""
    served: Server

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if getattr(handler, "raw", False):
            await handler(reader, writer, "")
            return
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        served.asked.append(path)
        served.heads.append(head.decode())
        chosen = handler if path == "/" else (others or {}).get(path, status(404, b"{}", "application/json"))
        await chosen(reader, writer, head.decode())
        await writer.drain()

    async with listening(connected, context) as port:
        served = Server(port, "https" if context else "http")
        yield served


def status(code: int, body: bytes = b"", kind: str = "text/html", **headers: str) -> Handler:
    """An answer, whole and in order."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        lines = [f"HTTP/1.1 {code} Told", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)

    return handler


def json(text: str, code: int = 200, **headers: str) -> Handler:
    """A document."""
    return status(code, text.encode(), "application/json", **headers)


def bytes_then(data: bytes, wait_s: float = 0.0, more: bytes = b"", *, reset: bool = False) -> Handler:
    """Bytes, a wait, more bytes, and the end: by closing, or by a reset."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(wait_s)
        writer.write(more)
        if reset:
            sever(writer.transport)

    return handler


def dribbling(data: bytes, every_s: float = 0.02) -> Handler:
    """Bytes, and then one at a time for as long as somebody listens."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(data)
        while not reader.at_eof() and not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(every_s)

    return handler


def tunnel(port: int) -> Handler:
    """What a proxy does for CONNECT: it leads to a port of this machine."""

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(pour(reader, back), pour(there, writer))

    return handler


def raw(handler: Handler) -> Handler:
    """The handler, without waiting for a request."""
    handler.raw = True  # type: ignore[attr-defined]
    return handler

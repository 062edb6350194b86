"""The connections of a server of the tests: none outlives it. Python sees to that itself from 3.13 on."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port on which `serve` is called for each connection, and whoever leaves is let go. All end with the block."""
    connections = Connections()
    tasks: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            # Of a cancelled task asyncio's own callback would report an error.
            with suppress(OSError, EOFError, asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.get_running_loop().create_server(lambda: connections.one(served), "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await close(server)
        await connections.end()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def close(server: asyncio.Server) -> None:
    """Listen no more. Who is being let in is let in before: of a server that is closed, asyncio (Python 3.11) makes
    half a connection, which nobody hears of and which closes no socket.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    # Once for the task that lets somebody in, and once for their protocol to be told.
    for _ in range(2):
        await asyncio.sleep(0)
    server.close()


class Connections:
    """Those that are open, also while nobody serves them yet."""

    def __init__(self) -> None:
        self._open: set[asyncio.Transport] = set()

    def one(self, serve: Serve) -> asyncio.Protocol:
        """The next of them, for `create_server`; `serve` is called with its reader and writer."""
        return _Connection(serve, self._open)

    def sever(self) -> None:
        """Reset them all, in the middle of whatever they are."""
        for transport in list(self._open):
            sever(transport)

    async def end(self) -> None:
        """Once nobody listens any more: until none is left."""
        while self._open:
            self.sever()
            await asyncio.sleep(0)


class _Connection(asyncio.StreamReaderProtocol):
    def __init__(self, serve: Serve, among: set[asyncio.Transport]) -> None:
        super().__init__(asyncio.StreamReader(), serve)
        self._among = among

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport_here = transport
        self._among.add(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._among.discard(self._transport_here)
        super().connection_lost(exc)


def sever(transport: asyncio.WriteTransport) -> None:
    """End a connection so that the other side hears of it at once, whatever is on its way."""
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()

"""A proxy between two programs that does to their HTTP what networks, proxies and dying servers do.

It runs on a thread of its own, so that tests of every kind can hold it: those that wait, those in an event loop, those
with a browser. One connection is one request; what is `always` wrong can be changed at any time, what is wrong `once`
comes first. Every request is written down before anything happens to it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from tests.faults.connections import Connections, close, sever
from tests.faults.kinds import (
    PASS,
    Answer,
    Buffer,
    Corrupt,
    Cut,
    Fault,
    Pass,
    Refuse,
    Reset,
    Slow,
    Stall,
)

T = TypeVar("T")

BLOCK = 65_536
BACKLOG = 4096
"""Connections that may wait: of a crowd that comes at once, those beyond it would be silent for a minute (Linux)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came. `path` is without its query; the names of `headers` are in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Proxy:
    """In front of `upstream` (`http://host:port`). With `tls`, clients speak TLS with it. A context manager.

    `url` is where it listens, `asked` all requests in their order, `connections` how often somebody connected.
    """

    def __init__(self, upstream: str, *, tls: ssl.SSLContext | None = None) -> None:
        at = urlsplit(upstream)
        assert at.hostname is not None and at.port is not None
        self.asked: list[Asked] = []
        self.connections = 0
        self._upstream = (at.hostname, at.port)
        self._tls = tls
        self._rules: dict[str, Fault] = {"": PASS}
        self._once: list[tuple[str, Fault]] = []
        self._connections = Connections()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._port = 0
        self._do(self._listen())

    @property
    def url(self) -> str:
        """With `localhost` for TLS, since certificates name names."""
        return f"https://localhost:{self._port}" if self._tls else f"http://127.0.0.1:{self._port}"

    def always(self, fault: Fault, only: str = "") -> None:
        """From now on this is what happens to every request, or to those whose `METHOD /path` holds `only`: of several
        rules that fit, the one with the longest `only` counts. `always(PASS)` alone forgets them all.
        """
        self._do(self._rule(fault, only))

    def once(self, *faults: Fault, only: str = "") -> None:
        """These happen to the next requests (of which `METHOD /path` holds `only`), one each."""
        assert not any(isinstance(fault, Refuse) for fault in faults), "who is refused asks nothing"
        self._once += [(only, fault) for fault in faults]

    def count(self, only: str = "") -> int:
        """How many requests came whose `METHOD /path` holds `only`."""
        return sum(only in f"{asked.method} {asked.path}" for asked in self.asked)

    def counts(self) -> Counter[tuple[str, str]]:
        """How many requests came, by method and path."""
        return Counter((asked.method, asked.path) for asked in self.asked)

    def hang_up(self) -> None:
        """Reset every connection that stands, in the middle of whatever it is."""
        self._do(self._reset_all())

    def close(self) -> None:
        """Let everything go."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        if self._server is None:
            listener = socket.create_server(("127.0.0.1", self._port), backlog=BACKLOG)
            self._port = listener.getsockname()[1]
            self._server = await self._loop.create_server(
                lambda: self._connections.one(self._serve), sock=listener, ssl=self._tls
            )

    async def _rule(self, fault: Fault, only: str) -> None:
        if isinstance(fault, Refuse):
            assert not only, "who is refused asks nothing"
            await self._deafen()
        else:
            if not only and isinstance(fault, Pass):
                self._rules.clear()
            self._rules[only] = fault
            await self._listen()

    async def _deafen(self) -> None:
        if self._server is not None:
            await close(self._server)
            self._server = None
        await self._reset_all()

    async def _reset_all(self) -> None:
        self._connections.sever()

    async def _end(self) -> None:
        await self._deafen()
        await self._connections.end()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._connections.end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head, asked = await _request(reader)
            self.asked.append(asked)
            await self._exchange(head, asked, reader, writer)
        except (OSError, EOFError):
            pass  # somebody left
        except asyncio.CancelledError:
            pass  # the proxy closes; of a cancelled task asyncio's own callback would report an error (Python 3.11)
        finally:
            writer.close()

    def _fault_for(self, asked: Asked) -> Fault:
        what = f"{asked.method} {asked.path}"
        for n, (only, fault) in enumerate(self._once):
            if only in what:
                del self._once[n]
                return fault
        return self._rules[max((only for only in self._rules if only in what), key=len)]

    async def _exchange(
        self, head: bytes, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        fault = self._fault_for(asked)
        match fault:
            case Answer(raw):
                writer.write(raw)
                await writer.drain()
                return
            case Reset(heard=False) | Cut(heard=False) | Stall(heard=False):
                await _first(_left(reader), _end(fault, writer))
                return
        up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        try:
            up_writer.write(head + asked.body)
            await up_writer.drain()
            if b"\r\nupgrade:" in head.lower():
                await _first(_pump(reader, up_writer), _pump(up_reader, writer))
            else:
                await _first(_left(reader), _answer(fault, up_reader, writer))
        finally:
            up_writer.close()


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, Asked]:
    """The request, with the head as it is sent on: for one exchange only."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await _body(reader, headers)
    path, _, query = target.partition("?")
    if "upgrade" not in headers:
        lines = [*(line for line in lines if not line.lower().startswith("connection:")), "Connection: close"]
    sent = "\r\n".join([first, *lines]) + "\r\n\r\n"
    return sent.encode("latin-1"), Asked(method, path, query, headers, body)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    """As it is on the wire."""
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        chunk = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        body += size + chunk
        if chunk == b"\r\n":
            return body


async def _answer(fault: Fault, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server's answer, with the fault in it."""
    head = _alone(await up_reader.readuntil(b"\r\n\r\n"))
    match fault:
        case Reset(None) | Cut(None) | Stall(None):
            await _end(fault, writer)
            return
        case Slow(first_byte_s):
            await asyncio.sleep(first_byte_s)
        case Buffer():
            writer.write(head + await up_reader.read())
            await writer.drain()
            return
    writer.write(head)
    passed = 0
    until = fault.after if isinstance(fault, (Reset, Cut, Stall)) else None
    while until is None or passed < until:
        block = await up_reader.read(BLOCK if until is None else min(BLOCK, until - passed))
        if not block:
            return
        writer.write(_corrupted(block, fault.after - passed) if isinstance(fault, Corrupt) else block)
        await writer.drain()
        passed += len(block)
    await _end(fault, writer)


def _alone(head: bytes) -> bytes:
    """The answer's head, which says that no other request comes this way: one connection is one request."""
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


async def _end(fault: Fault, writer: asyncio.StreamWriter) -> None:
    match fault:
        case Reset():
            # What was written before is on its way: a reset that overtakes it is another fault than was asked for.
            await writer.drain()
            sever(writer.transport)
        case Stall():
            await asyncio.Event().wait()


async def _left(reader: asyncio.StreamReader) -> None:
    """Until the client has gone."""
    while await reader.read(BLOCK):
        pass


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while block := await source.read(BLOCK):
        sink.write(block)
        await sink.drain()


async def _first(*ways: Coroutine[Any, Any, None]) -> None:
    """Until one of them has ended."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()


def _corrupted(block: bytes, start: int) -> bytes:
    start = max(0, start)
    return block[:start] + bytes(byte ^ 0x55 for byte in block[start:])

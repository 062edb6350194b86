"""Answers for web while web is down for good: the status page as it was last, and the truth for everything else.

It knows nothing but files that somebody else has drawn, so that it works where nothing else does.
"""

from __future__ import annotations

import asyncio
import html
import json
import logging
import socket
import time
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from perdure.statuspage.dated import dated

_HEAD_BYTES = 16_384
_PATIENCE_S = 5.0
RETRY_AFTER_S = 15

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".atom": "application/atom+xml; charset=utf-8",
    ".svg": "image/svg+xml",
    ".css": "text/css; charset=utf-8",
}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="{again}"><title>Perdure is down</title></head><body><main>
<h1>Perdure is down</h1><p>{said}</p><p>What is shown as sent is on the server's disk, and what you have typed is kept
in your browser: there is no need to reload or to send it again. This page looks again by itself.</p>
<p><a href="/status">How everything is</a></p></main></body></html>
"""

log = logging.getLogger(__name__)


class StandIn:
    """Serves on ``listener`` between ``begin`` and ``end``, in the place of the child called ``child``.

    ``site`` is the folder with the status page, as it is drawn again and again while anybody can. A child that has not
    come back after ``after_s`` is away for good, or for long; before, whoever asks waits in its queue.
    """

    def __init__(self, child: str, listener: socket.socket, site: Path, after_s: float = 15.0) -> None:
        self.child = child
        self.after_s = after_s
        self._listener = listener
        self._site = site
        self._since = ""
        self._server: asyncio.Server | None = None

    @property
    def serves(self) -> bool:
        """Whether it answers now."""
        return self._server is not None

    async def begin(self) -> None:
        """Answer from now on."""
        if self._server is None:
            self._since = time.strftime("%H:%M UTC", time.gmtime())
            # A socket of its own over the same queue: closing that one leaves the queue to web.
            own = self._listener.dup()
            own.setblocking(False)
            self._server = await asyncio.start_server(self._answer, sock=own, limit=_HEAD_BYTES)
            log.warning("web is down for good: the supervisor answers for it")

    def end(self) -> None:
        """Web is there again."""
        if self._server is not None:
            self._server.close()
            self._server = None
            log.info("web answers for itself again")

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_PATIENCE_S):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
                writer.write(self._response(method, urlsplit(target).path, "text/html" in head))
                await writer.drain()
        writer.close()

    def _said(self) -> str:
        return (
            "The part of Perdure that answers here has ended, and has not come back: it has been away since before "
            f"{self._since}. It is tried again by itself; whoever runs this server has to look at it."
        )

    def _response(self, method: str, path: str, wants_page: bool) -> bytes:
        if method in ("GET", "HEAD"):
            found = self._file(path)
            if found is not None:
                return _answered(200, *found, head=method == "HEAD")
        said = self._said()
        if wants_page and method in ("GET", "HEAD"):
            page = _PAGE.format(again=RETRY_AFTER_S, said=html.escape(said)).encode()
            return _answered(503, page, _TYPES[".html"], head=method == "HEAD")
        problem = {
            "type": "/help/errors/server_unavailable", "code": "server_unavailable", "fault": "server", "status": 503,
            "title": "The server is away", "detail": said, "saved": False,
            "remedy": "Wait: it is tried again and again. Whoever runs this server has to look at it.",
            "retry_after_s": RETRY_AFTER_S, "incident": None, "error_id": None,
        }  # fmt: skip
        return _answered(503, json.dumps(problem).encode(), "application/problem+json", head=method == "HEAD")

    def _file(self, path: str) -> tuple[bytes, str] | None:
        """What is drawn for a path of the status page, and its type."""
        name = unquote(path).strip("/")
        if not (name == "status" or name.startswith(("status/", "api/v2/"))):
            return None
        base = self._site.resolve()
        for file in (base / name, base / f"{name}.html", base / name / "index.html"):
            kind = _TYPES.get(file.suffix)
            # No path leads out of the folder, whatever it is made of.
            if kind is not None and file.resolve().is_relative_to(base) and file.is_file():
                body = file.read_bytes()
                return (dated(body, self._said()) if file.suffix == ".html" else body), kind
        return None


def _answered(status: int, body: bytes, kind: str, *, head: bool) -> bytes:
    reason = "OK" if status == 200 else "Service Unavailable"
    lines = [
        f"HTTP/1.1 {status} {reason}", f"Date: {formatdate(usegmt=True)}", f"Content-Type: {kind}",
        f"Content-Length: {len(body)}", "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
        "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'", "Connection: close",
    ]  # fmt: skip
    if status == 503:
        lines.append(f"Retry-After: {RETRY_AFTER_S}")
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if head else body)

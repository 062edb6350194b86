"""Requests that outlive the server's restarts: the same request again, until its answer is there or patience ends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp
import orjson

from perdure.client.errors import ApiError, Unreachable
from perdure.client.retry import Backoff

PATIENCE_S = 60.0
"""How long a call is tried again, in seconds."""

ATTEMPT_S = 10.0
"""How long one try may go without its answer, in seconds: a frozen web process is replaced well within that."""

CONNECT_S = 5.0

PASSING = frozenset({429, 500, 502, 503, 504})
"""HTTP statuses that the same request may not meet again."""

Broken = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError, TimeoutError)
"""How a connection fails, in aiohttp's words."""

Noticed = Callable[[BaseException], None]


class Connection:
    """One server, one session. Use it as an async context manager, in one event loop.

    `noticed` is called with every failed try: an exception of the connection, or the ApiError that is tried again.
    """

    def __init__(
        self,
        base_url: str,
        access_token: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        backoff: Backoff | None = None,
        noticed: Noticed | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.backoff = backoff or Backoff()
        self.noticed: Noticed = noticed or (lambda _: None)
        self._patience_s = patience_s
        self._headers = {"Accept": "application/json"}
        if access_token is not None:
            self._headers["Authorization"] = f"Bearer {access_token}"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let every connection go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        upload: tuple[str, bytes] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON answer to a request whose repetition is the same thing; None where there is no body.

        `upload` is a file's name and content. Raises ApiError where the server refused or kept failing, Unreachable
        where no answer came in time.
        """
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        failures = 0
        while True:
            try:
                return await self._once(method, path, body, upload, query)
            except ApiError as error:
                wait_s = error.retry_after_s or 0.0
                if error.status not in PASSING or self._impatient(began_at, wait_s):
                    raise
                self.noticed(error)
            except Broken as error:
                wait_s = 0.0
                self.noticed(error)
                if self._impatient(began_at, wait_s):
                    raise Unreachable(self.base_url, loop.time() - began_at, reason(error)) from error
            failures += 1
            await asyncio.sleep(max(wait_s, self.backoff.wait_s(failures, random.random())))

    async def open_stream(self, path: str, headers: Mapping[str, str], silence_s: float) -> aiohttp.ClientResponse:
        """An event stream that may be silent for so long, in seconds. Tried once.

        Raises ApiError where it is refused, and what aiohttp raises where the connection fails.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=silence_s)
        response = await self._http().get(
            self.base_url + path, headers={"Accept": "text/event-stream", **headers}, timeout=timeout
        )
        if response.status != 200:
            async with response:
                raise ApiError(response.status, _document(await response.read()))
        return response

    async def _once(
        self,
        method: str,
        path: str,
        body: object,
        upload: tuple[str, bytes] | None,
        query: Mapping[str, str] | None,
    ) -> Any:
        data: Any = None
        headers: dict[str, str] = {}
        if upload is not None:
            data = aiohttp.FormData()
            data.add_field("file", upload[1], filename=upload[0], content_type="application/octet-stream")
        elif body is not None:
            data = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        request = self._http().request(
            method, self.base_url + path, data=data, headers=headers, params=query, allow_redirects=False
        )
        async with request as response:
            answer = await response.read()
            if response.status >= 300:
                raise ApiError(response.status, _document(answer))
            return orjson.loads(answer) if answer else None

    def _impatient(self, began_at: float, wait_s: float) -> bool:
        return asyncio.get_running_loop().time() + wait_s - began_at >= self._patience_s

    def _http(self) -> aiohttp.ClientSession:
        """The session, made at first use because it belongs to a running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=ATTEMPT_S, sock_connect=CONNECT_S),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def reason(error: BaseException) -> str:
    """A failure of the connection in a few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


def _document(answer: bytes) -> Mapping[str, Any]:
    """The problem document, or nothing where something else answered (a proxy's page)."""
    try:
        document = orjson.loads(answer)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

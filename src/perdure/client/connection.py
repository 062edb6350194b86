"""Requests that outlive the server's restarts: the same request again, until its answer is there or patience ends."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
import orjson

from perdure.client.failures import Answered, Broken, broken, can_pass, file_of, json_of, refused
from perdure.client.resolver import Resolver, has_route
from perdure.client.retry import Backoff, Budget
from perdure.core.errors import Invalid, PerdureError

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long a call is tried again, in seconds."""

ATTEMPT_S = 10.0
"""How long one try may go without its answer, in seconds: a frozen web process is replaced well within that."""

CONNECT_S = 5.0

STREAM = "text/event-stream"

Noticed = Callable[[PerdureError], None]


@dataclass(frozen=True, slots=True)
class Request:
    """One that may be repeated. `upload` is a file's name and content, in the stead of a JSON `body`. `file`: whether
    it is a file that goes there or comes back, which takes as long as the way is slow.
    """

    method: str
    path: str
    body: object = None
    upload: tuple[str, bytes] | None = None
    query: Mapping[str, str] | None = None
    file: bool = False


class Connection:
    """One server, one session. Use it as an async context manager, in one event loop.

    Every call raises the error of the tree (`perdure.core.errors`) that the server's problem document names, or the one
    that tells what the network did. `noticed` is called with the error of every failed try. `tls` says which
    certificates are trusted; None: those that this machine trusts.

    Raises Invalid where `base_url` is no http:// or https:// address, or the token cannot be shown to a server.
    """

    def __init__(
        self,
        base_url: str,
        access_token: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        backoff: Backoff | None = None,
        budget: Budget | None = None,
        noticed: Noticed | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.noticed: Noticed = noticed or (lambda _: None)
        self._where = _where(self.base_url)
        self._backoff = backoff or Backoff()
        self._budget = budget or Budget()
        self._patience_s = patience_s
        self._tls = tls
        self._headers = {"Accept": "application/json"}
        if access_token is not None:
            self._headers["Authorization"] = f"Bearer {_sendable(access_token, self.base_url)}"
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
        has: str | None = None,
    ) -> Any:
        """The JSON answer to a request whose repetition is the same thing; None where there is no body.

        `upload` is a file's name and content, `has` the member by which the answer is known to be one. Raises
        PerdureError: what the server refused or kept failing with, or why nothing came of it in time.
        """
        return await self._patiently(
            Request(method, path, body, upload, query, upload is not None), partial(json_of, has=has)
        )

    async def download(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """A file. Raises PerdureError."""
        return await self._patiently(Request("GET", path, query=query, file=True), file_of)

    async def open_stream(self, path: str, headers: Mapping[str, str], silence_s: float) -> aiohttp.ClientResponse:
        """An event stream that may be silent for so long, in seconds. Tried once. Raises PerdureError."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=silence_s)
        try:
            response = await self._http().get(
                self.base_url + path, headers={"Accept": STREAM, **headers}, timeout=timeout, allow_redirects=False
            )
            if response.status == 200 and response.content_type == STREAM:
                self._budget.succeeded()
                return response
            async with response:
                raise refused(await self._answered(response))
        except Broken as error:
            raise self.told(error) from error

    async def pause(self, failures: int, error: PerdureError, patient_s: float = float("inf")) -> None:
        """Wait before the next try, as the server asks, the back-off and the budget want it.

        Raises `error` where that is longer than `patient_s`.
        """
        loop = asyncio.get_running_loop()
        jitter_s = self._backoff.wait_s(failures, random.random())
        wait_s = max(error.retry_after_s or 0.0, jitter_s, self._budget.wait_s(loop.time()))
        if wait_s >= patient_s:
            raise error
        self._budget.take(loop.time())
        await asyncio.sleep(wait_s)

    def told(self, error: BaseException) -> PerdureError:
        """The error of the tree for an exception of the connection."""
        return broken(error, self._where, has_route=has_route())

    async def _patiently(self, request: Request, read: Callable[[Answered], T]) -> T:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        failures = 0
        unsure = False
        while True:
            try:
                answer = read(await self._once(request))
            except PerdureError as error:
                # What an earlier try has left is not undone by a later one that did not get so far.
                if unsure and error.saved is False:
                    error.saved = None
                unsure = unsure or error.saved is None
                failures += 1
                self.noticed(error)
                if not can_pass(error):
                    raise
                await self.pause(failures, error, until - loop.time())
            else:
                self._budget.succeeded()
                return answer

    async def _once(self, request: Request) -> Answered:
        data: Any = None
        headers: dict[str, str] = {}
        # Of a file, only that nothing moves says that something is wrong.
        total_s = max(ATTEMPT_S, self._patience_s) if request.file else ATTEMPT_S
        if request.upload is not None:
            data = aiohttp.FormData()
            data.add_field(
                "file", request.upload[1], filename=request.upload[0], content_type="application/octet-stream"
            )
        elif request.body is not None:
            data = _json(request.body)
            headers["Content-Type"] = "application/json"
        asking = self._http().request(
            request.method,
            self.base_url + request.path,
            data=data,
            headers=headers,
            params=request.query,
            timeout=aiohttp.ClientTimeout(total=total_s, sock_connect=CONNECT_S, sock_read=ATTEMPT_S),
            allow_redirects=False,
        )
        try:
            async with asking as response:
                answered = await self._answered(response)
        except Broken as error:
            raise self.told(error) from error
        if answered.status >= 300:
            raise refused(answered)
        return answered

    async def _answered(self, response: aiohttp.ClientResponse) -> Answered:
        return Answered(self._where, response.status, response.headers, await response.read(), time.time())

    def _http(self) -> aiohttp.ClientSession:
        """The session, made at first use because it belongs to a running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._tls or True, resolver=Resolver(CONNECT_S)),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(self._no_hidden_retry,),
            )
        return self._session

    async def _no_hidden_retry(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """aiohttp repeats a failed PUT or GET at once, unasked and uncounted, unless the error is not its own."""
        try:
            return await handler(request)
        except Broken as error:
            raise self.told(error) from error


def _where(base_url: str) -> str:
    """The address as it may be told: without a password that it may hold."""
    try:
        parts = urlsplit(base_url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise Invalid("The server's address cannot be read: its port is no number, or a bracket is missing.") from None
    if parts.scheme not in ("http", "https"):
        raise Invalid("The server's address has to begin with http:// or https://.")
    if not parts.hostname:
        raise Invalid("The server's address has no name in it.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _sendable(access_token: str, base_url: str) -> str:
    """The token, if a header can hold it."""
    if not access_token.isprintable():
        raise Invalid("The access token holds a line break, or something else that is no character.")
    if urlsplit(base_url).username is not None:
        raise Invalid("The server's address holds a password, and there is an access token: only one can be shown.")
    return access_token


def _json(body: object) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # half a character, from a file that is no UTF-8
        raise Invalid("What is to be sent holds something that is no text.") from None

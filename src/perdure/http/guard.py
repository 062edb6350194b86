"""Who may talk to this server: by name (Host), by page (Origin), by token; and what a page of ours may do.

A server on a person's own machine can be reached by every page that this person's browser opens. A foreign page cannot
fake Host and Origin: a name that is not ours means that somebody pointed their own at us (DNS rebinding), an origin
that is not ours means that somebody else's page is asking.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Collection, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perdure.core.errors import ClientError, NotAllowedHere, PerdureError, TokenRequired, TooLarge
from perdure.engine.unforeseen import Note
from perdure.http.problems import Inform, refusal, unforeseen

COOKIE = "perdure_token"

OPEN_PATHS = ("/healthz", "/readyz", "/api/v1/session")
"""What answers without a token."""

MAX_BODY_BYTES = 2_000_000
MAX_CARD_BYTES = 24_000_000
MAX_PICTURE_BYTES = 11_000_000
"""How large a request may be, in bytes: JSON, a card that is uploaded, an avatar with the form around it."""

CARDS = "/api/v1/characters/import"
AVATARS = re.compile(r"/api/v1/(?:characters|personas)/[^/]+/avatar")

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def security_headers(second_origin: str | None) -> Mapping[str, str]:
    """The headers of every answer. Pages may ask the second origin too, where the operator named one."""
    if second_origin is None:
        return SECURITY_HEADERS
    name = "Content-Security-Policy"
    parts = urlsplit(second_origin)
    allowed = f"connect-src 'self' {parts.scheme}://{parts.netloc};"
    return {**SECURITY_HEADERS, name: SECURITY_HEADERS[name].replace("connect-src 'self';", allowed)}


class Guard:
    """ASGI middleware around the whole app. `note` keeps what nobody foresaw; `inform` knows of incidents."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        access_token: str | None,
        allowed_hosts: Collection[str],
        second_origin: str | None,
        note: Note,
        inform: Inform,
    ) -> None:
        self._app = app
        self._headers = security_headers(second_origin)
        self._note = note
        self._inform = inform
        self._token = access_token
        self._hosts = frozenset(host.lower() for host in allowed_hosts) | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path: str = scope["path"]

        begun = False

        async def send_safely(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                answer = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        try:
            self._check(scope["method"], path, headers)
            receive = _limited(receive, headers, _limit_of(path))
            await self._app(scope, receive, send_safely)
        except PerdureError as refused:
            await refusal(refused, path, self._inform)(scope, receive, send_safely)
        except Exception as error:
            answer = unforeseen(error, path, self._note)
            if begun:
                raise
            await answer(scope, receive, send_safely)

    def _check(self, method: str, path: str, headers: Headers) -> None:
        host = headers.get("host", "")
        if not self._ours(_name(host)):
            raise NotAllowedHere("This server is not known by the name in the Host header.")
        if method not in ("GET", "HEAD", "OPTIONS"):
            origin = headers.get("origin")
            if origin is not None and _netloc(origin) != host.lower():
                raise NotAllowedHere("A page from another origin asked for this.")
            if headers.get("sec-fetch-site") == "cross-site":
                raise NotAllowedHere("A page from another site asked for this.")
        # How everything is may be known by everybody: those most who cannot get in.
        guarded = path.startswith(("/api/", "/v1/", "/metrics")) and not path.startswith("/api/v2/")
        if self._token is not None and guarded and path not in OPEN_PATHS and not self._holds_token(headers):
            raise TokenRequired()

    def _ours(self, name: str) -> bool:
        """An address is always ours: only names can be pointed at us by others."""
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _holds_token(self, headers: Headers) -> bool:
        assert self._token is not None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and matches(_sent(given.strip()), self._token):
            return True
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        # As it is, for those who set it by hand; as `open_session` writes it otherwise.
        return morsel is not None and any(matches(v, self._token) for v in (morsel.value, unquote(morsel.value)))


def _limit_of(path: str) -> int:
    if path == CARDS:
        return MAX_CARD_BYTES
    return MAX_PICTURE_BYTES if AVATARS.fullmatch(path) else MAX_BODY_BYTES


def _sent(value: str) -> str:
    """A header's value as it was meant: bytes of UTF-8, which come here as Latin-1."""
    return value.encode("latin-1").decode("utf-8", "replace")


def matches(given: str, token: str) -> bool:
    """Compare without telling by the time it takes how much was right."""
    return hmac.compare_digest(given.encode(), token.encode())


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None  # no browser says such a thing


def _name(host: str) -> str:
    """The name or address in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _limited(receive: Receive, headers: Headers, limit: int) -> Receive:
    """The same body, refused as soon as it is larger than `limit` bytes."""
    try:
        declared = int(headers.get("content-length", "0"))
    except ValueError:
        raise ClientError("The Content-Length header is not a number.") from None
    if declared > limit:
        raise TooLarge(f"The request has {declared} bytes; the limit is {limit}.")
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                # FastAPI lets only its own exceptions out of the reading of a body.
                raise HTTPException(413)
        return message

    return counted

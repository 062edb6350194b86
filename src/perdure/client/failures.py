"""Every way in which a call can fail, as one error of the tree: the only place that knows what failures look like.

A server refuses with a problem document, which names its error by its code. What else answers is a proxy's: where it
does not reach the server, that is away; where it is somebody else, something is in the way. And where nothing answers,
it is the network, told apart by how far the try had got. What was sent is saved where a problem document says so, is
not where no connection stood, and nobody knows in between.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from perdure.core.errors import (
    CaptivePortal,
    ConnectionCut,
    ConnectionRefused,
    Invalid,
    NameUnresolved,
    NetworkError,
    NoAnswer,
    Offline,
    PerdureError,
    ProxyInTheWay,
    Restarting,
    TlsFailed,
    TooLarge,
    Unreachable,
    recall,
)
from perdure.core.retry_after import retry_after_s

Broken = (aiohttp.ClientError, OSError, TimeoutError)
"""How a connection fails, in aiohttp's words."""

_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
_SIGN_IN = re.compile(rb"<form\b|\blog[ -]?in\b|sign[ -]?in|hotspot|wispr|captive", re.IGNORECASE)
_CERTIFICATES = (
    ("expired", "The certificate of {where} has expired."),
    ("not yet valid", "The certificate of {where} is not valid yet: its dates, or this machine's clock, are wrong."),
    ("mismatch", "The certificate of {where} is for another name."),
    ("not valid for", "The certificate of {where} is for another name."),
    ("self", "The certificate of {where} is signed by itself, and nobody here vouches for it."),
    ("issuer", "The certificate of {where} is signed by somebody unknown here."),
)
_HOPELESS = (TlsFailed, ProxyInTheWay)
"""Failures of the network that no waiting mends."""
_FINAL_STATUSES = frozenset({501, 505, 507})


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back from `where`. `headers` do not care for the case of their names; `now` is in Unix seconds."""

    where: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    now: float

    @property
    def kind(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def wait_s(self) -> float | None:
        """How long to wait, by its header."""
        return retry_after_s(self.headers.get("Retry-After"), self.now)


def can_pass(error: PerdureError) -> bool:
    """Whether the same request may not meet it again."""
    if isinstance(error, NetworkError):
        return not isinstance(error, _HOPELESS)
    return error.retry and error.http_status not in _FINAL_STATUSES


def json_of(answered: Answered, has: str | None = None) -> Any:
    """The JSON of a good answer: an object that has the member `has`, or without one a list, or nothing (None).

    Raises PerdureError where it is not the server's answer, or is an error after all.
    """
    if not answered.body and has is None:
        return None
    if not answered.kind.endswith("json"):
        raise foreign(answered)
    try:
        document = orjson.loads(answered.body)
    except ValueError:
        raise ConnectionCut(f"What came from {answered.where} is damaged or not all.", saved=None) from None
    fits = isinstance(document, list) if has is None else isinstance(document, dict) and has in document
    if not fits:
        raise refused(answered)
    return document


def file_of(answered: Answered) -> bytes:
    """A file. Raises NetworkError where a page came in its place."""
    if answered.kind == "text/html":
        raise foreign(answered)
    return answered.body


def refused(answered: Answered) -> PerdureError:
    """The error for an answer that is no success: the server's own, or that of whoever answered in its place."""
    document = _document(answered)
    if document is None:
        return foreign(answered)
    error = recall(document, answered.status)
    if error.retry_after_s is None:
        error.retry_after_s = answered.wait_s
    return error


def foreign(answered: Answered) -> PerdureError:
    """The error for an answer that Perdure would never give, by its status: a page, a redirect, another service's."""
    status, where = answered.status, answered.where
    if 300 <= status < 400:
        return _sent_elsewhere(answered)
    if status == 511 or (status < 300 and answered.kind == "text/html" and _SIGN_IN.search(answered.body)):
        return CaptivePortal(f"A page to sign in came in the place of {where}.", saved=None, http_status=status)
    if status == 413:
        return TooLarge(f"Something before {where} does not let that much through.", http_status=status)
    if status in (408, 425, 429) or (status >= 500 and status not in _FINAL_STATUSES):
        told = f"Something before {where} answered in its place, with {status}."
        return Restarting(told, saved=None, retry_after_s=answered.wait_s, http_status=status)
    return ProxyInTheWay(f"What answered at {where} ({status}) is no Perdure.", saved=None, http_status=status)


def broken(error: BaseException, where: str, *, has_route: bool) -> PerdureError:
    """The error for an exception of the connection. `has_route`: whether this machine is on any network.

    `saved` is False where no connection stood, so that nothing can have arrived.
    """
    match error:
        case aiohttp.ClientConnectorDNSError():
            return _unresolved(error, where, has_route)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return TlsFailed(_why_untrusted(error, where))
        case aiohttp.ClientConnectorError():
            return _unconnected(error.os_error, where)
        case aiohttp.ConnectionTimeoutError():
            return NoAnswer(f"Nobody takes the connection at {where}.")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Invalid(f"{where} is no address of a server.")
        case aiohttp.ClientResponseError():
            return ProxyInTheWay(f"What answered at {where} does not speak HTTP.", saved=None)
        case TimeoutError():
            return NoAnswer(f"No answer came from {where} in time.", saved=None)
        case _:
            return ConnectionCut(f"The connection to {where} broke off.", saved=None)


def _unresolved(error: aiohttp.ClientConnectorDNSError, where: str, has_route: bool) -> PerdureError:
    # "Try again" is what a resolver says that reached no name server: without any network it is not to blame.
    if error.os_error.errno == socket.EAI_AGAIN and not has_route:
        return Offline()
    return NameUnresolved(f"The name of {where} cannot be found.")


def _unconnected(error: OSError, where: str) -> PerdureError:
    if error.errno == errno.ECONNREFUSED:
        return ConnectionRefused(f"Nothing listens at {where}.")
    if error.errno in _NO_ROUTE:
        return Offline(f"From this device no way leads to {where}.")
    if error.errno == errno.ETIMEDOUT:
        return NoAnswer(f"Nobody takes the connection at {where}.")
    return Unreachable(f"No connection to {where} can be made.")


def _why_untrusted(error: BaseException, where: str) -> str:
    said = str(error).lower()
    for word, sentence in _CERTIFICATES:
        if word in said:
            return sentence.format(where=where)
    return f"No secure connection to {where} can be made: perhaps it does not speak TLS."


def _sent_elsewhere(answered: Answered) -> PerdureError:
    """A redirect: Perdure's API has none. To another host it is a network that wants one to sign in."""
    target = urlsplit(answered.headers.get("Location", ""))
    told = f"Who asks {answered.where} is sent to {target.hostname or 'another page'}."
    kind = ProxyInTheWay if target.hostname in (None, urlsplit(answered.where).hostname) else CaptivePortal
    return kind(told, saved=None, http_status=answered.status)


def _document(answered: Answered) -> dict[str, Any] | None:
    """The problem document, if it is one of Perdure's."""
    if not answered.kind.endswith("json"):
        return None
    try:
        document = orjson.loads(answered.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) and isinstance(document.get("code"), str) else None

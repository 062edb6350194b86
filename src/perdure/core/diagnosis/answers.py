"""What an HTTP answer says of who gave it: the service itself, a proxy before it, or a network that wants a sign-in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from perdure.core.diagnosis.signs import Observation, Sign, Step
from perdure.core.errors import by_code
from perdure.core.retry_after import retry_after_s


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came. Names of headers are in lower case; `body` is its beginning, as far as it was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """Without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def html(self) -> bool:
        """Whether it is a web page, whatever it is called."""
        return self.media_type in ("text/html", "application/xhtml+xml") or bool(_HTML.match(self.body))

    @property
    def document(self) -> Mapping[str, Any] | None:
        """The JSON object that it is, None where it is none."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None


_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html)", re.IGNORECASE | re.DOTALL)
_SIGN_IN = re.compile(
    rb"captive|hotspot|WISPAccessGatewayParam|walled.?garden|wi-?fi (?:login|access)|gastzugang", re.I
)
_PORTAL_NAME = re.compile(r"captive|hotspot|portal|wi-?fi|wlan|walled", re.IGNORECASE)
_SIGN_IN_PATH = re.compile(r"log-?in|sign-?in|auth|guest", re.IGNORECASE)
_PRIVATE = re.compile(
    r"10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\."
)
_BEFORE = re.compile(
    r"nginx|openresty|cloudflare|envoy|haproxy|squid|varnish|traefik|caddy|apache|awselb|akamai|cloudfront|zscaler|bluecoat"
    r"|fortigate|google frontend",
    re.IGNORECASE,
)
_WAIT_TOLD_S = 1e6
"""More than days are no wait, and mostly a mistake."""

_STATUSES = {
    401: Sign.KEY_WANTED,
    402: Sign.FORBIDDEN,
    403: Sign.FORBIDDEN,
    404: Sign.NOT_FOUND,
    405: Sign.METHOD_REFUSED,
    407: Sign.PROXY_WANTS_PASSWORD,
    408: Sign.SILENT,
    410: Sign.NOT_FOUND,
    429: Sign.TOO_FAST,
    451: Sign.FORBIDDEN,
    502: Sign.GATEWAY,
    503: Sign.UNAVAILABLE,
    504: Sign.GATEWAY,
    511: Sign.PORTAL,
    529: Sign.OVERLOADED,
}


class Wanted(Enum):
    """What should come: anything, most likely JSON (by what the address looks like), or JSON (somebody said so)."""

    ANYTHING = auto()
    JSON_LIKELY = auto()
    JSON = auto()


def read(answer: Answer, *, wanted: Wanted, secure: bool, now: float, took_s: float | None = None) -> Observation:
    """What the answer to a GET says. `secure`: a certificate has proved who answers. Redirects are not its affair.

    `now` is in Unix seconds.
    """
    sign, code = _meaning(answer, wanted=wanted, secure=secure)
    wait_s = retry_after_s(answer.headers.get("retry-after"), now) if answer.status >= 400 else None
    return Observation(Step.ANSWER, _told(answer, sign, wait_s), sign, took_s, code, wait_s)


def redirected(answer: Answer, host: str, url: str, *, secure: bool) -> Observation:
    """What it says that an answer of `host` leads to `url` on another host, which is not asked."""
    other = re.sub(r"^https?://|[/?#].*$", "", url)
    told = f"Status {answer.status}: it leads to {other}, which you did not name, so that it was not asked."
    temporary = answer.status in (302, 303, 307)
    # What a certificate vouches for is no hotel's page; and a service that has moved says so for good.
    portal = not secure and temporary and _site(host) != _site(other) and _wants_sign_in(url, other)
    return Observation(Step.ANSWER, told, Sign.PORTAL if portal else Sign.REDIRECTED_AWAY)


def _wants_sign_in(url: str, host: str) -> bool:
    """A network's page says so, or asks for a sign-in where nothing is encrypted, or stands in a private network."""
    in_the_open = url.startswith("http://") and _SIGN_IN_PATH.search(url) is not None
    return in_the_open or _PORTAL_NAME.search(url) is not None or _PRIVATE.match(host) is not None


def _site(host: str) -> str:
    """The last two parts of a name, which belong to one owner mostly; an address as it is."""
    host = host.partition(":")[0]
    return host if host.replace(".", "").isdigit() else ".".join(host.split(".")[-2:])


def stands_before(answer: Answer) -> str:
    """The proxy that shows itself in the headers, by name; empty where none does."""
    named = _BEFORE.search(" ".join(answer.headers.get(name, "") for name in ("server", "via", "x-served-by")))
    if named:
        return named.group().lower()
    if "cf-ray" in answer.headers:
        return "cloudflare"
    return "a proxy" if "via" in answer.headers else ""


def _meaning(answer: Answer, *, wanted: Wanted, secure: bool) -> tuple[Sign, str | None]:
    document = answer.document
    if document is not None and answer.status >= 400 and str(document.get("code")) in by_code():
        return Sign.PROBLEM, str(document["code"])
    # What a certificate vouches for is no hotel's page.
    if not secure and answer.html and _SIGN_IN.search(answer.body):
        return Sign.PORTAL, None
    if answer.status < 400:
        return _well(answer, document, wanted), None
    if answer.status == 400 and b"HTTP request was sent to HTTPS port" in answer.body:
        return Sign.TLS_HERE, None
    # Its own error is a document where a document was asked for; a page of another kind is somebody else's.
    if answer.html and wanted is Wanted.JSON and answer.status < 500 and answer.status not in (407, 429):
        return Sign.PROXY_PAGE, None
    by_default = Sign.SERVER_ERROR if answer.status >= 500 else Sign.BAD_REQUEST
    if 520 <= answer.status <= 527:
        by_default = Sign.GATEWAY
    return _STATUSES.get(answer.status, by_default), None


def _well(answer: Answer, document: Mapping[str, Any] | None, wanted: Wanted) -> Sign:
    if wanted is not Wanted.ANYTHING and answer.html:
        return Sign.PROXY_PAGE if wanted is Wanted.JSON else Sign.UNEXPECTED_PAGE
    if document is not None and document.get("error"):
        return Sign.ERROR_INSIDE
    return Sign.ANSWERED


def _told(answer: Answer, sign: Sign, wait_s: float | None) -> str:
    kind = "a web page" if answer.html else answer.media_type or "nothing that is named"
    told = f"Status {answer.status}, with {kind}"
    if sign in (Sign.PROXY_PAGE, Sign.UNEXPECTED_PAGE):
        told += " where JSON was asked for"
    before = stands_before(answer)
    if before:
        told += f"; {before} stands before it"
    if wait_s and wait_s < _WAIT_TOLD_S:
        told += f"; it asks to wait {wait_s:.0f} s"
    if sign is Sign.ERROR_INSIDE:
        told += "; but what it says is an error"
    if sign is Sign.PROBLEM and answer.document is not None:
        told += f"; it says: {str(answer.document.get('title', ''))[:200]}"
    return told + "."

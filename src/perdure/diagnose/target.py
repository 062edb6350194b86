"""What is to be asked, and what may be."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from perdure.core.diagnosis import Wanted

TIMEOUT_S = 10.0
SLOW_S = 4.0
"""How long a service may take until its first byte, in seconds, until that is worth telling."""


class NotAnAddress(ValueError):
    """What was given is no http:// or https:// address."""


@dataclass(frozen=True, slots=True)
class Target:
    """An http(s) address in its parts. `host` is as it stands in certificates: in lower case, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Target:
        """Raises NotAnAddress. Without a scheme, https:// is meant, but on this machine and with plain addresses."""
        if "://" not in url:
            url = f"{_scheme_of(url)}://{url}"
        try:
            parts = urlsplit(url)
            port = parts.port
            host = (parts.hostname or "").encode("idna").decode() if _ascii_needed(parts.hostname) else parts.hostname
        except (ValueError, UnicodeError) as error:
            raise NotAnAddress(f"{url} is no address: {error}.") from error
        if parts.scheme not in ("http", "https") or not host:
            raise NotAnAddress(f"{url} is no address of a web service: it begins with http:// or https://.")
        if parts.username is not None:
            raise NotAnAddress("Leave the user and the password out of the address: they would be shown.")
        if any(ord(char) <= 32 or ord(char) > 126 for char in parts.path + parts.query):
            raise NotAnAddress("There are characters in the address that have to be written with %.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """`host:port`, the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Without the path."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """All of it."""
        return self.origin + self.path

    @property
    def wanted(self) -> Wanted:
        """What stands there, by its path: something for programs, or anything."""
        path = self.path.partition("?")[0]
        likely = path.endswith(".json") or any(part in ("api", "v1", "v2", "v3") for part in path.split("/"))
        return Wanted.JSON_LIKELY if likely else Wanted.ANYTHING

    def at(self, reference: str) -> Target:
        """Another address, as it stands in a link or a header of this one. Raises NotAnAddress."""
        try:
            return Target.parse(urljoin(self.url, reference))
        except ValueError as error:
            raise NotAnAddress(str(error)) from error


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked for.

    `also` are further hosts that may be asked. `resolver` is (address, port) of a name server, None for the system's.
    `events` and `websocket` are addresses that should offer that. `timeout_s` is for each step. `trust` makes the TLS
    context; `way_out` says whether this machine has a route to anywhere. `token` is shown to the target's origin alone.
    """

    target: Target
    also: frozenset[str] = frozenset()
    status_page: Target | None = None
    events: Target | None = None
    websocket: Target | None = None
    resolver: tuple[str, int] | None = None
    json_asked: bool = False
    timeout_s: float = TIMEOUT_S
    slow_s: float = SLOW_S
    trust: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context)
    way_out: Callable[[], bool] | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def hosts(self) -> frozenset[str]:
        """Every host that the user named."""
        named = (self.target, self.status_page, self.events, self.websocket)
        return self.also | {target.host for target in named if target is not None}

    def token_for(self, target: Target) -> str | None:
        """What may be shown to a target: nothing beyond the origin that it was given for."""
        return self.token if target.origin == self.target.origin else None


def _scheme_of(url: str) -> str:
    host = urlsplit(f"//{url}").hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "http" if host == "localhost" else "https"
    return "http"


def _ascii_needed(host: str | None) -> bool:
    return host is not None and not host.isascii()

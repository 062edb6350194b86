"""The faults that `tests.faults.proxy` can put into an exchange, and answers that a proxy gives in a server's place.

`after` counts the bytes of the answer's body as they are on the wire (with the frames of a chunked one). None is before
everything: not even the answer's status comes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing listens: connections are refused, and those that stand are reset. Only for `Proxy.always`."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset (RST). `heard`: whether the server got the request, so that only its answer is lost."""

    after: int | None = None
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends in good order (FIN), too early."""

    after: int | None = None
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more comes, and the connection stands until the client leaves it."""

    after: int | None = None
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Slow:
    """The first byte of the answer comes so late, in seconds."""

    first_byte_s: float


@dataclass(frozen=True, slots=True)
class Buffer:
    """All of the answer at once when it has ended, as a proxy does that does not know event streams."""


@dataclass(frozen=True, slots=True)
class Corrupt:
    """From there on every byte of the body is another one."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Something else answers, byte for byte; the server hears nothing."""

    raw: bytes


Fault = Pass | Refuse | Reset | Cut | Stall | Slow | Buffer | Corrupt | Answer

PASS = Pass()
REFUSE = Refuse()

PAGE = "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1><hr>nginx</body></html>"


def answer(status: int, body: str | bytes = "", content_type: str = "text/plain", **headers: str) -> Answer:
    """A whole answer. A header's name has `_` for `-`."""
    content = body.encode() if isinstance(body, str) else body
    told = {"Content-Type": content_type, "Content-Length": str(len(content)), "Connection": "close"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return Answer(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content)


def page(status: int, title: str = "Something is wrong", **headers: str) -> Answer:
    """A proxy's own HTML page."""
    return answer(status, PAGE.format(title=title), "text/html; charset=utf-8", **headers)


def portal() -> Answer:
    """The page on which a hotel's network wants its guests to sign in, with status 200."""
    form = '<form method="post" action="/login"><input name="room"><button>Sign in</button></form>'
    return answer(200, f"<!doctype html><title>Welcome, guest</title>{form}", "text/html")


def elsewhere(location: str, status: int = 302) -> Answer:
    """A redirect."""
    return answer(status, Location=location)


def rubbish() -> Answer:
    """A 200 that says it is JSON, and is none."""
    return answer(200, '{"characters": [{"id": ', "application/json")


def not_http() -> Answer:
    """Another kind of server altogether."""
    return Answer(b"SSH-2.0-OpenSSH_9.6\r\n")

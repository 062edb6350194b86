"""One request and its answer, with the times of its parts, and truthfully told where it breaks off.

h11 parses: it is strict where a client would be lenient, and says what was wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import h11

from perdure import __version__
from perdure.core.diagnosis import Answer, Observation, Sign, Step
from perdure.diagnose.errors import Stopped
from perdure.diagnose.target import Target
from perdure.diagnose.way import Way

MOST_BYTES = 512 * 1024
"""How much of an answer is read. It is looked at, and not fetched."""

READ_BYTES = 65536

ENOUGH_S = 0.25
"""How long a stream is listened to once it has begun to speak, in seconds."""

LISTEN_S = 3.0
"""How long an event stream is listened to, in seconds: it has no end."""

_TLS_ALERT = b"\x15\x03"


@dataclass(slots=True)
class Heard:
    """An answer: when its first byte came, when each part of its body, and all of it, in seconds from the request.

    `broken` is what was wrong with its body. `ended` is False where no more was read.
    """

    answer: Answer
    first_byte_s: float
    arrivals_s: list[float] = field(default_factory=list)
    took_s: float = 0.0
    ended: bool = False
    broken: Observation | None = None


async def ask(way: Way, target: Target, headers: Mapping[str, str], *, listen_s: float | None = None) -> Heard:
    """GET a target by a way that was laid to its host. With `listen_s` an answer that goes on is no fault.

    Raises Stopped where no answer came. A body that breaks off is told in `broken`.
    """
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    try:
        async with way.open() as (reader, writer):
            exchange = _Exchange(way, target, reader, writer, loop.time())
            exchange.send(headers)
            async with asyncio.timeout(way.timeout_s):
                heard = await exchange.head()
            await exchange.body(heard, listen_s)
            return heard
    except Stopped:
        raise
    except (OSError, TimeoutError) as error:
        took_s = loop.time() - began_at
        raise Stopped(Observation(Step.ANSWER, *_silence(error, way.timeout_s), took_s)) from error


class _Exchange:
    def __init__(
        self, way: Way, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, began_at: float
    ) -> None:
        self._way = way
        self._target = target
        self._reader = reader
        self._writer = writer
        self._began_at = began_at
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=READ_BYTES)
        self._first_byte_s: float | None = None
        self._seen = b""

    def send(self, headers: Mapping[str, str]) -> None:
        through_proxy = self._way.proxy is not None and not self._target.secure
        named = {"Host": self._target.authority, "User-Agent": f"perdure-diagnose/{__version__}", **headers}
        if self._way.token is not None:
            named["Authorization"] = f"Bearer {self._way.token}"
        if through_proxy and self._way.proxy is not None and self._way.proxy.credentials:
            named["Proxy-Authorization"] = self._way.proxy.credentials
        request = h11.Request(
            method="GET",
            target=self._target.url if through_proxy else self._target.path,
            headers=[(name.encode(), value.encode()) for name, value in {"Connection": "close", **named}.items()],
        )
        self._writer.write(self._parser.send(request) or b"")
        self._writer.write(self._parser.send(h11.EndOfMessage()) or b"")

    async def head(self) -> Heard:
        while True:
            event = await self._next()
            if isinstance(event, h11.Response) or (
                isinstance(event, h11.InformationalResponse) and event.status_code == 101
            ):
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in event.headers}
                first_byte_s = self._first_byte_s if self._first_byte_s is not None else self._now_s()
                return Heard(Answer(event.status_code, headers), first_byte_s, took_s=first_byte_s)
            if isinstance(event, h11.InformationalResponse):
                continue
            raise Stopped(
                Observation(Step.ANSWER, "The connection was closed without an answer.", Sign.CLOSED, self._now_s())
            )

    async def body(self, heard: Heard, listen_s: float | None) -> None:
        """Read it into `heard`, as far as it comes."""
        if heard.answer.status == 101:
            return
        if listen_s is None and heard.answer.media_type == "text/event-stream":
            listen_s = min(LISTEN_S, self._way.timeout_s)
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._way.timeout_s if listen_s is None else listen_s) as patience:
                while sum(map(len, parts)) < MOST_BYTES:
                    event = await self._next()
                    if not isinstance(event, h11.Data):
                        heard.ended = True
                        break
                    parts.append(bytes(event.data))
                    heard.arrivals_s.append(self._now_s())
                    if listen_s is not None and len(parts) == 1:
                        # It speaks; whether it ends with that is soon heard.
                        patience.reschedule(asyncio.get_running_loop().time() + ENOUGH_S)
        except Stopped as stopped:
            heard.broken = stopped.observations[-1]
        except TimeoutError:
            if listen_s is None:
                heard.broken = self._unended(heard)
        except OSError:
            told = "The connection was reset in the middle of the answer."
            heard.broken = Observation(Step.BODY, told, Sign.CUT, self._now_s())
        heard.took_s = self._now_s()
        heard.answer = Answer(heard.answer.status, heard.answer.headers, b"".join(parts))

    def _unended(self, heard: Heard) -> Observation:
        """What it is that an answer did not end in time: something that goes on coming is slow, and not broken."""
        timeout_s = self._way.timeout_s
        quiet_s = self._now_s() - (heard.arrivals_s[-1] if heard.arrivals_s else heard.first_byte_s)
        if quiet_s < timeout_s / 2:
            told = f"The answer comes slowly: it had not ended after {timeout_s:.0f} s, and was still coming."
            return Observation(Step.BODY, told, Sign.SLOW, self._now_s())
        told = f"The answer began and did not end within {timeout_s:.0f} s."
        return Observation(Step.BODY, told, Sign.STALLED, self._now_s())

    async def _next(self) -> object:
        while True:
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError as error:
                raise Stopped(self._broken(str(error))) from error
            if event is not h11.NEED_DATA:
                return event
            data = await self._reader.read(READ_BYTES)
            if data and self._first_byte_s is None:
                self._first_byte_s = self._now_s()
            if not data and not self._seen:
                return h11.ConnectionClosed()
            self._seen = self._seen or data[:64]
            self._parser.receive_data(data)

    def _broken(self, reason: str) -> Observation:
        if not self._seen.startswith(b"HTTP/"):
            if self._seen.startswith(_TLS_ALERT):
                return Observation(
                    Step.ANSWER, "That port speaks TLS: it is one for https://.", Sign.TLS_HERE, self._now_s()
                )
            return Observation(Step.ANSWER, "Something answered that is not HTTP.", Sign.NOT_HTTP, self._now_s())
        if "peer" in reason:
            told = "The answer was cut off: less came than was announced."
            return Observation(Step.BODY, told, Sign.CUT, self._now_s())
        told = "The answer came in pieces that do not fit together."
        return Observation(Step.BODY, told, Sign.CHUNKS_BROKEN, self._now_s())

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time() - self._began_at


def _silence(error: Exception, timeout_s: float) -> tuple[str, Sign]:
    if isinstance(error, TimeoutError):
        return f"The connection stands, but no answer came within {timeout_s:.0f} s.", Sign.SILENT
    if isinstance(error, ConnectionRefusedError):
        return "It took a connection before, and refuses it now.", Sign.REFUSED
    return "The connection was reset before an answer came.", Sign.RESET

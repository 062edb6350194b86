"""A chat's events, for ever: whatever happens to the connection, the next event is the one behind the last."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from perdure.client.connection import Connection
from perdure.client.failures import Broken, can_pass
from perdure.client.sse import Frame, SseParser
from perdure.core.errors import ConnectionCut, Fault, PerdureError

SILENCE_S = 40.0
"""A stream that says nothing for so long, in seconds, is broken: the server sends a comment every 15 s."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the contract: `kind` is message, turn, delta, head or hidden.

    A snapshot's events share a `seq` from which there is no replay, up to its last one, the head: who loses the
    connection within it is told all of it again.
    """

    seq: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke, or could not be made; it is tried again. Comes once for each outage."""

    error: PerdureError


@dataclass(frozen=True, slots=True)
class Back:
    """The connection stands again. `snapshot`: the server did not know our place, so all is told from the start."""

    snapshot: bool = False


Followed = Event | Lost | Back


async def follow(connection: Connection, chat_id: str, after: int | None = None) -> AsyncGenerator[Followed, None]:
    """Events behind `after`, or with None a snapshot and then what comes. Ends only when it is closed.

    Raises PerdureError where the server refuses (an unknown chat, a wrong token), or cannot be spoken with at the first
    try and waiting does not mend that. A place that the server does not know any more is given up for a snapshot.
    """
    place = after
    failures = 0
    begun = lost = snapshot = False
    while True:
        try:
            response = await _open(connection, chat_id, place)
            begun = True
            if lost or snapshot:
                yield Back(snapshot)
                lost = snapshot = False
            async with aclosing(_read(connection, response)) as events:
                async for event in events:
                    failures, place = 0, event.seq
                    yield event
            broke: PerdureError = ConnectionCut("The event stream ended.", saved=None)
        except PerdureError as error:
            if error.fault is Fault.CLIENT and error.http_status == 400 and place is not None and not snapshot:
                place, snapshot = None, True
                continue
            # Who has come this far and is led astray now has changed the network, and will have another again.
            if not can_pass(error) and not (begun and error.fault is Fault.NETWORK):
                raise
            broke = error
        connection.noticed(broke)
        if not lost:
            lost = True
            yield Lost(broke)
        failures += 1
        await connection.pause(failures, broke)


async def _open(connection: Connection, chat_id: str, place: int | None) -> aiohttp.ClientResponse:
    headers = {} if place is None else {"Last-Event-ID": str(place)}
    return await connection.open_stream(f"/api/v1/chats/{chat_id}/events", headers, SILENCE_S)


async def _read(connection: Connection, response: aiohttp.ClientResponse) -> AsyncGenerator[Event, None]:
    parser = SseParser()
    async with response:
        try:
            async for chunk in response.content.iter_any():
                for frame in parser.feed(chunk):
                    event = _event(frame)
                    if event is not None:
                        yield event
        except Broken as error:
            raise connection.told(error) from error


def _event(frame: Frame) -> Event | None:
    """None for what has no place in the log. Raises ConnectionCut for what nobody can have sent like that."""
    if not frame.id:
        return None
    try:
        data = orjson.loads(frame.data)
        seq = int(frame.id)
    except ValueError:
        raise ConnectionCut("What came of the event stream is damaged.", saved=None) from None
    return Event(seq, frame.event, data) if isinstance(data, dict) else None

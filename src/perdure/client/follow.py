"""A chat's events, for ever: whatever happens to the connection, the next event is the one behind the last."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from perdure.client.connection import PASSING, Broken, Connection, reason
from perdure.client.errors import ApiError
from perdure.client.sse import Frame, SseParser

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

    reason: str


@dataclass(frozen=True, slots=True)
class Back:
    """The connection stands again. `snapshot`: the server did not know our place, so all is told from the start."""

    snapshot: bool = False


Followed = Event | Lost | Back


async def follow(connection: Connection, chat_id: str, after: int | None = None) -> AsyncGenerator[Followed, None]:
    """Events behind `after`, or with None a snapshot and then what comes. Ends only when it is closed.

    Raises ApiError where the server refuses (an unknown chat, a wrong token); a place that it does not know any more
    is given up for a snapshot instead.
    """
    place = after
    failures = 0
    lost = snapshot = False
    while True:
        try:
            response = await _open(connection, chat_id, place)
            if lost or snapshot:
                yield Back(snapshot)
                lost = snapshot = False
            async with aclosing(_read(response)) as events:
                async for event in events:
                    failures, place = 0, event.seq
                    yield event
            why = "the stream ended"
        except ApiError as error:
            if error.status == 400 and place is not None and not snapshot:
                place, snapshot = None, True
                continue
            if error.status not in PASSING:
                raise
            connection.noticed(error)
            why = error.detail
        except Broken as error:
            connection.noticed(error)
            why = reason(error)
        if not lost:
            lost = True
            yield Lost(why)
        failures += 1
        await asyncio.sleep(connection.backoff.wait_s(failures, random.random()))


async def _open(connection: Connection, chat_id: str, place: int | None) -> aiohttp.ClientResponse:
    headers = {} if place is None else {"Last-Event-ID": str(place)}
    return await connection.open_stream(f"/api/v1/chats/{chat_id}/events", headers, SILENCE_S)


async def _read(response: aiohttp.ClientResponse) -> AsyncGenerator[Event, None]:
    parser = SseParser()
    async with response:
        async for chunk in response.content.iter_any():
            for frame in parser.feed(chunk):
                event = _event(frame)
                if event is not None:
                    yield event


def _event(frame: Frame) -> Event | None:
    """None for what no version of the contract that we know has."""
    if not (frame.id.isascii() and frame.id.isdigit()):
        return None
    data = orjson.loads(frame.data)
    return Event(int(frame.id), frame.event, data) if isinstance(data, dict) else None

"""The event stream of a chat: a snapshot or a replay, then whatever is committed, each event once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from perdure.core.errors import ClientError
from perdure.core.records import Chat, Event
from perdure.core.views import message_view, turn_view
from perdure.engine import intake, pages
from perdure.engine.tailer import Listener
from perdure.http.service import Perdure, Service
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1", tags=["events"])

SNAPSHOT_MESSAGES = 200
"""Messages at the end of the branch that a snapshot holds; earlier ones are read page by page."""

REPLAY_PAGE = 20_000
"""Events of all chats among which one page of a replay is looked for."""

REPLAY_MOST = 1_000_000
"""Events of all chats through which a client is led back; one that was away for longer begins with a snapshot."""

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}

NOTHING_WHOLE = "0"
"""The `Last-Event-ID` of a client that lost its first snapshot halfway: no event has that number."""

Place = int | None
"""The seq of the last event that a client has seen; None for one that has seen nothing."""


@router.get(
    "/chats/{chat_id}/events",
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "message, turn, delta, head and hidden events"}
    },
    response_class=Response,
)
async def follow_chat(
    chat_id: UUID,
    perdure: Perdure,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Server-sent events of a chat.

    Goes on behind `Last-Event-ID` (or `after`); with neither, or where that is too long ago to replay, it begins with a
    snapshot, which ends with `head`. Whoever loses the connection in the middle of one comes back with an id for which
    another one begins. A `delta` holds text for an offset, counted in code points; offsets only grow.
    """
    given = last_event_id if last_event_id not in (None, "") else after
    place = None if last_event_id == NOTHING_WHOLE else _place(given)
    chat = str(chat_id)
    listener = await perdure.tailer.subscribe(chat)
    try:
        first, begin = await perdure.store.read(lambda r: _begin(r, chat, place))
    except BaseException:
        perdure.tailer.unsubscribe(chat, listener)
        raise
    return EventStream(perdure, chat, listener, first, begin)


def _place(given: str | None) -> Place:
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise ClientError("Last-Event-ID and `after` have to be the id of an event of this server.")
    return int(given)


def _begin(records: Records, chat_id: str, place: Place) -> tuple[bytes, int]:
    """What is sent first, and the seq behind which the client then is."""
    chat = intake.chat_of(records, chat_id)
    low, last = records.events.bounds()
    if place is not None and place > last:
        raise ClientError("Last-Event-ID and `after` have to be the id of an event of this server.")
    first = max(low, last - REPLAY_MOST)
    if place is not None and place >= first:
        return b"", place
    return _snapshot(records, chat, max(0, first - 1), last), last


def _snapshot(records: Records, chat: Chat, half: int, whole: int) -> bytes:
    """The chat as it stands. Replies that are being written come as an empty message, then as one delta from 0.

    All but the last frame have the id `half`, from which there is no replay: whoever does not get to the end of the
    snapshot comes back for another one. The last has the id `whole`, and is the head also where there is none.
    """
    parts: list[bytes] = []
    page = pages.last(records, chat, SNAPSHOT_MESSAGES)
    for message in page.messages:
        parts.append(frame(half, "message", message_view(message, siblings=page.siblings[message.id])))
    for turn in records.turns.unfinished(chat.id):
        text = records.turns.text(turn.id)
        parts.append(frame(half, "turn", turn_view(turn, records.turns.attempts(turn.id), text)))
        if text:
            delta = {"turn_id": turn.id, "message_id": turn.message_id, "offset": 0, "text": text}
            parts.append(frame(half, "delta", delta))
    parts.append(frame(whole, "head", {"chat_id": chat.id, "head_id": chat.head_id}))
    return b"".join(parts)


def frame(seq: int, kind: str, data: dict[str, Any]) -> bytes:
    """One server-sent event. JSON has no line breaks, so one data line is enough."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, kind.encode(), orjson.dumps(data))


def encode(event: Event) -> bytes:
    """An entry of the log as a server-sent event."""
    if event.kind == "delta":
        return frame(
            event.seq,
            "delta",
            {
                "turn_id": event.turn_id,
                "message_id": event.message_id,
                "offset": event.offset,
                "text": event.body,
            },
        )
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.kind.encode(), event.body.encode())


class EventStream(Response):
    """Streams until the client goes, the listener is let go, or the process ends.

    A plain ASGI response instead of a generator: one wake-up and one write for everything that has come meanwhile.
    """

    def __init__(self, service: Service, chat_id: str, listener: Listener, first: bytes, place: int) -> None:
        super().__init__()
        self._service = service
        self._chat_id = chat_id
        self._listener = listener
        self._first = first
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what was before, then what comes."""
        watch = asyncio.create_task(gone(receive, self._listener))
        try:
            headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await write(send, b"retry: 500\n\n" + self._first)
            await self._replay(send)
            await self._live(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            watch.cancel()
            self._service.tailer.unsubscribe(self._chat_id, self._listener)

    async def _replay(self, send: Send) -> None:
        """Read what stands between the client's place and what the listener has."""
        since = self._listener.since
        while self._place < since:
            upto = min(self._place + REPLAY_PAGE, since)
            await self._show(send, await self._missed(upto))
            self._place = upto

    async def _missed(self, upto: int) -> Sequence[Event]:
        return await self._service.store.read(lambda r: r.events.of_chat(self._chat_id, self._place, upto))

    async def _live(self, send: Send) -> None:
        while not self._listener.dropped:
            await self._listener.wake.wait()
            events = self._listener.take()
            if events:
                await self._show(send, events)
            else:
                await write(send, b": keep-alive\n\n")

    async def _show(self, send: Send, events: Sequence[Event]) -> None:
        """Send the events that are new to this client."""
        fresh = [event for event in events if event.seq > self._place]
        if fresh:
            self._place = fresh[-1].seq
            await write(send, b"".join(map(encode, fresh)))


async def write(send: Send, body: bytes) -> None:
    """Send a piece of an answer that goes on."""
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def gone(receive: Receive, listener: Listener) -> None:
    """Let the stream end when its client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.drop()

"""Calls outlive what happens to the server, and say what it refused. Against a real server on a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from perdure.client import AsyncPerdure, Back, Event, Lost
from perdure.client.retry import Backoff
from perdure.core.errors import ConnectionCut, NotFound, PerdureError, by_code

pytestmark = pytest.mark.anyio

QUICK = Backoff(first_s=0.001, longest_s=0.01)
CHAT = "11111111-1111-4111-8111-111111111111"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """The URL of a server that answers everything with `handler`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


def problem(status: int, code: str, **members: Any) -> web.Response:
    headers = {"Retry-After": "1"} if status == 503 else {}
    document = {
        "code": code,
        "fault": "server",
        "title": "No",
        "detail": "It failed.",
        "remedy": "Wait.",
        **members,
    }
    return web.Response(
        status=status, text=json.dumps(document), content_type="application/problem+json", headers=headers
    )


ACCEPTED = {"message": {"id": "m"}, "turn": None}


async def test_the_same_intent_counts_once() -> None:
    """Promise 7: every try of a call, after whatever failure, is the same request with the same id."""
    asked: list[tuple[str, str, bytes]] = []

    async def unwell(request: web.Request) -> web.StreamResponse:
        asked.append((request.method, request.path, await request.read()))
        match len(asked):
            case 1:  # the answer is lost
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case 2:
                return problem(503, "store_unavailable", retry_after_s=0.01)
            case 3:
                return web.Response(status=502, text="<h1>Bad gateway</h1>")
            case _:
                return web.json_response(ACCEPTED, status=201)

    noticed: list[PerdureError] = []
    async with serving(unwell) as url, AsyncPerdure(url, backoff=QUICK, noticed=noticed.append) as api:
        accepted = await api.put_message(CHAT, "hello")
    assert accepted.message is not None
    assert accepted.message["id"] == "m"
    assert len(asked) == 4
    assert len(set(asked)) == 1
    assert [error.code for error in noticed] == ["connection_cut", "store_unavailable", "server_unavailable"]


async def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    """A refused connection is tried again until somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def well(_: web.Request) -> web.StreamResponse:
        return web.json_response({"chats": []})

    app = web.Application()
    app.router.add_get("/api/v1/chats", well)
    runner = web.AppRunner(app)
    await runner.setup()
    refused = asyncio.Event()
    try:
        async with AsyncPerdure(f"http://127.0.0.1:{port}", backoff=QUICK, noticed=lambda _: refused.set()) as api:
            asking = asyncio.create_task(api.chats())
            await refused.wait()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            assert await asking == []
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (401, "access_token_required"),
        (404, "not_found"),
        (409, "turn_in_progress"),
        (413, "too_large"),
        (422, "bad_card"),
        (502, "context_too_long"),
        (507, "store_full"),
    ],
)
async def test_what_waiting_does_not_mend_is_told_at_once(status: int, code: str) -> None:
    """Promise 8: the caller gets the very error of the tree that the problem document names, after one try."""
    tries = 0

    async def refuses(_: web.Request) -> web.StreamResponse:
        nonlocal tries
        tries += 1
        return problem(status, code, saved=True, remedy="Do this.", error_id="e1")

    async with serving(refuses) as url, AsyncPerdure(url, backoff=QUICK) as api:
        with pytest.raises(PerdureError) as refusal:
            await api.chat(CHAT)
    error = refusal.value
    assert type(error) is by_code()[code]
    assert (error.http_status, error.detail, error.remedy) == (status, "It failed.", "Do this.")
    assert (error.saved, error.error_id) == (True, "e1")
    assert tries == 1


async def test_patience_ends() -> None:
    """And then the error says who does not answer; whether the last try was heard is not known."""

    async def hangs_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(hangs_up) as url, AsyncPerdure(url, backoff=QUICK, patience_s=0.05) as api:
        with pytest.raises(ConnectionCut) as end:
            await api.put_message(CHAT, "hello")
    assert end.value.saved is None


async def test_a_wait_that_is_longer_than_patience_is_not_begun() -> None:
    """A server that says "come back in an hour" is believed."""

    async def later(_: web.Request) -> web.StreamResponse:
        return problem(503, "model_missing", retry_after_s=3600)

    async with serving(later) as url, AsyncPerdure(url, backoff=QUICK) as api:
        with pytest.raises(PerdureError) as refusal:
            await api.status()
    assert refusal.value.retry_after_s == 3600


async def test_the_token_is_shown_with_every_call() -> None:
    """Calls and streams alike."""
    shown: list[str | None] = []

    async def looks(request: web.Request) -> web.StreamResponse:
        shown.append(request.headers.get("Authorization"))
        return problem(404, "not_found")

    async with serving(looks) as url, AsyncPerdure(url, "secret", backoff=QUICK) as api:
        with pytest.raises(PerdureError):
            await api.chats()
        with pytest.raises(PerdureError):
            await anext(api.follow(CHAT))
    assert shown == ["Bearer secret"] * 2


# --- following ------------------------------------------------------------------------------------------------

Stream = Callable[[web.StreamResponse], Awaitable[None]]


def frame(seq: int, text: str) -> bytes:
    return f'id: {seq}\nevent: delta\ndata: {{"text": "{text}"}}\n\n'.encode()


class Streams:
    """Answers the n-th request for events with the n-th of `answers`: bytes to send before the stream ends, or a
    status to refuse with. The last one stays open. `places` is where the client said that it was."""

    def __init__(self, *answers: bytes | int) -> None:
        self.answers = list(answers)
        self.places: list[str | None] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.places.append(request.headers.get("Last-Event-ID"))
        answer = self.answers.pop(0)
        if isinstance(answer, int):
            code = {400: "bad_request", 404: "not_found"}.get(answer, "server_unavailable")
            return problem(answer, code, retry_after_s=0.001)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 500\n\n" + answer)
        if not self.answers:
            await asyncio.Event().wait()
        assert request.transport is not None
        request.transport.close()
        return response


async def followed(streams: Streams, until: int, after: int | None = None) -> list[object]:
    """What `follow` gives, with events as their seqs, up to the event `until`."""
    seen: list[object] = []
    async with (
        serving(streams) as url,
        AsyncPerdure(url, backoff=QUICK) as api,
        aclosing(api.follow(CHAT, after)) as events,
    ):
        async for event in events:
            seen.append(event.seq if isinstance(event, Event) else type(event))
            if seen[-1] == until:
                return seen
    raise AssertionError("a stream that is followed does not end")


async def test_a_reader_goes_on_behind_the_last_event() -> None:
    """Promise 4: whatever breaks, the next connection names the last event that came whole."""
    streams = Streams(frame(1, "a") + frame(2, "b") + frame(3, "c")[:-5], 503, b"", frame(3, "c") + frame(4, "d"))
    assert await followed(streams, 4) == [1, 2, Lost, Back, Lost, Back, 3, 4]
    assert streams.places == [None, "2", "2", "2"]


async def test_an_outage_is_told_of_once() -> None:
    """However many tries it takes: a page says "reconnecting" and stays calm."""
    streams = Streams(frame(1, "a"), 503, 500, 502, frame(2, "b"))
    assert await followed(streams, 2) == [1, Lost, Back, 2]


async def test_a_reader_can_begin_behind_a_place() -> None:
    """Without a snapshot."""
    streams = Streams(frame(8, "a"))
    assert await followed(streams, 8, after=7) == [8]
    assert streams.places == ["7"]


async def test_a_place_that_is_unknown_is_given_up_for_a_snapshot() -> None:
    """A server whose record was put back to an older state still has readers; they are told that they start again."""
    streams = Streams(frame(9, "a"), 400, frame(3, "a"))
    seen: list[object] = []
    async with serving(streams) as url, AsyncPerdure(url, backoff=QUICK) as api, aclosing(api.follow(CHAT)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, Event) and event.seq == 3:
                break
    assert [event for event in seen if isinstance(event, Back)] == [Back(snapshot=True)]
    assert streams.places == [None, "9", None]


async def test_a_chat_that_is_not_there_ends_the_reading() -> None:
    """No retry makes it appear."""
    with pytest.raises(NotFound):
        await followed(Streams(404), 1)

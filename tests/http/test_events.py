"""Promise 4, seen from outside: wherever a reader comes back, it gets exactly the rest."""

from __future__ import annotations

import asyncio

import pytest

from tests.http.asking import FINAL, Asking, Event, Stream, reply_to
from tests.http.installation import Installation, eventually

pytestmark = pytest.mark.anyio


async def whole(stream: Stream, ask: Asking, chat: str) -> list[Event]:
    """Everything that the stream has to tell up to now."""
    marker = (await ask.said(chat, "marker", reply=False))["message"]["id"]
    events = await stream.until(lambda e: e.kind == "head" and e.data["head_id"] == marker)
    return events[:-2]


async def conversation(ask: Asking) -> tuple[str, list[Event]]:
    """A chat with a reply, a stopped reply, a swipe and a failed turn in it, and all of its events."""
    chat = await ask.chat()
    async with ask.follow(chat, "?after=0") as stream:
        first = await ask.said(chat, "one, ünïcödé 🦆 [[tokens=12 interval=0.05]]")
        await stream.until_end(first["turn"]["id"])
        swipe = (await ask.ask(chat, "swipe", first["message"]["id"])).json
        await stream.until_end(swipe["turn"]["id"])
        second = (await ask.said(chat, "two [[tokens=300 interval=0.02]]"))["turn"]["id"]
        await stream.until(lambda e: e.kind == "delta" and e.data["turn_id"] == second)
        await ask("POST", f"/api/v1/turns/{second}/stop")
        failed = await ask.told(chat, 'three [[tokens=9 status=400 times=9 message="no thanks"]]')
        assert failed["state"] == "failed"
        await whole(stream, ask, chat)
    return chat, stream.seen


async def test_the_events_of_a_new_message_come_in_order(ask: Asking) -> None:
    """Message, placeholder, queued, head; then running, deltas from 0 without a gap, and the end with all text."""
    chat = await ask.chat()
    async with ask.follow(chat) as stream:
        text = "order [[tokens=12 interval=0.03]]"
        said = await ask.said(chat, text)
        ended = await stream.until_end(said["turn"]["id"])
    events = [event for event in stream.seen if event.seq > stream.since]
    assert [(e.kind, e.data.get("state")) for e in events[:5]] == [
        ("message", "done"), ("message", "queued"), ("turn", "queued"), ("head", None), ("turn", "running"),
    ]  # fmt: skip
    assert events[0].data == said["message"]
    assert events[1].data["text"] == ""
    assert events[1].data["id"] == said["turn"]["message_id"]
    assert events[2].data == said["turn"]
    assert events[3].data == {"chat_id": chat, "head_id": said["turn"]["message_id"]}
    deltas = [e.data for e in events[5:-1]]
    assert {e.kind for e in events[5:-1]} == {"delta"}
    assert len(deltas) > 1
    shown = ""
    for delta in deltas:
        assert delta["offset"] == len(shown)
        assert delta["message_id"] == said["turn"]["message_id"]
        shown += delta["text"]
    assert shown == ended["text"] == reply_to(text, ended["id"])
    assert ended["offset"] == len(shown)
    seqs = [event.seq for event in events]
    assert seqs == sorted(set(seqs))


async def test_coming_back_from_any_event_gives_exactly_the_rest(ask: Asking) -> None:
    """From every id of a conversation, by header and by query: the same events behind it, no gap, no repeat."""
    chat, events = await conversation(ask)
    seqs = [event.seq for event in events]
    assert seqs == sorted(set(seqs))
    assert len(seqs) > 20
    last = events[-1].seq

    async def rest(place: int, by_header: bool) -> list[Event]:
        query, headers = ("", {"Last-Event-ID": str(place)}) if by_header else (f"?after={place}", {})
        async with ask.follow(chat, query, **headers) as stream:
            return await stream.until(lambda e: e.seq == last)

    for n, seq in enumerate(seqs[:-1]):
        assert await rest(seq, by_header=n % 2 == 0) == events[n + 1 :]
    # An id between two of this chat's: other chats use the same sequence.
    assert await rest(events[0].seq - 1, by_header=False) == events


async def test_the_header_goes_before_the_query(ask: Asking) -> None:
    """A browser that comes back keeps the URL it began with, and adds where it is now."""
    chat, events = await conversation(ask)
    headers = {"Last-Event-ID": str(events[4].seq)}
    async with ask.follow(chat, f"?after={events[0].seq}", **headers) as stream:
        first = await stream.until(lambda _: True)
    assert first == [events[5]]


async def test_coming_back_through_a_web_restart(ask: Asking, installation: Installation) -> None:
    """Web dies in mid-reply: whoever comes back to its successor with its place reads on, and has each event once."""
    chat, text = await ask.chat(), "hold on [[tokens=150 interval=0.02]]"
    async with ask.follow(chat) as stream:
        turn = (await ask.said(chat, text))["turn"]["id"]
        await stream.until(lambda e: e.kind == "delta" and e.data["offset"] > 20)
        pid = installation.kill("web")
        await stream.until_closed()
    before = stream.seen
    async with ask.follow(chat, **{"Last-Event-ID": str(before[-1].seq)}) as stream:
        await stream.until_end(turn)
    shown = ""
    for event in (*before, *stream.seen):
        if event.kind == "delta":
            assert event.data["offset"] == len(shown)
            shown += event.data["text"]
    assert shown == reply_to(text, turn)
    assert stream.seen[-1].data["attempts"][-1]["n"] == 1, "the worker was not to notice"
    eventually(lambda: installation.pid("web") not in (None, pid))


async def test_a_snapshot_shows_the_chat_as_it_stands(ask: Asking) -> None:
    """Without a place: each message of the branch once, what is unfinished from its beginning, the head; then live."""
    chat, text = await ask.chat(), "now [[tokens=100 interval=0.02]]"
    await ask.told(chat, "before [[tokens=3]]")
    async with ask.follow(chat) as early:
        turn = (await ask.said(chat, text))["turn"]["id"]
        await early.until(lambda e: e.kind == "delta" and e.data["offset"] > 20)
        async with ask.follow(chat) as stream:
            snapshot = await stream.until(lambda e: e.kind == "head")
            ended = await stream.until_end(turn)
    assert [e.kind for e in snapshot] == ["message"] * 5 + ["turn", "delta", "head"]
    assert len({e.seq for e in snapshot[:-1]}) == 1
    messages = await ask.messages(chat)
    assert [e.data["id"] for e in snapshot[:5]] == [m["id"] for m in messages]
    assert [e.data["text"] for e in snapshot[:5]] == [m["text"] for m in messages[:4]] + [""]
    assert snapshot[5].data["state"] == "running"
    assert snapshot[6].data["offset"] == 0
    assert snapshot[7].data == {"chat_id": chat, "head_id": messages[-1]["id"]}
    shown = snapshot[6].data["text"]
    for event in stream.seen[8:-1]:
        assert event.seq > snapshot[-1].seq > snapshot[0].seq
        assert event.data["offset"] == len(shown)
        shown += event.data["text"]
    assert shown == ended["text"] == reply_to(text, turn)


async def test_a_snapshot_that_broke_off_is_told_again(ask: Asking) -> None:
    """Whoever has not got to its end comes back with an id that begins another one: no gap, whatever was cut off."""
    chat = await ask.chat()
    for n in range(3):
        await ask.said(chat, f"line {n}", reply=False)
    async with ask.follow(chat) as stream:
        whole = await stream.until(lambda e: e.kind == "head")
    await ask.said(chat, "meanwhile", reply=False)
    for cut in whole[:-1]:
        async with ask.follow(chat, **{"Last-Event-ID": str(cut.seq)}) as stream:
            again = await stream.until(lambda e: e.kind == "head")
        assert [e.data["id"] for e in again[:-1]] == [m["id"] for m in await ask.messages(chat)]
    async with ask.follow(chat, **{"Last-Event-ID": str(whole[-1].seq)}) as stream:
        rest = await stream.until(lambda e: e.kind == "head")
    assert [(e.kind, e.data.get("text")) for e in rest] == [("message", "meanwhile"), ("head", None)]


async def test_a_snapshot_says_why_a_reply_failed(ask: Asking) -> None:
    """A failed reply carries its reason on the message, in the snapshot as in the list; a good one carries none."""
    chat, _ = await conversation(ask)
    async with ask.follow(chat) as stream:
        messages = [e.data for e in await stream.until(lambda e: e.kind == "head") if e.kind == "message"]
    assert messages == await ask.messages(chat)
    assert {m["state"] for m in messages} == {"done", "stopped", "failed"}
    for message in messages:
        if message["state"] == "failed":
            assert message["error"].keys() >= {"code", "fault", "title", "detail", "remedy", "saved"}
            assert message["error"]["fault"] == "model"
        else:
            assert message["error"] is None


async def test_everybody_sees_the_same(ask: Asking) -> None:
    """Listeners of one chat get the same events, whenever they came; those of another chat get none of them."""
    chat, other = await ask.chat(), await ask.chat()
    async with ask.follow(chat) as one, ask.follow(chat) as two, ask.follow(other) as stranger:
        turn = (await ask.said(chat, "to all [[tokens=40 interval=0.01]]"))["turn"]["id"]
        await one.until(lambda e: e.kind == "delta")
        async with ask.follow(chat, f"?after={one.since}") as late:
            for stream in (one, two, late):
                await stream.until_end(turn)
        elsewhere = await whole(stranger, ask, other)
    live = [e for e in one.seen if e.seq > one.since]
    assert live == [e for e in two.seen if e.seq > two.since] == late.seen
    assert [(e.kind, e.data["chat_id"]) for e in elsewhere] == [("message", other), ("head", other)]


async def test_a_slow_reader_misses_nothing(ask: Asking) -> None:
    """Who does not read for a while holds nobody up, and then gets everything, in order.

    More is said meanwhile than the system's buffers between two sockets hold, so that the server has to wait.
    """
    chat = await ask.chat()
    async with ask.follow(chat) as slow, ask.follow(chat) as quick:
        assert slow.response.connection is not None
        transport = slow.response.connection.transport
        assert transport is not None
        transport.pause_reading()
        for n in range(36):
            await ask.said(chat, f"{n} {'🦆' * 90_000}", reply=False)
        said = await ask.said(chat, "the end [[tokens=30 interval=0.01]]")
        await quick.until_end(said["turn"]["id"])
        transport.resume_reading()
        await slow.until_end(said["turn"]["id"])
    assert slow.seen == quick.seen
    assert len(slow.seen) > 36


@pytest.mark.parametrize(
    "place",
    ["x", "-1", "1.5", "%2B1", "0x10", "%20", "1_0", "%D9%A3", "1" * 19, "9" * 40, "999999999999", "1,2", "%00", ""],
)
async def test_a_place_that_is_none_is_refused(ask: Asking, place: str) -> None:
    """Garbage, negative, absurd and future ids get a 400 that says what was expected, never a guess."""
    chat = await ask.chat()
    by_query = await ask("GET", f"/api/v1/chats/{chat}/events?after={place}")
    assert "Last-Event-ID" in by_query.problem(400, "bad_request")["detail"]
    if place and "%" not in place:
        by_header = await ask("GET", f"/api/v1/chats/{chat}/events", headers={"Last-Event-ID": place})
        by_header.problem(400, "bad_request")


async def test_an_unknown_chat_has_no_events(ask: Asking) -> None:
    """404 and not an empty stream, with and without a place."""
    unknown = "/api/v1/chats/00000000-0000-4000-8000-000000000000/events"
    for query in ("", "?after=0", "?after=1"):
        (await ask("GET", unknown + query)).problem(404, "not_found")
    (await ask("GET", "/api/v1/chats/nonsense/events")).problem(422, "invalid")


async def test_many_listeners_come_and_go(ask: Asking) -> None:
    """Streams that are opened and left at any time take nothing from those that stay."""
    chat = await ask.chat()

    async def glance() -> None:
        async with ask.follow(chat) as stream:
            await stream.until(lambda e: e.kind == "head")

    async with ask.follow(chat) as stream:
        turn = (await ask.said(chat, "busy [[tokens=60 interval=0.01]]"))["turn"]["id"]
        await stream.until(lambda e: e.kind == "delta")
        while stream.seen[-1].data.get("state") not in FINAL:
            await asyncio.gather(*(glance() for _ in range(5)))
            await stream.until(lambda e: e.kind in ("delta", "turn"))
    shown = "".join(e.data["text"] for e in stream.seen if e.kind == "delta")
    assert shown == (await ask.turn(turn))["text"]

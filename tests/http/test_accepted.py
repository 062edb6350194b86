"""Promises 1 and 7: what was accepted is on disk, and the same intent counts once."""

from __future__ import annotations

import asyncio
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.http.asking import Asking, asking, new_id, reply_to
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio


async def test_accepted_means_durable(guarded: Installation, token: str) -> None:
    """A message that was answered 201 is there once after the death of everything, and gets its whole reply."""
    headers = {"Authorization": f"Bearer {token}"}
    texts = [f"do you hear me, {n}? [[tokens=60 interval=0.03]]" for n in range(3)]
    async with asking(guarded.url, headers=headers) as ask:
        chats = [await ask.chat() for _ in texts]
        accepted = await asyncio.gather(*(ask.said(chat, text) for chat, text in zip(chats, texts, strict=True)))
        async with ask.follow(chats[0]) as stream:
            await stream.until(lambda e: e.kind == "delta")
            late = await ask.said(
                chats[0], "and one without a reply", parent_id=accepted[0]["message"]["id"], reply=False
            )
            guarded.kill_everything()
            await stream.until_closed()
    guarded.start()
    async with asking(guarded.url, headers=headers) as ask:
        for chat, text, answer in zip(chats, texts, accepted, strict=True):
            turn = await ask.ended(answer["turn"]["id"])
            assert (turn["state"], turn["text"]) == ("done", reply_to(text, turn["id"]))
            again = await ask.say(chat, text, answer["message"]["id"])
            assert (again.status, again.json) == (200, answer)
        for chat, text in zip(chats[1:], texts[1:], strict=True):
            assert [m["text"] for m in await ask.messages(chat)].count(text) == 1
        last = (await ask.messages(chats[0]))[-1]
        assert (last["id"], last["text"]) == (late["message"]["id"], "and one without a reply")
        # What the stream had shown before everything died is the beginning of what stands now (promise 2).
        shown = "".join(event.data["text"] for event in stream.seen if event.kind == "delta")
        assert shown
        assert (await ask.turn(accepted[0]["turn"]["id"]))["text"].startswith(shown)


async def test_the_same_message_again_is_the_same_message(ask: Asking) -> None:
    """Repeated before, while and after its reply is written, a PUT gives the body of the first time."""
    chat, message = await ask.chat(), new_id()
    first = await ask.say(chat, "once [[tokens=20 interval=0.01]]", message)
    assert first.status == 201
    turn = first.json["turn"]["id"]
    during = await ask.say(chat, "once [[tokens=20 interval=0.01]]", message)
    await ask.ended(turn)
    after = await ask.say(chat, "once [[tokens=20 interval=0.01]]", message)
    assert (during.status, after.status) == (200, 200)
    assert first.json == during.json == after.json
    assert [m["role"] for m in await ask.messages(chat)] == ["character", "user", "character"]


async def test_twenty_at_once_are_one_message(ask: Asking) -> None:
    """However many send the same PUT at the same instant: one 201, one message, one turn, one body."""
    chat, message = await ask.chat(), new_id()
    answers = await asyncio.gather(*(ask.say(chat, "at once [[tokens=5]]", message) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert all(answer.json == answers[0].json for answer in answers)
    await ask.ended(answers[0].json["turn"]["id"])
    assert len(await ask.messages(chat)) == 3


async def test_twenty_chats_at_once_are_one_chat(ask: Asking) -> None:
    """The same holds for chats and for turns."""
    chat, turn, body = new_id(), new_id(), {"character_ids": [await ask.character()]}
    answers = await asyncio.gather(*(ask("PUT", f"/api/v1/chats/{chat}", json=body) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert all(answer.json == answers[0].json for answer in answers)
    asked = await ask.said(chat, "[[tokens=2]]", reply=False)
    turns = await asyncio.gather(*(ask.ask(chat, "reply", asked["message"]["id"], turn) for _ in range(20)))
    assert sorted(answer.status for answer in turns) == [200] * 19 + [201]
    assert all(answer.json == turns[0].json for answer in turns)
    await ask.ended(turn)
    assert len(await ask.messages(chat)) == 3


@pytest.mark.parametrize(
    "change", [{"text": "other"}, {"reply": False}, {"parent_id": "GREETING"}, {"chat": "OTHER"}], ids=str
)
async def test_the_same_id_for_other_content_is_refused(ask: Asking, change: dict[str, object]) -> None:
    """An id names one thing for ever: 409, and what was there stays."""
    chat = await ask.chat()
    greeting = (await ask.messages(chat))[0]["id"]
    await ask.told(chat, "[[tokens=2]]")
    message = await ask.said(chat, "mine [[tokens=2]]")
    await ask.ended(message["turn"]["id"])
    before = await ask.messages(chat)
    body = {"text": "mine [[tokens=2]]", **change}
    if body.get("parent_id"):
        body["parent_id"] = greeting
    target = await ask.chat() if body.pop("chat", None) else chat
    path = f"/api/v1/chats/{target}/messages/{message['message']['id']}"
    (await ask("PUT", path, json=body)).problem(409, "conflict")
    assert await ask.messages(chat) == before


async def test_a_chat_with_other_people_in_it_is_refused(ask: Asking) -> None:
    """The same for a chat's id, also when that chat was hidden."""
    people = [c["id"] for c in (await ask.get("/api/v1/characters"))["characters"][:2]]
    chat = new_id()
    assert (await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": people[:1]})).status == 201
    (await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": people})).problem(409, "conflict")
    assert (await ask("DELETE", f"/api/v1/chats/{chat}")).status == 204
    (await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": people[:1]})).problem(409, "conflict")
    (await ask("GET", f"/api/v1/chats/{chat}")).problem(404, "not_found")


async def test_behind_a_running_reply_nothing_is_accepted(ask: Asking) -> None:
    """A message or a turn behind a reply in progress is refused as such, and can be sent again when that has ended."""
    chat = await ask.chat()
    running = await ask.said(chat, "long [[tokens=400 interval=0.02]]")
    turn = running["turn"]
    (await ask.say(chat, "too early")).problem(409, "turn_in_progress")
    (await ask.say(chat, "too early", parent_id=turn["message_id"])).problem(409, "turn_in_progress")
    (await ask.ask(chat, "continue", turn["message_id"])).problem(409, "turn_in_progress")
    assert (await ask("POST", f"/api/v1/turns/{turn['id']}/stop")).status == 200
    assert (await ask.told(chat, "now [[tokens=2]]"))["state"] == "done"


def derived_id(*parts: str) -> str:
    """The id that Perdure gives to what it makes itself, as anybody can work it out."""
    return str(uuid5(uuid5(NAMESPACE_URL, "urn:perdure"), "/".join(parts)))


async def test_an_id_that_perdure_needs_itself_is_a_conflict(ask: Asking) -> None:
    """Whoever takes the ids that would be derived gets a 409, not a fault of the server, and nothing half done."""
    chat = await ask.chat()
    turn = new_id()
    await ask.said(chat, "taken", message_id=derived_id(turn, "message"), reply=False)
    parent = (await ask.messages(chat))[0]["id"]
    (await ask.ask(chat, "reply", parent, turn)).problem(409, "conflict")

    message = new_id()
    taken = await ask.ask(chat, "reply", parent, derived_id(message, "turn"))
    assert taken.status == 201
    (await ask.say(chat, "hello", message, parent_id=parent)).problem(409, "conflict")
    (await ask("GET", f"/api/v1/chats/{chat}/messages?before={message}")).problem(404, "not_found")

    unborn = new_id()
    assert (await ask.say(chat, "x", derived_id(unborn, "greeting"), parent_id=parent, reply=False)).status == 201
    body = {"character_ids": [await ask.character()]}
    (await ask("PUT", f"/api/v1/chats/{unborn}", json=body)).problem(409, "conflict")
    (await ask("GET", f"/api/v1/chats/{unborn}")).problem(404, "not_found")

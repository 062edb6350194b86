"""Promise 6, asked from outside: edits, swipes and deletions only ever add or hide, and all of it can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.asking import Answer, Asking, new_id

pytestmark = pytest.mark.anyio


async def line(ask: Asking, *texts: str) -> tuple[str, list[str]]:
    """A chat in which the user says things, and the ids of what was said, the greeting first."""
    chat = await ask.chat()
    for text in texts:
        await ask.said(chat, text, reply=False)
    return chat, [message["id"] for message in await ask.messages(chat)]


async def edit(ask: Asking, chat: str, beside: str, text: str, message_id: str | None = None, **more: Any) -> Answer:
    """Put a message beside another one."""
    return await ask.say(chat, text, message_id, beside=beside, **more)


async def head(ask: Asking, chat: str, message_id: str, leaf: bool = False) -> Answer:
    """Show another branch."""
    return await ask("PUT", f"/api/v1/chats/{chat}/head", json={"message_id": message_id, "leaf": leaf})


async def delete(ask: Asking, chat: str, message_id: str) -> Answer:
    """Delete a message."""
    return await ask("DELETE", f"/api/v1/chats/{chat}/messages/{message_id}")


async def restore(ask: Asking, chat: str, message_id: str) -> Answer:
    """Bring it back."""
    return await ask("POST", f"/api/v1/chats/{chat}/messages/{message_id}/restore")


async def shown(ask: Asking, chat: str) -> list[str]:
    """The ids on the branch that is shown."""
    return [message["id"] for message in await ask.messages(chat)]


async def test_all_greetings_stand_side_by_side(ask: Asking) -> None:
    """A chat begins with the chosen one; the others are one swipe away, and an empty one is none."""
    card = {"name": "Many", "first_mes": "One, {{user}}.", "alternate_greetings": ["Two.", "{{// nothing}}", "Four."]}
    who = (await ask("POST", "/api/v1/characters", json=card)).json["id"]
    chat = new_id()
    begun = await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [who], "greeting": 1})
    assert (begun.status, begun.json["preview"], begun.json["messages"]) == (201, "Two.", 1)
    assert begun.json["preview_author"] == "Many"
    (message,) = await ask.messages(chat)
    assert (message["text"], message["depth"], message["parent_id"]) == ("Two.", 0, None)
    assert message["siblings"][1] == message["id"] == begun.json["head_id"]
    texts = [(await ask.get(f"/api/v1/chats/{chat}/messages/{one}"))["text"] for one in message["siblings"]]
    assert texts[:2] == ["One, You.", "Two."]
    assert texts[-1] == "Four."
    again = await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [who], "greeting": 1})
    assert (again.status, again.json) == (200, begun.json)
    other = await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [who]})
    other.problem(409, "conflict")
    none = await ask("PUT", f"/api/v1/chats/{new_id()}", json={"character_ids": [who], "greeting": 4})
    assert "greeting" in none.problem(422, "invalid")["detail"]


async def test_an_edit_stands_beside_what_it_edits(ask: Asking) -> None:
    """Of the user's words, with a reply to them; the old ones and their reply are a swipe away, word for word."""
    chat = await ask.chat()
    first = await ask.told(chat, "frist [[tokens=3]]")
    before = await ask.messages(chat)
    message_id = new_id()
    edited = await edit(ask, chat, before[1]["id"], "first [[tokens=3]]", message_id)
    assert edited.status == 201
    assert edited.json["message"]["depth"] == 1
    turn = await ask.ended(edited.json["turn"]["id"])
    after = await ask.messages(chat)
    assert [m["id"] for m in after] == [before[0]["id"], message_id, turn["message_id"]]
    assert after[1]["siblings"] == [before[1]["id"], message_id]
    again = await edit(ask, chat, before[1]["id"], "first [[tokens=3]]", message_id)
    assert (again.status, again.json) == (200, edited.json)
    (await edit(ask, chat, before[1]["id"], "third", message_id)).problem(409, "conflict")
    assert (await head(ask, chat, before[1]["id"], leaf=True)).json["head_id"] == first["message_id"]
    assert [m["text"] for m in await ask.messages(chat)] == [m["text"] for m in before]


async def test_a_reply_is_edited_too(ask: Asking) -> None:
    """And so is a greeting: in their own author's name, and nobody is asked to answer."""
    chat = await ask.chat()
    await ask.told(chat, "hello [[tokens=3]]")
    greeting, _, reply = await ask.messages(chat)
    edited = (await edit(ask, chat, reply["id"], "Rather this.")).json
    assert (edited["message"]["role"], edited["message"]["author"]) == ("character", reply["author"])
    assert edited["turn"] is None
    assert (await shown(ask, chat))[-1] == edited["message"]["id"]
    refused = (await edit(ask, chat, reply["id"], "And?", reply=True)).problem(422, "invalid")
    assert "reply" in refused["detail"]
    root = (await edit(ask, chat, greeting["id"], "Good evening!")).json["message"]
    assert (root["parent_id"], root["depth"]) == (None, 0)
    assert await shown(ask, chat) == [root["id"]]
    assert (await ask.told(chat, "and on [[tokens=2]]"))["state"] == "done"


async def test_the_head_goes_where_it_is_put(ask: Asking) -> None:
    """Back to a message, or through it to its end; whoever follows hears of it; twice is once."""
    chat, ids = await line(ask, "one", "two", "three")
    async with ask.follow(chat) as stream:
        answer = await head(ask, chat, ids[1])
        assert (answer.status, answer.json["head_id"], answer.json["messages"]) == (200, ids[1], 2)
        assert (await head(ask, chat, ids[1])).json == answer.json
        assert (await head(ask, chat, ids[0], leaf=True)).json["head_id"] == ids[3]
        await stream.until(lambda e: e.kind == "head" and e.data["head_id"] == ids[3] and e.seq > stream.since)
    assert [e.data["head_id"] for e in stream.seen if e.seq > stream.since] == [ids[1], ids[3]]
    (await head(ask, chat, new_id())).problem(404, "not_found")
    other, foreign = await line(ask)
    (await head(ask, chat, foreign[0])).problem(404, "not_found")
    (await head(ask, new_id(), ids[0])).problem(404, "not_found")
    assert await shown(ask, other) == foreign


async def test_deleting_hides_and_can_be_undone(ask: Asking) -> None:
    """A message goes with all below it, everywhere; undone, everything is as it was, the head too."""
    chat, ids = await line(ask, "one", "two", "three")
    whole = await ask.messages(chat)
    async with ask.follow(chat) as stream:
        gone = await delete(ask, chat, ids[2])
        assert (gone.status, gone.json["head_id"], gone.json["preview"]) == (200, ids[1], "one")
        assert (await delete(ask, chat, ids[2])).json == gone.json
        for hidden in ids[2:]:
            (await ask("GET", f"/api/v1/chats/{chat}/messages/{hidden}")).problem(404, "not_found")
            (await ask("GET", f"/api/v1/chats/{chat}/messages?before={hidden}")).problem(404, "not_found")
            (await ask("GET", f"/api/v1/chats/{chat}/messages?around={hidden}")).problem(404, "not_found")
            (await head(ask, chat, hidden)).problem(404, "not_found")
            (await ask.say(chat, "below", parent_id=hidden)).problem(404, "not_found")
            (await edit(ask, chat, hidden, "beside")).problem(404, "not_found")
            (await ask.ask(chat, "swipe", hidden)).problem(404, "not_found")
        (await restore(ask, chat, ids[3])).problem(404, "not_found")
        (await delete(ask, chat, ids[3])).problem(404, "not_found")
        assert (await ask.say(chat, "three", ids[3], reply=False)).status == 200, "what was accepted stays accepted"
        back = await restore(ask, chat, ids[2])
        assert (back.status, back.json["head_id"]) == (200, ids[3])
        assert (await restore(ask, chat, ids[2])).json == back.json
        await stream.until(lambda e: e.kind == "head" and e.data["head_id"] == ids[3] and e.seq > stream.since)
    told = [(e.kind, e.data.get("hidden", e.data.get("head_id"))) for e in stream.seen if e.seq > stream.since]
    assert told == [("hidden", True), ("head", ids[1]), ("hidden", False), ("head", ids[3])]
    assert await ask.messages(chat) == whole


async def test_behind_a_deletion_the_nearest_sibling_is_shown(ask: Asking) -> None:
    """Its newest descendant; without a sibling the parent; without a parent nothing, and one can begin anew."""
    chat, ids = await line(ask, "left")
    left = (await ask.said(chat, "left below", reply=False))["message"]["id"]
    right = (await edit(ask, chat, ids[1], "right", reply=False)).json["message"]["id"]
    assert (await delete(ask, chat, right)).json["head_id"] == left
    assert (await ask.messages(chat))[1]["siblings"] == [ids[1]]
    assert (await delete(ask, chat, ids[1])).json["head_id"] == ids[0]
    for root in (await ask.messages(chat))[0]["siblings"]:
        last = await delete(ask, chat, root)
    assert (last.json["head_id"], last.json["messages"], last.json["preview"]) == (None, 0, "")
    assert await ask.messages(chat) == []
    async with ask.follow(chat) as stream:
        (only,) = await stream.until(lambda _: True)
    assert (only.kind, only.data["head_id"]) == ("head", None)
    new = (await ask.said(chat, "anew", reply=False))["message"]
    assert (new["parent_id"], new["depth"]) == (None, 0)
    assert (await restore(ask, chat, ids[0])).json["head_id"] == ids[0]


async def test_what_is_being_written_is_not_deleted(ask: Asking) -> None:
    """409 at the reply and above it, until it is stopped; beside it everything goes on, and so does the reply."""
    chat, ids = await line(ask, "before")
    turn = (await ask.said(chat, "long [[tokens=300 interval=0.02]]"))["turn"]
    for above in (turn["message_id"], turn["parent_id"], ids[0]):
        refused = (await delete(ask, chat, above)).problem(409, "turn_in_progress")
        assert "Stop the reply first" in refused["remedy"]
    assert (await head(ask, chat, ids[1])).status == 200
    side = (await ask.said(chat, "meanwhile", reply=False))["message"]["id"]
    assert (await delete(ask, chat, side)).json["head_id"] == turn["message_id"]
    stopped = (await ask("POST", f"/api/v1/turns/{turn['id']}/stop")).json
    assert stopped["state"] == "stopped"
    assert (await delete(ask, chat, turn["message_id"])).json["head_id"] == turn["parent_id"]
    (await ask.ask(chat, "continue", turn["message_id"])).problem(404, "not_found")

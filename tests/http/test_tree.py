"""Promise 6: messages form a tree, and nothing in it is overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.asking import Asking, new_id, reply_to

pytestmark = pytest.mark.anyio


async def test_a_message_behind_an_earlier_one_begins_a_branch(ask: Asking) -> None:
    """`parent_id` chooses where a message goes; the branch that is shown ends with the newest, the other one stays."""
    chat = await ask.chat()
    greeting = (await ask.messages(chat))[0]
    first = await ask.said(chat, "left [[tokens=3]]")
    await ask.ended(first["turn"]["id"])
    left = await ask.messages(chat)
    second = await ask.said(chat, "right [[tokens=3]]", parent_id=greeting["id"])
    await ask.ended(second["turn"]["id"])
    right = await ask.messages(chat)
    assert [m["text"] for m in right[:2]] == [greeting["text"], "right [[tokens=3]]"]
    assert [m["parent_id"] for m in right] == [None, greeting["id"], second["message"]["id"]]
    assert (await ask.get(f"/api/v1/chats/{chat}"))["head_id"] == right[-1]["id"]
    # The left branch is where it was: it can be gone on with.
    third = await ask.said(chat, "left again", parent_id=left[-1]["id"], reply=False)
    assert [told(m) for m in await ask.messages(chat)] == [told(m) for m in (*left, third["message"])]


def told(message: dict[str, Any]) -> dict[str, Any]:
    """A message without those beside it, which may come and go."""
    return {key: value for key, value in message.items() if key != "siblings"}


async def test_replies_of_two_branches_are_written_side_by_side(ask: Asking) -> None:
    """A reply in progress holds up its own branch and no other, and neither gets the other's text."""
    chat = await ask.chat()
    greeting = (await ask.messages(chat))[0]["id"]
    texts = [f"branch {n} [[tokens=30 interval=0.02]]" for n in range(3)]
    turns = [(await ask.said(chat, text, parent_id=greeting))["turn"]["id"] for text in texts]
    for text, turn_id in zip(texts, turns, strict=True):
        assert (await ask.ended(turn_id))["text"] == reply_to(text, turn_id)


async def test_a_swipe_stands_beside_what_was_there(ask: Asking) -> None:
    """A further reply to the same message is a message of its own; the first one stays word for word."""
    chat, text = await ask.chat(), "twice [[tokens=4]]"
    first = await ask.said(chat, text)
    await ask.ended(first["turn"]["id"])
    before = await ask.messages(chat)
    swipe = await ask.ask(chat, "swipe", first["message"]["id"])
    assert swipe.status == 201
    turn = await ask.ended(swipe.json["turn"]["id"])
    after = await ask.messages(chat)
    assert after[:-1] == before[:-1]
    assert after[-1]["id"] == turn["message_id"] != before[-1]["id"]
    assert after[-1]["text"] == reply_to(text, turn["id"]) != before[-1]["text"]
    assert (await ask.turn(first["turn"]["id"]))["text"] == before[-1]["text"]


async def test_continue_goes_on_behind_an_ended_reply(ask: Asking) -> None:
    """The longer reply is a new message that begins with the old text; its events have no gap at the seam."""
    chat = await ask.chat()
    first = await ask.said(chat, "go on [[tokens=300 interval=0.02]]")
    async with ask.follow(chat) as stream:
        await stream.until(lambda e: e.kind == "delta")
        stopped = (await ask("POST", f"/api/v1/turns/{first['turn']['id']}/stop")).json
        assert stopped["state"] == "stopped"
        assert stopped["text"]
        await stream.until_end(stopped["id"])
        turn_id = new_id()
        asked = await ask.ask(chat, "continue", stopped["message_id"], turn_id)
        assert (asked.status, asked.json["turn"]["text"]) == (201, stopped["text"])
        await stream.until(lambda e: e.kind == "delta" and e.data["turn_id"] == turn_id and e.data["offset"] > 0)
        again = await ask.ask(chat, "continue", stopped["message_id"], turn_id)
        assert (again.status, again.json) == (200, asked.json)
        longer = (await ask("POST", f"/api/v1/turns/{turn_id}/stop")).json
        await stream.until_end(turn_id)
    assert longer["text"].startswith(stopped["text"])
    assert len(longer["text"]) > len(stopped["text"])
    pieces = [e.data for e in stream.seen if e.kind == "delta" and e.data["turn_id"] == turn_id]
    assert joined(pieces) == longer["text"]
    assert (await ask.messages(chat))[-1]["text"] == longer["text"]
    assert (await ask.turn(stopped["id"]))["text"] == stopped["text"]


def joined(deltas: list[dict[str, Any]]) -> str:
    """The text of deltas that have to begin at 0 and follow one another without gap or repeat."""
    text = ""
    for delta in deltas:
        assert delta["offset"] == len(text)
        text += delta["text"]
    return text


async def test_only_a_reply_can_be_continued(ask: Asking) -> None:
    """Neither a user's message nor the greeting is a reply."""
    chat = await ask.chat()
    greeting = (await ask.messages(chat))[0]["id"]
    said = await ask.said(chat, "alone", reply=False)
    for parent in (greeting, said["message"]["id"]):
        (await ask.ask(chat, "continue", parent)).problem(422, "invalid")


async def test_a_parent_has_to_be_in_the_chat(ask: Asking) -> None:
    """What is unknown, or belongs to another chat, cannot be followed."""
    chat, other = await ask.chat(), await ask.chat()
    foreign = (await ask.messages(other))[0]["id"]
    for parent in (foreign, new_id()):
        (await ask.say(chat, "hello", parent_id=parent)).problem(404, "not_found")
        (await ask.ask(chat, "swipe", parent)).problem(404, "not_found")


async def test_messages_are_paged_backwards(ask: Asking) -> None:
    """`before` and `limit` turn the pages of the branch that is shown, oldest first on each, none twice."""
    chat = await ask.chat()
    for n in range(6):
        await ask.said(chat, f"line {n}", reply=False)
    whole = await ask.messages(chat)
    path = f"/api/v1/chats/{chat}/messages?limit=3"
    pages = [(await ask.get(path))["messages"]]
    while pages[0]:
        pages.insert(0, (await ask.get(f"{path}&before={pages[0][0]['id']}"))["messages"])
    assert [m for page in pages for m in page] == whole
    assert [len(page) for page in pages] == [0, 1, 3, 3]


async def test_messages_are_paged_both_ways_and_around(ask: Asking) -> None:
    """`after` goes on, `around` opens at a place; each says what there is beyond it, and how long the branch is."""
    chat = await ask.chat()
    for n in range(6):
        await ask.said(chat, f"line {n}", reply=False)
    ids = [message["id"] for message in await ask.messages(chat)]

    async def page(query: str) -> tuple[list[str], bool, bool, int]:
        found = await ask.get(f"/api/v1/chats/{chat}/messages?{query}")
        return [m["id"] for m in found["messages"]], found["has_before"], found["has_after"], found["total"]

    assert await page("limit=3") == (ids[4:], True, False, 7)
    assert await page("limit=7") == (ids, False, False, 7)
    assert await page(f"limit=2&before={ids[2]}") == (ids[:2], False, True, 7)
    assert await page(f"limit=2&before={ids[0]}") == ([], False, True, 7)
    assert await page(f"limit=2&after={ids[0]}") == (ids[1:3], True, True, 7)
    assert await page(f"limit=9&after={ids[3]}") == (ids[4:], True, False, 7)
    assert await page(f"after={ids[6]}") == ([], True, False, 7)
    assert await page(f"limit=3&around={ids[3]}") == (ids[2:5], True, True, 7)
    assert await page(f"limit=4&around={ids[3]}") == (ids[1:5], True, True, 7)
    assert await page(f"limit=5&around={ids[0]}") == (ids[:3], False, True, 7)
    assert await page(f"limit=1&around={ids[6]}") == (ids[6:], True, False, 7)
    both = await ask("GET", f"/api/v1/chats/{chat}/messages?before={ids[1]}&after={ids[2]}")
    both.problem(422, "invalid")
    await ask("PUT", f"/api/v1/chats/{chat}/head", json={"message_id": ids[3]})
    for query in (f"after={ids[5]}", f"around={ids[5]}"):
        off = await ask("GET", f"/api/v1/chats/{chat}/messages?{query}")
        assert "head" in off.problem(404, "not_found")["remedy"]
    assert await page(f"limit=2&before={ids[5]}") == (ids[3:5], True, True, 4)
    (await ask("GET", f"/api/v1/chats/{chat}/messages?around={new_id()}")).problem(404, "not_found")


async def test_hiding_keeps_what_was_said(ask: Asking) -> None:
    """A hidden chat is out of the list and cannot be followed; a character that is hidden goes on in its chats."""
    card = (await ask("POST", "/api/v1/characters", json={"name": "Passing Through", "first_mes": "Hi."})).json
    chat = new_id()
    body = {"character_ids": [card["id"]]}
    assert (await ask("PUT", f"/api/v1/chats/{chat}", json=body)).status == 201
    assert (await ask("DELETE", f"/api/v1/characters/{card['id']}")).status == 204
    (await ask("GET", f"/api/v1/characters/{card['id']}")).problem(404, "not_found")
    (await ask("PUT", f"/api/v1/chats/{new_id()}", json=body)).problem(404, "not_found")
    assert (await ask.told(chat, "still there? [[tokens=2]]"))["state"] == "done"
    assert (await ask("DELETE", f"/api/v1/chats/{chat}")).status == 204
    assert chat not in [c["id"] for c in (await ask.get("/api/v1/chats"))["chats"]]
    for path in ("", "/messages", "/events"):
        (await ask("GET", f"/api/v1/chats/{chat}{path}")).problem(404, "not_found")
    (await ask.say(chat, "hello?")).problem(404, "not_found")


async def test_the_list_of_chats_is_newest_first(ask: Asking) -> None:
    """What was used last comes first, with its title, its people and the beginning of its last message."""
    older, newer = await ask.chat(), await ask.chat()
    await ask.said(older, "used again", reply=False)
    assert (await ask("PATCH", f"/api/v1/chats/{newer}", json={"title": "Tea"})).json["title"] == "Tea"
    listed = (await ask.get("/api/v1/chats?limit=2"))["chats"]
    assert [chat["id"] for chat in listed] == [older, newer]
    assert [listed[0]["preview"], listed[1]["title"]] == ["used again", "Tea"]
    whole = await ask.get(f"/api/v1/chats/{older}")
    assert [c["id"] for c in whole.pop("characters")] == whole["character_ids"]
    assert whole.pop("draft") == ""
    assert whole == listed[0]

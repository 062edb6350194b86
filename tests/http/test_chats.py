"""Chats: what is looked for, kept, changed, deleted, brought back, and in the end erased."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.asking import Asking, new_id

pytestmark = pytest.mark.anyio


async def someone(ask: Asking, name: str) -> str:
    """A new character with a greeting."""
    return str((await ask("POST", "/api/v1/characters", json={"name": name, "first_mes": "Hi."})).json["id"])


async def begun(ask: Asking, who: str, **more: Any) -> str:
    """A new chat with a character."""
    chat = new_id()
    body = {"character_ids": [who], **more}
    assert (await ask("PUT", f"/api/v1/chats/{chat}", json=body)).status == 201
    return chat


async def listed(ask: Asking, query: str) -> list[str]:
    """Ids of chats."""
    return [chat["id"] for chat in (await ask.get(f"/api/v1/chats?{query}"))["chats"]]


async def test_chats_are_looked_for(ask: Asking) -> None:
    """By title, last words and names, in any case, and by one character; page by page."""
    who = await someone(ask, "Quirin Zweig")
    one, two = await begun(ask, who), await begun(ask, who)
    assert await listed(ask, "q=quirin%20ZWEIG") == [two, one]
    await ask.said(one, "the purple ELEPHANT", reply=False)
    assert await listed(ask, "q=%20Purple%20elephant") == [one]
    assert await listed(ask, f"character_id={who}") == [one, two]
    assert await listed(ask, f"character_id={who}&limit=1") == [one]
    assert await listed(ask, f"character_id={new_id()}") == []
    assert await listed(ask, "q=%25") == []
    await ask("PATCH", f"/api/v1/chats/{two}", json={"title": "Ébène"})
    assert await listed(ask, "q=%C3%A9B%C3%88NE") == [two]


async def test_a_draft_waits(ask: Asking) -> None:
    """Until it is replaced or emptied; sending something leaves it alone, and the list does not show it."""
    chat = await ask.chat()
    path = f"/api/v1/chats/{chat}"
    for text in ("Dear", "Dear you\n\n", ""):
        assert (await ask("PUT", f"{path}/draft", json={"text": text})).status == 204
        assert (await ask.get(path))["draft"] == text
    await ask("PUT", f"{path}/draft", json={"text": "kept"})
    await ask.said(chat, "something else", reply=False)
    assert (await ask.get(path))["draft"] == "kept"
    assert "draft" not in (await ask.get("/api/v1/chats?limit=1"))["chats"][0]
    for body in ({"text": "x" * 100_001}, {"text": None}, {}, {"text": "\0"}):
        (await ask("PUT", f"{path}/draft", json=body)).problem(422, "invalid")
    (await ask("PUT", f"/api/v1/chats/{new_id()}/draft", json={"text": "x"})).problem(404, "not_found")


async def test_the_user_can_become_somebody_else(ask: Asking) -> None:
    """From the next message on; and the request that began the chat is still the same request (promise 7)."""
    kim, who = new_id(), await someone(ask, "Ada")
    await ask("PUT", f"/api/v1/personas/{kim}", json={"name": "Kim"})
    chat = await begun(ask, who)
    before = (await ask.said(chat, "before", reply=False))["message"]
    changed = await ask("PATCH", f"/api/v1/chats/{chat}", json={"persona_id": kim})
    assert (changed.status, changed.json["persona_id"], changed.json["title"]) == (200, kim, "Ada")
    after = (await ask.said(chat, "after", reply=False))["message"]
    assert [before["author"], after["author"]] == ["You", "Kim"]
    assert [m["author"] for m in await ask.messages(chat)] == ["Ada", "You", "Kim"]
    assert (await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [who]})).status == 200
    other = {"character_ids": [who], "persona_id": kim}
    (await ask("PUT", f"/api/v1/chats/{chat}", json=other)).problem(409, "conflict")
    assert (await ask("PATCH", f"/api/v1/chats/{chat}", json={"title": "T"})).json["persona_id"] == kim
    assert (await ask("PATCH", f"/api/v1/chats/{chat}", json={"persona_id": None})).json["persona_id"] is None
    (await ask("PATCH", f"/api/v1/chats/{chat}", json={"persona_id": new_id()})).problem(404, "not_found")
    (await ask("PATCH", f"/api/v1/chats/{chat}", json={"title": None})).problem(422, "invalid")
    assert (await ask("PATCH", f"/api/v1/chats/{chat}", json={})).json["title"] == "T"


async def test_what_was_deleted_lies_in_the_trash_and_comes_back(ask: Asking) -> None:
    """Promise 6: chats, characters and personas, whole; twice is once."""
    who, persona = await someone(ask, "Gone Soon"), new_id()
    await ask("PUT", f"/api/v1/personas/{persona}", json={"name": "Gone Too"})
    chat = await begun(ask, who)
    await ask.said(chat, "word", reply=False)
    whole = await ask.messages(chat)
    for kind, one in (("chats", chat), ("characters", who), ("personas", persona)):
        path = f"/api/v1/{kind}/{one}"
        assert (await ask("DELETE", path)).status == 204
        found = [hidden for hidden in (await ask.get("/api/v1/trash"))[kind] if hidden["id"] == one]
        assert (await ask("DELETE", path)).status == 204
        assert [hidden for hidden in (await ask.get("/api/v1/trash"))[kind] if hidden["id"] == one] == found
        (await ask("DELETE", f"/api/v1/{kind}/{new_id()}")).problem(404, "not_found")
        assert [set(hidden) for hidden in found] == [{"id", "title" if kind == "chats" else "name", "hidden_at"}]
        back = await ask("POST", f"{path}/restore")
        assert (back.status, back.json["id"]) == (200, one)
        assert (await ask("POST", f"{path}/restore")).json == back.json
        assert (await ask("GET", path)).status == 200
        assert one not in [hidden["id"] for hidden in (await ask.get("/api/v1/trash"))[kind]]
        (await ask("POST", f"/api/v1/{kind}/{new_id()}/restore")).problem(404, "not_found")
    assert await ask.messages(chat) == whole


async def test_a_deleted_message_is_found_in_the_trash_by_its_first_line(ask: Asking) -> None:
    """Promise 6: with its chat, the last deleted first. What was deleted below it comes back after it."""
    chat = await begun(ask, await someone(ask, "Forgetful"))
    await ask("PATCH", f"/api/v1/chats/{chat}", json={"title": "About forgetting"})
    above = (await ask.said(chat, "\nFirst line\nand more", reply=False))["message"]
    below = (await ask.said(chat, "Below", reply=False))["message"]

    async def found() -> list[dict[str, Any]]:
        return [one for one in (await ask.get("/api/v1/trash"))["deleted_messages"] if one["chat_id"] == chat]

    for message in (below, above):
        assert (await ask("DELETE", f"/api/v1/chats/{chat}/messages/{message['id']}")).status == 200
    (one,) = await found()
    assert one.pop("hidden_at") is not None
    told = {"chat_id": chat, "chat_title": "About forgetting", "author": "You", "text": "First line"}
    assert one == {"id": above["id"], **told}
    assert (await ask("POST", f"/api/v1/chats/{chat}/messages/{above['id']}/restore")).status == 200
    assert [one["id"] for one in await found()] == [below["id"]]
    assert (await ask("DELETE", f"/api/v1/chats/{chat}")).status == 204
    assert await found() == []


async def test_a_purge_erases_what_is_hidden_and_nothing_that_is_needed(ask: Asking) -> None:
    """Promise 6: it is asked for in so many words, and touches nothing that is shown or being written."""
    used, unused = await someone(ask, "Still Needed"), await someone(ask, "Not Needed")
    worn, unworn = new_id(), new_id()
    stays, goes, busy = [await begun(ask, used) for _ in range(3)]
    for persona in (worn, unworn):
        await ask("PUT", f"/api/v1/personas/{persona}", json={"name": "Somebody"})
    await ask("PATCH", f"/api/v1/chats/{stays}", json={"persona_id": worn})
    for persona in (worn, unworn):
        assert (await ask("DELETE", f"/api/v1/personas/{persona}")).status == 204
    first = (await ask.said(stays, "stays", reply=False))["message"]["id"]
    second = await ask.told(stays, "goes [[tokens=2]]")
    running = (await ask.said(busy, "long [[tokens=300 interval=0.02]]"))["turn"]["id"]
    for path in (f"chats/{stays}/messages/{second['parent_id']}", f"chats/{goes}", f"chats/{busy}"):
        assert (await ask("DELETE", f"/api/v1/{path}")).status in (200, 204)
    for who in (used, unused):
        assert (await ask("DELETE", f"/api/v1/characters/{who}")).status == 204
    assert (await ask.get("/api/v1/trash"))["messages"] >= 2
    for body in ({}, {"confirm": False}, {"confirm": "true"}, {"confirm": 1}, None):
        (await ask("POST", "/api/v1/trash/purge", json=body)).problem(422, "invalid")
    erased = await ask("POST", "/api/v1/trash/purge", json={"confirm": True})
    assert erased.status == 200
    assert erased.json["chats"] >= 1
    assert erased.json["characters"] >= 1
    assert erased.json["personas"] >= 1
    assert erased.json["messages"] >= 3
    trash = await ask.get("/api/v1/trash")
    assert [chat["id"] for chat in trash["chats"]] == [busy]
    assert used in [one["id"] for one in trash["characters"]]
    assert unused not in [one["id"] for one in trash["characters"]]
    found = [one["id"] for one in trash["personas"]]
    assert (worn in found, unworn in found) == (True, False)
    assert (trash["messages"], trash["deleted_messages"]) == (0, [])
    assert [m["id"] for m in await ask.messages(stays)][1:] == [first]
    (await ask("GET", f"/api/v1/turns/{second['id']}")).problem(404, "not_found")
    people = (f"characters/{unused}", f"personas/{unworn}")
    for path in (f"chats/{goes}", f"chats/{stays}/messages/{second['parent_id']}", *people):
        (await ask("POST", f"/api/v1/{path}/restore")).problem(404, "not_found")
    assert (await ask.turn(running))["state"] in ("queued", "running")
    assert (await ask("POST", f"/api/v1/turns/{running}/stop")).json["state"] == "stopped"
    assert (await ask("POST", f"/api/v1/chats/{busy}/restore")).status == 200
    again = await ask("POST", "/api/v1/trash/purge", json={"confirm": True})
    assert again.json == {"chats": 0, "characters": 0, "personas": 0, "messages": 0}

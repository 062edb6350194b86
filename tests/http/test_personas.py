"""Personas by HTTP."""

from __future__ import annotations

import pytest

from tests.http.asking import Asking, new_id

pytestmark = pytest.mark.anyio


async def test_a_persona_is_put_read_and_changed(ask: Asking) -> None:
    """Promise 7: the same again is the same; when it was made stays."""
    path = f"/api/v1/personas/{new_id()}"
    (await ask("GET", path)).problem(404, "not_found")
    made = await ask("PUT", path, json={"name": "Kim", "description": "A sailor."})
    assert made.json == (await ask("PUT", path, json={"name": "Kim", "description": "A sailor."})).json
    assert (made.json["name"], made.json["description"], made.json["avatar_url"]) == ("Kim", "A sailor.", None)
    changed = await ask("PUT", path, json={"name": "Kimberly"})
    assert changed.json == {**made.json, "name": "Kimberly", "description": ""}
    assert await ask.get(path) == changed.json
    assert changed.json in (await ask.get("/api/v1/personas"))["personas"]


async def test_a_deleted_persona_stays_with_its_chats(ask: Asking) -> None:
    """Promise 6: it is offered no more, its chats go on under its name, and put again it is back."""
    persona = new_id()
    path = f"/api/v1/personas/{persona}"
    await ask("PUT", path, json={"name": "Noor"})
    chat = new_id()
    begin = {"character_ids": [await ask.character()], "persona_id": persona}
    assert (await ask("PUT", f"/api/v1/chats/{chat}", json=begin)).status == 201
    assert [(await ask("DELETE", path)).status for _ in range(2)] == [204, 204]
    (await ask("GET", path)).problem(404, "not_found")
    assert persona not in [one["id"] for one in (await ask.get("/api/v1/personas"))["personas"]]
    assert (await ask.said(chat, "Still me.", reply=False))["message"]["author"] == "Noor"
    assert (await ask("PUT", f"/api/v1/chats/{chat}", json=begin)).status == 200
    (await ask("PUT", f"/api/v1/chats/{new_id()}", json=begin)).problem(404, "not_found")
    assert (await ask("PUT", path, json={"name": "Noor"})).status == 200
    assert (await ask.get(path))["name"] == "Noor"
    (await ask("DELETE", f"/api/v1/personas/{new_id()}")).problem(404, "not_found")

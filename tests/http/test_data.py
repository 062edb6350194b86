"""A person's data: how much it is, and all of it to take along, while everything goes on."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from typing import Any

import pytest

from perdure.cards.read import read_card
from tests.http.asking import Answer, Asking, new_id
from tests.http.installation import Installation
from tests.http.test_avatars import picture

pytestmark = pytest.mark.anyio

KEY = "sk-verysecret-takeout"


def lines(content: bytes) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in content.split(b"\n") if line]


async def test_it_is_told_how_much_there_is(ask: Asking, installation: Installation) -> None:
    """Of what is shown, and where it lies."""
    before = await ask.get("/api/v1/data")
    assert before["folder"] == str(installation.data_dir)
    assert before["database_bytes"] >= 4096
    chat = await ask.chat()
    await ask.said(chat, "Count me.", reply=False)
    await ask("PUT", f"/api/v1/personas/{new_id()}", json={"name": "Kim"})
    after = await ask.get("/api/v1/data")
    assert after["chats"] - before["chats"] == 1
    assert after["personas"] - before["personas"] == 1
    assert after["characters"] == before["characters"] >= 7
    exported = lines((await ask("GET", f"/api/v1/chats/{chat}/export")).content)
    assert after["messages"] - before["messages"] == len(exported) - 1
    await ask("DELETE", f"/api/v1/chats/{chat}")
    assert (await ask.get("/api/v1/data"))["messages"] == before["messages"]


async def test_a_chat_leaves_with_its_whole_tree(ask: Asking) -> None:
    """Promise 6: every branch, also what was deleted, parents before children; as text what is shown."""
    chat = await ask.chat()
    first = await ask.said(chat, "Grüße 🦆 [[tokens=4]]")
    reply = await ask.ended(first["turn"]["id"])
    swipe = (await ask.ask(chat, "swipe", first["message"]["id"])).json["turn"]
    await ask.ended(swipe["id"])
    gone = (await ask.said(chat, "Never mind.", reply=False))["message"]["id"]
    assert (await ask("DELETE", f"/api/v1/chats/{chat}/messages/{gone}")).status == 200
    answer = await ask("GET", f"/api/v1/chats/{chat}/export")
    assert answer.headers["Content-Type"].startswith("application/jsonl")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    head, *messages = lines(answer.content)
    assert (head["kind"], head["id"]) == ("chat", chat)
    seen: set[str | None] = {None}
    for message in messages:
        assert message["parent_id"] in seen
        seen.add(message["id"])
    texts = {message["id"]: (message["text"], message["hidden"]) for message in messages}
    assert texts[first["message"]["id"]] == ("Grüße 🦆 [[tokens=4]]", False)
    assert texts[reply["message_id"]] == (reply["text"], False)
    assert texts[gone] == ("Never mind.", True)
    assert swipe["message_id"] in texts
    text = await ask("GET", f"/api/v1/chats/{chat}/export?format=txt")
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    shown = text.content.decode()
    places = [shown.index(message["text"]) for message in await ask.messages(chat)]
    assert places == sorted(places)
    assert "Never mind." not in shown
    (await ask("GET", f"/api/v1/chats/{new_id()}/export")).problem(404, "not_found")
    (await ask("GET", f"/api/v1/chats/{chat}/export?format=exe")).problem(422, "invalid")


async def test_everything_leaves_in_one_archive(ask: Asking) -> None:
    """Cards that any program reads, chats, personas with their pictures, settings; and no key."""
    hard = {"name": "../..\\é/ 😀: * ?", "description": "x"}
    named = (await ask("POST", "/api/v1/characters", json=hard)).json
    chat = await ask.chat()
    await ask("PATCH", f"/api/v1/chats/{chat}", json={"title": "/etc/passwd\u202e"})
    persona = new_id()
    await ask("PUT", f"/api/v1/personas/{persona}", json={"name": "Kim", "description": "A sailor."})
    body = io.BytesIO(picture())
    await ask("PUT", f"/api/v1/personas/{persona}/avatar", data=body, headers={"Content-Type": "image/png"})
    backend = f"/api/v1/backends/{new_id()}"
    added = {"name": "Hosted", "url": "https://box/v1", "model": "m", "api_key": KEY}
    assert (await ask("PUT", backend, json=added)).status == 201
    answer = await ask("GET", "/api/v1/export")
    assert answer.headers["Content-Type"] == "application/zip"
    assert KEY.encode() not in answer.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        files = {name: archive.read(name) for name in names}
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith("/") or ".." in name or "\\" in name or name.count("/") > 1]
    assert KEY not in str(files.values())
    cards = {read_card(data)[0].name for name, data in files.items() if name.startswith("characters/")}
    listed = {one["name"] for one in (await ask.get("/api/v1/characters"))["characters"]}
    assert cards == listed >= {named["name"]}
    heads = {lines(data)[0]["id"] for name, data in files.items() if name.startswith("chats/")}
    assert chat in heads
    assert persona in [one["id"] for one in json.loads(files["personas.json"])]
    assert f"personas/Kim-{persona}.webp" in names
    settings = json.loads(files["settings.json"])
    assert settings["values"]["temperature"] == 0.8
    assert settings["backends"][-1] == {key: value for key, value in added.items() if key != "api_key"} | {
        "id": backend.rpartition("/")[2]
    }
    assert "Perdure" in files["README.txt"].decode()
    await ask("DELETE", backend)


async def test_an_export_keeps_nobody_waiting(ask: Asking) -> None:
    """Replies are accepted and written while it runs."""
    chat = await ask.chat()
    running = asyncio.create_task(ask("GET", "/api/v1/export"))
    for n in range(5):
        turn = await ask.told(chat, f"Meanwhile {n} [[tokens=2]]")
        assert turn["state"] == "done"
    answer: Answer = await running
    assert answer.status == 200
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None

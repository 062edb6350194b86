"""Backends by HTTP: added, checked, used and removed while Perdure runs; and no key ever comes out again."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.http.asking import Asking, new_id
from tests.http.installation import Installation, ScriptedBackend

pytestmark = pytest.mark.anyio

KEY = "sk-verysecret-0123456789"
ACTIVE = "/api/v1/settings"


@pytest.fixture(autouse=True)
async def as_it_was(ask: Asking) -> AsyncIterator[None]:
    """The installation is everybody's: no backend stays, and none of others is in the way."""
    for after in (False, True):
        for one in (await ask.get("/api/v1/backends"))[1:]:
            assert (await ask("DELETE", f"/api/v1/backends/{one['id']}")).status == 204
        assert (await ask.get(ACTIVE))["values"]["backend_id"] is None
        if not after:
            yield


async def add(ask: Asking, url: str, **more: Any) -> str:
    """Add a backend; returns its path."""
    path = f"/api/v1/backends/{new_id()}"
    answer = await ask("PUT", path, json={"name": "New", "url": url, "model": "scripted", **more})
    assert answer.status == 201, answer
    return path


async def check(ask: Asking, **body: Any) -> Any:
    """What a check says."""
    answer = await ask("POST", "/api/v1/backends/check", json=body)
    assert answer.status == 200, answer
    return answer.json


async def test_a_backend_is_added_changed_used_and_removed(ask: Asking, backend: ScriptedBackend) -> None:
    """Promise 7: the same again is the same. The status says which one is active."""
    (default,) = await ask.get("/api/v1/backends")
    assert (default["id"], default["kind"], default["active"]) == ("default", "configured", True)
    assert default["url"] == backend.url
    path = await add(ask, backend.url)
    backend_id = path.rpartition("/")[2]
    body = {"name": "New", "url": backend.url, "model": "scripted"}
    again = await ask("PUT", path, json=body)
    assert again.status == 200
    assert again.json == {"id": backend_id, "kind": "added", "has_key": False, "active": False, **body}
    assert (await ask("PUT", path, json={**body, "name": "Newer"})).json["name"] == "Newer"
    assert (await ask("PATCH", ACTIVE, json={"backend_id": backend_id})).status == 200
    default, added = await ask.get("/api/v1/backends")
    assert (default["active"], added["active"], added["name"]) == (False, True, "Newer")
    status = (await ask.get("/api/v1/status"))["backend"]
    assert (status["id"], status["name"], status["kind"], status["state"]) == (backend_id, "Newer", "added", "ready")
    assert (await ask.get("/v1/models"))["data"][0]["perdure"]["backend"] == "Newer"
    assert (await ask.get("/v1/models/Mizzle"))["perdure"]["backend"] == "Newer"
    assert (await ask("DELETE", path)).status == 204
    assert (await ask("DELETE", path)).status == 204
    assert await ask.get("/api/v1/backends") == [{**default, "active": True}]
    assert (await ask.get("/api/v1/status"))["backend"]["id"] == "default"
    assert (await ask.get(ACTIVE))["values"]["backend_id"] is None


async def test_the_next_reply_comes_from_the_active_one(ask: Asking, backend: ScriptedBackend) -> None:
    """And from the default one again when it is chosen, by null or by its name."""
    path = await add(ask, backend.url, name="Other")
    chat = await ask.chat()
    for chosen, name in ((path.rpartition("/")[2], "Other"), ("default", "scripted at "), (None, "scripted at ")):
        await ask("PATCH", ACTIVE, json={"backend_id": chosen})
        await asyncio.sleep(1)
        turn = await ask.told(chat, f"Hello {name} [[tokens=2]]")
        assert turn["attempts"][0]["backend"].startswith(name)
    (await ask("PATCH", ACTIVE, json={"backend_id": new_id()})).problem(422, "invalid")


async def test_a_key_never_comes_out(ask: Asking, installation: Installation, backend: ScriptedBackend) -> None:
    """In no answer, event, log, problem or export; only the record holds it, and only its owner may read that."""
    path = await add(ask, backend.url, api_key=f" {KEY}\n")
    backend_id = path.rpartition("/")[2]
    body = {"name": "New", "url": backend.url, "model": "scripted"}
    assert (await ask("PUT", path, json={**body, "name": "Kept"})).json["has_key"] is True
    moved = {**body, "url": "http://127.0.0.1:9/v1"}
    document = (await ask("PUT", path, json=moved)).problem(422, "invalid")
    assert "api_key" in document["detail"], "a key that is kept does not go to another server"
    await ask("PATCH", ACTIVE, json={"backend_id": backend_id})
    chat = await ask.chat()
    async with ask.follow(chat) as stream:
        said = await ask.said(chat, f"Psst {backend_id} [[tokens=2]]")
        await stream.until_end(said["turn"]["id"])
        assert KEY not in str([event.data for event in stream.seen])
    for _ in range(2):
        (await ask("PUT", path, json={**body, "api_key": f"{KEY} x"})).problem(422, "invalid")
    answers = [
        await ask("GET", "/api/v1/backends"), await ask("GET", "/api/v1/status"), await ask("GET", ACTIVE),
        await ask("PUT", path, json={**body, "api_key": KEY}),
        await ask("PUT", path, json={**body, "api_key": f"{KEY} x"}),
        await ask("POST", "/api/v1/backends/check", json={"id": backend_id}),
        await ask("POST", "/api/v1/backends/check", json={"url": "http://127.0.0.1:9", "api_key": KEY}),
    ]  # fmt: skip
    assert [answer.content for answer in answers if KEY.encode() in answer.content] == []
    assert KEY not in installation.log()
    record = installation.data_dir / "perdure.db"
    for file in installation.data_dir.rglob("*"):
        if file.is_file() and KEY.encode() in file.read_bytes():
            assert file.name.startswith(record.name)
        assert not file.name.startswith(record.name) or stat.S_IMODE(file.stat().st_mode) == 0o600, file
    await ask("PUT", path, json={**body, "api_key": None})
    assert not any(one["has_key"] for one in await ask.get("/api/v1/backends"))
    with sqlite3.connect(record) as conn:
        assert conn.execute("SELECT api_key FROM backends WHERE id = ?", (backend_id,)).fetchall() == [(None,)]
    conn.close()


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("url", ""), ("url", "box:1"), ("url", "ftp://box"), ("url", "http://"), ("url", "http://[::1"),
        ("url", "http://box:99999"), ("url", "http://box:x"), ("url", "http://a b"), ("url", "http://anna:pw@box"),
        ("url", "http://box/?key=1"), ("url", "http://box/#x"), ("url", "http://bo\u0442"), ("url", 3), ("url", None),
        ("url", "file:///etc/passwd"), ("url", "http://" + "a" * 2000), ("url", "http://\\evil"), ("url", "http://:80"),
        ("api_key", "two words"), ("api_key", "line\nbreak"), ("api_key", "ключ"), ("api_key", "a" * 1200),
        ("api_key", 3), ("name", ""), ("name", None), ("model", "\0"), ("model", "m" * 300), ("model", None),
    ],
    ids=repr,
)  # fmt: skip
async def test_what_cannot_be_a_backend_is_invalid(ask: Asking, member: str, wrong: Any) -> None:
    """422 that names the member, when it is added and when it is checked; and nothing was asked anywhere."""
    body = {"name": "New", "url": "http://127.0.0.1:9", "model": "m", member: wrong}
    document = (await ask("PUT", f"/api/v1/backends/{new_id()}", json=body)).problem(422, "invalid")
    assert member in document["detail"]
    if member != "name" and wrong is not None:
        (await ask("POST", "/api/v1/backends/check", json=body)).problem(422, "invalid")
    assert len(await ask.get("/api/v1/backends")) == 1


async def test_a_check_is_of_one_thing(ask: Asking) -> None:
    """An address or a backend that is there, not both and not neither; and one that is not there is not found."""
    for body in ({}, {"id": "default", "url": "http://127.0.0.1:9"}, {"id": "default", "api_key": "x"}, {"id": "x"}):
        (await ask("POST", "/api/v1/backends/check", json=body)).problem(422, "invalid")
    (await ask("POST", "/api/v1/backends/check", json={"id": new_id()})).problem(404, "not_found")


async def test_a_check_tells_how_it_went(ask: Asking, backend: ScriptedBackend) -> None:
    """200 either way: with the models and a word of the model, or with the problem and what to do."""
    assert (await check(ask, url=backend.url))["models"] == ["scripted"]
    for body in ({"url": backend.url, "model": "scripted"}, {"id": "default"}):
        well = await check(ask, **body)
        assert (well["ok"], well["problem"]) == (True, None)
        assert well["reply"]
        assert 0 <= well["took_ms"] < 10_000
    path = await add(ask, "http://127.0.0.1:9")
    for body in ({"url": "http://127.0.0.1:9"}, {"id": path.rpartition("/")[2]}):
        away = await check(ask, **body)
        assert (away["ok"], away["models"], away["reply"]) == (False, [], None)
        assert away["problem"]["code"] == "model_unreachable"
        assert away["problem"]["remedy"].startswith("Start the model's server")


async def test_a_turn_that_nobody_could_try_says_what_it_waits_for(ask: Asking, backend: ScriptedBackend) -> None:
    """Promise 8, also where the model was away from the start; and it goes on as soon as another backend is chosen."""
    path = await add(ask, "http://127.0.0.1:9")
    await ask("PATCH", ACTIVE, json={"backend_id": path.rpartition("/")[2]})
    await asyncio.sleep(1)
    accepted = await ask.said(await ask.chat(), "Is anybody there? [[tokens=2]]")
    turn = await ask.turn(accepted["turn"]["id"])
    assert (turn["state"], turn["attempts"], turn["waiting_for"]) == ("queued", [], "model")
    assert (await ask.get("/api/v1/status"))["backend"]["state"] == "down"
    behind = (await ask.said(await ask.chat(), "And I wait behind. [[tokens=2]]"))["turn"]["id"]
    waits = [await ask.get(f"/api/v1/turns/{waiting}/wait") for waiting in (turn["id"], behind)]
    troubles = [wait.pop("trouble") for wait in waits]
    # How long it may last depends on what was before: see tests/http/test_known_health.py.
    assert all("left" in wait for wait in waits)
    assert [(wait["ahead"], wait["waiting_for"]) for wait in waits] == [(0, "model"), (1, "model")]
    assert [(trouble["code"], trouble["saved"]) for trouble in troubles] == [("model_unreachable", True)] * 2
    await ask("DELETE", path)
    for waiting in (turn["id"], behind):
        assert (await ask.ended(waiting))["state"] == "done"
        assert await ask.get(f"/api/v1/turns/{waiting}/wait") == {
            "ahead": None,
            "waiting_for": None,
            "trouble": None,
            "left": None,
            "quiet_from": None,
        }
    (await ask("GET", f"/api/v1/turns/{new_id()}/wait")).problem(404, "not_found")


async def test_tokens_are_counted_or_estimated(ask: Asking) -> None:
    """A backend without a tokenizer is no reason to fail."""
    texts = ["", "Hello there.", "é😀" * 50]
    told = (await ask("POST", "/api/v1/tokens", json={"texts": texts})).json
    assert (told["exact"], told["tokenizer"]) == (False, None)
    assert len(told["tokens"]) == 3
    assert told["tokens"] == sorted(told["tokens"])
    assert (await ask("POST", "/api/v1/tokens", json={"texts": []})).json["tokens"] == []
    for wrong in ({}, {"texts": "a"}, {"texts": ["a"] * 65}, {"texts": [1]}, {"texts": ["\0"]}):
        (await ask("POST", "/api/v1/tokens", json=wrong)).problem(422, "invalid")

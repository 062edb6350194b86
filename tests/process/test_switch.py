"""Another backend is chosen while a reply runs: real processes, real sockets, two model servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.http.asking import Asking, asking, new_id, reply_to
from tests.http.installation import Installation, ScriptedBackend

pytestmark = pytest.mark.anyio

HELD = 12
"""Replies that run while it happens: enough for both workers to have some."""


@pytest.fixture
def other() -> Iterator[ScriptedBackend]:
    """Another model server."""
    scripted = ScriptedBackend()
    yield scripted
    scripted.close()


@pytest.fixture
def own(tmp_path: Path, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure with two workers, over the first one."""
    installation = Installation(tmp_path / "data", backend_url=backend.url, model="scripted")
    installation.start()
    yield installation
    installation.close()
    assert "Traceback" not in installation.log()


async def log_of(ask: Asking, scripted: ScriptedBackend) -> list[str]:
    """The messages that a model server was asked to answer."""
    async with ask.session.get(f"{scripted.url.removesuffix('/v1')}/control/log") as answer:
        return [request["message"] for request in (await answer.json())["requests"]]


async def test_workers_and_web_follow_a_switch_while_replies_run(own: Installation, other: ScriptedBackend) -> None:
    """What runs is said to its end where it was begun, in one attempt; the next ones come from the new one."""
    tag = new_id()
    async with asking(own.url) as ask, AsyncExitStack() as stack:
        turns: list[dict[str, Any]] = []
        texts = [f"Long {n} {tag} [[tokens=120 interval=0.03]]" for n in range(HELD)]
        streams = []
        for text in texts:
            chat = await ask.chat()
            streams.append(await stack.enter_async_context(ask.follow(chat)))
            turns.append((await ask.said(chat, text))["turn"])
        for stream, turn in zip(streams, turns, strict=True):
            await stream.until(lambda e, turn=turn: e.kind == "delta" and e.data["turn_id"] == turn["id"])
        begun = {(await ask.turn(turn["id"]))["attempts"][0]["worker"] for turn in turns}
        assert begun == {"worker-1", "worker-2"}
        path = f"/api/v1/backends/{new_id()}"
        body = {"name": "The other one", "url": other.url, "model": "scripted"}
        assert (await ask("PUT", path, json=body)).status == 201
        assert (await ask("POST", "/api/v1/backends/check", json={"id": path.rpartition("/")[2]})).json["ok"]
        await ask("PATCH", "/api/v1/settings", json={"backend_id": path.rpartition("/")[2]})
        assert (await ask.get("/api/v1/status"))["backend"]["name"] == "The other one"
        await asyncio.sleep(1)  # a heartbeat, where no hint comes through
        next_texts = [f"Next {n} {tag} [[tokens=3]]" for n in range(6)]
        told = await asyncio.gather(*[ask.told(await ask.chat(), text) for text in next_texts])
        assert {attempt["backend"] for turn in told for attempt in turn["attempts"]} == {"The other one"}
        for text, stream, turn in zip(texts, streams, turns, strict=True):
            ended = await stream.until_end(turn["id"])
            assert (ended["state"], ended["text"]) == ("done", reply_to(text, turn["id"]))
            assert [attempt["outcome"] for attempt in ended["attempts"]] == ["done"]
            assert ended["attempts"][0]["backend"].startswith("scripted at ")
        mine = [message for message in await log_of(ask, other) if tag in message]
        assert sorted(mine) == sorted(next_texts)


async def test_a_backend_that_dies_is_left_behind_by_choosing_another(
    own: Installation, other: ScriptedBackend
) -> None:
    """A reply that was cut in mid-sentence goes on with the backend that is chosen then, and so does the next start."""
    async with asking(own.url) as ask:
        path = f"/api/v1/backends/{new_id()}"
        await ask("PUT", path, json={"name": "Doomed", "url": other.url, "model": "scripted"})
        await ask("PATCH", "/api/v1/settings", json={"backend_id": path.rpartition("/")[2]})
        await asyncio.sleep(1)
        text = f"Cut {new_id()} [[tokens=80 interval=0.02]]"
        chat = await ask.chat()
        async with ask.follow(chat) as stream:
            turn = (await ask.said(chat, text))["turn"]
            await stream.until(lambda e: e.kind == "delta" and e.data["turn_id"] == turn["id"])
            other.close()
            await stream.until(lambda e: e.kind == "turn" and e.data["waiting_for"] == "model")
            await asyncio.to_thread(own.stop)
            await asyncio.to_thread(own.start)
        assert (await ask.get("/api/v1/status"))["backend"]["name"] == "Doomed"
        assert (await ask("DELETE", path)).status == 204
        ended = await ask.ended(turn["id"])
        assert (ended["state"], ended["text"]) == ("done", reply_to(text, turn["id"]))
        assert ended["attempts"][0]["backend"] == "Doomed"
        assert ended["attempts"][-1]["backend"].startswith("scripted at ")

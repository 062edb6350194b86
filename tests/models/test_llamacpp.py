"""The real llama.cpp with the real starter weights: what the design counts on is measured here."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from perdure.core.errors import ContextTooLong, ModelBroken, ModelKeyRejected, ModelMissing, ModelUnreachable
from perdure.core.prompt import Ask, Sampling
from perdure.models import llamacpp_server, weights
from perdure.models.checkup import check
from perdure.models.continuation import Prefill
from perdure.models.llamacpp import LlamaCppBackend
from perdure.models.llamacpp_server import healthy, serve_model
from perdure.models.openai import OpenAIBackend
from perdure.ports.models import Chunk

pytestmark = pytest.mark.anyio

Say = Callable[..., Ask]
Hear = Callable[[OpenAIBackend, Ask], Awaitable[list[Chunk]]]

CACHE = Path(__file__).parents[2] / ".cache" / "weights"
GREEDY = Sampling(temperature=0.0, seed=1)
SERVE = """
import sys, pathlib
from perdure.models.llamacpp_server import serve_model
beats = []
gguf, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
server = serve_model(gguf, "127.0.0.1", port, 512, 2, 2, lambda: beats.append(1), "key")
print(len(beats), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def gguf() -> Path:
    """The starter weights, fetched once into a folder that stays."""
    return weights.fetch(Path(os.environ.get("PERDURE_TEST_WEIGHTS", CACHE)), lambda *_: None)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


@pytest.fixture(scope="module")
async def model(gguf: Path) -> AsyncIterator[str]:
    """The URL of a llama.cpp server in a process of its own, with two slots of 512 tokens each."""
    with taken_port() as port:
        pass
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVE, str(gguf), str(port)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"2\n"  # a beat before the loading and one behind it
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.communicate()


@pytest.fixture
async def llama(model: str) -> AsyncIterator[LlamaCppBackend]:
    backend = LlamaCppBackend(model, "starter", "key")
    yield backend
    await backend.close()


async def test_a_reply_goes_on_from_any_token_to_the_same_end(llama: LlamaCppBackend, heard: Hear, ask: Say) -> None:
    """At temperature 0, cut and continued is byte for byte what it would have been."""
    question = "Tell me of the sea — with ünïcödé, please."
    whole = await heard(llama, ask(question, max_tokens=40, sampling=GREEDY))
    text = "".join(chunk.text for chunk in whole)
    assert sum(chunk.tokens for chunk in whole) >= 30
    assert whole[-1].finish == "length"
    spoken = 0
    for n, chunk in enumerate(whole[:-1], 1):
        spoken += chunk.tokens
        if n % 7 == 0:
            prefix = "".join(part.text for part in whole[:n])
            rest = await heard(llama, ask(question, prefix, 40 - spoken, GREEDY))
            assert prefix + "".join(part.text for part in rest) == text


async def test_a_general_backend_finds_out_that_this_is_llama_cpp(model: str, heard: Hear, ask: Say) -> None:
    """An operator's own llama.cpp, given as any URL, continues as cleanly."""
    general = OpenAIBackend(model, "starter", "key")
    whole = "".join(chunk.text for chunk in await heard(general, ask("Hello", max_tokens=12, sampling=GREEDY)))
    prefix = whole[: len(whole) // 2].rpartition(" ")[0]
    rest = "".join(chunk.text for chunk in await heard(general, ask("Hello", prefix, 12, GREEDY)))
    assert rest.startswith(" ")
    assert prefix not in rest
    assert general._prefill is Prefill.CLEAN
    await general.close()


async def test_too_long_a_conversation_is_told(llama: LlamaCppBackend, heard: Hear, ask: Say) -> None:
    """The context is per reply, not shared by the slots, and exceeding it has its own error."""
    with pytest.raises(ContextTooLong):
        await heard(llama, ask("word " * 600))


async def test_readiness_is_the_models_own(model: str, llama: LlamaCppBackend) -> None:
    """Ready means loaded, for the worker that asks and for the heartbeat."""
    assert await llama.ready()
    assert await healthy(model)
    with taken_port() as port:
        away = LlamaCppBackend(f"http://127.0.0.1:{port}")
        assert not await away.ready()
        assert not await healthy(f"http://127.0.0.1:{port}")
        with pytest.raises(ModelUnreachable):
            await away.check()
        await away.close()


async def test_the_model_is_nobody_elses(model: str, heard: Hear, ask: Say) -> None:
    """Without its key it answers nothing but its health, and no web page may read what it says."""
    stranger = LlamaCppBackend(model)
    with pytest.raises(ModelKeyRejected):
        await heard(stranger, ask("Hello"))
    await stranger.close()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{model}/health", headers={"Origin": "http://evil.example"}) as response,
    ):
        assert response.headers["Access-Control-Allow-Origin"] == model


def test_a_file_that_is_no_model_is_told(gguf: Path, tmp_path: Path) -> None:
    """Also what only llama.cpp can find out ends in a sentence: a file that was cut off."""
    cut = tmp_path / "cut.gguf"
    with gguf.open("rb") as whole:
        cut.write_bytes(whole.read(3_000_000))
    with taken_port() as port:
        pass
    with pytest.raises(ModelMissing, match="cannot load"):
        serve_model(cut, "127.0.0.1", port, 512, 1, 1)


def test_too_little_memory_is_told_before(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that cannot fit is refused before the machine begins to swap."""
    monkeypatch.setattr(llamacpp_server, "_free_memory_bytes", lambda: 200_000_000)
    monkeypatch.setattr(llamacpp_server, "_has_gpu", lambda: False)
    with pytest.raises(ModelMissing, match=r"needs about 0\.4 GB of memory, and 0\.2 GB are free"):
        serve_model(gguf, "127.0.0.1", 1, 512, 1, 1)


def test_a_taken_port_is_told(gguf: Path) -> None:
    """The fault is another program's, not the file's."""
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(ModelBroken, match="port"):
        serve_model(gguf, "127.0.0.1", other.getsockname()[1], 512, 1, 1)


async def test_tokens_are_counted_by_the_models_own_tokenizer(model: str, llama: LlamaCppBackend) -> None:
    """Of many texts at once, also by a backend that was given as any URL; nobody else's key counts anything."""
    general, wrong = OpenAIBackend(model, "starter", "key"), OpenAIBackend(model, "starter", "guess")
    texts = ["", "Hello", "Hello there, keeper of the light.", "é😀" * 20] * 16
    counted = await llama.count_tokens(texts)
    assert counted is not None
    assert counted[:2] == [0, 1]
    assert 6 <= counted[2] <= 10
    assert counted == counted[:4] * 16
    assert await general.count_tokens(texts[:4]) == counted[:4]
    assert await wrong.count_tokens(texts) is None
    await general.close()
    await wrong.close()


async def test_a_check_of_the_embedded_model_lets_it_speak(model: str, llama: LlamaCppBackend) -> None:
    """Its models, and a word."""
    checked = await check(llama, "starter", within_s=60)
    assert checked.problem is None
    assert checked.reply
    assert len(checked.models) == 1

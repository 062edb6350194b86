"""The test double itself: what it says can be worked out beforehand, or the tests that lean on it prove nothing."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.errors import ModelCut, ModelKeyRejected, ModelRefused
from perdure.core.prompt import Ask
from perdure.models import scripted
from perdure.models.openai import OpenAIBackend
from perdure.models.script import BadScript, Script, changed, expected, ordered, reply_tokens, rest
from perdure.ports.models import Chunk

pytestmark = pytest.mark.anyio

Say = Callable[..., Ask]
Hear = Callable[[OpenAIBackend, Ask], Awaitable[list[Chunk]]]
Log = Callable[[], Awaitable[list[dict[str, Any]]]]


@given(st.text(max_size=30), st.none() | st.integers(0, 99), st.integers(0, 200))
def test_any_cut_can_be_continued(message: str, seed: int | None, cut: int) -> None:
    """Behind any prefix of a reply, also within a word, comes exactly the rest of it."""
    tokens = reply_tokens(message, seed, Script(tokens=30))
    whole = "".join(tokens)
    assert whole[:cut] + "".join(rest(tokens, whole[:cut])) == whole


def test_replies_of_different_conversations_differ() -> None:
    """Text that ends up in the wrong conversation shows."""
    assert len({expected(f"message {n}", seed) for n in range(50) for seed in (1, 2)}) == 100


def test_a_directive_says_what_it_means_or_is_refused() -> None:
    """A typing mistake in a test's directive must not pass for a well-behaved server."""
    script = ordered('Hi [[tokens=3 interval=0.5 html]] there [[retry_after=9 text="a b"]]', Script())
    assert script == Script(tokens=3, interval=0.5, html=True, retry_after="9", text="a b")
    assert ordered("[[die_after]]", Script()).die_after == 0
    for wrong in ("[[toekns=3]]", "[[tokens=many]]"):
        with pytest.raises(BadScript):
            ordered(wrong, Script())


def test_the_default_can_be_set_and_unset() -> None:
    """The control plane's JSON knows null, which a directive does not."""
    assert changed(changed(Script(), {"status": 503}), {"status": None}) == Script()


async def test_what_is_streamed_is_what_was_expected(backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """A given text is said as it is, in tokens that carry their spaces."""
    message = '[[interval=0 text="It is  late,\n\nsleep well. "]]'
    chunks = await heard(backend, ask(message))
    assert "".join(chunk.text for chunk in chunks) == expected(message) == "It is  late,\n\nsleep well. "
    assert sum(chunk.tokens for chunk in chunks) == 5


async def test_it_misbehaves_as_often_as_told(backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """`times` counts requests of one message; `fresh` spares those that go on."""
    message = "Well [[tokens=6 interval=0.001 cut_after=2 times=2]]"
    for _ in range(2):
        with pytest.raises(ModelCut):
            await heard(backend, ask(message))
    assert (await heard(backend, ask(message)))[-1].finish == "stop"
    fresh = "Well [[tokens=12 interval=0.001 cut_after=2 fresh]]"
    with pytest.raises(ModelCut):
        await heard(backend, ask(fresh))
    assert (await heard(backend, ask(fresh, expected(fresh, None, 2))))[-1].finish == "stop"


async def test_a_stall_is_silence_on_an_open_connection(backend: OpenAIBackend, ask: Say, log: Log) -> None:
    """A stalled stream neither ends nor fails: only a clock can tell."""
    chunks = backend.stream(ask("Hm [[tokens=6 interval=0.001 stall_after=2]]"))
    said = (await anext(chunks)).text
    while len(said.split(" ")) < 2:
        said += (await anext(chunks)).text
    waiting = asyncio.ensure_future(anext(chunks))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    waiting.cancel()
    await asyncio.wait([waiting])
    assert [(entry["sent"], entry["outcome"]) for entry in await log()] == [(2, "stall_after")]


async def test_the_control_plane_sets_the_default_and_forgets(
    url: str, backend: OpenAIBackend, heard: Hear, ask: Say, log: Log
) -> None:
    """A test can turn a whole server bad, and well again."""
    async with aiohttp.ClientSession() as session:
        await session.post(f"{url}/control", json={"default": {"status": 400, "tokens": 4}})
        with pytest.raises(ModelRefused):
            await heard(backend, ask("Hello"))
        assert len(await log()) == 1
        await session.post(f"{url}/control", json={"reset": True})
        assert await log() == []
        assert sum(chunk.tokens for chunk in await heard(backend, ask("Hello [[interval=0]]"))) == 64
        answer = await session.post(f"{url}/control", json={"default": {"nonsense": 1}})
        assert answer.status == 400


async def test_a_key_is_wanted_where_one_is_set(heard: Hear, ask: Say) -> None:
    """The key goes to the server as a bearer token; a wrong one is told as such."""
    listening = await scripted.start(api_key="right")
    address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    good, bad = OpenAIBackend(address, "m", "right"), OpenAIBackend(address, "m", "wrong")
    assert (await heard(good, ask("Hi [[interval=0]]")))[-1].finish == "stop"
    with pytest.raises(ModelKeyRejected):
        await heard(bad, ask("Hi [[interval=0]]"))
    await good.close()
    await bad.close()
    listening.close()


@asynccontextmanager
async def own_process() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "perdure.models.scripted", "--port", "0", "--with-parent"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        line = (await process.stdout.readline()).decode()
        yield process, f"http://{line.removeprefix('listening on ').strip()}"
    finally:
        process.stdin.close()  # ends it
        await process.wait()


async def test_it_dies_on_cue(ask: Say) -> None:
    """`die_after` is a real SIGKILL: the kernel closes the connections, nothing is said any more."""
    async with own_process() as (process, address):
        backend = OpenAIBackend(address, "m")
        said = ""
        with suppress(ModelCut):
            async for chunk in backend.stream(ask("Bye [[tokens=9 interval=0.001 die_after=4]]")):
                said += chunk.text
        assert await process.wait() == -signal.SIGKILL
        await backend.close()
    assert said == expected("Bye [[tokens=9 interval=0.001 die_after=4]]", None, 4)


async def test_it_ends_with_whoever_started_it() -> None:
    """A test run that was killed leaves no server behind."""
    async with own_process() as (process, _):
        pass
    assert process.returncode == 0

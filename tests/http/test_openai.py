"""The OpenAI-compatible endpoints, asked by OpenAI's own Python client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest

from perdure.models.script import expected
from tests.http.asking import Asking
from tests.http.installation import DEADLINE_S, Installation, ScriptedBackend, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(installation: Installation) -> AsyncIterator[openai.AsyncOpenAI]:
    """The official client; it does not try again, so that what is seen is what was answered."""
    url = f"{installation.url}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=DEADLINE_S) as made:
        yield made


def user(text: str) -> list[Any]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


async def test_characters_are_models(client: openai.AsyncOpenAI, ask: Asking) -> None:
    """Each is listed under its name, and found by its name in any case, and by its id."""
    name = "Ünal Östergård"
    made = (await ask("POST", "/api/v1/characters", json={"name": name})).json
    assert {model.id for model in (await client.models.list()).data} >= {"Mizzle", name}
    for known in (name, made["id"]):
        assert (await client.models.retrieve(known)).id == name
    assert (await client.models.retrieve("mizzle")).id == "Mizzle"
    await ask("DELETE", f"/api/v1/characters/{made['id']}")
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve(name)


async def test_a_whole_reply(client: openai.AsyncOpenAI) -> None:
    """Not streaming: the text, the reason of its end and what it took."""
    text = "whole [[tokens=6 interval=0.001]]"
    reply = await client.chat.completions.create(model="Mizzle", messages=user(text), seed=5)
    assert reply.choices[0].message.content == expected(text, 5)
    assert (reply.choices[0].finish_reason, reply.choices[0].message.role) == ("stop", "assistant")
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 6
    assert reply.model == "Mizzle"
    assert reply.id.startswith("chatcmpl-")


async def test_a_streamed_reply(client: openai.AsyncOpenAI) -> None:
    """Streaming: the same text in pieces, one end, and the usage where it was asked for."""
    text = "streamed 🦆 [[tokens=20 interval=0.01]]"
    stream = await client.chat.completions.create(
        model="Mizzle", messages=user(text), seed=5, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    pieces = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(pieces) == expected(text, 5)
    assert len(pieces) > 4
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 20
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_that_was_cut_off_says_so(client: openai.AsyncOpenAI, stream: bool) -> None:
    """`max_tokens` holds, and the reason is `length`."""
    text = "cut [[tokens=50 interval=0.001]]"
    asked: dict[str, Any] = {"model": "Mizzle", "messages": user(text), "seed": 1, "max_tokens": 7}
    if stream:
        chunks = [chunk async for chunk in await client.chat.completions.create(**asked, stream=True)]
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        finish = chunks[-1].choices[0].finish_reason
    else:
        whole = await client.chat.completions.create(**asked)
        said, finish = whole.choices[0].message.content, whole.choices[0].finish_reason
    assert (said, finish) == (expected(text, 1, 7), "length")


async def test_the_conversation_that_is_brought_counts(client: openai.AsyncOpenAI, backend: ScriptedBackend) -> None:
    """Earlier messages, the system's word and the sampler get to the model; the chat of it is not listed."""
    text = "last [[tokens=2]]"
    messages: list[Any] = [
        {"role": "system", "content": "Rhyme."}, {"role": "user", "content": [{"type": "text", "text": "first"}]},
        {"role": "assistant", "content": "second"}, {"role": "user", "content": text},
    ]  # fmt: skip
    await client.chat.completions.create(
        model="Mizzle", messages=messages, temperature=0.25, top_p=0.5, seed=77, stop=["END"]
    )
    async with aiohttp.ClientSession() as session, session.get(f"{backend.url[:-3]}/control/log") as answer:
        asked = [r for r in (await answer.json())["requests"] if r["message"] == text][-1]
    assert asked["messages"] >= 4
    assert asked["sampling"] | {"temperature": 0.25, "top_p": 0.5, "seed": 77, "stop": ["END"]} == asked["sampling"]


@pytest.mark.parametrize("exchanges", [2, 25])
async def test_a_conversation_of_any_length_can_be_brought(client: openai.AsyncOpenAI, exchanges: int) -> None:
    """Each message finds its place behind those that come with it."""
    before = [{"role": role, "content": "so it was"} for _ in range(exchanges) for role in ("user", "assistant")]
    text = "and now? [[tokens=4 interval=0.001]]"
    reply = await client.chat.completions.create(model="Mizzle", messages=[*before, *user(text)], seed=5)  # type: ignore[list-item]
    assert reply.choices[0].message.content == expected(text, 5)


async def test_chats_of_openai_clients_are_not_listed(client: openai.AsyncOpenAI, ask: Asking) -> None:
    """They bring the whole conversation each time: nobody wants to find a thousand of them."""
    before = await ask.get("/api/v1/chats?limit=500")
    await client.chat.completions.create(model="Mizzle", messages=user("psst [[tokens=1]]"))
    assert await ask.get("/api/v1/chats?limit=500") == before


async def test_refusals_are_the_clients_exceptions(client: openai.AsyncOpenAI) -> None:
    """Who asks wrongly gets the exception that OpenAI's client has for it, with our sentence in it."""
    create = client.chat.completions.create
    with pytest.raises(openai.NotFoundError, match="no character"):
        await create(model="nobody", messages=user("x"))
    wrong: list[dict[str, Any]] = [
        {"messages": []}, {"messages": [{"role": "robot", "content": "x"}]}, {"temperature": 9}, {"max_tokens": 0},
        {"messages": [{"role": "system", "content": "alone"}]}, {"n": 2}, {"stream": "perhaps"}, {"seed": -1},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        {"messages": [{"role": "user"}]}, {"model": None},
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises(openai.UnprocessableEntityError):
            await create(**{"model": "Mizzle", "messages": user("x [[tokens=1]]"), **change})


async def test_a_failure_of_the_model_is_the_clients_exception(client: openai.AsyncOpenAI) -> None:
    """Whole: by its status. In a stream, where the status is out: as the error in it."""
    text = 'fail [[status=400 message="no thanks"]]'
    with pytest.raises(openai.APIStatusError) as refused:
        await client.chat.completions.create(model="Mizzle", messages=user(text))
    assert refused.value.status_code == 502
    assert refused.value.code == "model_refused"
    stream = await client.chat.completions.create(model="Mizzle", messages=user(f"{text} "), stream=True)
    with pytest.raises(openai.APIError) as failed:
        async for _ in stream:
            pass
    assert failed.value.code == "model_refused"


async def test_a_worker_that_dies_in_mid_stream_is_not_noticed(
    client: openai.AsyncOpenAI, installation: Installation
) -> None:
    """The completion is a turn like any other: somebody else goes on, in the same stream, from the same character."""
    text = "hold the line [[tokens=150 interval=0.02]]"
    asked = client.chat.completions.create(model="Mizzle", messages=user(text), seed=3, stream=True)
    pieces: list[str] = []
    killed: dict[str, int] = {}
    async for chunk in await asked:
        pieces.append(chunk.choices[0].delta.content or "")
        if not killed and len("".join(pieces)) > 40:
            # Whichever of them speaks.
            killed = {name: installation.kill(name) for name in ("worker-1", "worker-2")}
    assert "".join(pieces) == expected(text, 3)
    for name, pid in killed.items():
        eventually(lambda name=name, pid=pid: installation.pid(name) not in (None, pid))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streaming"])
async def test_a_client_that_goes_away_stops_the_turn(
    client: openai.AsyncOpenAI, backend: ScriptedBackend, stream: bool
) -> None:
    """Nobody will read the rest: the model is not kept busy with it."""
    text = f"goodbye {stream} [[tokens=4000 interval=0.01]]"
    asked = client.chat.completions.create(model="Mizzle", messages=user(text), max_tokens=4000, stream=stream)

    async def outcome() -> tuple[str, int]:
        async with aiohttp.ClientSession() as session, session.get(f"{backend.url[:-3]}/control/log") as answer:
            mine = [r for r in (await answer.json())["requests"] if r["message"] == text]
        return (mine[-1]["outcome"], mine[-1]["sent"]) if mine else ("none", 0)

    reply = asyncio.ensure_future(asked)
    async with asyncio.timeout(DEADLINE_S):
        while (await outcome())[1] < 5:
            await asyncio.sleep(0.02)
        if stream:
            await (await reply).response.aclose()  # type: ignore[union-attr]
        else:
            reply.cancel()
            await asyncio.gather(reply, return_exceptions=True)
        while (await outcome())[0] == "open":
            await asyncio.sleep(0.02)
    assert (await outcome())[0] == "client left"

"""A check of a backend, over real sockets: whatever answers there, it is told in words that help, and in time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest

from perdure.core.errors import (
    BackendNameUnresolved,
    BackendTlsFailed,
    ModelBroken,
    ModelCut,
    ModelError,
    ModelKeyRejected,
    ModelRubbish,
    ModelStalled,
    ModelUnreachable,
    UnknownModel,
)
from perdure.models import scripted
from perdure.models.checkup import Checked, check, near_names
from perdure.models.openai import OpenAIBackend
from tests.faults.connections import Serve, listening
from tests.http.installation import DEADLINE_S

pytestmark = pytest.mark.anyio

LISTS = b'{"data":[{"id":"llama3.1:8b"},{"id":"mistral-nemo"},{"id":"qwen2.5:7b"}]}'


@asynccontextmanager
async def raw(serve: Serve) -> AsyncIterator[str]:
    """A server that does what `serve` does with each connection."""

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}"


async def checked(url: str, model: str = "", key: str | None = None, within_s: float = 10.0) -> Checked:
    """Check what is at `url`."""
    backend = OpenAIBackend(url, model, key)
    try:
        return await check(backend, model, within_s)
    finally:
        await backend.close()


def answers(*responses: bytes) -> Serve:
    """A server that gives these answers, one for each connection, and the last one for ever."""
    left = list(responses)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return serve


def http(status: int, body: bytes, kind: bytes = b"application/json", more: bytes = b"") -> bytes:
    """An answer."""
    head = b"HTTP/1.1 %d X\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n%b\r\n"
    return head % (status, kind, len(body), more) + body


async def test_a_server_that_does_says_so(url: str) -> None:
    """Its models, and with one of them a word from it."""
    assert await checked(url) == Checked(("scripted",))
    spoken = await checked(url, "scripted")
    assert (spoken.models, spoken.problem) == (("scripted",), None)
    assert spoken.reply


@pytest.mark.parametrize(
    ("response", "kind", "says"),
    [
        (http(200, b"<!doctype html><h1>It works!</h1>", b"text/html"), ModelRubbish, "web page"),
        (http(404, b"<h1>404</h1>", b"text/html"), ModelRubbish, "no list of models"),
        (http(200, b'{"hello": "world"}'), ModelRubbish, "does not list models"),
        (http(200, b'{"data": [1]}'), ModelRubbish, "does not list models"),
        (http(200, b"{"), ModelRubbish, "does not list models"),
        (http(401, b'{"error":{"message":"Incorrect API key sk-secret123"}}'), ModelKeyRejected, "API key"),
        (http(307, b"", more=b"Location: http://127.0.0.1:1/v1/models\r\n"), ModelRubbish, "elsewhere"),
        (http(500, b'{"error":"boom"}'), ModelBroken, "500"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", ModelRubbish, "HTTP"),
        (b"", ModelCut, "broke off"),
        (http(200, LISTS)[:-30], ModelCut, "broke off"),
    ],
    ids=["page", "404", "other json", "odd list", "broken json", "key", "redirect", "broken", "ssh", "shut", "cut"],
)  # fmt: skip
async def test_what_is_no_models_server_is_told_so(response: bytes, kind: type[ModelError], says: str) -> None:
    """Promise 8: what it is, and what to do about it; with a model named it is the same."""
    for model in ("", "llama3.1:8b"):
        async with raw(answers(response)) as url:
            found = await checked(url, model)
        assert type(found.problem) is kind, found.problem
        assert says in found.problem.detail
        assert "secret123" not in found.problem.detail
        assert found.problem.remedy.endswith(".")
        assert (found.models, found.reply) == ((), None)


async def test_nobody_there_is_told_with_what_to_do() -> None:
    """A port where nothing listens, a name that nobody has, TLS where there is none: each with a remedy of its own."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = await checked(f"http://127.0.0.1:{taken.getsockname()[1]}")
    unknown = await checked("http://no-such-machine.invalid")

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(16)
        writer.write(http(400, b""))

    async with raw(plain) as url:
        tls = await checked(url.replace("http:", "https:"))
    found = [nobody.problem, unknown.problem, tls.problem]
    assert [type(problem) for problem in found] == [ModelUnreachable, BackendNameUnresolved, BackendTlsFailed]
    words = [problem.remedy if problem else "" for problem in found]
    for word, remedy in zip(("Start", "spelt", "http://"), words, strict=True):
        assert word in remedy
    assert len(set(words)) == 3


async def test_a_wrong_key_is_told(url: str) -> None:
    """Also where the list of models is anybody's."""
    guarded = await scripted.start(api_key="right")
    where = f"http://127.0.0.1:{guarded.sockets[0].getsockname()[1]}"
    assert (await checked(where, "scripted", "right")).problem is None
    for key in (None, "wrong"):
        wrong = await checked(where, "another", key)
        assert type(wrong.problem) is ModelKeyRejected
    guarded.close()
    refused = http(401, b'{"error":{"code":"invalid_api_key"}}')
    async with raw(answers(http(200, LISTS), refused)) as open_list:
        found = await checked(open_list, "llama", "wrong")
    assert type(found.problem) is ModelKeyRejected
    assert len(found.models) == 3


async def test_a_model_that_is_not_there_is_told_with_those_that_come_near() -> None:
    """As servers say it: 404, or 400 with words."""
    for status, words in ((404, b"model 'llama3' not found, try pulling it first"), (400, b"invalid model name")):
        answer = http(status, b'{"error":{"message":"%b"}}' % words)
        async with raw(answers(http(200, LISTS), answer)) as url:
            found = await checked(url, "llama3")
        assert type(found.problem) is UnknownModel
        assert "llama3.1:8b" in found.problem.remedy
        assert "mistral" not in found.problem.remedy
    assert near_names("Mistral", ["llama3.1:8b", "mistral-nemo"]) == ["mistral-nemo"]
    assert near_names("gtp-4o", ["gpt-4o", "gpt-4o-mini", "whisper-1"]) == ["gpt-4o", "gpt-4o-mini"]
    assert near_names("x", ["abc"]) == []


async def test_a_server_that_lists_nothing_may_speak_all_the_same() -> None:
    """The reply decides."""
    reply = http(200, b'{"choices":[{"message":{"content":"Hello."},"finish_reason":"stop"}]}')
    async with raw(answers(http(404, b"{}"), reply)) as url:
        assert await checked(url, "m") == Checked((), "Hello.")


async def test_a_check_ends_in_time() -> None:
    """A server that accepts and says nothing, or never ends, and one whose model loads for minutes."""

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not reader.at_eof():
            writer.write(b" " * 65536)
            await writer.drain()

    async def loading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readuntil(b"\r\n\r\n")
        if first.startswith(b"GET"):
            writer.write(http(200, LISTS))
        else:
            await reader.read()

    for serve, kinds in ((silent, ModelStalled), (endless, (ModelStalled, ModelRubbish)), (loading, ModelStalled)):
        async with raw(serve) as url:
            with anyio.fail_after(DEADLINE_S):
                found = await checked(url, "llama3.1:8b", within_s=0.5)
        assert isinstance(found.problem, kinds)
        assert len(found.models) == (3 if serve is loading else 0)


async def test_a_long_answer_is_read_only_as_far_as_it_is_wanted(url: str) -> None:
    """Thousands of models, endless names, a reply that goes on and on."""
    many = b'{"data":[' + b",".join(b'{"id":"%b"}' % (b"m" * 500) for _ in range(3000)) + b"]}"
    endless = b'{"choices":[{"message":{"content":"%b"},"finish_reason":"stop"}]}' % (b"la " * 100_000)
    async with raw(answers(http(200, many), http(200, endless))) as where:
        found = await checked(where, "m")
    assert len(found.models) == 1000
    assert {len(name) for name in found.models} == {200}
    assert found.reply is not None
    assert len(found.reply) <= 400


async def test_a_model_that_speaks_slowly_does(url: str) -> None:
    """A small machine needs longer than a check may take for a whole sentence: what it has said by then will do."""
    async with aiohttp.ClientSession() as session:
        slow = {"default": {"interval": 0.2, "tokens": 1000}}
        await session.post(f"{url}/control", json=slow)
    found = await checked(url, "scripted", within_s=3.0)
    assert found.problem is None
    assert found.reply

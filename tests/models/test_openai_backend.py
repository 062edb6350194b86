"""The OpenAI-compatible backend over a real socket: every failure is told as what it is, and no text is lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import orjson
import pytest

from perdure.core.errors import (
    BackendNameUnresolved,
    ContextTooLong,
    ModelBroken,
    ModelCut,
    ModelError,
    ModelKeyRejected,
    ModelOverloaded,
    ModelRubbish,
    ModelUnreachable,
    UnknownModel,
)
from perdure.core.prompt import Ask, Sampling
from perdure.models import off_limits
from perdure.models.openai import OpenAIBackend
from perdure.models.reply_stream import ReplyStream
from perdure.models.script import expected
from perdure.ports.models import Chunk
from tests.faults.connections import Serve, listening

pytestmark = pytest.mark.anyio

Say = Callable[..., Ask]
Hear = Callable[[OpenAIBackend, Ask], Awaitable[list[Chunk]]]
Log = Callable[[], Awaitable[list[dict[str, Any]]]]

FAST = "tokens=8 interval=0.001"


async def text_and_failure(chunks: AsyncIterator[Chunk]) -> tuple[str, ModelError]:
    text = ""
    try:
        async for chunk in chunks:
            text += chunk.text
            assert chunk.finish is None
    except ModelError as failure:
        return text, failure
    pytest.fail("the stream ended without a failure")


async def test_a_reply_is_whole_and_ends_once(backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """The text is what the server said, tokens are counted, and only the last chunk has `finish`."""
    message = f"Good evening [[{FAST} reasoning=2]]"
    chunks = await heard(backend, ask(message, sampling=Sampling(seed=3)))
    assert "".join(chunk.text for chunk in chunks) == expected(message, 3)
    assert "".join(chunk.reasoning for chunk in chunks) == "t0 t1 "
    assert sum(chunk.tokens for chunk in chunks) == 8
    assert [chunk.finish for chunk in chunks if chunk.finish] == ["stop"]
    assert chunks[-1].finish == "stop"


async def test_the_budget_is_the_servers_to_keep(backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """`max_tokens` reaches the server; with nothing left nothing is asked."""
    chunks = await heard(backend, ask(f"Go [[{FAST}]]", max_tokens=3))
    assert (sum(chunk.tokens for chunk in chunks), chunks[-1].finish) == (3, "length")
    assert await heard(backend, ask("Go", max_tokens=0)) == [Chunk("", finish="length")]


async def test_only_what_is_set_is_sent(log: Log, backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """A strict server refuses fields that it does not know, so unset sampler values stay at home."""
    await heard(backend, ask(f"One [[{FAST}]]"))
    await heard(backend, ask(f"Two [[{FAST}]]", sampling=Sampling(temperature=0.0, top_k=5, seed=9, stop=("\n",))))
    bare, full = await log()
    assert bare["sampling"] == {}
    assert full["sampling"] == {"temperature": 0.0, "top_k": 5, "seed": 9, "stop": ["\n"]}


FAILURES: list[tuple[str, int, type[ModelError]]] = [
    ("reset_after=3", 3, ModelCut),
    ("cut_after=3", 3, ModelCut),
    ("cut_after=0", 0, ModelCut),
    ("error_event=3", 3, ModelBroken),
    ("error_event=3 code=overloaded_error", 3, ModelOverloaded),
    ("garbage_after=3", 3, ModelRubbish),
    ("html", 0, ModelRubbish),
    ("html status=502", 0, ModelBroken),
    ("json_error", 0, ModelBroken),
    ("json_error code=exceed_context_size_error", 0, ContextTooLong),
    ("status=401", 0, ModelKeyRejected),
    ("status=404", 0, UnknownModel),
    ("status=302", 0, ModelRubbish),
    ("status=400 code=context_length_exceeded", 0, ContextTooLong),
    ('status=503 message="Loading model"', 0, ModelUnreachable),
]


@pytest.mark.parametrize(("directive", "before", "kind"), FAILURES)
async def test_each_failure_is_told_as_what_it_is(
    backend: OpenAIBackend, ask: Say, directive: str, before: int, kind: type[ModelError]
) -> None:
    """What was said before a failure arrives first, then the error that fits."""
    message = f"Hello [[{FAST} {directive}]]"
    text, failure = await text_and_failure(backend.stream(ask(message)))
    assert text == expected(message, None, before)
    assert type(failure) is kind


async def test_an_overloaded_server_says_how_long_to_wait(backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """429 and 503 keep the server's own Retry-After, and a later try goes through."""
    message = f"Hello [[{FAST} status=503 retry_after=7 times=1]]"
    _, failure = await text_and_failure(backend.stream(ask(message)))
    assert isinstance(failure, ModelOverloaded)
    assert failure.retry_after_s == 7.0
    assert (await heard(backend, ask(message)))[-1].finish == "stop"


async def test_leniency_where_nothing_is_lost(backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """A stream without finish_reason ends with `stop`, and a server that cannot stream answers in one piece."""
    for directive in ("no_finish", "whole"):
        message = f"Hello [[{FAST} {directive}]]"
        chunks = await heard(backend, ask(message))
        assert "".join(chunk.text for chunk in chunks) == expected(message)
        assert (sum(chunk.tokens for chunk in chunks), chunks[-1].finish) == (8, "stop")


async def test_closing_the_iterator_closes_the_request(log: Log, backend: OpenAIBackend, ask: Say) -> None:
    """A stopped turn does not leave the model writing for nobody."""
    chunks = backend.stream(ask("Tell me everything [[tokens=100000 interval=0.001]]"))
    await anext(chunks)
    await chunks.aclose()
    async with asyncio.timeout(10):
        while (await log())[0]["outcome"] != "client left":
            await asyncio.sleep(0.01)


async def test_nobody_there_is_unreachable(heard: Hear, ask: Say) -> None:
    """A refused connection is the model's, an unknown name the network's, and a turn waits for either."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses, and nobody else gets the port
        refused = f"http://127.0.0.1:{taken.getsockname()[1]}"
        faces = ((refused, ModelUnreachable), ("http://no-such-host.invalid:80", BackendNameUnresolved))
        for url, kind in faces:
            backend = OpenAIBackend(url, "m")
            assert kind.away
            with pytest.raises(kind):
                await heard(backend, ask("Anyone?"))
            assert not await backend.ready()
            await backend.close()


async def test_ready_and_check(backend: OpenAIBackend) -> None:
    """A listening server is ready, and lists its models."""
    assert await backend.ready()
    assert await backend.check() == ["scripted"]


@asynccontextmanager
async def raw(answer: Serve) -> AsyncIterator[str]:
    """A server that answers with whatever `answer` writes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(reader, writer)

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}"


EVENTS = 'data: {"choices":[{"delta":{"content":"Grüße 🐙"}}]}\n\n: keep-alive\n\ndata: [DONE]\n\n'


async def test_a_byte_at_a_time_is_enough(heard: Hear, ask: Say) -> None:
    """Cut anywhere, also within a character, the text is the same."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for byte in EVENTS.encode():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with raw(drip) as url:
        backend = OpenAIBackend(url, "m")
        assert [chunk.text for chunk in await heard(backend, ask("Hi"))] == ["Grüße 🐙", ""]
        await backend.close()


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n\r\nhello\n\nworld\n\n"])
async def test_what_is_no_models_server_is_told_so(heard: Hear, ask: Say, answer: bytes) -> None:
    """A wrong port is a thing to correct, not a thing to wait for."""

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async with raw(speak) as url:
        backend = OpenAIBackend(url, "m")
        with pytest.raises(ModelRubbish):
            await heard(backend, ask("Hi"))
        await backend.close()


async def test_a_connection_that_was_closed_behind_a_reply_is_no_failure(heard: Hear, ask: Say) -> None:
    """llama.cpp announces keep-alive and closes all the same; the next request just takes another connection."""
    served = 0

    async def once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        body = EVENTS.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))

    async with raw(once) as url:
        backend = OpenAIBackend(url, "m")
        for _ in range(5):
            assert (await heard(backend, ask("Hi")))[-1].finish == "stop"
        await backend.close()
    assert served == 5


async def test_a_redirect_does_not_get_the_key(heard: Hear, ask: Say) -> None:
    """Where a server points to is not trusted with the key that was given for the server."""
    visits: list[str] = []

    async def take(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        visits.append("other")

    async with raw(take) as other:

        async def point(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 307 Go\r\nLocation: {other}/x\r\nContent-Length: 0\r\n\r\n".encode())

        async with raw(point) as url:
            backend = OpenAIBackend(url, "m", "sk-verysecret")
            with pytest.raises(ModelRubbish):
                await heard(backend, ask("Hi"))
            await backend.close()
    assert visits == []


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://box:1", "http://box:1/v1"),
        ("http://box:1/", "http://box:1/v1"),
        ("http://box:1/v1/", "http://box:1/v1"),
        ("https://box/api/openai/v1", "https://box/api/openai/v1"),
        ("http://box:1/v1/chat/completions", "http://box:1/v1"),
    ],
)
async def test_addresses_are_taken_as_people_write_them(url: str, asked: str) -> None:
    """With or without /v1, with or without a slash, or copied from an example."""
    assert str(OpenAIBackend(url, "m")._base) == asked


async def test_secrets_are_in_no_name_and_no_error(heard: Hear, ask: Say) -> None:
    """Neither the key nor a password in the URL is shown anywhere."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://anna:pw123@127.0.0.1:{taken.getsockname()[1]}/v1"
        backend = OpenAIBackend(url, "m", "sk-verysecret")
        with pytest.raises(ModelUnreachable) as raised:
            await heard(backend, ask("Hi"))
        await backend.close()
    for shown in (backend.name, str(raised.value), raised.value.detail):
        assert "pw123" not in shown
        assert "verysecret" not in shown


@pytest.mark.parametrize("url", ["", "box:8080", "ftp://box", "http://"])
async def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    """A mistake in the settings shows at the start, not at the first message."""
    with pytest.raises(ValueError, match="http"):
        OpenAIBackend(url, "m")


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"])
async def test_no_machine_s_own_credentials_are_asked_for(host: str) -> None:
    """Clouds have them at these addresses, for whatever asks from the machine; a check shows people what it is told."""
    with pytest.raises(ValueError, match="credentials"):
        OpenAIBackend(f"http://{host}/latest/meta-data", "m")


async def test_nor_are_they_by_another_name(
    url: str, log: Log, heard: Hear, ask: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that is an address in disguise, or a name that leads there, is no host; here the loopback is such."""
    monkeypatch.setattr(off_limits, "_METADATA", {ip_address("127.0.0.1")})
    for host in ("localhost", "2130706433"):
        backend = OpenAIBackend(url.replace("127.0.0.1", host), "m")
        with pytest.raises((BackendNameUnresolved, ModelError)):
            await heard(backend, ask("Hi"))
        await backend.close()
    monkeypatch.undo()
    assert await log() == []


def test_what_came_together_is_one_chunk() -> None:
    """The hot path: one read, one chunk, however many tokens."""
    event = b'data: {"choices":[{"delta":{"content":" x"}}]}\n\n'
    assert ReplyStream("box").feed(event * 5) == Chunk(" x" * 5, tokens=5)


def test_text_before_a_failure_in_the_same_read_is_kept() -> None:
    """Text that has arrived is never thrown away with the error behind it."""
    reply = ReplyStream("box")
    chunk = reply.feed(b'data: {"choices":[{"delta":{"content":"so far"}}]}\n\ndata: {"error":{"message":"x"}}\n\n')
    assert chunk == Chunk("so far", tokens=1)
    assert type(reply.failure) is ModelBroken


@pytest.mark.parametrize(
    ("words", "dropped"),
    [
        ("Unrecognized request argument supplied: top_k", {"top_k"}),
        ("Unsupported value: 'temperature' does not support 0.35 with this model.", {"temperature"}),
        ("min_p: Extra inputs are not permitted; repeat_penalty: Extra inputs are", {"min_p", "repeat_penalty"}),
    ],
)  # fmt: skip
async def test_a_server_that_knows_less_is_asked_for_less(heard: Hear, ask: Say, words: str, dropped: set[str]) -> None:
    """A setting that a hosted service does not know costs no reply: it is left out, then and from then on."""
    asked: list[set[str]] = []

    async def picky(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = orjson.loads(await reader.read(100_000))
        asked.append(body.keys() & {"temperature", "top_k", "min_p", "repeat_penalty"})
        if asked[-1] & dropped:
            said = orjson.dumps({"error": {"message": words, "type": "invalid_request_error"}})
            writer.write(b"HTTP/1.1 400 X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said))
            writer.write(said)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + EVENTS.encode())

    sampling = Sampling(temperature=0.35, top_k=40, min_p=0.1, repeat_penalty=1.1)
    async with raw(picky) as url:
        backend = OpenAIBackend(url, "m")
        for _ in range(2):
            assert (await heard(backend, ask("Hi", sampling=sampling)))[-1].finish == "stop"
        await backend.close()
    whole = {"temperature", "top_k", "min_p", "repeat_penalty"}
    assert asked == [whole, whole - dropped, whole - dropped]


async def test_tokens_are_counted_only_by_llama_cpp(backend: OpenAIBackend) -> None:
    """Any other server is sent no text for that, and one that is away is no reason to fail."""
    assert await backend.count_tokens(["Hello"]) is None
    away = OpenAIBackend("http://127.0.0.1:9", "m")
    assert await away.count_tokens(["Hello"]) is None
    await away.close()

"""Limits are told before they bite, and what they refuse is told truthfully: too fast, too much, too long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perdure.core.admission import MINUTE_S
from tests.http.asking import asking, new_id
from tests.http.installation import Installation, ScriptedBackend, running

pytestmark = pytest.mark.anyio

PER_MINUTE = 4
MAX_QUEUED = 3


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure that takes little, and writes one reply at a time."""
    folder = tmp_path_factory.mktemp("narrow") / "data"
    limits = {"messages_per_minute": PER_MINUTE, "max_queued": MAX_QUEUED}
    yield from running(Installation(folder, backend_url=backend.url, workers=1, streams_per_worker=1, **limits))


async def test_the_limits_are_told(narrow: Installation) -> None:
    """Where a page asks how the server is."""
    async with asking(narrow.url) as ask:
        limits = (await ask.get("/api/v1/status"))["limits"]
    assert limits == {"message_chars": 100_000, "messages_per_minute": PER_MINUTE, "characters_per_chat": 16}


async def test_who_writes_too_fast_is_told_how_long_to_wait(narrow: Installation) -> None:
    """What is left of the minute stands on every answer; the same again costs nothing; another chat has its own."""
    async with asking(narrow.url) as ask:
        chat = await ask.chat()
        first = new_id()
        for n in range(PER_MINUTE):
            answer = await ask.say(chat, str(n), first if n == 0 else None, reply=False)
            assert answer.status == 201
            assert answer.headers["RateLimit-Policy"] == f'"chat";q={PER_MINUTE};w={MINUTE_S:.0f}'
            assert answer.headers["RateLimit"].startswith(f'"chat";r={PER_MINUTE - 1 - n};t=')
            if n == 0:
                again = await ask.say(chat, "0", first, reply=False)
                assert again.status == 200
                assert again.headers["RateLimit"].startswith(f'"chat";r={PER_MINUTE - 1};t=')
        refused = await ask.say(chat, "one more", reply=False)
        document = refused.problem(429, "too_fast")
        assert 0 < document["retry_after_s"] <= MINUTE_S
        assert int(refused.headers["Retry-After"]) >= document["retry_after_s"]
        assert [message["text"] for message in (await ask.messages(chat))[1:]] == ["0", "1", "2", "3"]
        assert (await ask.say(await ask.chat(), "elsewhere", reply=False)).status == 201


async def test_a_full_queue_takes_nothing_in_and_says_so(narrow: Installation) -> None:
    """Nothing of what was refused is there; what was accepted is answered again; OpenAI's clients are told too."""
    async with asking(narrow.url) as ask:
        busy = [await ask.said(await ask.chat(), "slow [[tokens=400 interval=0.02]]")]
        async with asking(narrow.url) as other:
            while (await other.turn(busy[0]["turn"]["id"]))["state"] != "running":
                pass
        waiting = []
        for _ in range(MAX_QUEUED):
            chat = await ask.chat()
            message = new_id()
            assert (await ask.say(chat, "wait", message)).status == 201
            waiting.append((chat, message))
        chat = await ask.chat()
        refused = await ask.say(chat, "one too many")
        document = refused.problem(503, "overloaded")
        assert (document["fault"], document["saved"]) == ("server", False)
        assert document["retry_after_s"] > 0
        assert len(await ask.messages(chat)) == 1
        assert (await ask.say(waiting[0][0], "wait", waiting[0][1])).status == 200
        assert (await ask.say(chat, "no reply is wanted", reply=False)).status == 201
        body = {"model": "Mizzle", "messages": [{"role": "user", "content": "Hello"}]}
        openai = (await ask("POST", "/v1/chat/completions", json=body)).problem(503, "overloaded")
        assert openai["error"]["code"] == "overloaded"
        for accepted in busy:
            await ask("POST", f"/api/v1/turns/{accepted['turn']['id']}/stop")

"""A client of the contract for tests: plain requests, and an event stream read strictly."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
from yarl import URL

from perdure.engine.identity import seed_of
from perdure.models.script import expected
from tests.http.installation import DEADLINE_S

FINAL = ("done", "stopped", "failed")
MEMBERS = frozenset(
    ("type", "title", "status", "detail", "code", "fault", "verdict", "saved", "remedy", "avoid", "retry_after_s")
) | {"incident", "error_id"}
"""What a problem document holds."""

_FRAME = re.compile(rb"id: (\d+)\nevent: (message|turn|delta|head|hidden)\ndata: ([^\n]+)")


def new_id() -> str:
    """An id for something new."""
    return str(uuid4())


def reply_to(text: str, turn_id: str) -> str:
    """What the scripted backend says to `text` in a turn that was asked without a seed."""
    return expected(text, seed_of(turn_id))


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    seq: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Any
    content: bytes

    @property
    def json(self) -> Any:
        """The JSON in it."""
        return json.loads(self.content)

    def problem(self, status: int, code: str) -> dict[str, Any]:
        """The problem document in it, which has to be this one and whole."""
        assert self.headers["Content-Type"] == "application/problem+json", (self.status, self.content[:500])
        document: dict[str, Any] = self.json
        assert self.status == status == document["status"], document
        assert document["code"] == code, document
        assert document.keys() >= MEMBERS, document
        assert document["fault"] in ("server", "model", "network", "client")
        assert (document["fault"] == "client") == (status < 500), document
        assert isinstance(document["saved"], bool)
        for member in ("type", "title", "detail", "remedy", "error_id"):
            assert isinstance(document[member], str), document
            assert document[member], document
        if status in (429, 503):
            assert int(self.headers["Retry-After"]) >= 1
        return document


@dataclass(slots=True)
class Stream:
    """The events of a chat as they come. Anything that is no well-formed event fails the test."""

    response: aiohttp.ClientResponse
    seen: list[Event] = field(default_factory=list)
    _rest: bytes = b""
    _begun: bool = False

    @property
    def since(self) -> int:
        """The id of the snapshot that it began with: that of its last event."""
        return next(event.seq for event in self.seen if event.kind == "head")

    async def until(self, condition: Callable[[Event], bool]) -> list[Event]:
        """Read up to the event that `condition` waits for; returns what came, that one included."""
        start = checked = len(self.seen)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for n in range(checked, len(self.seen)):
                    if condition(self.seen[n]):
                        return self.seen[start : n + 1]
                checked = len(self.seen)
                chunk = await self.response.content.readany()
                assert chunk, "the stream ended"
                self._feed(chunk)

    async def until_end(self, turn_id: str) -> dict[str, Any]:
        """Read until the turn has ended; returns it."""
        events = await self.until(lambda e: e.kind == "turn" and e.data["id"] == turn_id and e.data["state"] in FINAL)
        return events[-1].data

    async def until_closed(self) -> None:
        """Read until the server ends the stream, or it breaks."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    chunk = await self.response.content.readany()
                except aiohttp.ClientError:
                    return
                if not chunk:
                    return
                self._feed(chunk)

    def _feed(self, chunk: bytes) -> None:
        *frames, self._rest = (self._rest + chunk).split(b"\n\n")
        for frame in frames:
            if not self._begun:
                assert re.fullmatch(rb"retry: \d+", frame), frame
                self._begun = True
            elif frame != b": keep-alive":
                match = _FRAME.fullmatch(frame)
                assert match, frame
                self.seen.append(Event(int(match[1]), match[2].decode(), json.loads(match[3])))


@dataclass(frozen=True, slots=True)
class Asking:
    """Requests to one server."""

    session: aiohttp.ClientSession
    base: str

    async def __call__(self, method: str, path: str, **options: Any) -> Answer:
        """One request. `path` is sent as it is written."""
        async with self.session.request(method, URL(self.base + path, encoded=True), **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str) -> Any:
        """The JSON at `path`."""
        answer = await self("GET", path)
        assert answer.status == 200, answer
        return answer.json

    async def character(self) -> str:
        """The id of some character."""
        return str((await self.get("/api/v1/characters"))["characters"][0]["id"])

    async def chat(self) -> str:
        """The id of a new chat with a greeting in it."""
        chat_id = new_id()
        body = {"character_ids": [await self.character()]}
        answer = await self("PUT", f"/api/v1/chats/{chat_id}", json=body)
        assert answer.status == 201, answer
        return chat_id

    async def say(self, chat_id: str, text: str, message_id: str | None = None, **more: Any) -> Answer:
        """Put a message."""
        path = f"/api/v1/chats/{chat_id}/messages/{message_id or new_id()}"
        return await self("PUT", path, json={"text": text, **more})

    async def said(self, chat_id: str, text: str, **more: Any) -> dict[str, Any]:
        """Put a new message, which has to be accepted."""
        answer = await self.say(chat_id, text, **more)
        assert answer.status == 201, answer
        accepted: dict[str, Any] = answer.json
        return accepted

    async def ask(self, chat_id: str, kind: str, parent_id: str, turn_id: str | None = None) -> Answer:
        """Put a turn."""
        path = f"/api/v1/chats/{chat_id}/turns/{turn_id or new_id()}"
        return await self("PUT", path, json={"kind": kind, "parent_id": parent_id})

    async def messages(self, chat_id: str) -> list[dict[str, Any]]:
        """The branch that is shown."""
        found: list[dict[str, Any]] = (await self.get(f"/api/v1/chats/{chat_id}/messages?limit=500"))["messages"]
        return found

    async def turn(self, turn_id: str) -> dict[str, Any]:
        """How the turn stands."""
        found: dict[str, Any] = await self.get(f"/api/v1/turns/{turn_id}")
        return found

    async def ended(self, turn_id: str) -> dict[str, Any]:
        """The turn, once it has ended."""
        async with asyncio.timeout(DEADLINE_S):
            while (turn := await self.turn(turn_id))["state"] not in FINAL:
                await asyncio.sleep(0.02)
        return turn

    async def told(self, chat_id: str, text: str, **more: Any) -> dict[str, Any]:
        """Say something and wait for the reply's end; returns its turn."""
        return await self.ended((await self.said(chat_id, text, **more))["turn"]["id"])

    @asynccontextmanager
    async def follow(self, chat_id: str, query: str = "", **headers: str) -> AsyncIterator[Stream]:
        """The chat's events."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=DEADLINE_S)
        url = URL(f"{self.base}/api/v1/chats/{chat_id}/events{query}", encoded=True)
        async with self.session.get(url, headers=headers, timeout=timeout) as response:
            assert response.status == 200, await response.read()
            assert response.headers["Content-Type"].startswith("text/event-stream")
            yield Stream(response)


@asynccontextmanager
async def asking(base: str, **options: Any) -> AsyncIterator[Asking]:
    """A client of the server at `base`; without cookies unless a jar is given."""
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    defaults = {"cookie_jar": jar, "json_serialize": lambda value: orjson.dumps(value).decode(), "timeout": timeout}
    async with aiohttp.ClientSession(connector=connector, **{**defaults, **options}) as session:
        yield Asking(session, base)

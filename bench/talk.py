"""Conversations with the servers that are compared: one reply at a time, each through its own connections."""

from __future__ import annotations

import asyncio
from typing import Protocol
from uuid import uuid4

from bench.servers import Server
from bench.wire import Answer, ChatStream, Connection, Stream


class Talk(Protocol):
    """Somebody who asks and listens. `ask` returns the instant of the request, in ns, and the reply's stream."""

    def ask(self, text: str) -> tuple[int, Stream]: ...

    async def settle(self) -> None:
        """Wait until the reply is over and the next may be asked for."""

    def close(self) -> None: ...


class OpenAITalk:
    """`POST /v1/chat/completions` with `stream: true` over a kept-alive connection."""

    def __init__(self, connection: Connection, model: str) -> None:
        self._connection = connection
        self._model = model

    @classmethod
    async def open(cls, server: Server, model: str) -> OpenAITalk:
        """Connect; nothing is asked yet."""
        return cls(await Connection.open(server.port), model)

    def ask(self, text: str) -> tuple[int, Stream]:
        """Ask for a reply."""
        stream = Stream()
        body = {"model": self._model, "stream": True, "messages": [{"role": "user", "content": text}]}
        return self._connection.begin(self._connection.request("POST", "/v1/chat/completions", body), stream), stream

    async def settle(self) -> None:
        """Wait for the end of the reply and of its answer."""
        await self._connection.settle()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class ChatTalk:
    """A Perdure chat: its events on one connection, opened beforehand, messages through `PUT` on another."""

    def __init__(self, chat_id: str, events: Connection, calls: Connection) -> None:
        self._chat_id = chat_id
        self._events = events
        self._calls = calls
        self._stream: Stream | None = None
        self._accepted: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, server: Server, calls: Connection | None = None) -> ChatTalk:
        """Begin a chat with the first character and listen to it. `calls` may be shared by chats in turn."""
        calls = calls or await Connection.open(server.port)
        chat_id = str(uuid4())
        character = (await calls.ask("GET", "/api/v1/characters")).json()["characters"][0]["id"]
        (await calls.ask("PUT", f"/api/v1/chats/{chat_id}", {"character_ids": [character]})).json()
        talk = cls(chat_id, await Connection.open(server.port), calls)
        await talk.listen()
        return talk

    async def listen(self) -> None:
        """Open the stream of events and wait until it is up."""
        snapshot = _Snapshot()
        self._events.begin(self._events.request("GET", f"/api/v1/chats/{self._chat_id}/events"), snapshot)
        await snapshot.up

    def ask(self, text: str, *, marked: bool = True) -> tuple[int, Stream]:
        """Send a message; its reply comes with the events."""
        path = f"/api/v1/chats/{self._chat_id}/messages/{uuid4()}"
        request = self._calls.request("PUT", path, {"text": text})
        self._stream = ChatStream(marked=marked)
        self._events.attach(self._stream)
        self._accepted = self._calls.send(request)
        return self._calls.began_ns, self._stream

    async def accepted(self) -> Answer:
        """The answer to the message."""
        assert self._accepted is not None
        answer = await self._accepted
        answer.json()
        return answer

    async def settle(self) -> None:
        """Wait for the end of the reply."""
        assert self._stream is not None
        await self.accepted()
        await self._stream.ended

    def close(self) -> None:
        """Hang up."""
        self._events.close()
        self._calls.close()


class _Snapshot(Stream):
    """What a chat's stream of events begins with; its last event is `head`."""

    def __init__(self) -> None:
        super().__init__()
        self.up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, now_ns: int, events: bytes) -> None:
        """Wait for the last event of the snapshot."""
        if b"\nevent: head\n" in events and not self.up.done():
            self.up.set_result(None)

"""A client that outlives what it talks with: it comes back, and finds gaps and repeats."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bench.servers import Server
from bench.wire import Connection, Stream, WireError

BACK_S = 0.02
KNOCK_S = 0.005
PATIENCE_S = 60.0
"""How long to wait for an event before a benchmark is given up, in seconds."""


@dataclass(slots=True)
class Seen:
    """One event, as it came."""

    at_ns: int
    kind: str
    data: dict[str, Any]


class Reader(Stream):
    """Keeps every event of a chat, checks that offsets have neither gap nor repeat, over all of its connections."""

    text: str
    last_id: str
    message_id: str

    def __init__(self, before: Reader | None = None) -> None:
        super().__init__()
        self.text = before.text if before else ""
        self.last_id = before.last_id if before else ""
        self.message_id = before.message_id if before else ""
        self.seen: list[Seen] = []
        self.news = asyncio.Event()
        self.broken = False

    def take(self, now_ns: int, events: bytes) -> None:
        """Parse: there is one stream here, and what is measured are tenths of seconds."""
        for event in events.split(b"\n\n"):
            fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
            if b"data" not in fields:
                continue
            seen = Seen(now_ns, fields[b"event"].decode(), json.loads(fields[b"data"]))
            self.last_id = fields[b"id"].decode()
            self._add(seen)
            self.seen.append(seen)
        self.news.set()

    def fail(self, error: WireError) -> None:
        """The connection broke."""
        super().fail(error)
        self.broken = True
        self.news.set()

    def _add(self, seen: Seen) -> None:
        if seen.kind != "delta":
            return
        if seen.data["message_id"] != self.message_id:
            self.message_id, self.text = seen.data["message_id"], ""
        if seen.data["offset"] != len(self.text):
            raise AssertionError(f"offset {seen.data['offset']} came when {len(self.text)} characters were there")
        self.text += seen.data["text"]


@dataclass(slots=True)
class Chat:
    """A chat, and the reader that follows it through whatever happens."""

    port: int
    calls: Connection
    chat_id: str
    events: Connection
    reader: Reader

    @classmethod
    async def begin(cls, server: Server) -> Chat:
        """A new chat, listened to."""
        calls = await Connection.open(server.port)
        character = (await calls.ask("GET", "/api/v1/characters")).json()["characters"][0]["id"]
        chat_id = str(uuid4())
        (await calls.ask("PUT", f"/api/v1/chats/{chat_id}", {"character_ids": [character]})).json()
        chat = cls(server.port, calls, chat_id, calls, Reader())
        await chat.listen()
        return chat

    async def listen(self) -> None:
        """Open the stream of events, behind what was read before."""
        events = await Connection.open(self.port)
        self.reader = Reader(self.reader)
        headers = {"Last_Event_ID": self.reader.last_id} if self.reader.last_id else {}
        events.begin(events.request("GET", f"/api/v1/chats/{self.chat_id}/events", **headers), self.reader)
        self.events = events

    async def say(self, text: str) -> str:
        """Send a message; returns its turn's id."""
        answer = await self.calls.ask("PUT", f"/api/v1/chats/{self.chat_id}/messages/{uuid4()}", {"text": text})
        return str(answer.json()["turn"]["id"])

    async def until(self, holds: Callable[[Seen], bool]) -> Seen:
        """The first event, now or later, for which `holds`; comes back where the connection breaks."""
        place = 0
        async with asyncio.timeout(PATIENCE_S):
            while True:
                reader = self.reader
                while place < len(reader.seen):
                    place += 1
                    if holds(reader.seen[place - 1]):
                        return reader.seen[place - 1]
                if reader.broken:
                    await self._come_back()
                    place = 0
                    continue
                reader.news.clear()
                await reader.news.wait()

    async def _come_back(self) -> None:
        while True:
            try:
                await self.listen()
            except OSError:
                await asyncio.sleep(BACK_S)
            else:
                return

    def close(self) -> None:
        """Hang up."""
        self.events.close()
        self.calls.close()


@dataclass(slots=True)
class Knocker:
    """Makes new connections all the time, and counts how they fare."""

    port: int
    answered: int = 0
    refused: int = 0
    broken: int = 0
    slowest_ms: float = 0.0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            task = asyncio.create_task(self._knock())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(KNOCK_S)

    async def _knock(self) -> None:
        began = time.perf_counter()
        try:
            connection = await Connection.open(self.port)
        except OSError:
            self.refused += 1
            return
        try:
            (await connection.ask("GET", "/healthz")).json()
        except WireError:
            self.broken += 1
        else:
            self.answered += 1
            self.slowest_ms = max(self.slowest_ms, (time.perf_counter() - began) * 1000)
        finally:
            connection.close()

    def figures(self) -> dict[str, float]:
        """What it counted."""
        return {"answered": self.answered, "refused": self.refused, "broken": self.broken,
                "slowest_ms": round(self.slowest_ms, 1)}  # fmt: skip

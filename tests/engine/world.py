"""Workers as if they were processes, and what can be asked of the world they live in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from perdure.core.turn import Turn
from perdure.engine.attempt import Patience
from perdure.engine.worker import Identity, Worker
from perdure.ports.tracing import NO_TRACING, Tracing
from perdure.store.sqlite import SqliteStore

from .doubles import Active, CuedBackend, FaultyStore, LocalBell, ToldClock, ask, ended, until_turn

REPLY = "Once upon a time, 😀 there was a lighthouse."


@dataclass
class Process:
    """A worker as if it were a process: with its own bell, its own way to the store, and its own end."""

    store: FaultyStore
    backend: CuedBackend
    bell: LocalBell
    deaths: asyncio.Queue[Mapping[str, str]] = field(default_factory=asyncio.Queue)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def end(self) -> None:
        """SIGTERM."""
        self.store.thaw()
        self.stop.set()
        assert self.task is not None
        async with asyncio.timeout(20):
            await self.task


@dataclass
class World:
    """Where workers live."""

    store: SqliteStore
    clock: ToldClock
    hall: list[LocalBell]
    noted: list[tuple[str, BaseException]] = field(default_factory=list)
    """What workers met that nobody foresaw, with the ids that it was told under."""

    @asynccontextmanager
    async def worker(
        self,
        backend: CuedBackend,
        name: str = "worker-1",
        incarnation: str = "a",
        *,
        capacity: int = 8,
        patience: Patience | None = None,
        others: dict[str, CuedBackend] | None = None,
        tracing: Tracing = NO_TRACING,
    ) -> AsyncIterator[Process]:
        """A worker that is ended with its context."""
        bell = LocalBell(self.hall)
        process = Process(FaultyStore(self.store, bell), backend, bell)

        async def deaths() -> AsyncIterator[Mapping[str, str]]:
            while True:
                yield await process.deaths.get()

        worker = Worker(
            Identity(name, incarnation),
            process.store,
            process.bell,
            self.clock,
            Active(backend, others or {}, capacity),
            patience=patience or Patience(),
            note=lambda error, error_id: self.noted.append((error_id, error)),
            deaths=deaths(),
            tracing=tracing,
        )
        process.task = asyncio.create_task(worker.run(process.stop))
        try:
            yield process
        finally:
            await process.end()

    async def ask(self, name: str = "hello", chat: str = "chat", **settings: object) -> Turn:
        """A message that wants a reply."""
        return await self.store.write(lambda records: ask(records, name, chat, **settings))

    async def end(self, turn: Turn) -> Turn:
        """The turn when it has ended."""
        return await until_turn(self.store, turn.id, ended)

    async def said(self, turn: Turn, length: int) -> Turn:
        """The turn when so much of its reply is on disk."""
        return await until_turn(self.store, turn.id, lambda now: now.progress.offset >= length)

    async def text(self, turn: Turn) -> str:
        """What its message says."""
        message = await self.store.read(lambda records: records.messages.get(turn.message_id))
        assert message is not None
        return message.text

    async def outcomes(self, turn: Turn) -> list[tuple[str, str | None]]:
        """Who tried, and how it ended."""
        attempts = await self.store.read(lambda records: records.turns.attempts(turn.id))
        return [(attempt.worker, attempt.outcome) for attempt in attempts]

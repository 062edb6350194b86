"""Hints go out with the commit: not before it, not without it, and one of a kind for all that is committed together."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from perdure.core.errors import NotFound
from perdure.core.records import News
from perdure.ports.bell import Hint
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore
from tests.contract.busy import writing

pytestmark = pytest.mark.anyio


class Watching:
    """A bell that looks, at each ring, at how many events another connection can read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rung: list[tuple[Hint, int]] = []

    def ring(self, hint: Hint) -> None:
        """Look."""
        conn = sqlite3.connect(self._path)
        self.rung.append((hint, conn.execute("SELECT count(*) FROM events").fetchone()[0]))
        conn.close()

    def listen(self, hint: Hint, heard: Callable[[], None]) -> None:
        """Nobody listens."""

    async def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""


def say(records: Records) -> None:
    """A transaction that logs one event."""
    records.events.add([News("chat", "head", "{}")], 0.0)


def fail(records: Records) -> None:
    """One that fails behind it."""
    say(records)
    raise NotFound("on purpose")


async def test_a_hint_rings_once_its_transaction_can_be_read(path: Path) -> None:
    """Whoever hears it finds what it hints at; a caller that was answered knows that it has rung."""
    bell = Watching(path)
    store = SqliteStore(path, bell)
    await store.write(say, hints=(Hint.EVENTS,))
    assert bell.rung == [(Hint.EVENTS, 1)]
    await store.write(say)
    await store.read(lambda records: records.events.bounds())
    assert len(bell.rung) == 1
    await store.close()


async def test_what_failed_is_not_hinted_at(path: Path) -> None:
    """Nothing has happened."""
    bell = Watching(path)
    store = SqliteStore(path, bell)
    with pytest.raises(NotFound):
        await store.write(fail, hints=(Hint.QUEUED,))
    assert bell.rung == []
    await store.close()


async def test_a_crowd_is_hinted_at_once(path: Path) -> None:
    """Group commit: one ring of each kind for all that became durable together."""
    bell = Watching(path)
    store = SqliteStore(path, bell)
    async with writing(store):
        crowd = [asyncio.ensure_future(store.write(say, hints=(Hint.QUEUED, Hint.EVENTS))) for _ in range(20)]
    await asyncio.gather(*crowd)
    assert sorted(bell.rung) == [(Hint.EVENTS, 20), (Hint.QUEUED, 20)]
    await store.close()

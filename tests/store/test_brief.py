"""What is brief runs in the event loop's own thread, and never at its cost: what would have to wait goes elsewhere."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perdure.core.errors import NotFound
from perdure.core.records import News
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio


def thread(_: Records) -> int:
    """A transaction that tells where it runs."""
    return threading.get_ident()


def count(records: Records) -> int:
    """How many events were ever logged."""
    return records.events.bounds()[1]


def say(records: Records) -> int:
    """Log an event; returns how many there are then."""
    records.events.add([News("chat", "head", "{}")], 0.0)
    return count(records)


@contextmanager
def another_writer(path: Path) -> Iterator[None]:
    """Somebody else has the writers' lock."""
    fd = os.open(path.with_name(path.name + "-writer"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)


@contextmanager
def a_backup(path: Path) -> Iterator[None]:
    """Somebody who knows nothing of the writers' lock has SQLite's own."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


async def test_what_is_brief_wakes_nobody(path: Path) -> None:
    """And what is durable, or not brief, goes where a sync may take its time."""
    store = SqliteStore(path)
    here = threading.get_ident()
    assert await store.read(thread, brief=True) == here
    assert await store.write(thread, durable=False, brief=True) == here
    assert await store.write(thread, brief=True) != here
    assert await store.write(thread, durable=False) != here
    assert await store.read(thread) != here
    await store.close()


@pytest.mark.parametrize("holder", [another_writer, a_backup])
async def test_a_brief_write_that_has_to_wait_does_not_hold_up_the_loop(path: Path, holder) -> None:  # type: ignore[no-untyped-def]
    """It waits like any other, while the loop goes on and reads what stands."""
    store = SqliteStore(path)
    assert await store.write(say, durable=False, brief=True) == 1
    with holder(path):
        waiting = asyncio.ensure_future(store.write(say, durable=False, brief=True))
        await asyncio.sleep(0.05)
        assert await store.read(count, brief=True) == 1
        assert not waiting.done()
    # Had it held up the loop, nobody could have let go of the record, and its patience would have ended.
    assert await waiting == 2
    await store.close()


async def test_what_is_brief_overtakes_nothing(path: Path) -> None:
    """Transactions run in the order in which they were asked for."""
    store = SqliteStore(path)
    asked = [asyncio.ensure_future(store.write(say)) for _ in range(3)]
    await asyncio.sleep(0)
    assert await store.write(say, durable=False, brief=True) == 4
    assert [await one for one in asked] == [1, 2, 3]
    await store.close()


async def test_a_brief_transaction_is_all_or_nothing(path: Path) -> None:
    """Promise 1 holds in every thread."""

    def half(records: Records) -> None:
        say(records)
        raise NotFound("on purpose")

    store = SqliteStore(path)
    with pytest.raises(NotFound, match="on purpose"):
        await store.write(half, durable=False, brief=True)
    assert await store.read(count, brief=True) == 0
    assert await store.write(say, durable=False, brief=True) == 1
    await store.close()

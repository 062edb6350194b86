"""Following the log: every event once and in order, whatever hints are lost and however slow a listener is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from perdure.core.errors import StoreUnavailable
from perdure.core.records import Event, News
from perdure.engine import tailer as tailer_module
from perdure.engine.tailer import Listener, Tailer
from perdure.ports.bell import Hint
from perdure.store.sqlite import SqliteStore

from .doubles import START_AT, FaultyStore, LocalBell, uid, until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking without a hint happens often enough for a test."""
    monkeypatch.setattr(tailer_module, "POLL_S", 0.01)


async def log(store: SqliteStore, count: int, chat: str = "chat") -> list[int]:
    """Add events; returns their numbers."""
    news = [News(uid(chat), "head", "{}") for _ in range(count)]
    await store.write(lambda records: records.events.add(news, START_AT))
    last = (await store.read(lambda records: records.events.bounds()))[1]
    return list(range(last - count + 1, last + 1))


class Reading:
    """A listener and what it has taken."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.events: list[Event] = []

    def seqs(self) -> list[int]:
        """The numbers of all that came."""
        self.events.extend(self.listener.take())
        return [event.seq for event in self.events]


@asynccontextmanager
async def following(tailer: Tailer) -> AsyncIterator[None]:
    """The tailer at work."""
    running = asyncio.create_task(tailer.run())
    yield
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.fixture
async def tailer(store: SqliteStore) -> AsyncIterator[Tailer]:
    """One that no bell ever reaches."""
    made = Tailer(store, LocalBell(mute=True))
    async with following(made):
        yield made


async def test_a_bell_that_never_rings_loses_nothing(store: SqliteStore, tailer: Tailer) -> None:
    """Promise 9: the store alone makes it true."""
    reading = Reading(await tailer.subscribe(uid("chat")))
    expected = await log(store, 3) + await log(store, 2)
    await until(lambda: reading.seqs() == expected)


async def test_a_bell_makes_it_fast(store: SqliteStore, monkeypatch: pytest.MonkeyPatch, hall: list[LocalBell]) -> None:
    """With a hint nobody waits for the next look."""
    monkeypatch.setattr(tailer_module, "POLL_S", 1000.0)
    ringer = LocalBell(hall)
    tailer = Tailer(store, LocalBell(hall))
    async with following(tailer):
        reading = Reading(await tailer.subscribe(uid("chat")))
        for _ in range(3):
            before = reading.seqs()
            expected = before + await log(store, 1)
            ringer.ring(Hint.EVENTS)
            await until(lambda expected=expected: reading.seqs() == expected)
        expected = reading.seqs() + await log(store, 1)
        tailer.wake()
        await until(lambda: reading.seqs() == expected)


async def test_a_burst_is_read_page_by_page(
    store: SqliteStore, tailer: Tailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than is read at once comes whole and in order."""
    monkeypatch.setattr(tailer_module, "PAGE", 7)
    reading = Reading(await tailer.subscribe(uid("chat")))
    expected = await log(store, 50)
    await until(lambda: len(reading.seqs()) >= 50)
    assert reading.seqs() == expected


async def test_everybody_hears_of_their_own_chat(store: SqliteStore, tailer: Tailer) -> None:
    """All listeners of a chat, and nobody else."""
    one, two = Reading(await tailer.subscribe(uid("a"))), Reading(await tailer.subscribe(uid("a")))
    other = Reading(await tailer.subscribe(uid("b")))
    first, second = await log(store, 2, "a"), await log(store, 2, "b")
    await until(lambda: one.seqs() == two.seqs() == first and other.seqs() == second)


async def test_a_listener_that_is_far_behind_is_let_go(
    store: SqliteStore, tailer: Tailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back with its place; the others are not held up by it, and memory is bounded."""
    monkeypatch.setattr(tailer_module, "MAX_BEHIND", 5)
    slow, quick = await tailer.subscribe(uid("chat")), Reading(await tailer.subscribe(uid("chat")))
    expected: list[int] = []
    for _ in range(4):
        expected += await log(store, 2)
        await until(lambda: quick.seqs() == expected)
    assert slow.dropped
    assert slow.wake.is_set()
    assert [event.seq for event in slow.take()] == expected[:5]
    assert not quick.listener.dropped


async def test_there_is_no_gap_between_subscribing_and_reading(store: SqliteStore, tailer: Tailer) -> None:
    """What stands in the log up to `since` and what is heard make the whole log, whenever one subscribes."""
    written = 0
    done = asyncio.Event()

    async def write() -> None:
        nonlocal written
        while written < 60:
            await log(store, 1)
            written += 1
        done.set()

    async def read() -> list[int]:
        reading = Reading(await tailer.subscribe(uid("chat")))
        since = reading.listener.since
        before = await store.read(lambda records: records.events.of_chat(uid("chat"), 0, since))
        await done.wait()
        last = (await store.read(lambda records: records.events.bounds()))[1]
        await until(lambda: last == since or last in reading.seqs())
        tailer.unsubscribe(uid("chat"), reading.listener)
        return [event.seq for event in before] + reading.seqs()

    writing = asyncio.create_task(write())
    readings = []
    for at in range(0, 60, 6):
        await until(lambda at=at: written >= at or writing.done())
        readings.append(asyncio.create_task(read()))
        if at % 4 == 0:  # also while nobody else listens any more
            await asyncio.sleep(0)
    await writing
    whole = [event.seq for event in await store.read(lambda records: records.events.after(0, 1000))]
    assert [await reading for reading in readings] == [whole] * len(readings)


async def test_whoever_comes_back_has_missed_nothing_of_the_last_moments(store: SqliteStore, tailer: Tailer) -> None:
    """Without a query for each of the many that come back at once."""
    first, second = await log(store, 2), await log(store, 2, "other")
    reading = Reading(await tailer.subscribe(uid("chat")))
    assert reading.seqs() == first
    assert Reading(await tailer.subscribe(uid("other"))).seqs() == second
    third = await log(store, 1)
    await until(lambda: reading.seqs() == first + third)
    assert Reading(await tailer.subscribe(uid("chat"))).seqs() == first + third


async def test_while_nobody_listens_the_log_is_not_read(store: SqliteStore, tailer: Tailer) -> None:
    """And what came meanwhile is there for whoever listens next."""
    first = await tailer.subscribe(uid("chat"))
    tailer.unsubscribe(uid("chat"), first)
    tailer.unsubscribe(uid("chat"), first)
    tailer.wake()
    await until(lambda: tailer._window is None)
    expected = await log(store, 5)
    reading = Reading(await tailer.subscribe(uid("chat")))
    assert reading.seqs() == expected


async def test_a_store_that_is_away_is_waited_for(store: SqliteStore) -> None:
    """The tailer outlives it, and goes on where it was."""
    faulty = FaultyStore(store)
    tailer = Tailer(faulty, LocalBell())
    reading = Reading(await tailer.subscribe(uid("chat")))
    faulty.read_faults = [StoreUnavailable(), StoreUnavailable(), StoreUnavailable()]
    expected = await log(store, 3)
    async with following(tailer):
        await until(lambda: reading.seqs() == expected)
    assert faulty.read_faults == []


async def test_a_failed_subscription_leaves_nobody_behind(store: SqliteStore) -> None:
    """The caller hears of it, and no listener is fed for ever."""
    faulty = FaultyStore(store)
    faulty.read_faults = [StoreUnavailable()]
    tailer = Tailer(faulty, LocalBell())
    with pytest.raises(StoreUnavailable):
        await tailer.subscribe(uid("chat"))
    assert tailer._listeners == {}


async def test_a_process_that_goes_lets_its_listeners_go(tailer: Tailer) -> None:
    """Their clients come back to whoever serves next."""
    listeners = [await tailer.subscribe(uid(name)) for name in ("a", "a", "b")]
    tailer.close()
    listeners.append(await tailer.subscribe(uid("a")))
    assert all(listener.dropped and listener.wake.is_set() for listener in listeners)


async def test_a_listener_that_has_nothing_to_take_is_nudged(tailer: Tailer, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its client can be shown that the connection lives."""
    monkeypatch.setattr(tailer_module, "NUDGE_S", 0.0)
    listener = await tailer.subscribe(uid("chat"))
    await until(listener.wake.is_set)
    assert listener.take() == []
    assert not listener.dropped

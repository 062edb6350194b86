"""Group commit: nothing is shown before it is on disk, nothing is written twice or out of place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from perdure.core.errors import StoreUnavailable
from perdure.core.lease import Lease
from perdure.core.turn import State, Turn
from perdure.engine import appender as appender_module
from perdure.engine.appender import Appender, Stream
from perdure.ports.bell import Hint
from perdure.ports.models import Chunk
from perdure.ports.store import FenceLost
from perdure.store.sqlite import SqliteStore

from .doubles import FaultyStore, LocalBell, ToldClock, ask, until

pytestmark = pytest.mark.anyio


class Desk:
    """An appender at work, with its store, its bell, and what it lost."""

    def __init__(self, store: SqliteStore) -> None:
        self.bell = LocalBell()
        self.store = FaultyStore(store, self.bell)
        self.lost: list[Turn] = []
        self.appender = Appender(self.store, ToldClock(), self.lost.append, lambda _: None)

    async def open(self, name: str = "hello", fence: int = 1) -> Stream:
        """A stream for a turn that runs under `fence`."""
        turn = await self.store.inner.write(lambda records: ask(records, name, f"chat of {name}"))
        running = replace(turn, state=State.RUNNING, fence=fence, lease=Lease("worker-1:a", 1e12))
        await self.store.inner.write(lambda records: records.turns.save(running, 0))
        return self.appender.open(running)

    def put(self, stream: Stream, *texts: str) -> None:
        """Say something."""
        for text in texts:
            self.appender.put(stream, Chunk(text, tokens=1))

    async def text(self, stream: Stream) -> str:
        """What is on disk."""
        return await self.store.inner.read(lambda records: records.turns.text(stream.turn.id))


@pytest.fixture
async def desk(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """An appender whose pace is so slow that nothing happens by itself but the first token."""
    monkeypatch.setattr(appender_module, "PACE_S", 1000.0)
    made = Desk(store)
    running = asyncio.create_task(made.appender.run())
    yield made
    running.cancel()


async def test_the_first_token_waits_for_nobody(desk: Desk) -> None:
    """It is committed at once; what comes after it waits for company, and a drain for nothing."""
    stream = await desk.open()
    desk.put(stream, "Once")
    await until(lambda: stream.offset == 4)
    assert await desk.text(stream) == "Once"
    desk.put(stream, " upon", " a")
    assert stream.offset == 4
    await desk.appender.drain(stream)
    assert await desk.text(stream) == "Once upon a"
    assert desk.bell.rung == [Hint.EVENTS] * 2


async def test_another_streams_first_token_takes_the_waiting_along(desk: Desk) -> None:
    """All streams of a worker go in one transaction."""
    old = await desk.open("old")
    desk.put(old, "a")
    await until(lambda: old.offset == 1)
    new = await desk.open("new")
    writes = desk.store.writes
    desk.put(old, "b")
    desk.put(new, "c")
    await until(lambda: new.offset == 1)
    assert old.offset == 2
    assert desk.store.writes == writes + 1


async def test_drained_means_durable(desk: Desk) -> None:
    """Promise 2: nobody is told that text is safe before its commit is."""
    stream = await desk.open()
    desk.store.freeze()
    desk.put(stream, "Once")
    draining = asyncio.ensure_future(desk.appender.drain(stream))
    await until(lambda: desk.store.writes == 1)
    assert not draining.done()
    assert desk.bell.rung == []
    desk.put(stream, " upon")
    desk.store.thaw()
    await draining
    assert await desk.text(stream) == "Once upon", "what came during the commit is drained too"


async def test_behind_a_piece_that_was_not_written_nothing_is(desk: Desk) -> None:
    """Promise 4: what comes while a commit is failing must not take the lost piece's place."""
    stream = await desk.open()
    desk.store.before.append(StoreUnavailable())
    desk.store.freeze()
    desk.put(stream, "Once ")
    await until(lambda: desk.store.writes == 1)
    desk.put(stream, "upon a time")
    desk.store.thaw()
    with pytest.raises(StoreUnavailable):
        await desk.appender.drain(stream)
    with pytest.raises(StoreUnavailable):
        desk.put(stream, "there was")
    healthy = await desk.open("other")
    desk.put(healthy, "fine")
    await until(lambda: healthy.offset == 4)
    assert await desk.text(stream) == ""


async def test_whoever_has_lost_its_fence_hears_of_it(desk: Desk) -> None:
    """Promise 3: the zombie's text is not written, its neighbour's is."""
    zombie, alive = await desk.open("zombie"), await desk.open("alive")
    taken = replace(zombie.turn, fence=2)
    await desk.store.inner.write(lambda records: records.turns.save(taken, 1))
    desk.put(zombie, "boo")
    desk.put(alive, "hi")
    await desk.appender.drain(alive)
    with pytest.raises(FenceLost):
        await desk.appender.drain(zombie)
    with pytest.raises(FenceLost):
        desk.put(zombie, "again")
    assert desk.lost == [zombie.turn]
    assert [await desk.text(zombie), await desk.text(alive)] == ["", "hi"]


async def test_a_zombie_that_speaks_during_the_commit_is_not_left_waiting(desk: Desk) -> None:
    """What comes while the fence is being lost is lost too, and whoever waits for it is told."""
    zombie = await desk.open()
    await desk.store.inner.write(lambda records: records.turns.save(replace(zombie.turn, fence=2), 1))
    desk.store.freeze()
    desk.put(zombie, "boo")
    await until(lambda: desk.store.writes == 1)
    desk.put(zombie, "again")
    desk.store.thaw()
    async with asyncio.timeout(20):
        with pytest.raises(FenceLost):
            await desk.appender.drain(zombie)
    assert await desk.text(zombie) == ""


async def test_what_is_no_text_is_replaced_where_it_comes_in(desk: Desk) -> None:
    """One backend's broken emoji must not make the log of everybody unreadable."""
    stream = await desk.open()
    desk.appender.put(stream, Chunk("a\ud83d\0b", reasoning="\udfff", tokens=1))
    await desk.appender.drain(stream)
    assert await desk.text(stream) == "a\ufffd\ufffdb"
    assert stream.offset == 4


async def test_nothing_to_say_is_drained_at_once(desk: Desk) -> None:
    """A stream that never spoke waits for no commit."""
    stream = await desk.open()
    await desk.appender.drain(stream)
    assert desk.store.writes == 0


async def test_a_stream_keeps_the_pace_by_itself(store: SqliteStore) -> None:
    """Without another first token and without a drain, text is committed all the same."""
    desk = Desk(store)
    running = asyncio.create_task(desk.appender.run())
    stream = await desk.open()
    desk.put(stream, "a")
    await until(lambda: stream.offset == 1)
    desk.put(stream, "b")
    await until(lambda: stream.offset == 2)
    running.cancel()

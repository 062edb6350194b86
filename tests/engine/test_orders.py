"""The operator's orders: workers finish what they write and take nothing new, and what waits for that is no failure."""

from __future__ import annotations

import asyncio

import pytest

from perdure.core.errors import ModelUnreachable
from perdure.core.orders import Order, Orders
from perdure.core.records import DEFAULT_BACKEND
from perdure.core.turn import PATIENCE_S, State, Turn
from perdure.engine import orders
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

from .doubles import START_AT, Cue, CuedBackend, until
from .world import REPLY, Process, World

pytestmark = pytest.mark.anyio

ADA = Order("Ada", START_AT)


def drain(records: Records) -> None:
    orders.give(records, orders.DRAIN, ADA, START_AT)


def undrain(records: Records) -> None:
    orders.give(records, orders.DRAIN, None, START_AT)


def maintain(records: Records) -> None:
    orders.maintain(records, DEFAULT_BACKEND, ADA, START_AT)


def unmaintain(records: Records) -> None:
    orders.maintain(records, DEFAULT_BACKEND, None, START_AT)


async def looked(process: Process) -> None:
    """The worker has come by several times since."""
    writes = process.store.writes
    await until(lambda: process.store.writes > writes + 6)


async def now(world: World, turn: Turn) -> Turn:
    found = await world.store.read(lambda r: r.turns.get(turn.id))
    assert found is not None
    return found


async def test_a_drained_worker_finishes_what_it_writes_and_takes_nothing_new(world: World) -> None:
    """Also one that has just started; and all goes on where the order is taken back."""
    go = asyncio.Event()
    backend = CuedBackend(REPLY, [Cue([REPLY[:10], go, REPLY[10:]])])
    async with world.worker(backend) as process:
        first = await world.ask("first", "one")
        await world.said(first, 10)
        await world.store.write(drain)
        second = await world.ask("second", "two")
        go.set()
        assert await world.text(await world.end(first)) == REPLY
        await looked(process)
        async with world.worker(CuedBackend(REPLY), "worker-2") as other:
            await looked(other)
        assert (await now(world, second)).state is State.QUEUED
        assert len(backend.asked) == 1
        await world.store.write(undrain)
        assert (await world.end(second)).state is State.DONE


async def test_nobody_asks_a_backend_under_maintenance_and_what_waits_for_it_does_not_fail(world: World) -> None:
    """However long: patience begins anew with the end of it."""
    backend = CuedBackend(REPLY)
    await world.store.write(maintain)
    turn = await world.ask()
    async with world.worker(backend) as process:
        await looked(process)
        for _ in range(3):
            world.clock.at += PATIENCE_S + 1.0
            await looked(process)
        assert (await now(world, turn)).state is State.QUEUED
        assert backend.asked == []
        await world.store.write(unmaintain)
        assert (await world.end(turn)).state is State.DONE


async def test_another_backend_is_asked_meanwhile(world: World) -> None:
    """Only the one that is worked at is left alone."""
    await world.store.write(lambda r: orders.maintain(r, "another", ADA, START_AT))
    async with world.worker(CuedBackend(REPLY)):
        assert (await world.end(await world.ask())).state is State.DONE


async def test_nobody_spends_an_attempt_on_a_backend_that_is_deaf(world: World) -> None:
    """It is asked again once the order is taken back; or has run out, because whoever gave it is dead."""
    for undo in (True, False):
        backend = CuedBackend(REPLY)
        await world.store.write(lambda r: orders.shun(r, world.clock.at + 15.0, world.clock.at))
        turn = await world.ask(f"turn {undo}", "one")
        async with world.worker(backend) as process:
            await looked(process)
            assert (await now(world, turn)).state is State.QUEUED
            assert backend.asked == []
            if undo:
                await world.store.write(lambda r: orders.shun(r, None, world.clock.at))
            else:
                world.clock.at += 16.0
            assert (await world.end(turn)).state is State.DONE


async def test_what_waits_for_a_deaf_backend_in_vain_is_told_so(world: World) -> None:
    """It is the model's fault, and not that so many others were before it."""
    await world.store.write(lambda r: orders.shun(r, world.clock.at + 10 * PATIENCE_S, world.clock.at))
    turn = await world.ask()
    async with world.worker(CuedBackend(REPLY)) as process:
        await looked(process)
        world.clock.at += PATIENCE_S + 1.0
        await looked(process)
        ended = await world.end(turn)
    assert ended.state is State.FAILED
    assert isinstance(ended.error, ModelUnreachable)


async def test_another_backend_is_not_deaf(store: SqliteStore) -> None:
    """The order is about the one that was active when it was given."""
    await store.write(lambda r: orders.shun(r, 100.0, 50.0))
    assert await store.read(lambda r: orders.deafness(r, 99.0)) is not None
    assert await store.read(lambda r: orders.deafness(r, 100.0)) is None
    standing = await store.read(orders.standing)
    assert not standing.is_deaf("another", 60.0)


async def test_the_same_order_again_changes_nothing(store: SqliteStore) -> None:
    """Who gave it first, and when, is what is told; taken back, nothing of it is left."""

    def again(records: Records) -> None:
        drain(records)
        maintain(records)
        late = Order("Bob", START_AT + 60)
        orders.give(records, orders.DRAIN, late, START_AT + 60)
        orders.maintain(records, DEFAULT_BACKEND, late, START_AT + 60)

    await store.write(again)
    assert await store.read(orders.standing) == Orders(drain=ADA, maintained={DEFAULT_BACKEND: ADA})
    await store.write(undrain)
    await store.write(unmaintain)
    await store.write(unmaintain)
    assert await store.read(orders.standing) == Orders()
    assert await store.read(lambda r: r.settings.all()) == {}

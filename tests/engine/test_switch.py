"""Workers follow the active backend: what is said is said to its end, what comes next comes from the new one."""

from __future__ import annotations

import asyncio

import pytest

from perdure.core.errors import ModelUnreachable
from perdure.core.records import AddedBackend
from perdure.core.turn import State
from perdure.engine import backends
from perdure.ports.bell import Hint
from perdure.ports.store import Records

from .doubles import START_AT, Cue, CuedBackend, until
from .world import World

pytestmark = pytest.mark.anyio

OLD, NEW = "From the old one, to its end.", "From the new one."


def use(records: Records, backend_id: str | None) -> None:
    """Choose a backend that is added where it is not there yet."""
    if backend_id is None:
        records.settings.remove(backends.ACTIVE)
        return
    records.backends.put(AddedBackend(backend_id, backend_id, "http://box", "m", START_AT))
    records.settings.put(backends.ACTIVE, backend_id, START_AT)


async def asked(world: World, turn_id: str) -> list[str]:
    """Which backends were asked for a turn."""
    return [attempt.backend for attempt in await world.store.read(lambda r: r.turns.attempts(turn_id))]


@pytest.mark.parametrize("deaf", [False, True], ids=["with a hint", "without"])
async def test_a_running_reply_ends_where_it_was_begun(world: World, deaf: bool) -> None:
    """And the next one comes from the backend that was chosen meanwhile (promise 9: with a hint or without)."""
    go = asyncio.Event()
    old, new = CuedBackend(OLD, [Cue([OLD[:10], go, OLD[10:]])]), CuedBackend(NEW, name="new")
    async with world.worker(old, others={"new": new}) as process:
        if deaf:
            process.bell.turn_deaf()
        first = await world.ask("first", "one")
        await world.said(first, 10)
        await world.store.write(lambda r: use(r, "new"))
        process.bell.hear(Hint.BACKEND)
        await until(lambda: new.probed > 0)
        second = await world.end(await world.ask("second", "two"))
        assert (second.state, await world.text(second)) == (State.DONE, NEW)
        go.set()
        assert await world.text(await world.end(first)) == OLD
        assert await asked(world, first.id) == ["cued"]
        assert await asked(world, second.id) == ["new"]


async def test_a_turn_whose_backend_was_removed_goes_on_with_the_active_one(world: World) -> None:
    """It fails there once more, and is taken up by the one that is active then, behind what it has said."""
    go = asyncio.Event()
    gone = CuedBackend(OLD, [Cue([OLD[:10], go, ModelUnreachable()])], name="gone")
    default = CuedBackend(OLD)
    await world.store.write(lambda r: use(r, "gone"))
    async with world.worker(default, others={"gone": gone}) as process:
        turn = await world.ask()
        await world.said(turn, 10)
        await world.store.write(lambda r: backends.remove(r, "gone"))
        process.bell.hear(Hint.BACKEND)
        await until(lambda: default.probed > 0)
        go.set()
        ended = await world.end(turn)
        assert (ended.state, await world.text(ended)) == (State.DONE, OLD)
        assert await asked(world, turn.id) == ["gone", "cued"]


async def test_no_turn_goes_to_a_backend_that_is_not_active(world: World) -> None:
    """A worker that has just started asks nobody before it knows whom."""
    await world.store.write(lambda r: use(r, "new"))
    turn = await world.ask()
    default, new = CuedBackend(OLD), CuedBackend(NEW, name="new")
    async with world.worker(default, others={"new": new}) as process:
        process.store.read_faults = []
        assert await world.text(await world.end(turn)) == NEW
    assert default.asked == []


async def test_the_room_is_that_of_the_active_one(world: World) -> None:
    """Replies that an earlier backend still writes take none of it."""
    hold = asyncio.Event()
    old = CuedBackend(OLD, [Cue([OLD[:5], hold, OLD[5:]]) for _ in range(2)])
    new = CuedBackend(NEW, name="new")
    async with world.worker(old, capacity=2, others={"new": new}) as process:
        first = [await world.ask(f"first {n}", f"one {n}") for n in range(2)]
        await until(lambda: old.open_streams == 2)
        await world.store.write(lambda r: use(r, "new"))
        process.bell.hear(Hint.BACKEND)
        second = await world.end(await world.ask("second", "two"))
        assert await world.text(second) == NEW
        hold.set()
        for turn in first:
            assert await world.text(await world.end(turn)) == OLD

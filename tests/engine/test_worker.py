"""A worker, and what becomes of its turns when it dies, is frozen, or goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from perdure.core.lease import LEASE_S, Lease
from perdure.core.turn import MAX_DEATHS, PATIENCE_S, State
from perdure.engine import intake, reaper
from perdure.engine import worker as worker_module
from perdure.ports.bell import Hint
from perdure.ports.models import Chunk

from .doubles import Cue, CuedBackend, LocalBell, never, until, until_turn
from .world import REPLY, World

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are told time; a heartbeat is real time, and nobody wants to wait for it."""
    monkeypatch.setattr(worker_module, "HEARTBEAT_S", 0.01)


async def test_a_message_gets_its_reply(world: World) -> None:
    """And the log tells of it in the order that clients rely on."""
    turn = await world.ask()
    async with world.worker(CuedBackend(REPLY)):
        done = await world.end(turn)
    assert (done.state, done.progress.offset, done.progress.tokens) == (State.DONE, len(REPLY), len(REPLY))
    assert await world.text(turn) == REPLY
    assert await world.outcomes(turn) == [("worker-1", "done")]
    events = await world.store.read(lambda records: records.events.after(0, 1000))
    kinds = [event.kind for event in events]
    deltas = kinds.count("delta")
    assert kinds == ["message", "message", "turn", "head", "turn", *["delta"] * deltas, "turn"]
    assert "".join(event.body for event in events if event.kind == "delta") == REPLY


async def test_a_dead_workers_reply_goes_on_where_it_stopped(world: World) -> None:
    """The next worker asks for what comes behind the very last character, and the zombie writes nothing (promise 3)."""
    turn = await world.ask(seed=5, temperature=0.5, max_tokens=100)
    go_on = asyncio.Event()
    first, second = CuedBackend(cues=[Cue([REPLY[:9], go_on, "zombie speech"])]), CuedBackend(REPLY)
    async with world.worker(first) as zombie:
        await world.said(turn, 9)
        zombie.store.freeze()
        async with world.worker(second, "worker-2"):
            world.clock.at += LEASE_S
            done = await world.end(turn)
            assert (done.state, await world.text(turn)) == (State.DONE, REPLY)
            zombie.store.thaw()
            go_on.set()
            await until(lambda: first.open_streams == 0)
    assert second.asked[0].prefix == REPLY[:9]
    assert second.asked[0].max_tokens == 91
    assert second.asked[0].sampling == first.asked[0].sampling
    assert second.asked[0].messages == first.asked[0].messages
    assert await world.text(turn) == REPLY
    assert await world.outcomes(turn) == [("worker-1", "lease_expired"), ("worker-2", "done")]


async def test_a_zombie_that_wins_its_turn_back_does_not_trip_over_itself(world: World) -> None:
    """A thawed worker may claim the turn anew while its old attempt still speaks: only the old attempt ends."""
    turn = await world.ask()
    old, new = asyncio.Event(), asyncio.Event()
    backend = CuedBackend(REPLY, cues=[Cue(["Once ", old, "ghost", never()]), Cue([new, REPLY[5:]])])
    async with world.worker(backend) as process:
        await world.said(turn, 5)
        process.store.freeze()
        world.clock.at += LEASE_S
        assert len(await world.store.write(lambda records: reaper.reap(records, world.clock.at))) == 1
        process.store.thaw()
        await until(lambda: len(backend.asked) == 2)
        old.set()
        await until(lambda: backend.open_streams == 1)
        new.set()
        done = await world.end(turn)
    assert (done.state, await world.text(turn)) == (State.DONE, REPLY)
    assert await world.outcomes(turn) == [("worker-1", "lease_expired"), ("worker-1", "done")]


async def test_a_worker_that_ends_gives_its_turns_back_at_once(world: World) -> None:
    """Nobody waits for a lease, nothing is lost, and it is held against nobody."""
    turn = await world.ask()
    async with world.worker(CuedBackend(REPLY), "worker-2", capacity=8) as other:
        other.store.freeze()
        async with world.worker(CuedBackend(cues=[Cue(["Once ", never()])])) as leaving:
            await world.said(turn, 5)
            await leaving.end()
            given = await until_turn(world.store, turn.id, lambda now: now.state is State.QUEUED)
            assert (given.progress.offset, given.deaths, given.not_before) == (5, 0, world.clock.at)
            assert leaving.bell.rung[-1] is Hint.QUEUED
        other.store.thaw()
        await world.end(turn)
    assert await world.text(turn) == REPLY
    assert await world.outcomes(turn) == [("worker-1", "released"), ("worker-2", "done")]


async def test_a_claim_under_way_at_the_end_is_given_back_too(world: World) -> None:
    """Between the claim's commit and its being known here, a stop must not strand the turn."""
    turn = await world.ask()
    backend = CuedBackend(cues=[Cue([never()])])
    async with world.worker(backend, capacity=1) as leaving:
        await until(lambda: backend.probed > 0)
        leaving.store.freeze()
        leaving.stop.set()
        await asyncio.sleep(0)
        await leaving.end()
    assert (await until_turn(world.store, turn.id, lambda _: True)).state is State.QUEUED


@pytest.mark.parametrize("mute", [False, True], ids=["hinted", "every hint lost"])
async def test_a_stop_keeps_what_was_said_and_ends_the_request(world: World, mute: bool) -> None:
    """Promise 5 and 9: final at once; the worker hears of it or finds out, and lets the backend go."""
    turn = await world.ask()
    backend = CuedBackend(cues=[Cue(["Once ", never()])])
    async with world.worker(backend):
        await world.said(turn, 5)
        stopped = await world.store.write(lambda records: intake.stop(records, turn.id, world.clock.at))
        LocalBell(world.hall, mute=mute).ring(Hint.ENDED)
        await until(lambda: backend.open_streams == 0)
    assert stopped.state is State.STOPPED
    assert (await world.end(turn)).fence == stopped.fence
    assert await world.text(turn) == "Once "
    assert await world.outcomes(turn) == [("worker-1", "stopped")]


async def test_a_stop_that_races_with_a_takeover_is_final(world: World) -> None:
    """Whoever comes back, or comes next: nobody goes on with a stopped turn."""
    turn = await world.ask()
    go_on = asyncio.Event()
    first, second = CuedBackend(cues=[Cue(["Once ", go_on, "upon"])]), CuedBackend(REPLY)
    async with world.worker(first) as zombie:
        await world.said(turn, 5)
        zombie.store.freeze()
        await world.store.write(lambda records: intake.stop(records, turn.id, world.clock.at))
        world.clock.at += LEASE_S
        async with world.worker(second, "worker-2"):
            other = await world.ask("other", "elsewhere")
            await world.end(other)
            zombie.store.thaw()
            go_on.set()
            await until(lambda: first.open_streams == 0)
    assert (await world.end(turn)).state is State.STOPPED
    assert await world.text(turn) == "Once "
    assert len(second.asked) == 1


async def test_a_death_that_was_seen_needs_no_waiting(world: World) -> None:
    """The supervisor's word is enough: the turn goes on though its lease holds."""
    turn = await world.ask()
    async with world.worker(CuedBackend(cues=[Cue(["Once ", never()])]), "worker-1", "gone") as dead:
        await world.said(turn, 5)
        dead.store.freeze()
        async with world.worker(CuedBackend(REPLY), "worker-2") as heir:
            heir.deaths.put_nowait({"role": "worker", "name": "worker-1", "incarnation": "gone"})
            await world.end(turn)
    assert await world.text(turn) == REPLY
    assert await world.outcomes(turn) == [("worker-1", "worker_died"), ("worker-2", "done")]


async def test_a_new_process_takes_up_what_its_name_held(world: World) -> None:
    """Everything died and comes back: no lease is waited for."""
    turn = await world.ask()
    async with world.worker(CuedBackend(cues=[Cue(["Once ", never()])]), "worker-1", "before") as dead:
        await world.said(turn, 5)
        dead.store.freeze()
        async with world.worker(CuedBackend(REPLY), "worker-1", "after"):
            await world.end(turn)
    assert await world.text(turn) == REPLY
    assert await world.outcomes(turn) == [("worker-1", "worker_died"), ("worker-1", "done")]


async def test_a_night_without_a_server_is_held_against_nobody(world: World) -> None:
    """Promises 5 and 8: a turn is not given up for a model that nobody could have asked while everything was down."""
    queued, running = await world.ask("one", "first"), await world.ask("two", "second")
    held = replace(running, state=State.RUNNING, fence=1, lease=Lease("worker-7:x", world.clock.at + LEASE_S))
    await world.store.write(lambda records: records.turns.save(held, 0))
    world.clock.at += 100 * PATIENCE_S
    async with world.worker(CuedBackend(REPLY)):
        for turn in (queued, running):
            assert (await world.end(turn)).state is State.DONE


async def test_a_worker_that_was_away_judges_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A late heartbeat may mean that everybody was frozen: leases that ran out get the chance to be renewed."""
    turn = await world.ask()
    held = replace(turn, state=State.RUNNING, fence=1, lease=Lease("worker-7:x", world.clock.at))
    await world.store.write(lambda records: records.turns.save(held, 0))
    world.clock.at += 1
    monkeypatch.setattr(worker_module, "LEASE_S", -1.0)
    async with world.worker(CuedBackend(REPLY)) as process:
        writes = process.store.writes
        await until(lambda: process.store.writes > writes + 10)
        assert (await until_turn(world.store, turn.id, lambda _: True)).fence == 1
        monkeypatch.setattr(worker_module, "LEASE_S", LEASE_S)
        await world.end(turn)


async def test_a_worker_takes_what_it_has_room_for(world: World) -> None:
    """More turns than capacity: all are served, never too many at once."""
    turns = [await world.ask(f"m{n}", f"chat {n}") for n in range(5)]
    backend = CuedBackend(REPLY)
    async with world.worker(backend, capacity=2):
        for turn in turns:
            await world.end(turn)
    assert backend.most_streams == 2
    assert [await world.text(turn) for turn in turns] == [REPLY] * 5


async def test_a_turn_whose_workers_die_is_set_aside(world: World) -> None:
    """Promise 5: three deaths without a new character, thoughts or not, and it takes no fourth with it."""
    turn = await world.ask()
    for n in range(MAX_DEATHS):
        backend = CuedBackend(cues=[Cue([Chunk("", reasoning="hm"), never()])])
        async with world.worker(backend, "worker-1", f"life {n}") as dying:
            await until(lambda backend=backend: backend.open_streams == 1)
            thought = "hm" * (n + 1)
            async with asyncio.timeout(20):
                while await world.store.read(lambda records: records.turns.reasoning(turn.id)) != thought:
                    await asyncio.sleep(0.005)
            dying.store.die()
            await world.store.write(lambda r, n=n: reaper.bury(r, f"worker-1:life {n}", world.clock.at))
    failed = await world.end(turn)
    assert failed.error is not None
    assert (failed.state, failed.error.code) == (State.FAILED, "turn_set_aside")


async def test_every_hint_may_be_lost(world: World) -> None:
    """Promise 9: with mute bells a turn that is queued later is found by looking."""
    backend = CuedBackend(REPLY)
    async with world.worker(backend) as process:
        process.bell.turn_deaf()
        await until(lambda: backend.probed > 0)
        turn = await world.ask()
        await world.end(turn)
    assert await world.text(turn) == REPLY

"""A worker, and what becomes of its turns when it, its backend or the store fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from perdure.core.errors import (
    ContextTooLong,
    ModelBroken,
    ModelCut,
    ModelMissing,
    ModelUnreachable,
    StoreFull,
    StoreUnavailable,
)
from perdure.core.lease import LEASE_S, Lease
from perdure.core.turn import MAX_DEATHS, MAX_FAILURES, PATIENCE_S, State, Turn
from perdure.engine import intake, reaper
from perdure.engine import worker as worker_module
from perdure.engine.attempt import Patience
from perdure.engine.worker import Identity, Worker
from perdure.ports.bell import Hint
from perdure.ports.models import Chunk
from perdure.store.sqlite import SqliteStore

from .doubles import Cue, CuedBackend, FaultyStore, LocalBell, ToldClock, ask, ended, never, until, until_turn

pytestmark = pytest.mark.anyio

REPLY = "Once upon a time, 😀 there was a lighthouse."


@pytest.fixture(autouse=True)
def quick_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are told time; a heartbeat is real time, and nobody wants to wait for it."""
    monkeypatch.setattr(worker_module, "HEARTBEAT_S", 0.01)


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

    @asynccontextmanager
    async def worker(
        self,
        backend: CuedBackend,
        name: str = "worker-1",
        incarnation: str = "a",
        *,
        capacity: int = 8,
        patience: Patience | None = None,
    ) -> AsyncIterator[Process]:
        """A worker that is ended with its context."""
        process = Process(FaultyStore(self.store), backend, LocalBell(self.hall))

        async def deaths() -> AsyncIterator[Mapping[str, str]]:
            while True:
                yield await process.deaths.get()

        worker = Worker(
            Identity(name, incarnation),
            process.store,
            process.bell,
            self.clock,
            backend,
            capacity=capacity,
            patience=patience or Patience(),
            deaths=deaths(),
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


@pytest.fixture
def world(store: SqliteStore, clock: ToldClock, hall: list[LocalBell]) -> World:
    """An empty one."""
    return World(store, clock, hall)


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
        assert await world.store.write(lambda records: reaper.reap(records, world.clock.at)) == 1
        process.store.thaw()
        await until(lambda: len(backend.asked) == 2)
        old.set()
        await until(lambda: backend.open_streams == 1)
        new.set()
        done = await world.end(turn)
    assert (done.state, await world.text(turn)) == (State.DONE, REPLY)


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


async def test_a_backend_that_recovers_is_asked_again(world: World) -> None:
    """A stream that breaks off, then 5xx twice, then an answer: one reply, and each failure on record."""
    turn = await world.ask()
    cues = [Cue(["Once "], finish=None), Cue([ModelBroken()]), Cue([" never", ModelBroken()])]
    backend = CuedBackend(REPLY, cues=cues)
    backend.reply = "Once  never" + REPLY
    async with world.worker(backend):
        await until_turn(world.store, turn.id, lambda now: now.attempt == 2 and now.state is State.QUEUED)
        world.clock.at += 10
        await world.end(turn)
    assert await world.text(turn) == "Once  never" + REPLY
    assert [outcome for _, outcome in await world.outcomes(turn)] == [
        "model_cut",
        "model_server_error",
        "model_server_error",
        "done",
    ]


async def test_retries_are_counted_and_the_partial_text_is_kept(world: World) -> None:
    """Promise 5: after six failures in a row the turn ends with its reason on the message."""
    turn = await world.ask()
    cues = [Cue(["Once ", ModelCut()]), *[Cue([ModelBroken("503")])] * MAX_FAILURES]
    async with world.worker(CuedBackend(REPLY, cues=cues)) as process:
        while not (
            now := await until_turn(world.store, turn.id, lambda now: now.state is not State.RUNNING)
        ).state.final:
            world.clock.at = max(world.clock.at, now.not_before)
            process.bell._heard[Hint.QUEUED][0]()
            await asyncio.sleep(0.005)
    message = await world.store.read(lambda records: records.messages.get(turn.message_id))
    assert message is not None
    assert message.error is not None
    assert (message.state, message.text, message.error.code) == (State.FAILED, "Once ", "model_server_error")
    assert len(await world.outcomes(turn)) == MAX_FAILURES


async def test_an_error_that_asking_again_cannot_mend_is_final(world: World) -> None:
    """Said once, with what was written so far kept."""
    turn = await world.ask()
    backend = CuedBackend(cues=[Cue(["Once ", ContextTooLong("No room.")])] * 3)
    async with world.worker(backend):
        failed = await world.end(turn)
    assert failed.error is not None
    assert (failed.state, failed.error.detail) == (State.FAILED, "No room.")
    assert await world.text(turn) == "Once " * 3
    assert len(await world.outcomes(turn)) == 1


async def test_a_context_that_overflows_in_the_middle_is_made_smaller(world: World) -> None:
    """What was said before the backend found out stays, and the smaller prompt goes on behind it."""
    turn = await world.ask()
    backend = CuedBackend(REPLY, cues=[Cue(["Once ", ContextTooLong()])])
    async with world.worker(backend):
        await world.end(turn)
    assert await world.text(turn) == REPLY
    assert [ask.prefix for ask in backend.asked] == ["", "Once "]
    assert await world.outcomes(turn) == [("worker-1", "done")]


async def test_an_unforeseen_error_is_ours_and_is_bounded(world: World) -> None:
    """A bug in a backend's adapter neither kills the worker nor loops for ever."""
    turn, fine = await world.ask("hello", "one"), None
    backend = CuedBackend(REPLY, cues=[Cue([ValueError("boo")]) for _ in range(MAX_FAILURES)])
    async with world.worker(backend) as process:
        while not (
            now := await until_turn(world.store, turn.id, lambda now: now.state is not State.RUNNING)
        ).state.final:
            world.clock.at = max(world.clock.at, now.not_before)
            process.bell._heard[Hint.QUEUED][0]()
            await asyncio.sleep(0.005)
        fine = await world.ask("again", "two")
        assert (await world.end(fine)).state is State.DONE
    assert now.error is not None
    assert (now.state, now.error.code) == (State.FAILED, "internal_error")
    assert "boo" not in now.error.detail


@pytest.mark.parametrize("error", [ModelUnreachable(), ModelMissing()], ids=["away", "missing"])
async def test_an_outage_costs_probes_and_not_attempts(world: World, error: Exception) -> None:
    """While the backend is away nothing is claimed; when it is back everything goes on by itself."""
    first = await world.ask("one", "first")
    outage = asyncio.Event()
    backend = CuedBackend(REPLY, cues=[Cue([outage, error]), Cue([error])])
    async with world.worker(backend) as process:
        await until(lambda: len(backend.asked) == 1)
        backend.is_ready = False
        outage.set()
        await until_turn(world.store, first.id, lambda now: now.state is State.QUEUED)
        probed = backend.probed
        second = await world.ask("two", "second")
        process.bell._heard[Hint.QUEUED][0]()
        await until(lambda: backend.probed > probed + 2)
        assert len(backend.asked) <= 2, "at most one attempt began before the outage was known"
        backend.cues.clear()
        backend.is_ready = True
        world.clock.at += 60
        for turn in (first, second):
            assert (await world.end(turn)).state is State.DONE


async def test_nothing_is_claimed_before_the_backend_is_there(world: World) -> None:
    """A worker starts with the gate shut: a first start without a model burns no attempts."""
    turn = await world.ask()
    backend = CuedBackend(REPLY, is_ready=False)
    async with world.worker(backend):
        await until(lambda: backend.probed > 3)
        assert (await until_turn(world.store, turn.id, lambda _: True)).attempt == 0
        backend.is_ready = True
        await world.end(turn)
    assert await world.outcomes(turn) == [("worker-1", "done")]


async def test_a_worker_takes_what_it_has_room_for(world: World) -> None:
    """More turns than capacity: all are served, never too many at once."""
    turns = [await world.ask(f"m{n}", f"chat {n}") for n in range(5)]
    backend = CuedBackend(REPLY)
    async with world.worker(backend, capacity=2):
        for turn in turns:
            await world.end(turn)
    assert backend.most_streams == 2
    assert [await world.text(turn) for turn in turns] == [REPLY] * 5


@pytest.mark.parametrize("fault", [StoreUnavailable(), StoreFull()], ids=["away", "full"])
@pytest.mark.parametrize("moment", ["before", "after"], ids=["not written", "written but not told"])
@pytest.mark.parametrize("nth", range(8))
async def test_a_store_in_trouble_costs_time_and_no_text(world: World, fault: Exception, moment: str, nth: int) -> None:
    """Whichever write fails, and whether it was done or not: the same worker ends the turn, the whole text once."""
    turn = await world.ask()
    pieces = [REPLY[:5], REPLY[5:7], REPLY[7:20], REPLY[20:]]
    backend = CuedBackend(REPLY, cues=[Cue(pieces)])
    async with world.worker(backend) as process:
        getattr(process.store, moment).extend([*[None] * nth, fault, fault])
        done = await world.end(turn)
    assert (done.state, await world.text(turn)) == (State.DONE, REPLY)
    assert await world.store.read(lambda records: records.turns.text(turn.id)) == REPLY


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
            dying.store.freeze()
            await world.store.write(lambda r, n=n: reaper.bury(r, f"worker-1:life {n}", world.clock.at))
    failed = await world.end(turn)
    assert failed.error is not None
    assert (failed.state, failed.error.code) == (State.FAILED, "turn_set_aside")


async def test_hidden_reasoning_is_kept_beside_the_text(world: World) -> None:
    """Thoughts are nobody's words."""
    turn = await world.ask()
    cue = Cue([Chunk("", reasoning="Let me "), Chunk("Yes", reasoning="see.", tokens=1), Chunk(".", tokens=1)])
    async with world.worker(CuedBackend(cues=[cue])):
        await world.end(turn)
    assert await world.text(turn) == "Yes."
    assert await world.store.read(lambda records: records.turns.reasoning(turn.id)) == "Let me see."


async def test_every_hint_may_be_lost(world: World) -> None:
    """Promise 9: with mute bells a turn that is queued later is found by looking."""
    backend = CuedBackend(REPLY)
    async with world.worker(backend) as process:
        process.bell._heard.clear()
        await until(lambda: backend.probed > 0)
        turn = await world.ask()
        await world.end(turn)
    assert await world.text(turn) == REPLY

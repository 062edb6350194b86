"""A worker whose backend or store fails: the reply is ended, late, or the reason is on it."""

from __future__ import annotations

import asyncio

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
from perdure.core.turn import MAX_FAILURES, State
from perdure.engine import worker as worker_module
from perdure.ports.bell import Hint
from perdure.ports.models import Chunk

from .doubles import Cue, CuedBackend, until, until_turn
from .world import REPLY, World

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are told time; a heartbeat is real time, and nobody wants to wait for it."""
    monkeypatch.setattr(worker_module, "HEARTBEAT_S", 0.01)


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
            process.bell.hear(Hint.QUEUED)
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
            process.bell.hear(Hint.QUEUED)
            await asyncio.sleep(0.005)
        fine = await world.ask("again", "two")
        assert (await world.end(fine)).state is State.DONE
    assert now.error is not None
    assert (now.state, now.error.code) == (State.FAILED, "internal_error")
    assert "boo" not in now.error.detail
    ids = [error_id for error_id, _ in world.noted]
    assert [str(error) for _, error in world.noted] == ["boo"] * MAX_FAILURES
    assert len(set(ids)) == len(ids)
    assert now.error.error_id == ids[-1]


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
        process.bell.hear(Hint.QUEUED)
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
    said = [event for event in await world.store.read(lambda r: r.events.after(0, 99)) if event.kind == "delta"]
    assert "".join(event.body for event in said) == REPLY


async def test_hidden_reasoning_is_kept_beside_the_text(world: World) -> None:
    """Thoughts are nobody's words."""
    turn = await world.ask()
    cue = Cue([Chunk("", reasoning="Let me "), Chunk("Yes", reasoning="see.", tokens=1), Chunk(".", tokens=1)])
    async with world.worker(CuedBackend(cues=[cue])):
        await world.end(turn)
    assert await world.text(turn) == "Yes."
    assert await world.store.read(lambda records: records.turns.reasoning(turn.id)) == "Let me see."

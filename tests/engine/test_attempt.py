"""One worker's try at a turn: silence, budgets and prompts that are too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from perdure.core.errors import ContextTooLong, ModelStalled, PerdureError
from perdure.core.lease import grant
from perdure.core.turn import Claimed, Event, Finished, Interrupted, Released, State, Turn
from perdure.engine import intake, reaper
from perdure.engine.appender import Appender
from perdure.engine.attempt import SMALLER, Attempts, Patience, end
from perdure.engine.intake import turn_of
from perdure.engine.life import apply, reply_text
from perdure.ports.models import Chunk
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

from .doubles import START_AT, Cue, CuedBackend, ToldClock, add_chat, ask, never, uid

pytestmark = pytest.mark.anyio


class Desk:
    """Attempts over one backend."""

    def __init__(self, store: SqliteStore, backend: CuedBackend, patience: Patience) -> None:
        self.store, self.backend = store, backend
        clock = ToldClock()
        self.appender = Appender(store, clock, lambda _: None, lambda _: None)
        self.attempts = Attempts(store, clock, self.appender, patience, lambda *_: None)

    async def claim(self, turn: Turn) -> Turn:
        """As a worker does."""
        event = Claimed("worker-1", "cued", grant("worker-1:a", START_AT))
        current = await self.turn(turn)
        return await self.store.write(lambda records: apply(records, current, event, START_AT))

    async def run(self, turn: Turn) -> PerdureError | None:
        """One attempt."""
        return await self.attempts.run(await self.claim(turn), None, self.backend)

    async def turn(self, turn: Turn) -> Turn:
        """As it stands."""
        found = await self.store.read(lambda records: records.turns.get(turn.id))
        assert found is not None
        return found

    async def text(self, turn: Turn) -> str:
        """So far, or in the end."""
        return await self.store.read(lambda records: reply_text(records, turn_of(records, turn.id)))


@pytest.fixture
async def desk(store: SqliteStore) -> AsyncIterator[Desk]:
    """With tiny limits for silence."""
    made = Desk(store, CuedBackend(), Patience(first_token_s=0.02, stall_s=0.03))
    running = asyncio.create_task(made.appender.run())
    yield made
    running.cancel()


async def test_a_backend_that_never_begins_is_given_up(desk: Desk) -> None:
    """Silence before the first token has its own limit; the turn waits for its next attempt, the request is closed."""
    turn = await desk.store.write(ask)
    desk.backend.cues = [Cue([never()])]
    error = await desk.run(turn)
    assert isinstance(error, ModelStalled)
    assert "0.02 seconds" in error.detail
    assert (await desk.turn(turn)).state is State.QUEUED
    assert desk.backend.open_streams == 0


async def test_a_backend_that_falls_silent_is_given_up_and_what_it_said_is_kept(desk: Desk) -> None:
    """Between tokens another limit holds; the next attempt goes on behind the last one."""
    turn = await desk.store.write(ask)
    desk.backend.cues = [Cue(["Once ", never()])]
    error = await desk.run(turn)
    assert isinstance(error, ModelStalled)
    assert "0.03 seconds" in error.detail
    assert await desk.text(turn) == "Once "
    assert await desk.run(turn) is None
    assert (await desk.turn(turn)).state is State.DONE
    assert await desk.text(turn) == desk.backend.reply
    assert desk.backend.open_streams == 0


async def test_a_cancelled_attempt_is_no_stall(desk: Desk) -> None:
    """A stop or a shutdown while the model is silent ends the attempt as what it is, with the text committed."""
    turn = await desk.store.write(ask)
    slow = replace(desk.attempts, patience=Patience(1000, 1000))
    desk.backend.cues = [Cue(["Once ", never()])]
    running = asyncio.create_task(slow.run(await desk.claim(turn), None, desk.backend))
    async with asyncio.timeout(20):
        while await desk.text(turn) != "Once ":
            await asyncio.sleep(0.002)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await desk.turn(turn)).state is State.RUNNING, "whoever cancelled it says what becomes of the turn"
    assert desk.backend.open_streams == 0


async def test_a_prompt_that_is_too_long_is_made_shorter(desk: Desk) -> None:
    """Tokens are only guessed: where the backend counts more of them, it is asked again with less of the past."""

    def talk(records) -> Turn:  # type: ignore[no-untyped-def]
        chat = add_chat(records)
        for n in range(60):
            intake.put_message(records, chat, uid("m", n), f"{n} " * 100, None, None, START_AT)
        return ask(records, "the question")

    turn = await desk.store.write(talk)
    desk.backend.cues = [Cue([ContextTooLong()]), Cue([ContextTooLong()])]
    assert await desk.run(turn) is None
    sizes = [sum(len(message.content) for message in asked.messages) for asked in desk.backend.asked]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    assert all(asked.messages[-1].content.endswith("the question") for asked in desk.backend.asked)
    attempts = await desk.store.read(lambda records: records.turns.attempts(turn.id))
    assert [attempt.outcome for attempt in attempts] == ["done"]


async def test_the_conversation_is_not_forgotten_for_a_long_answer(desk: Desk) -> None:
    """Where a reply may be as long as the context, or longer, half of that is still what was said before."""

    def talk(records: Records) -> Turn:
        chat = add_chat(records)
        for n in range(10):
            intake.put_message(records, chat, uid("m", n), f"{n} " * 100, None, None, START_AT)
        return ask(records, "the question", max_tokens=100_000, context_size=4096)

    turn = await desk.store.write(talk)
    await desk.run(turn)
    [asked] = desk.backend.asked
    assert all(f"{n} " * 100 in asked.messages[-1].content for n in range(10))


async def test_a_prompt_that_is_too_long_however_short_is_the_end(desk: Desk) -> None:
    """As many tries as there are sizes, then the person hears what is wrong."""
    turn = await desk.store.write(ask)
    desk.backend.cues = [Cue([ContextTooLong()]) for _ in range(5)]
    assert isinstance(await desk.run(turn), ContextTooLong)
    assert (await desk.turn(turn)).state is State.FAILED
    assert len(desk.backend.asked) == len(SMALLER)


async def test_what_was_said_is_taken_from_the_budget(desk: Desk) -> None:
    """A taken-over reply gets no longer than one that was never interrupted."""
    turn = await desk.store.write(lambda records: ask(records, max_tokens=20))
    desk.backend.cues = [Cue([Chunk("Once ", tokens=2), Chunk("upon ", tokens=1)], finish=None)]
    await desk.run(turn)
    await desk.run(turn)
    assert [asked.max_tokens for asked in desk.backend.asked] == [20, 17]
    assert [asked.prefix for asked in desk.backend.asked] == ["", "Once upon "]


async def test_a_budget_that_is_spent_needs_no_request(desk: Desk) -> None:
    """Cut off right at the end of its budget, the reply is whole."""
    turn = await desk.store.write(lambda records: ask(records, max_tokens=3))
    desk.backend.cues = [Cue([Chunk("Once upon a", tokens=3)], finish=None)]
    await desk.run(turn)
    assert await desk.run(turn) is None
    assert (await desk.turn(turn)).state is State.DONE
    assert len(desk.backend.asked) == 1


async def test_an_attempt_whose_turn_was_taken_changes_nothing(desk: Desk) -> None:
    """Promise 3: it ends without a word, whatever it had to say."""
    turn = await desk.store.write(ask)
    claimed = await desk.claim(turn)
    stopped = await desk.store.write(lambda records: intake.stop(records, turn.id, START_AT))
    assert await desk.attempts.run(claimed, None, desk.backend) is None
    assert await desk.turn(turn) == stopped
    assert await desk.text(turn) == ""


@pytest.mark.parametrize("event", [Finished("stop"), Interrupted(ModelStalled(), 0.0), Released()])
async def test_a_zombie_ends_nobody_elses_attempt(desk: Desk, event: Event) -> None:
    """Promise 3: the turn runs under another fence by now, and stays as it is."""
    turn = await desk.store.write(ask)
    zombie = await desk.claim(turn)
    await desk.store.write(lambda records: reaper.bury(records, "worker-1:a", START_AT))
    taken = await desk.claim(turn)
    await end(desk.store, ToldClock(), zombie, event)
    assert await desk.turn(turn) == taken
    await end(desk.store, ToldClock(), taken, event)
    assert (await desk.turn(turn)).fence == taken.fence + 1

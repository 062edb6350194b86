"""Taking up what others left: turns of silent workers, turns that nobody could serve, records that nobody needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.errors import ModelCut, Overloaded
from perdure.core.lease import LEASE_S, grant
from perdure.core.records import Append
from perdure.core.turn import PATIENCE_S, Claimed, Finished, Interrupted, State, Turn
from perdure.engine import reaper
from perdure.engine.life import apply
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

from .doubles import START_AT, ask, uid

pytestmark = pytest.mark.anyio


def claim(records: Records, turn: Turn, name: str = "worker-1", at: float = START_AT) -> Turn:
    """As a worker does."""
    return apply(records, turn, Claimed(name, "b", grant(f"{name}:a", at)), at)


async def turn_of(store: SqliteStore, turn: Turn) -> Turn:
    """As it stands."""
    found = await store.read(lambda records: records.turns.get(turn.id))
    assert found is not None
    return found


async def outcomes(store: SqliteStore, turn: Turn) -> list[str | None]:
    """How its attempts ended."""
    return [attempt.outcome for attempt in await store.read(lambda records: records.turns.attempts(turn.id))]


async def test_a_lease_that_ran_out_is_reaped_once(store: SqliteStore) -> None:
    """Two reapers at once do no harm: the second finds nothing."""
    turn = await store.write(lambda records: claim(records, ask(records)))
    late = START_AT + LEASE_S
    assert not await store.read(lambda records: reaper.overdue(records, late - 0.01))
    assert len(await store.write(lambda records: reaper.reap(records, late - 0.01))) == 0
    assert await store.read(lambda records: reaper.overdue(records, late))
    assert len(await store.write(lambda records: reaper.reap(records, late))) == 1
    assert len(await store.write(lambda records: reaper.reap(records, late))) == 0
    after = await turn_of(store, turn)
    assert (after.state, after.deaths, after.fence) == (State.QUEUED, 1, turn.fence + 1)
    assert await outcomes(store, turn) == ["lease_expired"]


async def test_a_lease_that_is_renewed_for_nothing_is_taken_away(store: SqliteStore) -> None:
    """Its worker lives, and has lost the attempt: nobody would ever speak. The time before the claim does not count."""
    asked = await store.write(lambda records: ask(records))
    claimed_at = START_AT + 100.0
    turn = await store.write(lambda records: claim(records, asked, at=claimed_at))
    late = claimed_at + reaper.LIMITS.stuck_s
    assert await store.write(lambda records: records.turns.renew("worker-1:a", late + LEASE_S)) == 1
    assert not await store.read(lambda records: reaper.overdue(records, late))
    assert len(await store.write(lambda records: reaper.reap(records, late))) == 0
    assert await store.read(lambda records: reaper.overdue(records, late + 0.01))
    assert len(await store.write(lambda records: reaper.reap(records, late + 0.01))) == 1
    assert (await turn_of(store, turn)).state is State.QUEUED
    assert await outcomes(store, turn) == ["lease_expired"]


async def test_a_dead_worker_is_buried_without_waiting(store: SqliteStore) -> None:
    """What it held is free at once; what others hold is theirs."""
    gone = await store.write(lambda records: claim(records, ask(records, "one", "first")))
    kept = await store.write(lambda records: claim(records, ask(records, "two", "second"), "worker-10"))
    assert len(await store.write(lambda records: reaper.bury(records, "worker-1:a", START_AT))) == 1
    assert len(await store.write(lambda records: reaper.bury(records, "worker-1:a", START_AT))) == 0
    assert (await turn_of(store, gone)).state is State.QUEUED
    assert await turn_of(store, kept) == kept
    assert await outcomes(store, gone) == ["worker_died"]


async def test_a_name_buries_its_earlier_lives(store: SqliteStore) -> None:
    """And not its own."""
    gone = await store.write(lambda records: claim(records, ask(records)))
    assert len(await store.write(lambda r: reaper.bury_predecessors(r, "worker-1", "a", START_AT))) == 0
    assert len(await store.write(lambda r: reaper.bury_predecessors(r, "worker-10", "b", START_AT))) == 0
    assert len(await store.write(lambda r: reaper.bury_predecessors(r, "worker-1", "b", START_AT))) == 1
    assert (await turn_of(store, gone)).state is State.QUEUED


async def test_patience_ends_with_the_reason_that_is_known(store: SqliteStore) -> None:
    """Promises 5 and 8: the last attempt's error where there was one, else that no model could be reached."""

    def failed(records: Records) -> Turn:
        turn = claim(records, ask(records, "tried", "first"))
        return apply(records, turn, Interrupted(ModelCut("in the middle"), 0.0), START_AT)

    tried = await store.write(failed)
    never = await store.write(lambda records: ask(records, "never", "second"))
    assert not await store.read(lambda records: reaper.overdue(records, START_AT + PATIENCE_S))
    assert len(await store.write(lambda records: reaper.reap(records, START_AT + PATIENCE_S))) == 0
    assert len(await store.write(lambda records: reaper.reap(records, START_AT + PATIENCE_S + 1))) == 2
    for turn, code in ((tried, ModelCut.code), (never, Overloaded.code)):
        after = await turn_of(store, turn)
        message = await store.read(lambda records, turn=turn: records.messages.get(turn.message_id))
        assert message is not None
        assert message.error is not None
        assert after.error is not None
        assert (after.state, message.state) == (State.FAILED, State.FAILED)
        assert after.error.code == message.error.code == code


async def test_a_turn_that_runs_has_all_the_time_it_needs(store: SqliteStore) -> None:
    """Patience is for turns that wait: a slow model is not given up while it speaks."""
    turn = await store.write(lambda records: claim(records, ask(records), at=START_AT + 100 * PATIENCE_S))
    assert len(await store.write(lambda records: reaper.reap(records, START_AT + 100 * PATIENCE_S + 1))) == 0
    assert (await turn_of(store, turn)).state is State.RUNNING


async def test_resuming_begins_patience_anew(store: SqliteStore) -> None:
    """Time in which nobody could have served a turn is not held against it; its state and fence stay."""
    queued = await store.write(lambda records: ask(records, "one", "first"))
    running = await store.write(lambda records: claim(records, ask(records, "two", "second")))
    later = START_AT + PATIENCE_S + 1
    young = await store.write(lambda r: replace(ask(r, "three", "third"), progressed_at=later))
    await store.write(lambda records: records.turns.save(young, 0))
    assert await store.write(lambda records: reaper.resume(records, later)) == 2
    assert await store.write(lambda records: reaper.resume(records, later)) == 0
    assert await turn_of(store, queued) == replace(queued, progressed_at=later)
    assert await turn_of(store, running) == replace(running, progressed_at=later)
    assert len(await store.write(lambda records: reaper.reap(records, later))) == 1
    assert (await turn_of(store, running)).state is State.QUEUED


async def test_tidying_forgets_old_events_and_keeps_every_word(store: SqliteStore) -> None:
    """Events of a day ago go; the text is on the messages, and half a reply is still in the log."""

    def talk(records: Records) -> tuple[Turn, Turn]:
        ended = claim(records, ask(records, "one", "first"))
        half = claim(records, ask(records, "two", "second"))
        for turn in (ended, half):
            append = Append(turn.id, turn.chat_id, turn.message_id, turn.fence, 0, "Once", 1)
            assert not records.turns.append([append], START_AT)
        current = records.turns.get(ended.id)
        assert current is not None
        apply(records, current, Finished("stop"), START_AT)
        return ended, half

    ended, half = await store.write(talk)
    assert await store.write(lambda records: reaper.tidy(records, START_AT + reaper.KEEP_EVENTS_S)) is False
    assert await store.write(lambda records: reaper.tidy(records, START_AT + reaper.KEEP_EVENTS_S + 1)) is True
    message = await store.read(lambda records: records.messages.get(ended.message_id))
    assert message is not None
    assert message.text == "Once"
    assert await store.read(lambda records: records.turns.text(half.id)) == "Once"
    assert await store.read(lambda records: records.messages.get(uid("one"))) is not None

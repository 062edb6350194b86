"""What a worker tells of its attempts: each once it is over, with how it ended; nothing where nobody listens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from perdure.core.lease import grant
from perdure.core.records import Attempt
from perdure.core.turn import MAX_DEATHS, Claimed, State, Turn
from perdure.engine import worker as worker_module
from perdure.engine.life import apply
from perdure.ports.tracing import Asked

from .doubles import Cue, CuedBackend, never, until, until_turn
from .world import REPLY, World

pytestmark = pytest.mark.anyio


@dataclass
class Told:
    """A tracing that remembers."""

    on: bool = True
    claims: list[tuple[str, int]] = field(default_factory=list)
    attempts: list[tuple[int, str | None, bool]] = field(default_factory=list)
    """The number, the outcome, and whether it had spoken."""
    ends: list[State] = field(default_factory=list)

    def accepted(self, turn: Turn, asked: Asked, now: float) -> None: ...

    def claimed(self, turn: Turn, worker: str, now: float) -> None:
        self.claims.append((worker, turn.attempt))

    def tried(self, turn: Turn, attempts: Sequence[Attempt], n: int, spoke_at: float | None) -> None:
        self.attempts.append((n, attempts[n - 1].outcome, spoke_at is not None))

    def ended(self, turn: Turn) -> None:
        self.ends.append(turn.state)

    async def close(self) -> None: ...


@pytest.fixture(autouse=True)
def quick_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants to wait for a heartbeat."""
    monkeypatch.setattr(worker_module, "HEARTBEAT_S", 0.01)


async def test_a_reply_is_told_once(world: World) -> None:
    """Its claim, its attempt and its end."""
    told = Told()
    turn = await world.ask()
    async with world.worker(CuedBackend(REPLY), tracing=told):
        await world.end(turn)
    assert (told.claims, told.attempts, told.ends) == ([("worker-1", 1)], [(1, "done", True)], [State.DONE])


async def test_an_attempt_that_is_given_back_at_the_end_of_its_worker_is_told_before_that_goes(world: World) -> None:
    """Its turn goes on with another one: it has no end yet."""
    told = Told()
    turn = await world.ask()
    async with world.worker(CuedBackend(cues=[Cue([REPLY[:5], never()])]), tracing=told):
        await world.said(turn, 5)
    assert (told.attempts, told.ends) == ([(1, "released", True)], [])


async def test_a_turn_that_is_set_aside_is_told_by_who_buried_it(world: World) -> None:
    """Those who died over it cannot."""
    told = Told()
    turn = await world.ask()
    async with world.worker(CuedBackend(REPLY), "worker-2", capacity=0, tracing=told) as digger:
        for n in range(MAX_DEATHS):
            claim = Claimed("worker-1", "cued", grant(f"worker-1:life {n}", world.clock.at))
            turn = await world.store.write(lambda r, turn=turn, claim=claim: apply(r, turn, claim, world.clock.at))
            digger.deaths.put_nowait({"role": "worker", "name": "worker-1", "incarnation": f"life {n}"})
            turn = await until_turn(world.store, turn.id, lambda now, n=n: now.deaths == n + 1)
    await until(lambda: bool(told.ends))
    assert (told.attempts, told.ends) == ([], [State.FAILED])


async def test_where_nobody_listens_nothing_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is not asked for how an attempt has ended."""

    async def asked(*_: object) -> None:
        raise AssertionError("somebody asked")

    monkeypatch.setattr("perdure.engine.traces.Traces._found", asked)
    told = Told(on=False)
    turn = await world.ask()
    async with world.worker(CuedBackend(REPLY), tracing=told):
        await world.end(turn)
    assert (told.claims, told.attempts) == ([], [])

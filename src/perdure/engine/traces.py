"""What a worker tells of its attempts to whoever traces them, once they are over and beside whatever goes on.

How an attempt ended is read from the record, where all that may end one (a stop, a lease that ran out) comes together.
Where nobody traces, nothing is remembered and nothing is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from perdure.core.errors import StoreFull, StoreUnavailable
from perdure.core.records import Attempt
from perdure.core.turn import Outcome, State, Turn
from perdure.ports.clock import Clock
from perdure.ports.store import Records, Store
from perdure.ports.tracing import Tracing

TRIES, PAUSE_S = 10, 0.2
"""How often the record is asked for an end that is not written yet: a turn that is given back is so a moment later."""

_Found = tuple[Turn, Sequence[Attempt]] | None


class Traces:
    """The attempts of the worker called `worker`."""

    def __init__(self, tracing: Tracing, store: Store, clock: Clock, worker: str) -> None:
        self._tracing = tracing
        self._store = store
        self._clock = clock
        self._worker = worker
        self._spoke_at: dict[tuple[str, int], float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def claimed(self, turn: Turn) -> None:
        """An attempt begins."""
        if self._tracing.on:
            self._tracing.claimed(turn, self._worker, self._clock.now())

    def spoke(self, turn: Turn) -> None:
        """Its first token has come."""
        if self._tracing.on:
            self._spoke_at[turn.id, turn.attempt] = self._clock.now()

    def over(self, turn: Turn) -> None:
        """The attempt that was claimed as `turn` is over, however."""
        if self._tracing.on:
            task = asyncio.get_running_loop().create_task(self._tell(turn))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def ended(self, turns: Sequence[Turn]) -> None:
        """These were taken from others by this worker: those that have ended by it are told."""
        for turn in turns:
            if turn.state.final:
                self._tracing.ended(turn)

    async def settle(self) -> None:
        """Wait until all is told."""
        await asyncio.gather(*self._telling)

    async def _tell(self, turn: Turn) -> None:
        spoke_at = self._spoke_at.pop((turn.id, turn.attempt), None)
        for _ in range(TRIES):
            found = await self._found(turn.id)
            if found is None:
                return
            now, attempts = found
            own = next((one for one in attempts if one.n == turn.attempt), None)
            if own is not None and own.ended_at is not None:
                self._tracing.tried(now, attempts, own.n, spoke_at)
                if _ended_by(now, own):
                    self._tracing.ended(now)
                return
            await asyncio.sleep(PAUSE_S)

    async def _found(self, turn_id: str) -> _Found:
        def work(records: Records) -> _Found:
            turn = records.turns.get(turn_id)
            return None if turn is None else (turn, records.turns.attempts(turn_id))

        try:
            return await self._store.read(work)
        except (StoreUnavailable, StoreFull):
            return None


def _ended_by(turn: Turn, own: Attempt) -> bool:
    """Whether the attempt itself ended its turn. A stop, and a turn taken from this worker, are others' to tell."""
    last = turn.attempt == own.n and turn.ended_at == own.ended_at
    return last and turn.state in (State.DONE, State.FAILED) and own.outcome not in (Outcome.DIED, Outcome.EXPIRED)

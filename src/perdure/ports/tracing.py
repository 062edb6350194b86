"""What is told of turns to whoever traces them: one trace for each turn, from the request that asked for it to its end.

Everything is told when it is over, with its instants, so that nothing of it stands in a reply's way. The trace is known
by the turn's id, so that every process can add to it, whoever began it and whoever died.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from perdure.core.records import Attempt
from perdure.core.turn import Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that asked for a turn: `came_at` in Unix seconds, its method, and its route, with the names of its
    parameters. `headers` are `traceparent` and `tracestate`, where the client is in a trace of its own.
    """

    came_at: float
    method: str
    route: str
    headers: Mapping[str, str]


class Tracing(Protocol):
    """Takes what is told, and never blocks or raises. `on` says whether anybody listens: nothing needs to be found out
    for nobody. All instants are Unix seconds.
    """

    @property
    def on(self) -> bool: ...

    def accepted(self, turn: Turn, asked: Asked, now: float) -> None:
        """The turn was accepted: it is durable since `now`."""
        ...

    def claimed(self, turn: Turn, worker: str, now: float) -> None:
        """A worker has taken the turn on, which had waited until now."""
        ...

    def tried(self, turn: Turn, attempts: Sequence[Attempt], n: int, spoke_at: float | None) -> None:
        """Attempt `n` is over. `attempts` are all of the turn's, the oldest first; `spoke_at` is when this one's first
        token came, None where none did.
        """
        ...

    def ended(self, turn: Turn) -> None:
        """The turn has ended, by this process's doing."""
        ...

    async def close(self) -> None:
        """Let go of what was told, within a few seconds."""
        ...


class NoTracing:
    """Nobody listens."""

    on = False

    def accepted(self, turn: Turn, asked: Asked, now: float) -> None: ...

    def claimed(self, turn: Turn, worker: str, now: float) -> None: ...

    def tried(self, turn: Turn, attempts: Sequence[Attempt], n: int, spoke_at: float | None) -> None: ...

    def ended(self, turn: Turn) -> None: ...

    async def close(self) -> None: ...


NO_TRACING: Tracing = NoTracing()

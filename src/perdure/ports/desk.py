"""What a web process asks of those who watch and run the others: the supervisor, and the health process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Desk(Protocol):
    """Each call raises DeskUnavailable where nobody answers in time, and Invalid with the reason of a refusal."""

    async def processes(self) -> Sequence[Mapping[str, Any]]:
        """What runs, the supervisor first, with the `memory_bytes` that each holds and the `cpu` that it uses: a share
        of one core, 1 being all of it, None where that is not known. Never raises: without a supervisor it is this
        process alone.
        """
        ...

    async def restart(self, name: str) -> None:
        """Have a process ended in good order, and started again. Raises NotFound where there is none of that name."""
        ...

    async def act(self, asked: Mapping[str, Any]) -> str:
        """Have something done about incidents or planned work (`perdure.health.acts`); returns the id of what was
        touched. What is told of them has been brought up to it.
        """
        ...

    async def drill(self) -> Mapping[str, Any] | None:
        """How far the last drill is (`perdure.drill.beside`); None where there was none. Never raises."""
        ...

    def remember(self, by: str, via: str, what: str) -> None:
        """Something was done elsewhere: it is written down as soon as there is somebody to do it."""
        ...

    async def acts(self, limit: int) -> Sequence[tuple[float, str, str]]:
        """When who did what, the last one first."""
        ...

    async def load(self, step_s: int) -> Sequence[Mapping[str, Any]]:
        """Samples of load and latency (`perdure.core.load`), the oldest first."""
        ...

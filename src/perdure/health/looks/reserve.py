"""How the backends are that replies do not come from now. Nobody waits for them; who chooses one wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from perdure.core.errors import PerdureError
from perdure.core.health import Cause, Finding, Level
from perdure.health.components import Roster
from perdure.health.look import Findings


@dataclass(frozen=True, slots=True)
class Reserve:
    """A backend in reserve. `away` asks why it does not answer now; None where it does."""

    id: str
    name: str
    maintained: bool
    away: Callable[[], Coroutine[Any, Any, PerdureError | None]]


class ReserveLook:
    """Asks all of them at once, and has them on the `roster`."""

    def __init__(self, listed: Callable[[], Awaitable[Sequence[Reserve]]], roster: Roster) -> None:
        self._listed = listed
        self._roster = roster

    async def find(self) -> Findings:
        """A finding for each."""
        reserves = await self._listed()
        self._roster.reserve([(one.id, one.name) for one in reserves])
        found = await asyncio.gather(*(_look(one) for one in reserves))
        return {one.id: finding for one, finding in zip(reserves, found, strict=True)}


async def _look(one: Reserve) -> Finding:
    if one.maintained:
        return Finding(Level.MAINTENANCE)
    problem = await one.away()
    if problem is None:
        return Finding()
    return Finding(Level.MAJOR, Cause.BACKEND_AWAY, f"{problem.detail} No reply waits for it.")

"""Acts where the supervisor cannot know that anything is wrong: a model that lives, beats, and answers nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from perdure.core.healing import Remedies
from perdure.core.incidents import Healing

log = structlog.get_logger()

LOOK_S = 0.5

HOLD_S = 15.0
"""For so long workers ask a deaf model nothing, unless that is renewed: this process may die, or be wrong."""


class ModelHealer:
    """Watches whether the model is `deaf`. `hold` has nobody ask it until an instant, or with None has it asked again;
    it returns whether that was written down. `restart` starts its process anew, where it is one of `ours`.
    """

    def __init__(
        self,
        deaf: Callable[[], bool],
        hold: Callable[[float | None], Awaitable[bool]],
        restart: Callable[[], Awaitable[bool]],
        *,
        ours: Callable[[], bool],
    ) -> None:
        self._deaf = deaf
        self._hold = hold
        self._held_until = 0.0
        self._restart = restart
        self._ours = ours
        self._remedies = Remedies()

    def healing(self) -> dict[str, Healing]:
        """What is being done about which component."""
        told = self._remedies.healing(deaf=self._deaf())
        return {} if told is None else {"model": told}

    async def run(self, now: Callable[[], float]) -> None:
        """Act for ever; cancel to end."""
        while True:
            await self._keep_from_asking(now())
            known = replace(self._remedies, ours=self._ours())
            self._remedies, due = known.next(deaf=self._deaf(), now=now())
            if due:
                log.warning("the model answers nobody, and is started anew", times=self._remedies.restarts)
                if not await self._restart():
                    log.error("the model could not be started anew")
            await asyncio.sleep(LOOK_S)

    async def _keep_from_asking(self, now: float) -> None:
        """Nobody's attempt is to be spent on a model that answers none; once it is heard, everybody asks again."""
        if self._deaf() and now > self._held_until - HOLD_S / 2:
            if await self._hold(now + HOLD_S):
                self._held_until = now + HOLD_S
        elif not self._deaf() and self._held_until and await self._hold(None):
            self._held_until = 0.0

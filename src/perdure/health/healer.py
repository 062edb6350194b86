"""Acts where the supervisor cannot know that anything is wrong: a model that lives, beats, and answers nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from perdure.core.healing import Remedies
from perdure.core.incidents import Healing

log = structlog.get_logger()

LOOK_S = 0.5


class Healer:
    """Watches whether the model is `deaf`. `restart` starts its process anew; None where that is not Perdure's."""

    def __init__(self, deaf: Callable[[], bool], restart: Callable[[], Awaitable[bool]] | None) -> None:
        self._deaf = deaf
        self._restart = restart
        self._remedies = Remedies(ours=restart is not None)

    def healing(self) -> dict[str, Healing]:
        """What is being done about which component."""
        told = self._remedies.healing(deaf=self._deaf())
        return {} if told is None else {"model": told}

    async def run(self, now: Callable[[], float]) -> None:
        """Act for ever; cancel to end."""
        while True:
            self._remedies, due = self._remedies.next(deaf=self._deaf(), now=now())
            if due and self._restart is not None:
                log.warning("the model answers nobody, and is started anew", times=self._remedies.restarts)
                if not await self._restart():
                    log.error("the model could not be started anew")
            await asyncio.sleep(LOOK_S)

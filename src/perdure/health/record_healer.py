"""Acts where the record is locked or slow: whoever of Perdure's own holds it for ever is started anew, and its log is
written back. What others hold is theirs to let go of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from perdure.core.incidents import Healing
from perdure.health.looks.store import COMPONENT, StoreLook

log = structlog.get_logger()

LOOK_S = 1.0

HOLDS_S = 20.0
"""Perdure writes within moments, and brings in a long story within seconds: who holds the record's lock for longer is
stuck.
"""

CLEAR_EVERY_S = 60.0


class RecordHealer:
    """Does what `look` gives reason for. `own` has the names of Perdure's processes by their ids; `restart` starts one
    of them anew; `clear` writes the record's log back into its file, as far as nobody is in the way.
    """

    def __init__(
        self,
        look: StoreLook,
        own: Callable[[], Mapping[int, str]],
        restart: Callable[[str], Awaitable[bool]],
        clear: Callable[[], Awaitable[None]],
    ) -> None:
        self._look = look
        self._own = own
        self._restart = restart
        self._clear = clear
        self._since: dict[int, float] = {}
        self._stuck: set[int] = set()
        self._cleared_at: float | None = None

    async def run(self, now: Callable[[], float]) -> None:
        """Act for ever; cancel to end."""
        while True:
            await self.tend(now())
            await asyncio.sleep(LOOK_S)

    async def tend(self, now: float) -> None:
        """Do what is due at this instant."""
        self._since = {one.pid: self._since.get(one.pid, now) for one in self._look.in_the_way}
        late = {pid for pid, since in self._since.items() if now - since >= HOLDS_S}
        names = self._own()
        for pid in (late & names.keys()) - self._stuck:
            log.warning("a process holds the record's lock and is started anew", process=names[pid])
            if await self._restart(names[pid]):
                self._stuck.add(pid)
        self._stuck &= late
        if not self._look.slow:
            self._cleared_at = None
        elif self._cleared_at is None or now - self._cleared_at >= CLEAR_EVERY_S:
            self._cleared_at = now
            log.warning("the record is slow, and its log is written back")
            await self._clear()

    def healing(self) -> dict[str, Healing]:
        """What is being done about which component."""
        if self._look.in_the_way:
            names = self._own()
            ours = [names[one.pid] for one in self._look.in_the_way if one.pid in names]
            if ours:
                said = f"{', '.join(ours)} is started anew, should it hold the lock for {HOLDS_S:g} s."
                return {COMPONENT: Healing(said)}
            held = ", ".join(map(str, self._look.in_the_way))
            return {COMPONENT: Healing(f"Writing goes on as soon as {held} lets go of the lock.")}
        if self._cleared_at is not None:
            return {COMPONENT: Healing("Its log is being written back, so that reading gets shorter ways.")}
        return {}

"""Whether the record can be read and written, and who is in the way where it cannot."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from perdure.core.errors import StoreFull, StoreUnavailable
from perdure.core.health import Cause, Finding, Level
from perdure.health.look import Findings
from perdure.health.looks.locks import Holder, holders
from perdure.ports.store import Store

COMPONENT = "store"

SLOW_S = 0.5
"""What takes longer than this is felt by those who write."""

LEAST_FREE_BYTES = 4 * 1024**2
LOW_FREE_BYTES = 64 * 1024**2
"""Below the first nothing can be relied upon to be written; below the second somebody should make room."""

WRITE_EVERY_S = 30.0
"""How often something is really put on the disk: each time wakes it."""


class StoreLook:
    """Takes the lock for which all writers queue, and reads under it; now and then it writes instead, with its sync."""

    def __init__(self, store: Store, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._path = path
        self._clock = clock
        self._written_at = float("-inf")
        self._asking: asyncio.Task[Finding] | None = None
        self.in_the_way: Sequence[Holder] = ()
        """Who keeps others from writing now, as far as that is known."""
        self.slow = False
        """Whether it takes longer than it should, and nobody is in its way."""

    async def find(self) -> Findings:
        """How the record is. Where it does not answer, the reason that can be seen from outside."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        done, _ = await asyncio.wait((self._asking,), timeout=SLOW_S)
        self.in_the_way = () if done else await asyncio.to_thread(holders, self._path)
        self.slow = not done and not self.in_the_way
        if not done:
            return {COMPONENT: self._waits()}
        asked, self._asking = self._asking, None
        return {COMPONENT: asked.result()}

    async def _ask(self) -> Finding:
        begun_at = self._clock()
        due = begun_at - self._written_at >= WRITE_EVERY_S
        try:
            if due:
                await self._store.write(lambda records: records.settings.put("looked_at", begun_at, begun_at))
                self._written_at = begun_at
            else:
                await self._store.write(lambda records: records.events.bounds(), durable=False)
        except StoreFull as error:
            return Finding(Level.MAJOR, Cause.STORE_FULL, error.detail)
        except StoreUnavailable as error:
            cause = error.__cause__
            said = f"{error.detail} ({cause})" if cause else error.detail
            return Finding(Level.MAJOR, Cause.STORE_AWAY, said)
        return await asyncio.to_thread(self._room)

    def _room(self) -> Finding:
        """What is to be said of the file and its disk, where reading and writing did well."""
        if not self._path.exists():
            return Finding(Level.MAJOR, Cause.STORE_AWAY, "The file that holds the record is gone.")
        free = shutil.disk_usage(self._path.parent).free
        if free < LEAST_FREE_BYTES:
            return Finding(Level.MAJOR, Cause.STORE_FULL, f"{free // 1024} KiB are left on its disk.")
        if free < LOW_FREE_BYTES:
            return Finding(Level.DEGRADED, Cause.STORE_FULL, f"{free // 1024**2} MiB are left on its disk.")
        return Finding()

    def _waits(self) -> Finding:
        if self.in_the_way:
            held = ", ".join(map(str, self.in_the_way))
            return Finding(Level.MAJOR, Cause.STORE_LOCKED, f"{held} holds its lock.")
        return Finding(Level.DEGRADED, Cause.STORE_SLOW, f"It takes longer than {SLOW_S:g} s.")

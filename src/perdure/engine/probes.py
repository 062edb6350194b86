"""Whether it is worth asking a backend now: a gate in each worker, so that an outage costs probes, not attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from perdure.ports.models import ActiveBackend, Backend

FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 0.5


class Gate:
    """Open while the active backend answers. It begins shut, and opens with the first probe that succeeds."""

    def __init__(self, active: ActiveBackend, on_open: Callable[[], None]) -> None:
        self._active = active
        self._on_open = on_open
        self._shut = asyncio.Event()
        self._shut.set()
        self._hurry = asyncio.Event()
        self._wait_s = 0.0

    @property
    def open(self) -> bool:
        """Whether turns may be claimed."""
        return not self._shut.is_set()

    def shut(self, backend: Backend) -> None:
        """It did not answer: look for it, less often the longer it is away. One that is active no more says nothing."""
        if self.open and backend is self._active.now:
            self._wait_s = min(max(FIRST_WAIT_S, self._wait_s * 2), LONGEST_WAIT_S)
            self._shut.set()

    def well(self, backend: Backend) -> None:
        """It has spoken: the next outage is a new one."""
        if backend is self._active.now:
            self._wait_s = 0.0

    def switched(self) -> None:
        """Another backend is active: what is known of the one before says nothing of it. Look at once."""
        self._wait_s = 0.0
        self._shut.set()
        self._hurry.set()

    async def run(self) -> None:
        """Probe whenever shut; cancel to end."""
        while True:
            await self._shut.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), self._wait_s)
            self._hurry.clear()
            backend = self._active.now
            answers = await backend.ready()
            if backend is not self._active.now:
                continue
            if answers:
                self._shut.clear()
                self._on_open()
            else:
                self._wait_s = min(max(FIRST_WAIT_S, self._wait_s * 1.5), LONGEST_WAIT_S)

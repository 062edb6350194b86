"""Whether it is worth asking a backend now: a gate in each worker, so that an outage costs probes, not attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from perdure.ports.models import Backend

FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 1.0


class Gate:
    """Open while the backend answers. It begins shut, and opens with the first probe that succeeds."""

    def __init__(self, backend: Backend, on_open: Callable[[], None]) -> None:
        self._backend = backend
        self._on_open = on_open
        self._shut = asyncio.Event()
        self._shut.set()
        self._wait_s = 0.0

    @property
    def open(self) -> bool:
        """Whether turns may be claimed."""
        return not self._shut.is_set()

    def shut(self) -> None:
        """The backend did not answer: look for it, less often the longer it is away."""
        if self.open:
            self._wait_s = min(max(FIRST_WAIT_S, self._wait_s * 2), LONGEST_WAIT_S)
            self._shut.set()

    def well(self) -> None:
        """The backend has spoken: the next outage is a new one."""
        self._wait_s = 0.0

    async def run(self) -> None:
        """Probe whenever shut; cancel to end."""
        while True:
            await self._shut.wait()
            await asyncio.sleep(self._wait_s)
            if await self._backend.ready():
                self._shut.clear()
                self._on_open()
            else:
                self._wait_s = min(max(FIRST_WAIT_S, self._wait_s * 1.5), LONGEST_WAIT_S)

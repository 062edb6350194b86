"""End a stream that has fallen silent.

`asyncio.timeout` would arm and disarm a timer for every token. Here a token only leaves its instant, and one timer for
a whole period of silence looks at it.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from perdure.core.errors import ModelStalled


class Silence:
    """A context in which the current task is interrupted with ModelStalled after `limit_s` without a sound."""

    def __init__(self, limit_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit_s = limit_s
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._over = False

    def broken(self, limit_s: float) -> None:
        """Something was heard; from now on silence may last `limit_s`."""
        self._heard_at = self._loop.time()
        if limit_s != self._limit_s:
            self._limit_s = limit_s
            self._arm()

    def __enter__(self) -> Silence:
        self._task = asyncio.current_task()
        self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._over and kind is asyncio.CancelledError and self._task is not None and self._task.uncancel() == 0:
            raise ModelStalled(f"The model said nothing for {self._limit_s:g} seconds.", saved=True) from None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._heard_at + self._limit_s, self._look)

    def _look(self) -> None:
        if self._loop.time() < self._heard_at + self._limit_s:
            self._arm()
        elif self._task is not None:
            self._over = True
            self._task.cancel()

"""Exceptions that nobody foresaw: kept for the operator with their traceback, in groups, counted.

A group is known by the way that the exception came: its class and the functions that it went through, without line
numbers, so that the same mistake stays the same group while the program around it changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import traceback
from collections.abc import Callable
from pathlib import PurePath
from types import TracebackType
from typing import Any
from uuid import uuid4

import structlog

from perdure.core.errors import StoreFull, StoreUnavailable
from perdure.core.records import Unforeseen
from perdure.ports.clock import Clock
from perdure.ports.store import Store

log = structlog.get_logger()

LONGEST_CHARS = 20_000
"""How much of a traceback is kept: its end, which says what happened."""

Note = Callable[[BaseException, str], None]
"""Takes an exception and the id that it was told under."""


class Recorder:
    """Keeps what a process meets. `process` is its name in the list of processes."""

    def __init__(self, store: Store, clock: Clock, process: str) -> None:
        self._store = store
        self._clock = clock
        self._process = process
        self._keeping: set[asyncio.Task[None]] = set()

    def note(self, error: BaseException, error_id: str) -> None:
        """Keep it, beside whatever goes on. Where the record itself is away, the log alone has it."""
        one = seen(error, error_id, self._process, self._clock.now())
        task = asyncio.get_running_loop().create_task(self._keep(one))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    def watch(self) -> None:
        """Keep as well what ends in no one's hands: the failures of tasks that nobody awaits."""

        def met(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if error is None:
                loop.default_exception_handler(context)
                return
            error_id = uuid4().hex
            log.error("unforeseen failure", error_id=error_id, said=context.get("message"), exc_info=error)
            self.note(error, error_id)

        asyncio.get_running_loop().set_exception_handler(met)

    async def settle(self) -> None:
        """Wait until everything is kept."""
        await asyncio.gather(*self._keeping)

    async def _keep(self, one: Unforeseen) -> None:
        try:
            await self._store.write(lambda records: records.unforeseen.note(one))
        except (StoreUnavailable, StoreFull):
            log.warning("an unforeseen failure could not be kept", error_id=one.error_id)


def seen(error: BaseException, error_id: str, process: str, now: float) -> Unforeseen:
    """The exception, as it is kept."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    way = _way(error.__traceback__)
    fingerprint = hashlib.sha256("\n".join((kind, *way)).encode()).hexdigest()[:16]
    text = "".join(traceback.format_exception(error))[-LONGEST_CHARS:]
    return Unforeseen(fingerprint, kind, way[-1] if way else "", process, text, error_id, now, now)


def _way(trace: TracebackType | None) -> list[str]:
    """The functions that the exception went through, as module:function."""
    way: list[str] = []
    for frame, _ in traceback.walk_tb(trace):
        module = str(frame.f_globals.get("__name__") or PurePath(frame.f_code.co_filename).name)
        way.append(f"{module}:{frame.f_code.co_qualname}")
    return way

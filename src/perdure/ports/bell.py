"""Wake-up hints between processes. A hint is only a hint (promise 9): any may be lost, and nothing is untrue for it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class Hint(StrEnum):
    """What may be worth a look in the store."""

    QUEUED = "queued"
    """A turn waits for a worker."""
    ENDED = "ended"
    """A turn was ended by someone other than its worker."""
    EVENTS = "events"
    """The log has grown."""


class Bell(Protocol):
    """Rings in every process of this installation that listens."""

    def ring(self, hint: Hint) -> None:
        """Tell the others; never blocks, never raises."""
        ...

    def listen(self, hint: Hint, heard: Callable[[], None]) -> None:
        """Call `heard` in the event loop whenever somebody rings."""
        ...

    async def open(self) -> None: ...
    def close(self) -> None: ...

"""Wake-up hints between processes. A hint is only a hint (promise 9): any may be lost, and nothing is untrue for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Protocol


class Hint(StrEnum):
    """What may be worth a look in the store."""

    QUEUED = "queued"
    """A turn waits for a worker."""
    ENDED = "ended"
    """A turn was ended by someone other than its worker."""
    EVENTS = "events"
    """The log has grown."""
    BACKEND = "backend"
    """Another backend is active, or the active one was changed."""
    OPENED = "opened"
    """A chat has begun."""


class Audience(Enum):
    """How many of those whom a hint concerns are told."""

    ONE = "one"
    """Any one, each in its turn; the others find out by looking."""
    ALL = "all"


AUDIENCE: Mapping[Hint, tuple[str, Audience]] = {
    Hint.QUEUED: ("worker", Audience.ONE),
    Hint.ENDED: ("worker", Audience.ALL),
    Hint.EVENTS: ("web", Audience.ALL),
    Hint.BACKEND: ("worker", Audience.ALL),
    Hint.OPENED: ("worker", Audience.ONE),
}
"""Whom a hint concerns, by role."""


class Bell(Protocol):
    """Rings in other processes of this installation."""

    def ring(self, hint: Hint) -> None:
        """Tell those whom it concerns; never blocks, never raises. Any thread may ring."""
        ...

    def listen(self, hint: Hint, heard: Callable[[], None]) -> None:
        """Call `heard` in the event loop whenever somebody rings."""
        ...

    async def open(self) -> None: ...
    def close(self) -> None: ...

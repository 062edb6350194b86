"""A backend: a model endpoint that streams a reply, or goes on with one; and which one is active."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from perdure.core.errors import PerdureError
from perdure.core.prompt import Ask
from perdure.core.records import AddedBackend


@dataclass(frozen=True, slots=True)
class Chunk:
    """What arrived together: whole tokens' text, never a part of one.

    `text` and `reasoning` (hidden thoughts) may be empty. `tokens` counts the backend's tokens of `text`.
    `finish` is None while more is to come, otherwise the backend's reason (`stop`, `length`, …).
    """

    text: str
    reasoning: str = ""
    tokens: int = 0
    finish: str | None = None


class Backend(Protocol):
    """A model endpoint. It keeps no state of a turn: all that a continuation needs is in the `Ask`."""

    @property
    def name(self) -> str:
        """Shown in attempts: what answers, without secrets."""
        ...

    def stream(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """Stream the reply behind `ask.prefix`; the last chunk, and only it, has `finish`.

        Never yields text of the prefix again. Raises the `ModelError` that fits; silence is the caller's to time.
        Closing the iterator closes the request.
        """
        ...

    async def ready(self) -> bool:
        """Whether it is worth asking now. Cheap, answers within a second, never raises."""
        ...

    async def absence(self) -> PerdureError | None:
        """Why it does not answer, for people; None where it does. A second at most, never raises."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class ActiveBackend(Protocol):
    """Whom new attempts ask. That may be another backend at any time; a stream goes on where it was begun."""

    @property
    def now(self) -> Backend:
        """The active one."""
        ...

    @property
    def capacity(self) -> int:
        """How many replies one worker should have from it at once."""
        ...

    def choose(self, chosen: AddedBackend | None) -> bool:
        """Let this one be active, or with None the one that the program was started with.

        Returns whether that is another one than before.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...

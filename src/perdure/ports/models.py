"""A backend: a model endpoint that streams a reply, or goes on with one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from perdure.core.prompt import Ask


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

    async def close(self) -> None:
        """Let go of connections."""
        ...

"""What is asked of a drill, what it hands back, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from perdure.config import Settings
from perdure.drill.again import Again
from perdure.drill.plan import Kind
from perdure.drill.strikes import Blow
from perdure.drill.verdict import Finding


@dataclass(frozen=True, slots=True)
class Options:
    """What to drill. `server` is the URL of a running one, in the folder `settings.data_dir`; None: one of its own.

    `stuck_after_s` is how long, in seconds, a conversation may go without progress.
    """

    settings: Settings
    kills: int = 50
    seed: int = 7
    chats: int = 4
    max_tokens: int = 100
    scripted: bool = False
    server: str | None = None
    stuck_after_s: float = 60.0
    keep: bool = False
    only: tuple[Kind, ...] = ()
    """The kinds of strikes to choose from; empty: all that are possible."""


@dataclass(slots=True)
class Drilled:
    """What was done, and what came of it. `folder` is where the own server's data and logs were left."""

    options: Options
    kinds: Sequence[Kind]
    model: str
    blows: list[Blow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    chats: int = 0
    messages: int = 0
    characters: int = 0
    refused: int = 0
    again: list[Again] = field(default_factory=list)
    took_s: float = 0.0
    folder: Path | None = None


class Progress(Protocol):
    """Whoever shows how far it is."""

    def say(self, what: str) -> None:
        """What is going on now."""

    def struck(self, strikes: int, what: str) -> None:
        """So many strikes have been carried out, this one last."""

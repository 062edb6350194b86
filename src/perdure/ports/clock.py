"""The time and chance that the engine gives to the core."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Unix seconds, and a number in [0, 1) that spreads retries."""

    def now(self) -> float: ...
    def jitter(self) -> float: ...

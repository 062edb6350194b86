"""How long something will still last, from how long such things have lasted before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left, in seconds: the median, and the bounds that hold nine times of ten. `history` is how many earlier
    ones it stands on.
    """

    median_s: float
    low_s: float
    high_s: float
    history: int


@dataclass(frozen=True, slots=True)
class Past:
    """STAND-IN."""

    duration_s: float
    ended: bool


def remaining(past: Sequence[Past], elapsed_s: float) -> Estimate | None:
    """STAND-IN."""
    return None


def in_words(left: Estimate | None) -> str:
    """STAND-IN."""
    return "unknown" if left is None else f"{left.median_s:.0f} s"


def retry_after(left: Estimate | None, random: float) -> float:
    """STAND-IN."""
    return 2.0 + 4.0 * random

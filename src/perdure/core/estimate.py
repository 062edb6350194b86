"""How long something will still last, from how long such things have lasted before.

A survival estimate (Kaplan and Meier) over those that lasted at least as long as this one has, the last `WINDOW` of
them, since what lasted long ago says little of today. The one that goes on is counted among them as one that has not
ended: that makes the interval a prediction, which holds nine times of ten whatever the distribution is, as long as the
next one comes from the same as the last ones did (figures in bench/RESULTS.md). Where too few have lasted so long,
nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

WINDOW = 30
"""So many that lasted long enough are looked at, the latest. More of them cover less where the times change, fewer give
wider bounds: see the simulation in bench/estimates.py."""

LOW, MEDIAN, HIGH = 0.05, 0.5, 0.95
ONE_SIDED = 0.9
"""Where there are too few for a lower bound, it is 0, and all of the error is on the other side."""

_ROUNDING = 1e-9
"""Shares are products of fractions: what should be equal may differ in the last bits."""

DEFAULT_RETRY_S = 4.0
LEAST_RETRY_S, MOST_RETRY_S = 1.0, 120.0


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
    """An earlier one of the same kind: how long it lasted, or, where it has not `ended`, has lasted so far. Seconds."""

    duration_s: float
    ended: bool = True


def remaining(past: Sequence[Past], elapsed_s: float, window: int = WINDOW) -> Estimate | None:
    """How long one that has lasted for `elapsed_s` will still last, from those before it, the oldest first.

    None is unknown: too few have lasted so long for bounds that hold nine times of ten. That takes nine; a lower bound
    above 0 takes nineteen.
    """
    longer = [one for one in past if one.duration_s > elapsed_s][-window:]
    steps = _ended_by([Past(one.duration_s - elapsed_s, one.ended) for one in longer])
    low, middle, high = (_quantile(steps, share) for share in (LOW, MEDIAN, HIGH))
    if low is None or high is None:
        low, high = 0.0, _quantile(steps, ONE_SIDED)
    if middle is None or high is None:
        return None
    return Estimate(middle, low, high, len(longer))


def retry_after(left: Estimate | None, random: float) -> float:
    """When it is worth asking again, in seconds. `random` in [0, 1) spreads a crowd over the half of it behind."""
    wait_s = DEFAULT_RETRY_S if left is None else left.median_s
    return min(max(wait_s, LEAST_RETRY_S), MOST_RETRY_S) * (1.0 + 0.5 * random)


def in_words(left: Estimate | None) -> str:
    """The same for people: `about 40 s (10 s to 2 min)`."""
    if left is None:
        return "unknown: too few such cases so far"
    return f"about {span(left.median_s)} ({span(left.low_s)} to {span(left.high_s)})"


def span(seconds: float) -> str:
    """A length of time in the unit that fits it."""
    for limit_s, unit_s, unit in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (172_800.0, 3600.0, "h")):
        if seconds < limit_s:
            return f"{max(round(seconds / unit_s), 0 if seconds < 0.5 else 1)} {unit}"
    return f"{round(seconds / 86_400.0)} days"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How estimates did: of how many incidents, in which share of them what was left lay within the bounds, and by how
    much the medians were off, half of them by less: in seconds, and as a share of what was left.
    """

    incidents: int
    covered: float
    median_error_s: float
    median_relative_error: float


def calibration(
    shown: Mapping[str, Iterable[tuple[float, Estimate]]], ended_at: Mapping[str, float]
) -> Calibration | None:
    """Score what was shown, (when, what) by incident, against when the incidents ended; None where none has.

    Each incident counts once, however often an estimate of it was shown: its own mean goes into the share, its own
    median into the errors.
    """
    covered: list[float] = []
    errors: list[float] = []
    relative: list[float] = []
    for incident, estimates in shown.items():
        end = ended_at.get(incident)
        scored = [(end - at, one) for at, one in estimates if at < end] if end is not None else []
        if scored:
            covered.append(sum(one.low_s <= left <= one.high_s for left, one in scored) / len(scored))
            errors.append(median(abs(one.median_s - left) for left, one in scored))
            relative.append(median(abs(one.median_s - left) / left for left, one in scored))
    if not covered:
        return None
    return Calibration(len(covered), sum(covered) / len(covered), median(errors), median(relative))


def _ended_by(past: Sequence[Past]) -> list[tuple[float, float]]:
    """(time, the share that had ended by then), by Kaplan and Meier, with one among them that never ends."""
    going_on, steps = 1.0, list[tuple[float, float]]()
    in_order = sorted(past, key=lambda one: (one.duration_s, not one.ended))
    for at_risk, one in zip(range(len(past) + 1, 1, -1), in_order, strict=True):
        if one.ended:
            going_on *= 1.0 - 1.0 / at_risk
            steps.append((one.duration_s, 1.0 - going_on))
    return steps


def _quantile(steps: Sequence[tuple[float, float]], share: float) -> float | None:
    """When so large a share had ended, between two steps in proportion; None where the first step is too far, or where
    that many never did.
    """
    if not steps or share < steps[0][1] - _ROUNDING:
        return None
    before_s, before = steps[0]
    for time, ended in steps:
        if ended >= share - _ROUNDING:
            between = (share - before) / (ended - before) if ended > before else 1.0
            return before_s + (time - before_s) * min(1.0, between)
        before_s, before = time, ended
    return None

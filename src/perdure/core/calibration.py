"""Whether estimates were right: what was shown, held against what came.

A page that is redrawn each second shows hundreds of estimates of one incident. The first counts in full; of the others
only those at which the incident had become twice as old since the last one that counts, each half as much as that. So
no incident counts as much as two. Giving each incident one vote, divided among its estimates, would look fairer and be
wrong: an estimate would weigh the more the sooner the incident ended after it, and estimates that are right nine times
of ten would be found right eight times of ten. Here no weight depends on what was still to come when it was shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from perdure.core.estimate import Estimate

_LEAST_S = 1.0
"""Nobody tells shorter times apart: no error is taken as a share of less, and no age is doubled within it."""

_SAME_S = 0.001
"""Differences of Unix times are not exact: what is this near to a bound lies on it."""

_ROUNDING = 1e-9
"""What sums of weights may be off by."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An estimate that somebody could read at `at` (Unix seconds), of an incident that had lasted for `elapsed_s`."""

    at: float
    elapsed_s: float
    estimate: Estimate
    incident: str

    def scored(self, ended_at: float) -> Scored:
        """Held against the incident's end, in Unix seconds."""
        return Scored(self, max(0.0, ended_at - self.at))


@dataclass(frozen=True, slots=True)
class Scored:
    """An estimate, and what was left in truth, in seconds."""

    shown: Shown
    left_s: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How good estimates were, over `count` incidents: the share of truths that lay between the bounds (0 to 1; 0.9 is
    promised), and by how much the medians were off, in the middle: in seconds, and as a share of the truth.
    """

    count: int
    covered: float
    median_error_s: float
    median_relative_error: float


def calibration(scored: Iterable[Scored]) -> Calibration | None:
    """How good they were; None where there are none yet. Those of one incident may come in any order."""
    of: dict[str, list[Scored]] = {}
    for one in scored:
        of.setdefault(one.shown.incident, []).append(one)
    votes = [vote for ones in of.values() for vote in _votes(ones)]
    if not votes:
        return None
    total = sum(weight for _, weight in votes)
    covered = sum(weight for one, weight in votes if _covered(one))
    off = [(abs(one.shown.estimate.median_s - one.left_s), one.left_s, weight) for one, weight in votes]
    return Calibration(
        count=len(of),
        covered=covered / total,
        median_error_s=_middle([(error_s, weight) for error_s, _, weight in off]),
        median_relative_error=_middle([(error_s / max(left_s, _LEAST_S), weight) for error_s, left_s, weight in off]),
    )


def _votes(ones: Iterable[Scored]) -> list[tuple[Scored, float]]:
    """Those of one incident that count, and how much."""
    votes: list[tuple[Scored, float]] = []
    due_s = 0.0
    for one in sorted(ones, key=lambda one: one.shown.elapsed_s):
        if one.shown.elapsed_s >= due_s:
            votes.append((one, 0.5 ** len(votes)))
            due_s = 2.0 * max(one.shown.elapsed_s, _LEAST_S / 2)
    return votes


def _covered(one: Scored) -> bool:
    estimate = one.shown.estimate
    return estimate.low_s - _SAME_S <= one.left_s <= estimate.high_s + _SAME_S


def _middle(weighed: Iterable[tuple[float, float]]) -> float:
    """The least value up to which half of the weight lies."""
    ranked = sorted(weighed)
    sums = list(accumulate(weight for _, weight in ranked))
    return ranked[bisect_left(sums, sums[-1] / 2 - _ROUNDING)][0]

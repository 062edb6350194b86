"""How long something will still last, from how long such things have lasted before.

The answer stands on order and on no assumed shape. Take the earlier incidents that have lasted longer than this one has
so far, and this one: as long as nothing has changed, it is as likely to be the shortest of them as the second shortest
or the longest. So each of n earlier ones marks off a share of 1 / (n + 1) of what may come: the prediction interval of
order statistics (Wilks 1941). Between two of them a straight line is drawn; what lies beyond the longest is unknown and
stays it. One whose end nobody saw counts for as long as it was seen (Kaplan and Meier 1958, with the incident in
question among those at risk).

Times change, so only the newest count: the newest of those that have lasted this long, not of all. Where a long outage
comes after a hundred hiccups, the hiccups say nothing of it and need not crowd out the outages before. How many count
is a measured choice (`bench/estimates.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WITHIN = 0.9
"""How often the truth has to lie between the bounds."""

RECENT = 30
"""How many earlier incidents count, of those that lasted longer than the one in question has so far."""

UNKNOWN_WAIT_S = 10.0
"""When to ask again, about, where nothing is known."""

_ROUNDING = 1e-9
"""What sums of shares may be off by."""

_LEAST_S = 1.0
"""No wait is said to be shorter."""


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier incident of the same class: how long it lasted. Not `ended` is one whose end was not seen: it still
    lasts, or was cut off.
    """

    duration_s: float
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left, in seconds: the median, and the bounds that hold nine times of ten. `history` is how many earlier
    ones it stands on.
    """

    median_s: float
    low_s: float
    high_s: float
    history: int


def remaining(past: Sequence[Past], elapsed_s: float, recent: int = RECENT) -> Estimate | None:
    """How long it will still last, having lasted for `elapsed_s`; None where that is unknown. `past` is oldest first.

    Nine earlier ones that lasted longer than `elapsed_s` are the fewest that hold nine times of ten: between now and
    the longest of them. From nineteen on both sides are cut off alike, a twentieth each; with fewer the upper bound is
    the longest that was seen, and less is cut off below.
    """
    outlived = _outlived(past, elapsed_s, recent)
    curve = _ended_by(outlived)
    seen = curve[-1][1]
    if seen < WITHIN - _ROUNDING:
        return None
    top = min(seen, (1.0 + WITHIN) / 2)
    return Estimate(_when(curve, 0.5), _when(curve, top - WITHIN), _when(curve, top), len(outlived))


_Curve = Sequence[tuple[float, float]]
"""Seconds from now, and the chance that it has ended by then. Both only grow."""


def _outlived(past: Sequence[Past], elapsed_s: float, recent: int) -> list[Past]:
    """What was left, at this age, of the newest that reached it: of `recent` whose end was seen, and of those among
    them whose end was not. Such a one takes no other's place, or knowing less would sound as knowing more.
    """
    kept: list[Past] = []
    ended = 0
    for one in reversed(past):
        if ended == recent:
            break
        if one.duration_s > elapsed_s:
            kept.append(Past(one.duration_s - elapsed_s, one.ended))
            ended += one.ended
    return kept


def _ended_by(outlived: Sequence[Past]) -> _Curve:
    """The curve of Kaplan and Meier, with one more at risk: the one that is asked about."""
    curve = [(0.0, 0.0)]
    lasting = 1.0
    # One whose end was not seen was still there when others of its length ended.
    for n, one in enumerate(sorted(outlived, key=lambda one: (one.duration_s, not one.ended))):
        if one.ended:
            lasting *= 1.0 - 1.0 / (len(outlived) - n + 1)
            curve.append((one.duration_s, 1.0 - lasting))
    return curve


def _when(curve: _Curve, share: float) -> float:
    """When the curve reaches `share`: between two points on the line between them."""
    before_s, below = curve[0]
    for after_s, above in curve[1:]:
        if above >= share - _ROUNDING:
            part = min(1.0, max(0.0, (share - below) / (above - below)))
            return before_s + part * (after_s - before_s)
        before_s, below = after_s, above
    return before_s


# --- what is made of it -----------------------------------------------------------------------------------------


def retry_after(estimate: Estimate | None, random: float, floor_s: float = 1.0, ceiling_s: float = 300.0) -> float:
    """Seconds after which a client should ask again, at least `floor_s` and at most `ceiling_s`.

    Around the median, by half of it to either side; not before the lower bound, where asking would be in vain, nor
    after the upper one. `random` in [0, 1) says where. Those who were all sent away at one instant come back over half
    of the shortest wait at least, also where that leads beyond the upper bound. `ceiling_s` is at least one and a half
    of `floor_s`.
    """
    left = estimate or Estimate(UNKNOWN_WAIT_S, 0.0, math.inf, 0)
    first_s = min(max(left.low_s, left.median_s / 2, floor_s), ceiling_s / 1.5)
    last_s = min(max(min(left.high_s, left.median_s * 1.5), first_s * 1.5), ceiling_s)
    return first_s + random * (last_s - first_s)


def in_words(estimate: Estimate | None) -> str:
    """For people: "about 40 s (10 s to 2 min)". Bounds are rounded outwards, so that they still hold."""
    if estimate is None:
        return "unknown: too few such incidents so far"
    low_s, high_s = _rounded(estimate.low_s, math.floor), _rounded(max(estimate.high_s, _LEAST_S), math.ceil)
    about = f"about {_said(_rounded(max(estimate.median_s, _LEAST_S), round))}"
    if not low_s:
        return f"{about} (up to {_said(high_s)})"
    return f"{about} ({_said(low_s)} to {_said(high_s)})" if low_s < high_s else about


def span(seconds: float) -> str:
    """A length of time for people, about as exactly as it matters."""
    return _said(_rounded(max(seconds, 0.0), round))


_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0

_STEPS = (
    (10.0, 1.0),
    (_MINUTE_S, 5.0),
    (5 * _MINUTE_S, _MINUTE_S / 2),
    (15 * _MINUTE_S, _MINUTE_S),
    (_HOUR_S, 5 * _MINUTE_S),
    (5 * _HOUR_S, _HOUR_S / 2),
    (2 * _DAY_S, _HOUR_S),
    (math.inf, _DAY_S),
)
"""Below so many seconds, times are told in steps of so many: about as exactly as they are known."""

_UNITS = ((2 * _DAY_S, _DAY_S, "days"), (_HOUR_S, _HOUR_S, "h"), (_MINUTE_S, _MINUTE_S, "min"), (0.0, 1.0, "s"))


def _rounded(seconds: float, how: Callable[[float], int]) -> float:
    step_s = next(step_s for below_s, step_s in _STEPS if seconds < below_s)
    return how(seconds / step_s) * step_s


def _said(seconds: float) -> str:
    unit_s, name = next((unit_s, name) for least_s, unit_s, name in _UNITS if seconds >= least_s)
    return f"{seconds / unit_s:g} {name}"

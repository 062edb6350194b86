"""How long is told from history alone: bounds that hold nine times of ten, or the word unknown."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.estimate import (
    LEAST_RETRY_S,
    MOST_RETRY_S,
    WINDOW,
    Estimate,
    Past,
    calibration,
    in_words,
    remaining,
    retry_after,
    span,
)

seconds = st.floats(0.1, 1e6)
histories = st.lists(st.builds(Past, seconds, st.booleans()), max_size=80)


def ended(*durations: float) -> Sequence[Past]:
    return [Past(duration) for duration in durations]


def test_too_little_history_is_unknown() -> None:
    """Nine that lasted longer give bounds; eight do not, and eight that lasted longer of a hundred do not either."""
    assert remaining([], 0.0) is None
    assert remaining(ended(*range(1, 9)), 0.0) is None
    assert remaining(ended(*range(1, 10)), 0.0) is not None
    assert remaining(ended(*range(1, 101)), 92.0) is None
    assert remaining(ended(*range(1, 101)), 91.0) is not None


def test_a_lower_bound_takes_nineteen() -> None:
    """Fewer cannot bear one that holds: all of the error lies above then."""
    few, enough = remaining(ended(*range(1, 19)), 0.0), remaining(ended(*range(1, 20)), 0.0)
    assert few is not None
    assert enough is not None
    assert few.low_s == 0.0
    assert (enough.low_s, enough.median_s, enough.high_s) == pytest.approx((1.0, 10.0, 19.0))


def test_how_long_it_has_lasted_changes_what_is_left() -> None:
    """Short hiccups and long outages: what has outlasted the hiccups is an outage."""
    past = ended(*[4.0, 5.0, 6.0, 900.0] * 10)
    at_first, later = remaining(past, 0.0), remaining(past, 10.0)
    assert at_first is not None
    assert later is not None
    assert at_first.median_s < 10.0
    assert later.median_s == pytest.approx(890.0)


def test_the_latest_count() -> None:
    """What lasted long ago says little of today."""
    past = ended(*[1000.0] * 100, *[10.0] * WINDOW)
    left = remaining(past, 0.0)
    assert left is not None
    assert left.high_s == 10.0


@given(histories, st.floats(0, 1e6))
def test_bounds_are_in_order(past: list[Past], elapsed_s: float) -> None:
    left = remaining(past, elapsed_s)
    if left is not None:
        assert 0.0 <= left.low_s <= left.median_s <= left.high_s
        assert left.history <= WINDOW
        assert left.high_s <= max(one.duration_s for one in past) - elapsed_s + 1e-6


@given(histories, st.floats(0, 1e5), st.floats(0.01, 100))
def test_the_unit_does_not_matter(past: list[Past], elapsed_s: float, scale: float) -> None:
    """Everything twice as long is twice as long."""
    # Where scaling rounds two durations into one, or one into the elapsed time, it is another history.
    if any(abs(one.duration_s - elapsed_s) < 1e-3 for one in past):
        return
    left = remaining(past, elapsed_s)
    scaled = remaining([Past(one.duration_s * scale, one.ended) for one in past], elapsed_s * scale)
    assert (left is None) == (scaled is None)
    if left is not None and scaled is not None:
        assert scaled.median_s == pytest.approx(left.median_s * scale, rel=1e-6, abs=1e-6 * scale)
        assert scaled.high_s == pytest.approx(left.high_s * scale, rel=1e-6, abs=1e-6 * scale)


@given(st.lists(seconds, min_size=9, max_size=WINDOW - 1), st.floats(0, 1))
def test_one_that_goes_on_never_shortens_it(durations: list[float], share: float) -> None:
    """It has lasted so long already, and will last longer."""
    past = ended(*durations)
    without = remaining(past, 0.0)
    beside = remaining([*past, Past(max(durations) * share + 0.01, ended=False)], 0.0)
    assert without is not None
    if beside is not None:
        assert beside.median_s >= without.median_s - 1e-9


def test_bounds_hold_nine_times_of_ten() -> None:
    """Whatever the distribution: of 2,000 that come as those before them did, 86 to 94 % end within the bounds."""
    chance = random.Random(5)
    draws: list[Callable[[], float]] = [
        lambda: chance.expovariate(0.1),
        lambda: chance.paretovariate(1.2),
        lambda: chance.lognormvariate(3, 1),
    ]
    for draw in draws:
        held = 0
        for _ in range(2000):
            left = remaining(ended(*(draw() for _ in range(25))), 0.0)
            assert left is not None
            held += left.low_s <= draw() <= left.high_s
        assert 0.86 <= held / 2000 <= 0.94


@given(
    st.none() | st.builds(Estimate, seconds, seconds, seconds, st.integers(9, 30)), st.floats(0, 1, exclude_max=True)
)
def test_a_crowd_is_spread_and_nobody_waits_for_ever(left: Estimate | None, chance: float) -> None:
    wait_s = retry_after(left, chance)
    assert LEAST_RETRY_S <= wait_s <= 1.5 * MOST_RETRY_S
    assert retry_after(left, 0.99) > 1.4 * retry_after(left, 0.0)


def test_it_is_said_in_words() -> None:
    assert in_words(Estimate(40.0, 9.6, 130.0, 20)) == "about 40 s (10 s to 2 min)"
    assert in_words(None).startswith("unknown")
    assert [span(s) for s in (0.0, 0.4, 0.7, 89.0, 90.0, 5399.0, 7200.0, 400_000.0)] == [
        *("0 s", "0 s", "1 s", "89 s"),
        *("2 min", "90 min", "2 h", "5 days"),
    ]


def test_each_incident_is_scored_once() -> None:
    """One of a hundred estimates weighs no more than one of one; what has not ended is not scored yet."""
    often = [(float(n), Estimate(10.0, 0.0, 1.0, 9)) for n in range(100)]
    once = [(0.0, Estimate(8.0, 5.0, 20.0, 9))]
    scored = calibration({"often": often, "once": once, "open": once}, {"often": 200.0, "once": 10.0})
    assert scored is not None
    assert (scored.incidents, scored.covered, scored.median_error_s) == (2, 0.5, (140.5 + 2.0) / 2)
    assert calibration({"open": once}, {}) is None

"""How long it will last is told from what was, nine times of ten rightly, or not at all."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.estimate import RECENT, Estimate, Past, in_words, remaining, retry_after

durations = st.floats(0.01, 1e6)
pasts = st.lists(st.builds(Past, durations, st.booleans() | st.just(True)), max_size=80)
elapsed = st.just(0.0) | durations
estimates = st.tuples(*[st.floats(0.0, 1e6)] * 3).map(
    lambda three: Estimate(sorted(three)[1], sorted(three)[0], sorted(three)[2], 9)
)

HICCUPS_AND_OUTAGES = [Past(d) for n in range(30) for d in (4.0 + n / 30, 5.0 + n / 30, 800.0 + 10 * n)]


@given(pasts, elapsed)
def test_the_median_lies_between_the_bounds_and_nothing_is_negative(past: list[Past], elapsed_s: float) -> None:
    """And the bounds lie within what was seen: no farther than the longest."""
    estimate = remaining(past, elapsed_s)
    if estimate is not None:
        assert 0.0 <= estimate.low_s <= estimate.median_s <= estimate.high_s
        assert elapsed_s + estimate.high_s <= max(one.duration_s for one in past if one.ended) + 1e-6


@given(pasts, elapsed, st.sampled_from([2.0**-10, 0.5, 64.0]))
def test_it_does_not_matter_in_which_unit_time_is_counted(past: list[Past], elapsed_s: float, unit: float) -> None:
    """Everything times a number gives the answer times that number: exactly, where it is a power of two."""
    plain = remaining(past, elapsed_s)
    scaled = remaining([Past(one.duration_s * unit, one.ended) for one in past], elapsed_s * unit)
    assert scaled == (plain and Estimate(plain.median_s * unit, plain.low_s * unit, plain.high_s * unit, plain.history))


@given(pasts, elapsed, durations, st.integers(0, 80))
def test_one_whose_end_was_not_seen_never_shortens_the_median(
    past: list[Past], elapsed_s: float, lasted_s: float, place: int
) -> None:
    """Wherever it stands: it is something that has lasted, and crowds out nothing. Nor does it make anything known."""
    before = remaining(past, elapsed_s)
    after = remaining([*past[:place], Past(lasted_s, ended=False), *past[place:]], elapsed_s)
    if after is not None:
        assert before is not None
        assert after.median_s >= before.median_s - 1e-6


@given(st.lists(durations, max_size=8), pasts, elapsed)
def test_with_fewer_than_nine_that_lasted_longer_it_is_unknown(
    longer: list[float], past: list[Past], elapsed_s: float
) -> None:
    """Of eight the longest is outlasted by one in nine: that would not be nine times of ten."""
    shorter = [Past(one.duration_s) for one in past if one.duration_s <= elapsed_s]
    lasting = [Past(elapsed_s + one.duration_s, ended=False) for one in past]
    assert remaining([*shorter, *(Past(elapsed_s + more_s) for more_s in longer), *lasting], elapsed_s) is None


def test_nine_give_no_lower_bound_and_nineteen_give_both() -> None:
    """Nine: between now and the longest. Nineteen: between the shortest and the longest. And the one in the middle."""
    nine = remaining([Past(float(n)) for n in range(1, 10)], 0.0)
    assert nine is not None
    assert (nine.low_s, nine.median_s, nine.high_s) == pytest.approx((0.0, 5.0, 9.0), abs=1e-6)
    nineteen = remaining([Past(float(n)) for n in range(1, 20)], 0.0)
    assert nineteen is not None
    assert (nineteen.low_s, nineteen.median_s, nineteen.high_s) == pytest.approx((1.0, 10.0, 19.0))
    assert (nine.history, nineteen.history) == (9, 19)


def test_one_cut_off_counts_as_lasting_for_as_long_as_it_was_seen() -> None:
    """Twenty, and one more that was seen for 10.5 s only: the median by hand."""
    past = [Past(float(n)) for n in range(1, 21)]
    estimate = remaining([*past, Past(10.5, ended=False)], 0.0)
    assert estimate is not None
    # At risk are 22, with the one in question. After ten ends 12 of them still last, and one is seen no more: so the
    # next end takes an eleventh of 12/22. The median lies between these two ends.
    reached, before = 1 - 12 / 22 * 10 / 11, 1 - 12 / 22
    assert estimate.median_s == pytest.approx(10 + (0.5 - before) / (reached - before))
    assert estimate.history == 21


def test_one_cut_off_as_others_ended_had_outlasted_them() -> None:
    """It was there when they ended: the curve at that moment is as if it had lasted on."""
    ended = [Past(float(n)) for n in range(1, 21)]
    on_the_point = remaining([*ended, Past(10.0, ended=False)], 0.0)
    just_behind = remaining([*ended, Past(10.001, ended=False)], 0.0)
    assert on_the_point == just_behind


def test_ones_that_were_cut_off_take_no_places() -> None:
    """A month of crashes in which no end was seen leaves what is known of the ends before."""
    known = [Past(100.0 + n) for n in range(RECENT)]
    assert remaining([*known, *[Past(0.5, ended=False)] * 100], 0.0) is not None
    crashed = remaining([*known, *[Past(0.6, ended=False)] * 2 * RECENT], 0.5)
    assert crashed is not None
    assert crashed.history == 3 * RECENT


def test_only_what_lasted_longer_says_how_long_it_still_lasts() -> None:
    """After the hiccups' time has passed it is an outage; and the more of that has gone by the less is left."""
    at_once, after_the_hiccups, late = (remaining(HICCUPS_AND_OUTAGES, at_s) for at_s in (0.0, 10.0, 810.0))
    assert at_once is not None
    assert after_the_hiccups is not None
    assert late is not None
    assert at_once.median_s < 10.0
    assert at_once.high_s > 800.0
    assert 800.0 < 10.0 + after_the_hiccups.low_s < 10.0 + after_the_hiccups.median_s < 1100.0
    assert late.median_s < after_the_hiccups.median_s
    assert remaining(HICCUPS_AND_OUTAGES, 1050.0) is None, "fewer than nine lasted for as long"
    assert remaining(HICCUPS_AND_OUTAGES, 5000.0) is None, "none has"


def test_the_newest_count_and_hiccups_crowd_out_no_outages() -> None:
    """Of those that lasted this long, not of all."""
    outages = [Past(900.0 + n) for n in range(12)]
    estimate = remaining([*outages, *[Past(5.0)] * 500], 60.0)
    assert estimate is not None
    assert estimate.history == 12
    slower_now = [*[Past(5.0)] * 500, *[Past(300.0)] * RECENT]
    assert remaining(slower_now, 0.0) == Estimate(300.0, 300.0, 300.0, RECENT)


@pytest.mark.parametrize("grows", [1.0, 1.02, 0.98], ids=["steady", "growing", "shrinking"])
@pytest.mark.parametrize("elapsed_s", [0.0, 30.0])
def test_the_truth_lies_within_the_bounds_nine_times_of_ten(grows: float, elapsed_s: float) -> None:
    """Also where times change: over 120 incidents by a factor of ten."""
    chance = Random(11)
    asked = right = 0
    while asked < 3000:
        history = [40.0 * grows**n * math.exp(chance.gauss(0, 1)) for n in range(121)]
        # The last one is of the middle of its times, whatever the drift, so that all have lived up to the same age.
        history = [lasted_s / grows**120 for lasted_s in history]
        estimate = remaining([Past(lasted_s) for lasted_s in history[:-1]], elapsed_s)
        if estimate is not None and history[-1] > elapsed_s:
            asked += 1
            right += estimate.low_s <= history[-1] - elapsed_s <= estimate.high_s
    assert 0.87 <= right / asked <= 0.93


@given(estimates | st.none(), st.floats(0, 1, exclude_max=True), st.sampled_from([(1.0, 300.0), (5.0, 30.0)]))
def test_asking_again_stays_within_its_bounds(
    estimate: Estimate | None, random: float, bounds: tuple[float, float]
) -> None:
    """However short or long it will last."""
    assert bounds[0] <= retry_after(estimate, random, *bounds) <= bounds[1]


@given(estimates | st.none())
def test_a_crowd_does_not_come_back_at_once(estimate: Estimate | None) -> None:
    """Those who were sent away at one instant come evenly over half of the shortest wait at least."""
    waits_s = [retry_after(estimate, n / 100) for n in range(101)]
    assert waits_s[-1] - waits_s[0] >= 0.499 * waits_s[0]
    steps = [after - before for before, after in pairwise(waits_s)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-6)


def test_nobody_is_asked_back_before_it_can_be_over() -> None:
    """Not before the lower bound; about the median otherwise; ten seconds or so where nothing is known."""
    assert retry_after(Estimate(60.0, 55.0, 70.0, 30), 0.0) == 55.0
    assert retry_after(Estimate(60.0, 2.0, 400.0, 30), 0.0) == 30.0
    assert retry_after(Estimate(60.0, 2.0, 400.0, 30), 0.5) == 60.0
    assert [retry_after(None, random) for random in (0.0, 0.5)] == [5.0, 10.0]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (None, "unknown: too few such incidents so far"),
        (Estimate(41.0, 11.0, 118.0, 20), "about 40 s (10 s to 2 min)"),
        (Estimate(0.2, 0.0, 0.4, 20), "about 1 s (up to 1 s)"),
        (Estimate(7.4, 0.3, 14.0, 9), "about 7 s (up to 15 s)"),
        (Estimate(57.6, 50.0, 58.0, 30), "about 1 min (50 s to 1 min)"),
        (Estimate(5.0, 5.0, 5.0, 30), "about 5 s"),
        (Estimate(130.0, 85.0, 280.0, 30), "about 2 min (1 min to 5 min)"),
        (Estimate(4000.0, 1000.0, 20000.0, 30), "about 1 h (15 min to 6 h)"),
        (Estimate(5400.0, 3600.0, 200000.0, 30), "about 1.5 h (1 h to 3 days)"),
    ],
)
def test_it_is_said_in_short_plain_words(left: Estimate | None, words: str) -> None:
    """As exactly as it is known."""
    assert in_words(left) == words


@given(st.floats(0.0, 1e7))
def test_bounds_are_rounded_so_that_they_still_hold(seconds: float) -> None:
    """The lower one down, the upper one up."""
    units = {"s": 1.0, "min": 60.0, "h": 3600.0, "days": 86400.0}
    words = in_words(Estimate(seconds, seconds, seconds, 30))
    bounds = words.partition("(")[2].rstrip(")").removeprefix("up to ").split(" to ")
    told_s = [float(bound.split()[0]) * units[bound.split()[1]] for bound in bounds if bound]
    assert all(low_s <= seconds for low_s in told_s[:-1])
    assert all(seconds <= high_s for high_s in told_s[-1:])

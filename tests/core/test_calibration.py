"""What was told of the time left is held against what came, and no incident counts for a crowd."""

from __future__ import annotations

import math
from random import Random

import pytest

from perdure.core.calibration import Scored, Shown, calibration
from perdure.core.estimate import Estimate

BEGUN_AT = 1_790_000_000.0


def told(
    incident: str, elapsed_s: float, lasted_s: float, median_s: float, low_s: float = 0.0, high_s: float = 1e9
) -> Scored:
    """An estimate that was shown of an incident, and then scored."""
    shown = Shown(BEGUN_AT + elapsed_s, elapsed_s, Estimate(median_s, low_s, high_s, 20), incident)
    return shown.scored(BEGUN_AT + lasted_s)


def test_what_was_never_shown_is_not_scored() -> None:
    """No figure is made up."""
    assert calibration([]) is None


def test_the_share_within_the_bounds_and_the_middle_error_are_counted() -> None:
    """Four incidents, by hand: one outside; off by 5, 10, 10 and 60 s of 20, 20, 40 and 100 s."""
    found = calibration(
        [
            told("a", 0.0, 20.0, 25.0, 10.0, 30.0),
            told("b", 0.0, 20.0, 10.0, 5.0, 30.0),
            told("c", 0.0, 40.0, 50.0, 10.0, 80.0),
            told("d", 0.0, 100.0, 40.0, 10.0, 80.0),
        ]
    )
    assert found is not None
    assert (found.count, found.covered) == (4, 0.75)
    assert found.median_error_s == pytest.approx(10.0)
    assert found.median_relative_error == pytest.approx(0.25)


def test_what_lies_on_a_bound_lies_within() -> None:
    """Times of the clock leave a rest when they are taken from one another."""
    found = calibration([told(str(n), n / 7, n / 7 + 5.1, 5.1, 5.1, 5.1) for n in range(20)])
    assert found is not None
    assert found.covered == 1.0


def test_one_shown_after_the_end_had_nothing_left_to_tell() -> None:
    """The page may be slower than the end."""
    assert told("a", 21.0, 20.0, 5.0).left_s == 0.0


def test_an_incident_that_was_told_of_a_hundred_times_does_not_count_a_hundred_times() -> None:
    """Nor as much as two: at 0, 1, 2, 4 … 64 s, each half as much as the one before."""
    wrong = [told("long", float(at_s), 100.0, 1.0, 0.0, 2.0) for at_s in range(98)]
    right = [told(f"short {n}", 0.0, 2.0, 1.0, 0.0, 2.0) for n in range(2)]
    for order in (wrong + right, [*right, *reversed(wrong)]):
        found = calibration(order)
        assert found is not None
        assert found.count == 3
        assert found.covered == pytest.approx(2 / (2 + 2 - 2**-7))


def test_a_right_forecast_of_long_and_short_ones_is_found_right() -> None:
    """Incidents that end by pure chance, told of each second with the true nine tenths: an incident that lasts shows
    more, and still neither long nor short ones sway the verdict.
    """
    chance = Random(5)
    truth = Estimate(20 * math.log(2), -20 * math.log(0.95), -20 * math.log(0.05), 1000)
    scored = []
    for n in range(4000):
        lasted_s = chance.expovariate(1 / 20)
        for at_s in range(math.ceil(lasted_s)):
            scored.append(Shown(float(at_s), float(at_s), truth, str(n)).scored(lasted_s))
    found = calibration(scored)
    assert found is not None
    assert found.covered == pytest.approx(0.9, abs=0.01)

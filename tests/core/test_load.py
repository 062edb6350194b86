"""Load and latency: minutes count what was asked for and what came of it, and quarters of an hour say no less."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.core.load import COARSE_S, KEEP_S, Load, Sample, percentile
from perdure.core.traffic import Moment

NOON = 1_800_000_000 - 1_800_000_000 % COARSE_S


def turn(at: float, state: str, attempts: int = 0) -> Moment:
    view: dict[str, Any] = {"state": state, "attempts": [{"n": n} for n in range(attempts)]}
    return Moment(0, at, "turn", "chat", "turn", "message", view)


def test_a_minute_counts_what_was_asked_for_and_what_came_of_it() -> None:
    """A turn that is queued again was not asked for again."""
    load = Load()
    for moment in (turn(NOON, "queued"), turn(NOON + 1, "queued", 1), turn(NOON + 59, "done", 1)):
        load.take(moment)
    load.take(turn(NOON + 60, "failed", 6))
    load.stands(NOON + 5, 3, 1)
    load.stands(NOON + 6, 1, 2)
    for took_s in (0.5, 0.1, 0.2):
        load.began(NOON + 7, took_s)
    first = Sample(NOON, asked=1, done=1, waiting=3, running=2, first_p50_s=0.2, first_p95_s=0.5)
    assert load.samples == {NOON: first, NOON + 60: Sample(NOON + 60, failed=1)}
    assert [load.samples[at].failing for at in (NOON, NOON + 60)] == [0.0, 1.0]


def test_a_minute_in_which_nothing_was_is_left_out() -> None:
    load = Load()
    load.stands(NOON, 0, 0)
    assert (load.samples, load.changed) == ({}, set())


def test_a_quarter_of_an_hour_says_no_less_than_its_minutes() -> None:
    """And only quarters that were asked about are made."""
    load = Load()
    for at, waiting, took_s in ((NOON, 2, 0.1), (NOON + 840, 5, 0.9), (NOON + COARSE_S, 1, 7.0)):
        load.take(turn(at, "queued"))
        load.stands(at, waiting, 1)
        load.began(at, took_s)
    [quarter] = load.coarse([NOON + 60])
    assert quarter == Sample(NOON, asked=2, waiting=5, running=1, first_p50_s=0.1, first_p95_s=0.9)


def test_what_is_older_than_a_day_is_forgotten() -> None:
    load = Load({NOON: Sample(NOON, done=1)})
    load.tidy(NOON + KEEP_S)
    assert NOON in load.samples
    load.tidy(NOON + KEEP_S + 1)
    assert load.samples == {}


@pytest.mark.parametrize(("share", "found"), [(0.5, 5.0), (0.95, 10.0), (0.9, 9.0)])
def test_a_percentile_is_one_of_the_values(share: float, found: float) -> None:
    assert percentile([float(n) for n in range(10, 0, -1)], share) == found

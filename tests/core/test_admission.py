"""The pace: never more than the limit in any minute, wherever it begins; and the wait that is told is enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perdure.core.admission import MINUTE_S, Pace


@given(st.integers(1, 5), st.lists(st.floats(0.0, 40.0), max_size=40))
def test_no_minute_has_more_than_the_limit(limit: int, gaps: list[float]) -> None:
    """Whatever the instants: who waits as long as they are told gets in, and nobody gets in sooner."""
    now, pace, taken = 0.0, Pace(), []
    for gap in gaps:
        now += gap
        wait_s = pace.wait_s(limit, now)
        if wait_s > 0:
            assert pace.wait_s(limit, now + wait_s / 2) > 0
            now += wait_s * (1 + 1e-9)
            assert pace.wait_s(limit, now) <= 1e-6
        pace = pace.after(now)
        taken.append(now)
    for at in taken:
        assert sum(at <= other < at + MINUTE_S - 1e-3 for other in taken) <= limit


def test_without_a_limit_nobody_waits() -> None:
    """0 is none."""
    pace = Pace()
    for _ in range(1000):
        pace = pace.after(1.0)
    assert pace.wait_s(0, 1.0) == 0.0

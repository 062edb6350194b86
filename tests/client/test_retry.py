"""Waits grow, stay bounded, and are spread over their whole length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perdure.client.retry import Backoff

BACKOFF = Backoff(first_s=0.1, longest_s=5.0)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_somewhere_between_nothing_and_its_bound(failures: int, chance: float) -> None:
    """Full jitter, also after an outage of days."""
    wait_s = BACKOFF.wait_s(failures, chance)
    assert 0 <= wait_s <= 5.0
    assert wait_s == chance * BACKOFF.wait_s(failures, 1.0)


def test_bounds_double() -> None:
    """From the first to the longest."""
    assert [BACKOFF.wait_s(n, 1.0) for n in (1, 2, 3, 7, 50)] == [0.1, 0.2, 0.4, 5.0, 5.0]

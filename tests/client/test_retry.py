"""Waits grow, stay bounded, and are spread over their whole length; and a budget bounds how many there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perdure.client.retry import Backoff, Budget

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


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=60))
def test_no_more_is_tried_again_than_the_budget_allows(steps: list[tuple[float, bool]]) -> None:
    """Whoever waits as long as it says makes at most `size` retries at once, and then as many as come back in time."""
    budget = Budget(size=4, per_s=0.5, per_success=0.25)
    now, taken, successes = 100.0, 0, 0
    for pause_s, success in steps:
        now += pause_s
        if success:
            budget.succeeded()
            successes += 1
        else:
            now += budget.wait_s(now)
            budget.take(now)
            taken += 1
        assert taken <= 4 + 0.5 * (now - 100.0) + 0.25 * successes + 1e-6


def test_tries_that_come_together_queue_for_tokens() -> None:
    """Each that finds the budget empty waits behind the one before."""
    budget = Budget(size=2, per_s=2.0)
    waits = []
    for _ in range(5):
        waits.append(budget.wait_s(0.0))
        budget.take(0.0)
    assert waits == [0.0, 0.0, 0.5, 1.0, 1.5]

"""When a dead child is started again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.supervise.policy import History, RestartPolicy, after_death, settled

POLICY = RestartPolicy()


def die(
    history: History, *, now: float = 0.0, healthy_for_s: float = 0.0, random: float = 0.0
) -> tuple[History, float]:
    return after_death(POLICY, history, now=now, healthy_for_s=healthy_for_s, random=random)


def test_delays_climb_from_at_once_to_the_ceiling() -> None:
    """At once, then 0.5 s, doubling to 30 s, and never beyond."""
    history, delays, now = History(), [], 0.0
    for _ in range(10):
        history, delay_s = die(history, now=now)
        delays.append(delay_s)
        now += delay_s
    assert delays == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_the_top_of_the_ladder_needs_the_operator() -> None:
    """A child that never lives escalates even though its growing delays keep it under the window's count."""
    history, now = History(), 0.0
    for _ in range(7):
        history, delay_s = die(history, now=now)
        now += delay_s
    assert not history.escalated
    assert die(history, now=now)[0].escalated


def test_too_many_restarts_in_the_window_need_the_operator() -> None:
    """Eight restarts within 60 s are borne; the ninth escalates, though the child was healthy in between."""
    history = History()
    for n in range(8):
        history, delay_s = die(history, now=n * 7.0, healthy_for_s=6.0)
        assert (history.escalated, delay_s) == (False, 0.0)
    assert die(history, now=8 * 7.0, healthy_for_s=6.0)[0].escalated


def test_deaths_spread_wider_than_the_window_are_borne() -> None:
    """Restarts that are older than the window do not count."""
    history = History()
    for n in range(50):
        history, _ = die(history, now=n * 8.0, healthy_for_s=7.0)
        assert not history.escalated


def test_a_healthy_life_forgets_the_past() -> None:
    """Thirty healthy seconds reset the ladder, the window and the escalation."""
    history = History(rung=9, deaths_at=tuple(map(float, range(8))), escalated=True)
    assert die(history, now=10.0, healthy_for_s=30.0) == (History(rung=1, deaths_at=(10.0,)), 0.0)


def test_each_healthy_stretch_takes_back_a_rung() -> None:
    """A child that serves between its deaths is started sooner than one that does not."""
    assert die(History(rung=4), healthy_for_s=2.9)[1] == 4.0
    assert die(History(rung=4), healthy_for_s=3.0)[1] == 2.0
    assert die(History(rung=4), healthy_for_s=12.0)[1] == 0.0


def test_an_escalated_child_is_tried_slowly_unless_it_serves() -> None:
    """Slow retries go on for a child that dies young; one that lives a while is had back sooner."""
    escalated = History(rung=1, deaths_at=(), escalated=True)
    assert die(escalated, healthy_for_s=0.0)[1] == 30.0
    assert die(escalated, healthy_for_s=3.0)[1] == 0.0


def test_escalation_ends_with_health_and_not_before() -> None:
    """A living child stays escalated until it has been healthy for 30 s."""
    escalated = History(rung=5, deaths_at=(1.0,), escalated=True)
    assert settled(POLICY, escalated, healthy_for_s=29.9) == escalated
    assert settled(POLICY, escalated, healthy_for_s=30.0) == History()


def test_jitter_only_shortens() -> None:
    """Jitter takes up to a quarter off, so the ceiling stays a ceiling."""
    assert die(History(rung=3), random=0.5)[1] == pytest.approx(2.0 * 0.875)


LIVES = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1, exclude_max=True))


@given(st.lists(LIVES, max_size=200))
def test_any_life_leads_to_a_bounded_delay(lives: list[tuple[float, float, float]]) -> None:
    """Whatever happens, the delay lies within 0 … 30 s and the history stays small."""
    history, now = History(), 0.0
    for healthy_for_s, dead_for_s, random in lives:
        now += healthy_for_s + dead_for_s
        history, delay_s = die(history, now=now, healthy_for_s=healthy_for_s, random=random)
        assert 0.0 <= delay_s <= POLICY.ceiling_s
        assert len(history.deaths_at) <= POLICY.window_restarts + 1


def test_months_of_slow_retries_do_not_overflow() -> None:
    """A child that is never mended is retried for as long as the supervisor runs."""
    history = History()
    for n in range(100_000):
        history, delay_s = die(history, now=n * 30.0)
    assert delay_s == 30.0

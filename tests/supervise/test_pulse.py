"""Whether a child is hung."""

from perdure.supervise.pulse import born, healthy_for_s, heard, is_hung, pardoned


def hung(pulse: object, now: float) -> bool:
    return is_hung(pulse, now, hang_after_s=2.0, start_grace_s=20.0)  # type: ignore[arg-type]


def test_silence_after_a_beat_is_a_hang() -> None:
    """From its first beat on a child has ``hang_after_s`` for the next."""
    pulse = heard(born(0.0), "ready", 5.0)
    assert not hung(pulse, 7.0)
    assert hung(pulse, 7.01)


def test_a_child_may_take_long_to_start() -> None:
    """Before its first beat a child has ``start_grace_s``."""
    assert not hung(born(0.0), 20.0)
    assert hung(born(0.0), 20.01)


def test_a_child_that_loads_is_alive_and_not_yet_healthy() -> None:
    """``starting`` proves life, for however long; health counts from the first other word."""
    pulse = born(0.0)
    for n in range(100):
        pulse = heard(pulse, "starting", float(n))
    assert not hung(pulse, 100.0)
    assert healthy_for_s(pulse) == 0.0
    pulse = heard(heard(pulse, "ready", 100.0), "ready", 104.0)
    assert healthy_for_s(pulse) == 4.0


def test_time_spent_hung_is_not_health() -> None:
    """Health ends with the last beat, not with the death."""
    pulse = heard(heard(born(0.0), "ready", 1.0), "ready", 3.0)
    assert hung(pulse, 90.0)
    assert healthy_for_s(pulse) == 2.0


def test_a_pardon_gives_a_fresh_period_and_no_health() -> None:
    """After the supervisor's own absence a child gets its whole period again, once."""
    pulse = pardoned(heard(born(0.0), "ready", 1.0), 50.0)
    assert not hung(pulse, 52.0)
    assert hung(pulse, 52.01)
    assert healthy_for_s(pulse) == 0.0

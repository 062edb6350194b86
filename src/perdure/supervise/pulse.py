"""Whether a child is hung, told from its heartbeats alone: pure, with ``now`` as an argument.

Silence proves a hang only while the supervisor itself was listening. After a pause of its own (stopped,
starved, a frozen container) it has no right to judge, so everyone is given a fresh period: ``pardoned``.
"""

from dataclasses import dataclass, replace

LATE_S = 1.0
"""A supervisor whose own timer fires later than this was away, and pardons."""

STARTING = "starting"
READY = "ready"


@dataclass(frozen=True, slots=True)
class Pulse:
    """One life of a child, from the supervisor's ear. Instants are the supervisor's own clock."""

    patient_from_at: float
    beat_at: float | None = None
    ready_at: float | None = None


def born(now: float) -> Pulse:
    """Begin a life."""
    return Pulse(patient_from_at=now)


def heard(pulse: Pulse, word: str, now: float) -> Pulse:
    """A beat arrived. Any word proves life; a child is ready from its first word other than ``starting``."""
    was_ready_at = now if pulse.ready_at is None else pulse.ready_at
    return Pulse(patient_from_at=now, beat_at=now, ready_at=None if word == STARTING else was_ready_at)


def pardoned(pulse: Pulse, now: float) -> Pulse:
    """The same life with a fresh period to beat in."""
    return replace(pulse, patient_from_at=now)


def silent_for_s(pulse: Pulse, now: float) -> float:
    """Seconds since the last beat, pardon or start."""
    return now - pulse.patient_from_at


def is_hung(pulse: Pulse, now: float, *, hang_after_s: float, start_grace_s: float) -> bool:
    """Silent for too long: ``start_grace_s`` until it is ready, ``hang_after_s`` from then on.

    A child that says ``starting`` may go silent again behind it: loading a model holds its interpreter to the end.
    """
    limit_s = start_grace_s if pulse.ready_at is None else hang_after_s
    return silent_for_s(pulse, now) > limit_s


def healthy_for_s(pulse: Pulse) -> float:
    """From ready to the last beat, in seconds: time spent hung is not health."""
    if pulse.ready_at is None or pulse.beat_at is None:
        return 0.0
    return pulse.beat_at - pulse.ready_at

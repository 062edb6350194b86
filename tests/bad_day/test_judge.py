"""The judge of a bad day finds every lie: what is left out, made up, misnamed, told late, or told of the wrong part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from perdure.core.health import Cause, Level
from tests.bad_day.judge import Judge, Played, Sample, Told
from tests.bad_day.script import killed, locked
from tests.bad_day.verdict import Verdict

BEGAN_AT = 1000.0
MINUTE_S = 6.0
WELL = {"web": Level.OPERATIONAL, "workers": Level.OPERATIONAL, "worker-1": Level.OPERATIONAL} | {
    "worker-2": Level.OPERATIONAL, "store": Level.OPERATIONAL
}  # fmt: skip

DIED = Told("aa", "worker-1", Cause.PROCESS_DIED, BEGAN_AT + 6.3, None, frozenset({"worker-1"}))
LOCKED = Told("bb", "store", Cause.STORE_LOCKED, BEGAN_AT + 19.0, None, frozenset({"store"}))

PLAYED = (
    Played(killed(1.0, "worker-1"), BEGAN_AT + 6.0),
    Played(locked(3.0, 5.0), BEGAN_AT + 18.0, BEGAN_AT + 30.0),
)
"""A worker is killed at second 6, and the record is locked from second 18 to 30."""


def truth() -> list[Sample]:
    """What an honest page tells of it, read four times a second for eight minutes."""
    samples = []
    for n in range(192):
        at = BEGAN_AT + n / 4
        levels, incidents = dict(WELL), []
        if at >= 1006.5:
            over_at = BEGAN_AT + 10.5
            incidents.append(replace(DIED, resolved_at=over_at if at >= over_at else None))
            if at < over_at:
                levels |= {"worker-1": Level.MAJOR, "workers": Level.DEGRADED}
        if at >= 1019.25:
            over_at = BEGAN_AT + 33.5
            incidents.append(replace(LOCKED, resolved_at=over_at if at >= over_at else None))
            if at < over_at:
                levels["store"] = Level.MAJOR
        samples.append(Sample(at, levels, incidents))
    return samples


def judged(samples: Sequence[Sample]) -> Verdict:
    return Judge(PLAYED, BEGAN_AT, MINUTE_S).verdict(samples, 8)


def test_the_truth_is_found_to_be_that() -> None:
    verdict = judged(truth())
    assert verdict.ok, verdict
    assert [row.detected_s for row in verdict.incidents] == [0.5, 1.25]
    assert [row.resolved_s for row in verdict.incidents] == [4.5, 3.5]


def incidents(change: Callable[[Told], Sequence[Told]]) -> list[Sample]:
    """The truth, but for what is told of each incident."""
    return [replace(one, incidents=[new for told in one.incidents for new in change(told)]) for one in truth()]


def levels(component: str, level: Level, since_s: float, until_s: float) -> list[Sample]:
    """The truth, but for a component at some time."""
    return [
        replace(one, levels={**one.levels, component: level}) if since_s <= one.at - BEGAN_AT < until_s else one
        for one in truth()
    ]


def without(name: str) -> Callable[[Told], Sequence[Told]]:
    return lambda told: [] if told.id == name else [told]


LIES = {
    "an incident is left out": incidents(without("bb")),
    "one cause is two incidents": incidents(lambda told: [told, replace(told, id=f"{told.id}2")]),
    "an incident is made up": incidents(lambda told: [told, replace(LOCKED, id="cc", root="model")]),
    "another cause is told": incidents(lambda told: [replace(told, cause=Cause.STORE_AWAY)]),
    "another root is told": incidents(lambda told: [replace(told, root="web")]),
    "it is said to touch more": incidents(lambda told: [replace(told, components=told.components | {"web"})]),
    "the operator is said to be needed": incidents(lambda told: [replace(told, needs_operator=True)]),
    "it never ends": incidents(lambda told: [replace(told, resolved_at=None)]),
    "it ends before it is mended": incidents(lambda told: [replace(told, resolved_at=BEGAN_AT + 20.0)]),
    "it is told too late": [replace(one, incidents=()) if one.at < BEGAN_AT + 21 else one for one in truth()],
    "a part that is down is shown as well": levels("store", Level.OPERATIONAL, 21.0, 29.0),
    "a part that is well is shown as down": levels("web", Level.MAJOR, 2.0, 4.0),
    "a part is shown as down for too long": levels("store", Level.MAJOR, 33.0, 40.0),
    "a part is shown at another level": levels("store", Level.DEGRADED, 22.0, 28.0),
    "the whole is not what its parts are": levels("workers", Level.MAJOR, 7.0, 9.0),
    "nothing could be read for a minute": [one for one in truth() if not 12.0 <= one.at - BEGAN_AT < 18.0],
}


@pytest.mark.parametrize("samples", LIES.values(), ids=LIES.keys())
def test_a_lie_is_found(samples: list[Sample]) -> None:
    """Each is one thing that the page did not tell, or told, against what was really done."""
    assert not judged(samples).ok


def test_a_copy_may_be_older_than_what_web_tells() -> None:
    """It is drawn every two seconds at most: what would be a lie of web's is none of its."""
    late = levels("store", Level.OPERATIONAL, 19.0, 22.0)
    assert not judged(late).ok
    copied = [replace(one, copied=one.at < BEGAN_AT + 22.0) for one in late]
    assert judged(copied).ok
